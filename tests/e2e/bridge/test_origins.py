"""What a token is does not depend on where it is: its origin and its decimals go with it, as a base token too."""

import pytest

from contracts.artifacts import load
from shared_bridge import interfaces
from shared_bridge.asset_ids import asset_id_of
from tests.e2e.bridge.lab import ALICE, BOB, ETHER, RELAYER, bridge_lab
from tests.e2e.settlement.conftest import on_anvil_in_soak


@pytest.fixture(scope="module", params=["embedded", on_anvil_in_soak])
def lab(request, tmp_path_factory):
    with bridge_lab(request.param, tmp_path_factory.mktemp(request.param), chains=2) as made:
        for account in (ALICE, RELAYER):
            made.fund(account, "a", "b", amount=3 * ETHER)
        yield made


def described(lab, asset, layer):
    """(name, symbol, decimals) of an asset as its token on a layer says."""
    bridge, erc20 = lab.bridge, load("TestToken")
    if layer == "l1":
        client, token = lab.client, bridge.token_address(asset)
    else:
        client, token = bridge.hub.chain(layer).node.client, bridge.token_address(asset, layer)
    return tuple(client.read(erc20, token, each) for each in ("name", "symbol", "decimals"))


@pytest.mark.parametrize("decimals", [0, 6, 36])
def test_a_token_of_l1_keeps_its_decimals(lab, decimals):
    bridge = lab.bridge
    token = lab.deploy_token(ALICE, name="Dollar", decimals=decimals)
    lab.wait(bridge.deposit(ALICE, "a", token, 1_000))
    asset = bridge.asset_id(token)
    lab.relay(bridge.send(ALICE, "a", "b", asset, 400, BOB.address))
    for layer in ("l1", "a", "b"):
        assert described(lab, asset, layer) == ("Dollar", "DOLL", decimals)
    assert bridge.balance(BOB.address, asset, "b") == 400


def test_a_token_born_on_a_chain_keeps_its_decimals(lab):
    bridge = lab.bridge
    token = lab.deploy_token(ALICE, "a", name="Peso", decimals=6)
    first = bridge.send(ALICE, "a", "b", token, 500)
    lab.relay(first)
    # To L1 from a chain that is not its home.
    lab.relay(bridge.withdraw(ALICE, "b", first.asset_id, 200, BOB.address))
    for layer in ("l1", "a", "b"):
        assert described(lab, first.asset_id, layer) == ("Peso", "PESO", 6)
    assert bridge.token_address(first.asset_id, "a") == token
    assert bridge.balance(BOB.address, first.asset_id) == 200


def test_a_base_token_may_be_born_on_another_chain(lab):
    """Chain k is based on copper of chain a, and hands it on to b, which never saw it, and home."""
    copper = lab.deploy_token(ALICE, "a", name="Copper")
    asset = asset_id_of(271, copper)
    lab.relay(lab.bridge.withdraw(ALICE, "a", copper, 20 * ETHER))
    on_l1 = lab.bridge.token_address(asset)
    lab.add_chain("k", 301, on_l1, (271, copper))
    bridge = lab.bridge
    there = bridge.hub.chain("k")
    assert there.base_asset_id == asset == bridge.asset_id("base", "k")
    for function, value in ((interfaces.ORIGIN_CHAIN, 271), (interfaces.ORIGIN_TOKEN, copper.lower())):
        assert there.node.read(interfaces.L2_VAULT, function, asset) == value

    lab.wait(bridge.deposit(ALICE, "k", on_l1, 5 * ETHER))
    lab.wait(bridge.deposit(ALICE, "k", on_l1, ETHER, RELAYER.address))
    receiver = "0x" + "c0" * 20
    lab.relay(bridge.send(ALICE, "a", "k", copper, 123, receiver))
    assert there.node.balance(receiver) == 123
    lab.relay(bridge.send(ALICE, "k", "b", "base", 70, receiver))
    assert bridge.balance(receiver, asset, "b") == 70
    assert described(lab, asset, "b") == ("Copper", "COPP", 18)
    had = bridge.balance(interfaces.L2_VAULT, copper, "a")
    lab.relay(bridge.send(ALICE, "k", "a", "base", 30, receiver))
    assert bridge.balance(receiver, copper, "a") == 30
    assert bridge.balance(interfaces.L2_VAULT, copper, "a") == had - 30
    lab.relay(bridge.withdraw(ALICE, "k", "base", 9, receiver))
    assert bridge.balance(receiver, on_l1) == 9
    # Ether is a token there.
    lab.wait(bridge.deposit(ALICE, "k", "eth", 11, receiver))
    assert bridge.balance(receiver, "eth", "k") == 11
    bridge.audit()
