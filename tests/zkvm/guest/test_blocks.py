"""Blocks of the guest against py-evm's: transactions of every kind over real tries."""

from collections.abc import Mapping
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from chain_template.executor.interface import ChainRules
from chain_template.primitives import BASE_TOKEN_HOLDER_ADDRESS, L1_MESSENGER_ADDRESS, keccak
from chain_template.receipts import L1_MESSAGE_SENT_TOPIC
from chain_template.transactions import system_transaction
from chain_template.transactions.types import PRIORITY_TYPE
from contracts.genesis import GenesisAccount
from tests.support import CHAIN_ID, ETHER, GWEI, KEYS, address_of, funded, sign
from tests.unit.chain_template.test_eip712 import sign_0x71
from tests.unit.chain_template.test_transactions import canonical
from tests.zkvm.guest.block_differential import BlockPlan, Maker, play, replay_on_guest
from tests.zkvm.guest.machine import Build
from tests.zkvm.guest.test_fuzz import programs

#: Stores pairs of words from its input: key, value.
STORE = bytes.fromhex("5f5b368110156017578060200135813555604001600156" + "5b00")
#: Creates with its input as init code, and the same salt each time.
CREATE = bytes.fromhex("365f5f375f365f5ff55000")
#: Stores, and destroys what it made.
STORE_AND_DESTROY = bytes.fromhex("60015f55" + "33ff")
MESSAGE = b"abc"
#: L1MessageSent with MESSAGE, as L1Messenger emits it.
SEND = (
    bytes.fromhex("60205f5260036020526" + "2")
    + MESSAGE
    + bytes.fromhex("60e81b6040527f")
    + keccak(MESSAGE)
    + b"\x33\x7f"
    + L1_MESSAGE_SENT_TOPIC
    + bytes.fromhex("60605fa300")
)
SYSTEM_CONTRACT = bytes(18) + b"\x80\x0b"
STORES, CREATES, RUNS, REVERTS = (bytes([byte]) * 20 for byte in (0x55, 0x66, 0x44, 0x33))
NOBODY = [b"\x99" * 20, b"\x98" * 20, bytes(19) + b"\x03"]
TARGETS = [STORES, CREATES, RUNS, REVERTS, L1_MESSENGER_ADDRESS, FEE_RECIPIENT := b"\xfe" * 20, *NOBODY]


def accounts(program: bytes, slots: Mapping[int, int]) -> list[GenesisAccount]:
    return funded(
        GenesisAccount(BASE_TOKEN_HOLDER_ADDRESS, b"\x00", balance=10**30, nonce=1),
        GenesisAccount(STORES, STORE, dict(slots), nonce=1),
        GenesisAccount(CREATES, CREATE, nonce=1),
        GenesisAccount(RUNS, program, {1: 2, 3: 1 << 200}, balance=5, nonce=1),
        GenesisAccount(REVERTS, bytes.fromhex("5f5ffd"), nonce=1),
        GenesisAccount(L1_MESSENGER_ADDRESS, SEND, nonce=1),
        GenesisAccount(SYSTEM_CONTRACT, STORE, nonce=1),
    )


def words(*numbers: int) -> bytes:
    return b"".join(number.to_bytes(32) for number in numbers)


# Few slots, so that branches come and go.
pairs = st.lists(st.tuples(st.integers(0, 40), st.sampled_from([0, 0, 1, 2, 1 << 255])), max_size=8).map(
    lambda found: b"".join(words(key, value) for key, value in found)
)
data_for = st.one_of(pairs, st.just(STORE_AND_DESTROY), st.binary(max_size=40))
gas_limits = st.sampled_from([21_000, 60_000, 150_000, 400_000, 400_000])
prices = st.sampled_from([{}, {}, {}, {"maxFeePerGas": GWEI - 1}, {"maxPriorityFeePerGas": GWEI}, {"gasPrice": GWEI}])
nonce_errors = st.sampled_from([0] * 8 + [1, -1])


def user(key: int, error: int, fields: Mapping[str, Any]) -> Maker:
    account = KEYS[key]
    return lambda included: sign(account, max(0, included[address_of(account)] + error), **fields)


@st.composite
def users(draw: st.DrawFn) -> Maker:
    to = draw(st.sampled_from([None, *TARGETS]))
    data = draw(st.one_of(programs, data_for)) if to is None else draw(data_for)
    fields: dict[str, Any] = {"to": to, "data": data, "gas": draw(gas_limits), "value": draw(st.integers(0, 2))}
    fields |= draw(prices)
    if draw(st.integers(0, 5)) == 0:
        fields |= {"value": 10**30}
    if draw(st.integers(0, 3)) == 0 and "gasPrice" not in fields:
        keys = [f"0x{key:064x}" for key in draw(st.lists(st.integers(0, 50), max_size=3))]
        fields["accessList"] = [{"address": "0x" + STORES.hex(), "storageKeys": keys}]
    return user(draw(st.integers(0, 3)), draw(nonce_errors), fields)


@st.composite
def smart_users(draw: st.DrawFn) -> Maker:
    account = KEYS[draw(st.integers(0, 3))]
    to, data = int.from_bytes(draw(st.sampled_from(TARGETS))), draw(data_for)
    return lambda included: sign_0x71(
        account, nonce=included[address_of(account)], to=to, data=data, value=1, gasLimit=200_000
    )


@st.composite
def operations(draw: st.DrawFn) -> Maker:
    gas = draw(gas_limits)
    minted = gas * GWEI + draw(st.sampled_from([-1, 0, 5, ETHER]))
    raw = canonical(
        **{
            "from": int.from_bytes(draw(st.sampled_from([b"\x77" * 20, address_of(KEYS[5]), STORES]))),
            "to": int.from_bytes(draw(st.sampled_from(TARGETS))),
            "gasLimit": gas,
            "nonce": draw(st.integers(0, 9)),
            "value": draw(st.sampled_from([0, 1, 10, ETHER])),
            "reserved": (minted, int.from_bytes(draw(st.sampled_from([b"\x88" * 20, STORES]))), 0, 0),
            "data": draw(data_for),
        }
    )
    return lambda included: bytes([PRIORITY_TYPE]) + raw


@st.composite
def systems(draw: st.DrawFn) -> Maker:
    gas = draw(st.sampled_from([30_000, 400_000, 400_000]))
    tx = system_transaction(CHAIN_ID, 1, SYSTEM_CONTRACT, draw(pairs), gas)
    return lambda included: tx.raw


@st.composite
def plans(draw: st.DrawFn) -> BlockPlan:
    makers = draw(st.lists(systems(), max_size=1)) + draw(st.lists(operations(), max_size=3))
    makers += draw(st.lists(st.one_of(users(), users(), smart_users()), max_size=6))
    if draw(st.integers(0, 9)) == 0:
        makers = makers[::-1]
    odd = [{"gas_limit": 500_000}, {"extra_data": b"hub", "mix_hash": b"\x05" * 32}]
    changes: dict[str, Any] = draw(st.sampled_from([{}, {}, *odd]))
    return BlockPlan(makers, changes)


@settings(max_examples=60, deadline=None)
@given(
    program=programs,
    slots=st.dictionaries(st.integers(0, 40), st.integers(1, 3), max_size=10),
    blocks=st.lists(plans(), min_size=1, max_size=3),
    limit=st.sampled_from([None, 80_000, 900]),
    narrow=st.booleans(),
)
def test_blocks(
    program: bytes, slots: dict[int, int], blocks: list[BlockPlan], limit: int | None, narrow: bool
) -> None:
    rules = ChainRules(CHAIN_ID, max_transaction_pubdata=limit)
    played = play(rules, accounts(program, slots), blocks, Build(32 if narrow else 64))
    if not played.executed:
        return
    headers = [header.encode() for header in played.headers]
    assert replay_on_guest(played, {key: played.genesis[key] for key in played.reference_read}) == headers
    assert played.guest_read <= played.reference_read
