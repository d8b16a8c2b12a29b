"""Decoding of signed transactions, priority operations and system transactions."""

import os

import pytest
import rlp
from eth_abi.abi import encode
from hypothesis import given
from hypothesis import strategies as st

from chain_template.errors import (
    InvalidSignature,
    TransactionDecodeError,
    TransactionError,
    UnsupportedTransactionType,
    WrongChainId,
)
from chain_template.primitives import BOOTLOADER_ADDRESS, SYSTEM_CONTEXT_ADDRESS, apply_alias, keccak, undo_alias
from chain_template.transactions import (
    Transaction,
    decode,
    decode_priority_transaction,
    decode_system_transaction,
    decode_transaction,
    decode_transactions,
    priority_transaction,
    system_transaction,
    what_was_signed,
)
from chain_template.transactions.priority import CANONICAL_ABI
from chain_template.transactions.signatures import SECP256K1_N
from tests.support import CHAIN_ID, GWEI, KEYS, address_of, sign
from zkvm._evm import Recoverer, read_dynamic_fee, signers

TO = b"\x11" * 20
ACCESS = [{"address": "0x" + "22" * 20, "storageKeys": ["0x" + "00" * 31 + "05"]}]


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"gasPrice": 3 * GWEI, "to": TO}, 0),
        ({"type": 1, "gasPrice": 3 * GWEI, "to": TO, "accessList": ACCESS}, 1),
        ({"to": TO, "accessList": ACCESS, "value": 5}, 2),
        ({"to": None, "data": b"\x60\x00", "gas": 100_000}, 2),
    ],
)
def test_decodes_what_wallets_sign(fields: dict[str, object], kind: int) -> None:
    raw = sign(KEYS[0], 7, **fields)
    tx = decode_transaction(raw, CHAIN_ID)
    assert (tx.type, tx.nonce, tx.sender, tx.hash) == (kind, 7, address_of(KEYS[0]), keccak(raw))
    assert tx.to == fields["to"]
    assert len(tx.access_list) == len(fields.get("accessList", []))  # type: ignore[arg-type]


def test_legacy_without_replay_protection_is_taken() -> None:
    raw = sign(KEYS[1], 0, gasPrice=GWEI, to=TO, chain_id=CHAIN_ID)
    fields = rlp.decode(raw)
    unsigned = keccak(rlp.encode(fields[:6]))
    signature = KEYS[1]._key_obj.sign_msg_hash(unsigned)
    plain = rlp.encode([*fields[:6], 27 + signature.v, signature.r, signature.s])
    tx = decode_transaction(plain, CHAIN_ID)
    assert (tx.chain_id, tx.sender) == (None, address_of(KEYS[1]))


@pytest.mark.parametrize("kind", [0x03, 0x04, 0x7E, 0x7F])
def test_types_users_may_not_send(kind: int) -> None:
    with pytest.raises(UnsupportedTransactionType):
        decode_transaction(bytes([kind]) + rlp.encode([b""]), CHAIN_ID)


@pytest.mark.parametrize("fields", [{"gasPrice": GWEI, "to": TO}, {"to": TO}])
def test_another_chain_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(WrongChainId, match="signed for chain 1, this is chain 271"):
        decode_transaction(sign(KEYS[0], 0, chain_id=1, **fields), CHAIN_ID)


def test_high_s_is_refused() -> None:
    fields = rlp.decode(sign(KEYS[0], 0, to=TO)[1:])
    s = SECP256K1_N - int.from_bytes(fields[11], "big")
    parity = 1 - int.from_bytes(fields[9], "big")
    flipped = b"\x02" + rlp.encode([*fields[:9], parity, fields[10], s])
    with pytest.raises(InvalidSignature):
        decode_transaction(flipped, CHAIN_ID)


@given(data=st.data())
def test_no_second_encoding_of_a_transaction(data: st.DataObject) -> None:
    """Whatever is changed in the bytes, the result is refused or is another transaction with another hash."""
    raw = sign(KEYS[0], 1, to=TO, value=9, data=b"\x01\x02", accessList=ACCESS)
    at = data.draw(st.integers(0, len(raw) - 1))
    mutated = raw[:at] + bytes([data.draw(st.integers(0, 255))]) + raw[at + 1 :]
    try:
        tx = decode_transaction(mutated, CHAIN_ID)
    except TransactionError:
        return
    assert tx.raw == mutated
    assert mutated == raw or tx.sender != address_of(KEYS[0])


@given(data=st.data())
def test_c_reads_what_python_reads(data: st.DataObject) -> None:
    """The kind that nearly all transactions are, with any one byte changed or any bytes cut off."""
    raw = sign(KEYS[0], data.draw(st.integers(0, 300)), to=data.draw(st.sampled_from([TO, None])), value=9, gas=90_000)
    at = data.draw(st.integers(1, len(raw) - 1))
    mutated = raw[:at] + bytes([data.draw(st.integers(0, 255))]) + raw[at + 1 :]
    for one in (raw, mutated, raw[:at], raw + raw[at:]):
        read = read_dynamic_fee(one)
        try:
            fields, digest = decode._read_typed(one, CHAIN_ID, has_tip=True)
        except WrongChainId:
            continue  # C leaves that to Python
        except TransactionError:
            assert read is None
            continue
        # An access list that is not empty is Python's.
        assert (read is None) == bool(fields.pop("access_list"))
        if read is not None:
            assert decode._common(one, CHAIN_ID, read) == (fields, digest)
    assert read_dynamic_fee(raw) is not None


def outcome(raw: bytes) -> object:
    try:
        return decode_transaction(raw, CHAIN_ID)
    except TransactionError as exc:
        return type(exc), exc.message


def test_many_are_what_each_is() -> None:
    fields = rlp.decode(sign(KEYS[0], 0, to=TO)[1:])
    no_key_fits = b"\x02" + rlp.encode([*fields[:10], b"\x05", fields[11]])
    high_s = b"\x02" + rlp.encode([*fields[:11], SECP256K1_N - 1])
    raws = [
        sign(KEYS[0], 7, to=TO),
        b"",
        sign(KEYS[1], 7, gasPrice=3 * GWEI, to=TO),
        no_key_fits,
        sign(KEYS[2], 1, type=1, gasPrice=3 * GWEI, to=TO, accessList=ACCESS),
        high_s,
        sign(KEYS[0], 0, chain_id=1, to=TO),
        b"\x71",
        sign(KEYS[2], 2, to=None, data=b"\x60\x00", gas=100_000),
    ]
    many = decode_transactions(raws, CHAIN_ID)
    shown = [one if isinstance(one, Transaction) else (type(one), one.message) for one in many]
    assert shown == [outcome(raw) for raw in raws]
    assert [isinstance(one, Transaction) for one in many] == [True, False, True, False, True, False, False, False, True]
    assert decode_transactions([], CHAIN_ID) == []


def test_what_was_signed_gives_the_sender() -> None:
    found = what_was_signed(sign(KEYS[1], 3, to=TO), CHAIN_ID)
    assert found is not None
    assert signers(*found) == [address_of(KEYS[1])]
    assert what_was_signed(b"\x02\x00", CHAIN_ID) is None
    assert what_was_signed(b"\x71" + rlp.encode([b""]), CHAIN_ID) is None


def test_signers_beside() -> None:
    """One after the other, in the order of coming, whatever the signatures are; and nothing after the end."""
    signed = [what_was_signed(sign(key, nonce, to=TO), CHAIN_ID) for nonce in range(3) for key in KEYS]
    asked = [one for one in signed if one is not None] + [(bytes(32), bytes(65)), (bytes(32), b"\xff" * 65)]
    heard, bell = os.pipe()
    recoverer = Recoverer(bell)
    try:
        for number, (digest, signature) in enumerate(asked):
            recoverer.put(number, digest, signature)
        found: list[tuple[int, bytes | None]] = []
        while len(found) < len(asked):
            os.read(heard, 64)
            found += recoverer.take()
        assert [number for number, _ in found] == list(range(len(asked)))
        expected = signers(b"".join(digest for digest, _ in asked), b"".join(signature for _, signature in asked))
        assert (
            [signer for _, signer in found]
            == expected
            == [address_of(key) for _ in range(3) for key in KEYS]
            + [
                None,
                None,
            ]
        )
        for bad in ((bytes(31), bytes(65)), (bytes(32), bytes(64))):
            with pytest.raises(ValueError, match="bytes; expected"):
                recoverer.put(0, *bad)
        for number in range(100):
            recoverer.put(number, *asked[0])
    finally:
        recoverer.close()
        recoverer.close()
        os.close(heard)
        os.close(bell)
    with pytest.raises(RuntimeError, match="stopped"):
        recoverer.put(0, bytes(32), bytes(65))


def test_signers_want_whole_signatures() -> None:
    with pytest.raises(ValueError, match="32 bytes and 65 bytes for each"):
        signers(bytes(32), bytes(64))
    with pytest.raises(ValueError, match="32 bytes and 65 bytes for each"):
        signers(bytes(33), bytes(65))
    assert signers(b"", b"") == []


@given(st.binary(max_size=200))
def test_garbage_is_refused_with_a_typed_error(raw: bytes) -> None:
    with pytest.raises(TransactionError):
        decode_transaction(raw, CHAIN_ID)


def canonical(**changes: object) -> bytes:
    fields: dict[str, object] = {
        "txType": 0x7F,
        "from": 1,
        "to": 2,
        "gasLimit": 300_000,
        "gasPerPubdata": 800,
        "maxFeePerGas": GWEI,
        "maxPriorityFeePerGas": 0,
        "paymaster": 0,
        "nonce": 4,
        "value": 10,
        "reserved": (10**18, 3, 0, 0),
        "data": b"\xaa",
        "signature": b"",
        "factoryDeps": (),
        "paymasterInput": b"",
        "reservedDynamic": b"",
    }
    return encode([CANONICAL_ABI], [tuple((fields | changes).values())])


def test_priority_operation_is_bound_to_its_canonical_hash() -> None:
    tx = priority_transaction(canonical())
    assert tx.hash == keccak(canonical())
    assert decode_priority_transaction(tx.raw) == tx
    assert tx.priority is not None
    assert (tx.priority.operation_id, tx.priority.mint_value, tx.priority.refund_recipient[-1]) == (4, 10**18, 3)
    assert (tx.sender[-1], tx.to) == (1, bytes(19) + b"\x02")


@pytest.mark.parametrize(
    "change",
    [
        {"txType": 255},
        {"maxPriorityFeePerGas": 1},
        {"paymaster": 1},
        {"reserved": (1, 2, 3, 0)},
        {"signature": b"\x01"},
        {"paymasterInput": b"\x01"},
        {"reservedDynamic": b"\x01"},
        {"from": 1 << 160},
        {"reserved": (1, 1 << 160, 0, 0)},
    ],
)
def test_what_the_mailbox_never_writes_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(TransactionDecodeError):
        priority_transaction(canonical(**change))


@given(st.integers(0, len(canonical()) - 1), st.integers(1, 255))
def test_priority_operation_has_one_encoding(at: int, flip: int) -> None:
    good = canonical()
    bad = good[:at] + bytes([good[at] ^ flip]) + good[at + 1 :]
    try:
        tx = priority_transaction(bad)
    except TransactionDecodeError:
        return
    assert tx.hash == keccak(bad) != keccak(good)


def test_system_transaction_roundtrip_and_refusals() -> None:
    tx = system_transaction(CHAIN_ID, 12, SYSTEM_CONTEXT_ADDRESS, b"\x01\x02")
    assert decode_system_transaction(tx.raw, CHAIN_ID) == tx
    assert (tx.sender, tx.nonce, tx.max_fee_per_gas) == (BOOTLOADER_ADDRESS, 12, 0)
    with pytest.raises(WrongChainId):
        decode_system_transaction(tx.raw, CHAIN_ID + 1)
    with pytest.raises(TransactionDecodeError, match="not a system contract"):
        system_transaction(CHAIN_ID, 12, b"\x11" * 20, b"")
    with pytest.raises(TransactionDecodeError):
        decode_system_transaction(tx.raw[:-1], CHAIN_ID)


@given(st.binary(min_size=20, max_size=20))
def test_alias_is_undone(address: bytes) -> None:
    assert undo_alias(apply_alias(address)) == address
