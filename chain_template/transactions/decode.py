"""Reading signed transactions (types 0x00, 0x01, 0x02 and 0x71) from bytes, strictly, and recovering their senders."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

import rlp

from chain_template.errors import (
    InvalidSignature,
    TransactionDecodeError,
    TransactionError,
    UnsupportedTransactionType,
)
from chain_template.primitives import int_to_bytes, keccak, to_int
from chain_template.transactions.eip712 import decode_eip712
from chain_template.transactions.fields import check_chain, read_bytes, read_list, read_to, read_uint, read_uint64
from chain_template.transactions.signatures import compact, recover_sender, recover_senders
from chain_template.transactions.types import (
    ACCESS_LIST_TYPE,
    BLOB_TYPE,
    DYNAMIC_FEE_TYPE,
    EIP712_TYPE,
    LEGACY_TYPE,
    NO_EIP712,
    PRIORITY_TYPE,
    SYSTEM_TYPE,
    AccessListEntry,
    Signature,
    Transaction,
)
from zkvm._evm import read_dynamic_fee

#: First bytes of RLP heads: from where on strings have one, lists, and lists of more than 55 bytes.
_STRING: Final = 0x80
_LIST: Final = 0xC0
_LONG_LIST: Final = 0xF8
#: Transactions of which the sender is being found; fields of more are read again.
_BETWEEN: Final = 64
_EIP712: Final = bytes([EIP712_TYPE])

_REFUSED: Final = {
    BLOB_TYPE: "blob transactions (0x03) are not accepted on this chain",
    SYSTEM_TYPE: "system transactions (0x7e) come from the sequencer only",
    PRIORITY_TYPE: "priority operations (0x7f) come from L1 only",
}


def decode_transaction(
    raw: bytes, chain_id: int, *, sender: bytes | None = None, takes_eip712: bool = True
) -> Transaction:
    """Decode a signed transaction and recover its sender.

    Args:
        raw: EIP-2718 bytes as ``eth_sendRawTransaction`` takes them.
        chain_id: The chain it must be signed for.
        sender: Its sender, where that was recovered before: recovering costs more than all the rest.
        takes_eip712: Whether type 0x71 exists on the chain; on an L1 it does not.

    Raises:
        TransactionDecodeError: The bytes are not a canonical transaction.
        UnsupportedTransactionType: The type is not one users may send here.
        WrongChainId: It was signed for another chain.
        InvalidSignature: The signature is malformed or high-s (EIP-2).
    """
    if raw[:1] == _EIP712:
        if not takes_eip712:
            raise UnsupportedTransactionType(NO_EIP712, type=EIP712_TYPE)
        return decode_eip712(raw, chain_id, is_checked=sender is not None)
    fields, digest = _read_once(raw, chain_id)
    if sender is None:
        sender = recover_sender(digest, fields["signature"])
    return Transaction(sender=sender, **fields)


def decode_transactions(
    raws: Sequence[bytes], chain_id: int, *, takes_eip712: bool = True
) -> list[Transaction | TransactionError]:
    """Decode many signed transactions, their senders recovered together without Python's lock.

    Returns:
        For each what :func:`decode_transaction` gives, or what it would raise.
    """
    decoded: list[Transaction | TransactionError | None] = []
    read: list[tuple[int, dict[str, Any], bytes]] = []
    for at, raw in enumerate(raws):
        try:
            if raw[:1] == _EIP712:
                decoded.append(decode_transaction(raw, chain_id, takes_eip712=takes_eip712))
                continue
            read.append((at, *_read(raw, chain_id)))
            decoded.append(None)
        except TransactionError as exc:
            decoded.append(exc)
    senders = recover_senders((digest, fields["signature"]) for _, fields, digest in read)
    for (at, fields, _), sender in zip(read, senders, strict=True):
        if sender is not None:
            decoded[at] = Transaction(sender=sender, **fields)
            continue
        try:
            decoded[at] = decode_transaction(raws[at], chain_id)
        except TransactionError as exc:
            decoded[at] = exc
    return [one for one in decoded if one is not None]


def what_was_signed(raw: bytes, chain_id: int) -> tuple[bytes, bytes] | None:
    """The digest under a transaction's signature, and the signature: r, s, parity of y, 65 bytes.

    None of a transaction that :func:`decode_transaction` refuses, and of type 0x71.
    """
    try:
        fields, digest = _read_once(raw, chain_id)
    except TransactionError:
        return None
    return digest, compact(fields["signature"])


def _read(raw: bytes, chain_id: int) -> tuple[dict[str, Any], bytes]:
    """The fields of a transaction but for its sender, and the digest that was signed."""
    common = read_dynamic_fee(raw)
    if common is not None:
        return _common(raw, chain_id, common)
    if not raw:
        raise TransactionDecodeError("the transaction is empty")
    kind = raw[0]
    if kind >= _LIST:
        return _read_legacy(raw, chain_id)
    if kind in (ACCESS_LIST_TYPE, DYNAMIC_FEE_TYPE):
        return _read_typed(raw, chain_id, has_tip=kind == DYNAMIC_FEE_TYPE)
    raise UnsupportedTransactionType(_REFUSED.get(kind, f"transaction type 0x{kind:02x} is unknown"), type=kind)


#: What was signed is asked first, and the whole when the sender is known.
_read_once = lru_cache(maxsize=_BETWEEN)(_read)


def _common(raw: bytes, chain_id: int, read: tuple[Any, ...]) -> tuple[dict[str, Any], bytes]:
    """The kind that nearly all are, which C has read by the same rules."""
    signed_for, nonce, tip, fee, gas, to, value, data, parity, r, s, tx_hash, digest = read
    check_chain(signed_for, chain_id)
    values = {
        "type": DYNAMIC_FEE_TYPE,
        "hash": tx_hash,
        "raw": raw,
        "to": to,
        "nonce": nonce,
        "chain_id": chain_id,
        "gas_limit": gas,
        "max_fee_per_gas": fee,
        "max_priority_fee_per_gas": tip,
        "value": value,
        "data": data,
        "signature": Signature(parity, r, s),
    }
    return values, digest


def _read_legacy(raw: bytes, chain_id: int) -> tuple[dict[str, Any], bytes]:
    fields = read_list(raw, 9)
    nonce, price, gas = read_uint64(fields[0], "nonce"), read_uint(fields[1], "gasPrice"), read_uint64(fields[2], "gas")
    to, value, data = read_to(fields[3]), read_uint(fields[4], "value"), read_bytes(fields[5], "data")
    v, r, s = read_uint(fields[6], "v"), read_uint(fields[7], "r"), read_uint(fields[8], "s")
    if v in (27, 28):
        signed_for, parity, unsigned = None, v - 27, rlp.encode(fields[:6])
    elif v >= 35:
        signed_for, parity = (v - 35) // 2, (v - 35) % 2
        check_chain(signed_for, chain_id)
        unsigned = rlp.encode([*fields[:6], int_to_bytes(chain_id), b"", b""])
    else:
        raise InvalidSignature(f"v is {v}; expected 27, 28 or {35 + 2 * chain_id}, {36 + 2 * chain_id}", v=v)
    values = {
        "type": LEGACY_TYPE,
        "hash": keccak(raw),
        "raw": raw,
        "to": to,
        "nonce": nonce,
        "chain_id": signed_for,
        "gas_limit": gas,
        "max_fee_per_gas": price,
        "max_priority_fee_per_gas": price,
        "value": value,
        "data": data,
        "signature": Signature(parity, r, s),
    }
    return values, keccak(unsigned)


def _read_typed(raw: bytes, chain_id: int, *, has_tip: bool) -> tuple[dict[str, Any], bytes]:
    fields = read_list(raw[1:], 12 if has_tip else 11)
    check_chain(read_uint(fields[0], "chainId"), chain_id)
    nonce = read_uint64(fields[1], "nonce")
    tip = read_uint(fields[2], "maxPriorityFeePerGas" if has_tip else "gasPrice")
    fee = read_uint(fields[3], "maxFeePerGas") if has_tip else tip
    rest = fields[4:] if has_tip else fields[3:]
    parity = read_uint(rest[5], "yParity")
    if parity > 1:
        raise InvalidSignature(f"yParity is {parity}; expected 0 or 1", y_parity=parity)
    values = {
        "type": raw[0],
        "hash": keccak(raw),
        "raw": raw,
        "to": read_to(rest[1]),
        "nonce": nonce,
        "chain_id": chain_id,
        "gas_limit": read_uint64(rest[0], "gas"),
        "max_fee_per_gas": fee,
        "max_priority_fee_per_gas": tip,
        "value": read_uint(rest[2], "value"),
        "data": read_bytes(rest[3], "data"),
        "access_list": _access_list(rest[4]),
        "signature": Signature(parity, read_uint(rest[6], "r"), read_uint(rest[7], "s")),
    }
    return values, keccak(_signed_part(raw, fields))


def _signed_part(raw: bytes, fields: list[Any]) -> bytes:
    """A typed transaction without its last three fields; nothing of the rest is encoded again."""
    head = 1 if raw[1] < _LONG_LIST else raw[1] - _LONG_LIST + 2
    signature = sum(1 if len(field) == 1 and field[0] < _STRING else 1 + len(field) for field in fields[-3:])
    items = raw[1 + head : len(raw) - signature]
    size = len(items)
    if size < _LONG_LIST - _LIST:
        return raw[:1] + bytes([_LIST + size]) + items
    length = int_to_bytes(size)
    return raw[:1] + bytes([_LONG_LIST - 1 + len(length)]) + length + items


def _access_list(field: Any) -> tuple[AccessListEntry, ...]:
    if not isinstance(field, list):
        raise TransactionDecodeError("accessList is not a list", field="accessList")
    return tuple(_access_list_entry(item) for item in field)


def _access_list_entry(item: Any) -> AccessListEntry:
    well_formed = (
        isinstance(item, list)
        and len(item) == 2
        and isinstance(item[0], bytes)
        and len(item[0]) == 20
        and isinstance(item[1], list)
        and all(isinstance(slot, bytes) and len(slot) == 32 for slot in item[1])
    )
    if not well_formed:
        raise TransactionDecodeError("accessList has a malformed entry", field="accessList")
    return AccessListEntry(item[0], tuple(to_int(slot) for slot in item[1]))
