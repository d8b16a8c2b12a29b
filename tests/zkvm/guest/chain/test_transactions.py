"""Transactions from bytes against the public vectors and the decoder of the chain's own Python."""

import json
from functools import cache
from typing import Any

import pytest
import rlp
from eth_abi.abi import encode
from hypothesis import given, settings
from hypothesis import strategies as st

from chain_template.errors import TransactionError
from chain_template.primitives import SYSTEM_CONTEXT_ADDRESS, int_to_bytes, keccak
from chain_template.transactions import Transaction, system_transaction
from chain_template.transactions.priority import CANONICAL_ABI
from chain_template.transactions.signatures import SECP256K1_N
from chain_template.transactions.stored import decode_block_transaction
from tests.conformance.vectors import unpacked
from tests.support import CHAIN_ID, GWEI, KEYS, sign
from tests.unit.chain_template.test_eip712 import TO, sign_0x71
from tests.zkvm.guest.chain.scripts import Output, Reason, Runner, Step, sized, start

ACCESSES = [
    {"address": "0x" + "22" * 20, "storageKeys": ["0x" + "00" * 31 + "05", "0x" + "ff" * 32]},
    {"address": "0x" + "33" * 20, "storageKeys": []},
]
USER, SYSTEM, PRIORITY = range(3)
NOBODY = bytes(20)


def decoded(run: Runner, raw: bytes, chain_id: int = CHAIN_ID, sender: bytes = b"") -> dict[str, Any] | None:
    """What the guest makes of a transaction; None where it refuses it."""
    step = bytes([Step.TRANSACTION]) + chain_id.to_bytes(32) + sized(sender) + sized(raw)
    reason, written = run(start() + step)
    assert reason == Reason.OK
    output = Output(written)
    if not output.take(1)[0]:
        return None
    names = ("type", "kind", "is_creation")
    found: dict[str, Any] = dict(zip(names, output.take(3), strict=True)) | {"canonical_hash": output.take(32)}
    found |= {name: output.take(20) for name in ("sender", "to", "refund_recipient")}
    found |= {name: int.from_bytes(output.take(8), "little") for name in ("nonce", "gas_limit")}
    numbers = ("max_fee_per_gas", "max_priority_fee_per_gas", "value", "minted")
    found |= {name: int.from_bytes(output.take(32)) for name in numbers}
    found["data"] = output.sized()
    count = int.from_bytes(output.take(4), "little")
    found["access_list"] = [(output.take(20), output.sized()) for _ in range(count)]
    output.end()
    return found


def fields_of(tx: Transaction) -> dict[str, Any]:
    """The same of a transaction as Python has it."""
    kind = PRIORITY if tx.priority else USER if tx.is_user else SYSTEM
    equal = (
        *("type", "sender", "nonce", "gas_limit", "max_fee_per_gas", "max_priority_fee_per_gas"),
        *("value", "data"),
    )
    # The guest has 64 bits for what Python lets a system transaction say of its block and gas, whatever its size.
    most = 2**64 - 1 if kind == SYSTEM else 2**256
    cut = {"nonce": min(tx.nonce, most), "gas_limit": min(tx.gas_limit, most)}
    return (
        {name: getattr(tx, name) for name in equal}
        | cut
        | {
            "kind": kind,
            "canonical_hash": tx.hash if tx.priority else bytes(32),
            "is_creation": tx.to is None,
            "to": tx.to or NOBODY,
            "refund_recipient": tx.priority.refund_recipient if tx.priority else NOBODY,
            "minted": tx.priority.mint_value if tx.priority else 0,
            "access_list": [
                (entry.address, b"".join(slot.to_bytes(32) for slot in entry.slots)) for entry in tx.access_list
            ],
        }
    )


def expected(raw: bytes, chain_id: int = CHAIN_ID) -> dict[str, Any] | None:
    try:
        return fields_of(decode_block_transaction(raw, chain_id))
    except TransactionError:
        return None


def operation(**changes: Any) -> bytes:
    """An L1 operation's canonical form."""
    fields = {
        "type": 0x7F,
        "from": 0xAA,
        "to": 0xBB,
        "gas": 200_000,
        "per_pubdata": 800,
        "fee": GWEI,
        "tip": 0,
        "paymaster": 0,
        "nonce": 3,
        "value": 10**18,
        "reserved": [10**19, 0xCC, 0, 0],
        "data": b"\x01" * 33,
        "signature": b"",
        "dependencies": [7, 8],
        "input": b"",
        "more": b"",
    } | changes
    return b"\x7f" + encode([CANONICAL_ABI], [tuple(fields.values())])


def unprotected(raw: bytes) -> bytes:
    """The same legacy transaction, signed for no chain."""
    fields = rlp.decode(raw)
    signature = KEYS[0]._key_obj.sign_msg_hash(keccak(rlp.encode(fields[:6])))
    return bytes(rlp.encode([*fields[:6], 27 + signature.v, signature.r, signature.s]))


@cache
def samples() -> list[bytes]:
    legacy = sign(KEYS[0], 0, gasPrice=3 * GWEI, to=TO)
    return [
        legacy,
        unprotected(legacy),
        sign(KEYS[1], 128, gasPrice=GWEI, to=None, data=b"\x60" * 60, gas=90_000),
        sign(KEYS[0], 2**40, type=1, gasPrice=3 * GWEI, to=TO, accessList=ACCESSES),
        sign(KEYS[0], 7, to=TO, accessList=ACCESSES, value=5, data=b"\x7f"),
        sign(KEYS[0], 7, to=None, data=b"\0", gas=100_000),
        sign_0x71(KEYS[0]),
        sign_0x71(KEYS[0], data=b"\x05" * 100, value=2**200, nonce=2**64 - 1),
        system_transaction(CHAIN_ID, 12, SYSTEM_CONTEXT_ADDRESS, b"\x01" * 70).raw,
        operation(),
        operation(data=b"", dependencies=[]),
        operation(data=b"\x02" * 32),
    ]


def test_what_is_decoded_is_what_python_decodes(run: Runner) -> None:
    for raw in samples():
        found = decoded(run, raw)
        assert found is not None, raw.hex()
        assert found == expected(raw), raw.hex()
        assert decoded(run, raw, sender=found["sender"]) == found


def test_a_sender_that_is_known_is_taken(run: Runner) -> None:
    raw = sign(KEYS[0], 7, to=TO, value=5)
    found = decoded(run, raw, sender=b"\xee" * 20)
    assert found == (expected(raw) or {}) | {"sender": b"\xee" * 20}


def test_another_chain(run: Runner) -> None:
    for raw in samples():
        is_bound = raw[0] != 0x7F and raw != samples()[1]
        assert (decoded(run, raw, CHAIN_ID + 1) is None) == is_bound
        assert decoded(run, raw, CHAIN_ID + 1) == expected(raw, CHAIN_ID + 1)


# Rules of blocks and accounts; a decoder takes such transactions.
NOT_FOR_DECODERS = {
    *("INTRINSIC_GAS_TOO_LOW", "GASLIMIT_PRICE_PRODUCT_OVERFLOW", "NONCE_TOO_BIG", "INITCODE_SIZE_EXCEEDED"),
    "PRIORITY_GREATER_THAN_MAX_FEE_PER_GAS_2",
}


def test_published_transactions(run: Runner) -> None:
    cases = [
        (name, case)
        for path in sorted((unpacked("ethereum-tests") / "TransactionTests").glob("*/*.json"))
        for name, case in json.loads(path.read_text()).items()
        if "Cancun" in case["result"]
    ]
    assert len(cases) > 100
    for name, case in cases:
        raw, result = bytes.fromhex(case["txbytes"][2:]), case["result"]["Cancun"]
        found = decoded(run, raw, 1)
        assert found == expected(raw, 1), name
        if "hash" in result:
            assert found is not None, name
            assert found["sender"].hex() == result["sender"][2:], name
        elif result["exception"].removeprefix("TransactionException.") not in NOT_FOR_DECODERS:
            assert found is None, name


# Of every kind and around every limit that a field can have.
ITEMS: list[Any] = [
    *(b"", b"\0", b"\x01", b"\x1b", b"\x80", b"\0\x01", b"\xff" * 8, b"\x01" + bytes(8), b"\x11" * 19, b"\x11" * 20),
    *(bytes(18) + b"\x80\x01", bytes(17) + b"\x02\0\0", bytes(17) + b"\x01\xff\xff", b"\x11" * 21, b"\xff" * 32),
    *(b"\x01" + bytes(32), bytes(32) + b"\x01", int_to_bytes(CHAIN_ID), b"\0" + int_to_bytes(CHAIN_ID)),
    *(int_to_bytes(SECP256K1_N // 2), int_to_bytes(SECP256K1_N // 2 + 1), int_to_bytes(SECP256K1_N)),
    *(b"\x11" * 64 + b"\x1b", b"\x11" * 65, b"\x11" * 64 + b"\x1c\0"),
    *([], [b""], [[]], [[b"\x11" * 20]], [[b"\x11" * 20, []]], [[b"\x11" * 20, [b"\x22" * 32]]]),
    *([[b"\x11" * 20, [b"\x22" * 31]]], [[b"\x11" * 20, b"\x22" * 32]], [[b"\x11" * 20, [], b""]]),
    *([[b"\x11" * 19, []]], [[b"\x11" * 20, []], b""], [[b"\x11" * 20, [[b"\x22" * 31]]]]),
]


@pytest.mark.parametrize("sample", [0, 3, 4, 6, 8])
def test_any_item_is_taken_or_refused_as_in_python(run: Runner, sample: int) -> None:
    raw = samples()[sample]
    head = raw[:1] if raw[0] < 0xC0 else b""
    items = rlp.decode(raw[len(head) :])
    taken = 0
    for at in range(len(items)):
        for item in ITEMS:
            changed = head + rlp.encode([*items[:at], item, *items[at + 1 :]])
            assert decoded(run, changed) == expected(changed), changed.hex()
            taken += expected(changed) is not None
    assert taken
    for changed in (items[:-1], [*items, b""], [items], []):
        assert decoded(run, head + rlp.encode(changed)) is None


WORDS = [0, 1, 31, 32, 33, 0x7F, 19 * 32, 20 * 32, 2**64 - 32, 2**160 - 1, 2**160, 2**256 - 1]


@pytest.mark.parametrize("sample", [9, 10, 11])
def test_any_word_of_an_operation_is_taken_or_refused_as_in_python(run: Runner, sample: int) -> None:
    raw = samples()[sample]
    for at in range(1, len(raw), 32):
        for word in WORDS:
            changed = raw[:at] + word.to_bytes(32) + raw[at + 32 :]
            assert decoded(run, changed) == expected(changed), (at // 32, word)
    for changes in ({"signature": b"\x01"}, {"input": b"\x01"}, {"more": b"\x01"}, {"tip": 1}, {"type": 0x71}):
        assert decoded(run, operation(**changes)) is None


def test_pieces_of_transactions(run: Runner) -> None:
    for raw in samples():
        for size in range(0, len(raw), 1 + len(raw) // 60):
            assert decoded(run, raw[:size]) is None
        assert decoded(run, raw + b"\0") is None


@settings(deadline=None, max_examples=200)
@given(data=st.data())
def test_any_change_of_bytes_is_taken_or_refused_as_in_python(run: Runner, data: st.DataObject) -> None:
    raw = bytearray(data.draw(st.sampled_from(samples()[:9])))
    for _ in range(data.draw(st.integers(1, 3))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    assert decoded(run, bytes(raw)) == expected(bytes(raw))
