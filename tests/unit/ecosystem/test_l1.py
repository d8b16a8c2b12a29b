"""The hub's dealings on a real L1 (the embedded one, in this process): each thing happens once."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from eth_hash.auto import keccak

from chain_template.config import DataAvailability
from chain_template.node import ChainNode
from contracts.abi import encode_deploy
from contracts.artifacts import load
from contracts.client import L1Client
from contracts.errors import DeployError, L1Unavailable
from contracts.sender import Sender, address_of
from ecosystem.chain_config import key_bytes, l1_config
from ecosystem.errors import HubStarting, L1Mismatch
from ecosystem.keys import ChainKeys, new_private_key
from ecosystem.l1 import L1Settlement
from ecosystem.proof_system import Unproven
from ecosystem.records import L1Payment
from ecosystem.registry import ECOSYSTEM_FACT, Registry
from ecosystem.settings import ETHER
from tests.unit.ecosystem.fakes import settings

DEPLOYER = "0x" + "d1" * 32
MADE: list[L1Settlement] = []
PEOPLE = [address_of(bytes([1, i]) * 16) for i in range(1, 4)]


@pytest.fixture(scope="module")
def l1_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    hub = settings(tmp_path_factory.mktemp("l1"))
    premine = {address_of(key_bytes(DEPLOYER)): 10**9 * ETHER}
    node = ChainNode(l1_config(hub, port=0, genesis_timestamp=1_700_000_000, premine=premine))
    node.start()
    yield node.rpc_url
    node.stop()


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    opened = Registry.open(tmp_path)
    yield opened
    opened.close()


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    while MADE:
        MADE.pop().close()


def settlement(url: str, registry: Registry, chain_id: int = 31_337) -> L1Settlement:
    made = L1Settlement(
        url,
        expected_chain_id=chain_id,
        deployer_key=DEPLOYER,
        registry=registry,
        execution_delay_s=0,
        proofs=Unproven(),
    )
    MADE.append(made)
    return made


@pytest.fixture
def l1(l1_url: str, registry: Registry) -> L1Settlement:
    made = settlement(l1_url, registry)
    made.deploy()
    return made


def balances(url: str, label: str) -> list[int]:
    with L1Client(url) as client:
        return [client.get_balance(address) for address in people(label)]


def people(label: str) -> list[str]:
    """Addresses that no other test pays."""
    return [address_of(label.encode().ljust(31, b"_") + bytes([i])) for i in range(1, 4)]


def test_another_l1_is_refused_before_anything_is_sent(l1_url: str, registry: Registry) -> None:
    with pytest.raises(L1Mismatch, match="31337, not 5"):
        settlement(l1_url, registry, chain_id=5).check()
    settlement(l1_url, registry).check()
    with pytest.raises(L1Unavailable):
        settlement("http://127.0.0.1:9", registry).check()


def test_the_contracts_are_deployed_once(l1_url: str, registry: Registry) -> None:
    first = settlement(l1_url, registry).deploy()
    with L1Client(l1_url) as client:
        nonce = client.get_nonce(address_of(key_bytes(DEPLOYER)))
        assert settlement(l1_url, registry).deploy() == first
        assert client.get_nonce(address_of(key_bytes(DEPLOYER))) == nonce
        assert client.get_code(first.bridgehub)


def test_a_registry_of_another_l1_is_refused(l1_url: str, l1: L1Settlement, registry: Registry) -> None:
    kept = registry.fact(ECOSYSTEM_FACT)
    registry.set_fact(ECOSYSTEM_FACT, kept | {"bridgehub": PEOPLE[0]})
    with pytest.raises(DeployError, match="no Bridgehub"):
        settlement(l1_url, registry).deploy()


def test_nothing_is_paid_before_the_contracts_are_there(l1_url: str, registry: Registry) -> None:
    with pytest.raises(HubStarting):
        settlement(l1_url, registry).fund("x", PEOPLE, 1)


def test_payments_happen_once(l1: L1Settlement, l1_url: str, registry: Registry) -> None:
    assert l1.fund("once", people("once"), 5) == 3
    assert l1.fund("once", people("once"), 5) == 0
    successor = settlement(l1_url, registry)
    successor.deploy()
    assert successor.fund("once", people("once"), 5) == 0
    assert balances(l1_url, "once") == [5, 5, 5]
    assert l1.fund("again", people("once"), 5) == 3
    assert balances(l1_url, "once") == [10, 10, 10]


def test_a_payment_that_was_recorded_but_not_sent_is_sent_as_it_was(
    l1: L1Settlement, l1_url: str, registry: Registry
) -> None:
    to = people("recorded")[0]
    with L1Client(l1_url) as client:
        sender = Sender(client, key_bytes(DEPLOYER), chain_id=31_337)
        raw = sender.sign(to, b"", 7, 21_000, client.fees(), client.get_nonce(sender.address))
    registry.record_payments([L1Payment(f"recorded/{to.lower()}", keccak(raw), raw)])
    assert settled(l1_url, registry).fund("recorded", [to], 7) == 0
    assert balances(l1_url, "recorded")[0] == 7


def test_a_payment_whose_nonce_was_taken_is_made_anew(l1: L1Settlement, l1_url: str, registry: Registry) -> None:
    to, other = people("taken")[:2]
    with L1Client(l1_url) as client:
        sender = Sender(client, key_bytes(DEPLOYER), chain_id=31_337)
        raw = sender.sign(to, b"", 7, 21_000, client.fees(), client.get_nonce(sender.address))
        registry.record_payments([L1Payment(f"taken/{to.lower()}", keccak(raw), raw)])
        sender.transact(other, value=1)
    assert settled(l1_url, registry).fund("taken", [to], 7) == 1
    assert balances(l1_url, "taken")[0] == 7


def settled(url: str, registry: Registry) -> L1Settlement:
    """What the next controller makes of the registry."""
    made = settlement(url, registry)
    made.deploy()
    return made


def test_a_chain_is_created_once_and_takes_deposits(l1: L1Settlement, l1_url: str, registry: Registry) -> None:
    keys = ChainKeys(*(new_private_key() for _ in range(5)))
    roles = (keys.admin, keys.committer, keys.prover, keys.executor, keys.reverter)
    l1.fund("300/operators", [address_of(key_bytes(key)) for key in roles], ETHER)

    def create(genesis_hash: bytes) -> object:
        return l1.create_chain(
            300,
            base_token="eth",
            genesis_hash=genesis_hash,
            genesis_timestamp=1_700_000_000,
            data_availability=DataAvailability.ROLLUP,
            minimal_l2_gas_price_wei=250_000_000,
            keys=keys,
        )

    created = create(b"\x11" * 32)
    assert create(b"\x11" * 32) == created
    with pytest.raises(DeployError, match="another genesis"):
        create(b"\x22" * 32)
    assert l1.deposit("300/deposits", 300, PEOPLE, ETHER) == 3
    assert l1.deposit("300/deposits", 300, PEOPLE, ETHER) == 0
    with L1Client(l1_url) as client:
        requests = client.read(load("ZKChain"), created.zk_chain, "getTotalPriorityTxs")  # type: ignore[attr-defined]
        assert requests == 3


def test_a_base_token_of_l1_was_born_there(l1: L1Settlement, l1_url: str) -> None:
    """A token that nobody has bridged yet is one of L1, and stays one when it is registered."""
    issuer = bytes([9, 9]) * 16
    l1.fund("gold/issuer", [address_of(issuer)], ETHER)
    with L1Client(l1_url) as client:
        sender = Sender(client, issuer, chain_id=31_337)
        code = encode_deploy(load("TestToken"), ["Gold", "GLD", 18])
        token = sender.transact(None, code).contract_address
    assert token is not None
    assert l1.base_token_origin(token) == (31_337, token)
    assert l1.base_token(token, register=True) == ("Gold", "GLD")
    assert l1.base_token_origin(token) == (31_337, token)


def test_balances_are_read_from_any_endpoint(l1: L1Settlement, l1_url: str) -> None:
    assert l1.balances(l1_url, [address_of(key_bytes(DEPLOYER)), people("nobody")[0]])[1] == 0
    with pytest.raises(L1Unavailable):
        l1.balances("http://127.0.0.1:9", PEOPLE)
