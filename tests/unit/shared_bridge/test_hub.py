"""Which hub the nodes belong to: L1 decides, chains that are down do not stand in others' way."""

import pytest
from eth_abi import encode

from shared_bridge import interfaces as abi
from shared_bridge.errors import NotAHub, RpcLost, UnknownChain, UnknownToken
from shared_bridge.hub import Hub
from tests.unit.shared_bridge.fakes import FakeNode, Lost, node_of

BRIDGEHUB = "0x" + "b0" * 20
CONTRACTS = {"a": "0x" + "a1" * 20, "b": "0x" + "b1" * 20}
IDS = {"a": 271, "b": 272}


class World:
    """An L1 and two chains."""

    def __init__(self):
        self.l1 = FakeNode(chain_id=9, codes={BRIDGEHUB: "0x01"})
        self.chains = {name: FakeNode(chain_id=IDS[name]) for name in IDS}
        for chain in self.chains.values():
            chain.methods["zks_getBridgehubContract"] = lambda: BRIDGEHUB
        self.l1.methods["eth_call"] = self.call

    def call(self, tx, tag):
        data = bytes.fromhex(tx["data"][2:])
        if (found := abi.GET_ZK_CHAIN.arguments(data)) is not None:
            by_id = {IDS[name]: address for name, address in CONTRACTS.items()}
            return "0x" + encode(["address"], [by_id.get(found[0], "0x" + "00" * 20)]).hex()
        if (found := abi.BASE_TOKEN_ASSET.arguments(data)) is not None:
            return "0x" + found[0].to_bytes(32).hex()
        return FakeNode.eth_call(self.l1, tx, tag)

    def hub(self, given=None):
        return Hub(node_of(self.l1), {name: node_of(fake, name) for name, fake in self.chains.items()}, given)


@pytest.fixture
def world():
    return World()


def down(fake):
    def lose(method):
        raise Lost

    fake.before = lose


def test_chains_are_known_by_name_and_id(world):
    hub = world.hub()
    assert hub.bridgehub.lower() == BRIDGEHUB
    assert hub.chain("a") is hub.chain(271) and hub.chain(272).name == "b"
    assert hub.chain("a").zk_chain.lower() == CONTRACTS["a"]
    assert hub.chain("b").base_asset_id == (272).to_bytes(32)


def test_a_chain_that_is_down_stands_in_nobodys_way(world):
    down(world.chains["a"])
    hub = world.hub()
    assert hub.chain(272).name == "b" and hub.chain("b").chain_id == 272
    with pytest.raises(RpcLost):
        hub.chain("a")
    with pytest.raises(RpcLost):
        hub.chain(271)
    world.chains["a"].before = None
    assert hub.chain(271).name == "a"


def test_nothing_is_known_when_all_are_down(world):
    for fake in world.chains.values():
        down(fake)
    with pytest.raises(RpcLost):
        _ = world.hub().bridgehub


def test_a_chain_of_another_hub_is_refused(world):
    world.chains["b"].methods["zks_getBridgehubContract"] = lambda: "0x" + "66" * 20
    hub = world.hub(BRIDGEHUB)
    assert hub.chain("a").chain_id == 271
    with pytest.raises(NotAHub, match="another hub"):
        hub.chain("b")


def test_a_node_that_serves_a_chain_l1_does_not_have_is_refused(world):
    world.chains["b"].chain_id = 999
    with pytest.raises(NotAHub, match="999"):
        world.hub().chain("b")


def test_a_bridgehub_without_code_is_refused(world):
    world.l1.codes.clear()
    with pytest.raises(NotAHub, match="no Bridgehub"):
        _ = world.hub().bridgehub
    with pytest.raises(NotAHub, match="neither"):
        _ = Hub(node_of(world.l1), {}).bridgehub


@pytest.mark.parametrize(("name", "near"), [("alpha", None), ("aa", "'a'"), (5, None)])
def test_unknown_chains_are_named_with_what_there_is(world, name, near):
    with pytest.raises(UnknownChain) as refused:
        world.hub().chain(name)
    assert "a, b" in refused.value.message
    assert near is None or near in refused.value.hint


def test_an_address_without_a_contract_is_no_token(world):
    with pytest.raises(UnknownToken, match="no contract"):
        world.hub().asset_on_l1("0x" + "12" * 20)
