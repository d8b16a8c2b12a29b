"""Blocks of the guest against py-evm's: transactions of every kind over real tries."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
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
from tests.zkvm.guest import blocks as guest
from tests.zkvm.guest.block_differential import BlockPlan, Maker, play, replay_on_guest, replay_on_reference
from tests.zkvm.guest.blocks import GivenUp
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
    odd = [{"gas_limit": 500_000}, {"max_pubdata_bytes": 1_500}, {"extra_data": b"hub", "mix_hash": b"\x05" * 32}]
    changes: dict[str, Any] = draw(st.sampled_from([{}, {}, *odd]))
    return BlockPlan(makers, changes)


#: How many random chains; `make soak` and the curious ask for more.
COUNT = int(os.environ.get("ZKHUB_RANDOM_BLOCKS", "40"))


@settings(max_examples=COUNT, deadline=None)
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


# --- One case each ---

RULES = ChainRules(CHAIN_ID)
OTHER = b"\x99" * 20


def raws(*found: bytes) -> list[Maker]:
    """Transactions that are what they are, whatever came before."""
    return [lambda included, raw=raw: raw for raw in found]  # type: ignore[misc]


def kinds(rules: ChainRules, makers: Sequence[Maker], **changes: Any) -> list[int]:
    """What a block makes of each transaction; both sides agree."""
    return [verdict.kind for verdict in play(rules, accounts(b"", {1: 1}), [BlockPlan(makers, changes)]).verdicts]


def store(key: int, nonce: int, *values: int, **fields: Any) -> bytes:
    data = b"".join(words(number, value) for number, value in enumerate(values))
    given: dict[str, Any] = {"to": STORES, "data": data, "gas": 5_000_000}
    return sign(KEYS[key], nonce, **(given | fields))


def operation(**changes: Any) -> bytes:
    fields: dict[str, Any] = {
        "from": 0x77,
        "to": int.from_bytes(OTHER),
        "data": b"",
        "reserved": (2 * ETHER, 0x88, 0, 0),
    }
    return bytes([PRIORITY_TYPE]) + canonical(**(fields | changes))


def system(*pairs: int, gas: int = 1_000_000) -> bytes:
    return system_transaction(CHAIN_ID, 1, SYSTEM_CONTRACT, words(*pairs), gas).raw


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"maxFeePerGas": GWEI, "maxPriorityFeePerGas": GWEI + 1}, 1),
        ({"maxFeePerGas": GWEI - 1, "maxPriorityFeePerGas": 0}, 2),
        ({"to": None, "data": bytes(49_153), "gas": 5_000_000}, 3),
        ({"gas": 20_999}, 4),
        ({}, 6),
        ({"value": 10**30}, 9),
    ],
)
def test_a_transaction_that_breaks_a_rule(fields: dict[str, Any], refusal: int) -> None:
    raw = sign(KEYS[0], 0 if fields else 1, **({"to": OTHER} | fields))
    played = play(RULES, accounts(b"", {}), [BlockPlan(raws(raw))])
    assert [verdict.refusal for verdict in played.verdicts] == [refusal]
    assert played.headers[0].state_root == played.root
    assert played.guest_read == played.reference_read


@pytest.mark.parametrize(("nonce", "code", "refusal"), [(1, b"", 5), (2**64 - 2, b"", 7), (0, b"\x00", 8)])
def test_a_sender_that_cannot_send(nonce: int, code: bytes, refusal: int) -> None:
    sender = GenesisAccount(address_of(KEYS[7]), code, balance=ETHER, nonce=nonce)
    raw = sign(KEYS[7], 0 if nonce == 1 else nonce, to=OTHER)
    played = play(RULES, [*funded()[:7], sender], [BlockPlan(raws(raw))])
    assert [verdict.refusal for verdict in played.verdicts] == [refusal]
    assert [verdict.nonce for verdict in played.verdicts] == [nonce]


def test_what_does_not_fit_the_blocks_gas() -> None:
    makers = raws(*(sign(KEYS[i], 0, to=OTHER, gas=gas) for i, gas in enumerate([30_000, 30_000, 60_000, 29_000])))
    expected = [guest.INCLUDED, guest.GAS_USED_UP, guest.ABOVE_BLOCK_GAS, guest.INCLUDED]
    assert kinds(RULES, makers, gas_limit=50_000) == expected


def test_the_order_of_kinds() -> None:
    own = sign(KEYS[0], 0, to=OTHER)
    assert kinds(RULES, raws(system(1, 2), operation(), own)) == [guest.INCLUDED] * 3
    assert kinds(RULES, raws(operation(), system(1, 2))) == [guest.INCLUDED, guest.WRONG_PHASE]
    assert kinds(RULES, raws(own, operation())) == [guest.INCLUDED, guest.WRONG_PHASE]
    # What is refused before has no say in it.
    refused = sign(KEYS[0], 5, to=OTHER)
    assert kinds(RULES, raws(refused, operation())) == [guest.REFUSED, guest.INCLUDED]


def test_a_system_transaction_must_not_fail() -> None:
    assert kinds(RULES, raws(system(1, 2, gas=40_000))) == [guest.SYSTEM_FAILED]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"to": int.from_bytes(REVERTS)},
        {"gasLimit": 20_000},
        {"reserved": (1, 0x88, 0, 0)},
        {"reserved": (300_000 * GWEI, 0x88, 0, 0)},
        {"to": int.from_bytes(STORES), "data": words(*range(200)), "gasLimit": 5_000_000, "value": ETHER},
    ],
)
@pytest.mark.parametrize("has_holder", [True, False])
@pytest.mark.parametrize("limit", [None, 3_000])
def test_operations(changes: dict[str, Any], has_holder: bool, limit: int | None) -> None:
    rules = ChainRules(CHAIN_ID, has_base_token_holder=has_holder, max_transaction_pubdata=limit)
    assert kinds(rules, raws(operation(**changes))) == [guest.INCLUDED]


@pytest.mark.parametrize("value", [0, 1])
def test_the_pubdata_limit_is_held_to_what_really_changed(value: int) -> None:
    """Slots that are set and cleared again count in the bound alone."""
    changed = range(2, 2 + 40)
    data = b"".join(words(key, 5) for key in changed) + b"".join(words(key, value) for key in changed)
    raw = sign(KEYS[0], 0, to=STORES, data=data, gas=5_000_000)
    played = play(ChainRules(CHAIN_ID, max_transaction_pubdata=1_000), accounts(b"", {}), [BlockPlan(raws(raw))])
    included = played.verdicts[0].included
    assert included is not None
    assert (included.gas_used == 5_000_000) == (value == 1)
    assert (played.verdicts[0].status == 0) == (value == 0)


@pytest.mark.parametrize("room", [500, 2_000, 4_000, 4_300, 10_000])
def test_a_block_stops_where_its_pubdata_is_full(room: int) -> None:
    found = kinds(RULES, raws(*(store(i, 0, *range(2, 22)) for i in range(3))), max_pubdata_bytes=room)
    assert found[0] == guest.INCLUDED
    assert set(found[1:]) <= {guest.INCLUDED, guest.PUBDATA_USED_UP}
    assert (found == [guest.INCLUDED] * 3) == (room == 10_000)


def test_an_l1_burns_the_base_fee() -> None:
    rules = ChainRules(CHAIN_ID, base_fee_to_coinbase=False, has_base_token_holder=False, max_transaction_pubdata=None)
    makers = raws(store(0, 0, 3, 4), sign(KEYS[1], 0, to=FEE_RECIPIENT, value=1, maxPriorityFeePerGas=0))
    assert kinds(rules, makers) == [guest.INCLUDED] * 2


def test_block_hashes_reach_back_over_the_batch() -> None:
    # Stores BLOCKHASH of 0, 1 and 2 in slots of the same number.
    program = b"".join(bytes([0x60, number, 0x40, 0x60, number, 0x55]) for number in range(3))
    plans = [BlockPlan(raws(sign(KEYS[0], nonce, to=RUNS, gas=200_000))) for nonce in range(3)]
    assert len(play(RULES, accounts(program, {}), plans).executed) == 3


# --- Witnesses and memory ---


def some_blocks() -> list[BlockPlan]:
    """Two blocks with something of everything; the second needs what the first made."""
    return [
        BlockPlan(
            raws(
                system(1, 2),
                operation(),
                store(0, 0, 0, 0, 7, 8),
                sign(KEYS[1], 0, to=None, data=bytes.fromhex("6005600c60003960056000f3602a5f5500"), gas=200_000),
                sign(KEYS[2], 0, to=CREATES, data=STORE_AND_DESTROY, gas=200_000),
                sign(KEYS[3], 0, to=L1_MESSENGER_ADDRESS, gas=100_000),
            )
        ),
        BlockPlan(raws(store(0, 1, 5, 6, 0, 8), store(1, 1, 9, maxPriorityFeePerGas=5))),
    ]


@pytest.mark.parametrize("limb_bits", [64, 32])
def test_the_witness_is_all_that_is_needed_and_all_of_it_is(limb_bits: int) -> None:
    slots = {number: number for number in range(1, 30)}
    played = play(RULES, accounts(b"", slots), some_blocks(), build := Build(limb_bits))
    headers = [header.encode() for header in played.headers]
    assert all(verdict.included for verdict in played.verdicts)
    assert played.guest_read == played.reference_read
    witness = {key: played.genesis[key] for key in played.guest_read}
    assert replay_on_guest(played, witness, build) == headers
    assert replay_on_reference(played, witness) == headers
    for missing in witness:
        rest = {key: node for key, node in witness.items() if key != missing}
        with pytest.raises(GivenUp) as failed:
            replay_on_guest(played, rest, build)
        assert failed.value.reason == guest.MISSING_NODE


def test_a_malformed_state_is_told() -> None:
    played = play(RULES, accounts(b"", {1: 5}), some_blocks()[:1])
    root = played.root
    for bad in (b"\xc0", b"\x80", played.genesis[root] + b"\0"):
        with pytest.raises(GivenUp) as failed:
            replay_on_guest(replace(played, root=root), {**played.genesis, root: bad})
        assert failed.value.reason == guest.MALFORMED


def test_any_lack_of_memory_is_told() -> None:
    played = play(RULES, accounts(b"", {1: 5}), some_blocks())
    headers = [header.encode() for header in played.headers]
    enough = 1 << 14
    while True:
        try:
            assert replay_on_guest(played, played.genesis, memory=enough) == headers
            break
        except GivenUp as failed:
            assert failed.reason == guest.OUT_OF_MEMORY
            enough += 9_973
    assert enough < 1 << 19, "a few transactions need half a MiB at most"
