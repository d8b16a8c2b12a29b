"""Reading signed transactions (types 0x00, 0x01, 0x02 and 0x71) from bytes, strictly, and recovering their senders."""

from typing import Any, Final

import rlp

from chain_template.errors import InvalidSignature, TransactionDecodeError, UnsupportedTransactionType
from chain_template.primitives import int_to_bytes, keccak, to_int
from chain_template.transactions.eip712 import decode_eip712
from chain_template.transactions.fields import check_chain, read_bytes, read_list, read_to, read_uint, read_uint64
from chain_template.transactions.signatures import recover_sender
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

#: First bytes of RLP heads: from where on strings have one, lists, and lists of more than 55 bytes.
_STRING: Final = 0x80
_LIST: Final = 0xC0
_LONG_LIST: Final = 0xF8

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
    if not raw:
        raise TransactionDecodeError("the transaction is empty")
    kind = raw[0]
    if kind >= 0xC0:
        return _decode_legacy(raw, chain_id, sender)
    if kind == ACCESS_LIST_TYPE:
        return _decode_typed(raw, chain_id, sender, has_tip=False)
    if kind == DYNAMIC_FEE_TYPE:
        return _decode_typed(raw, chain_id, sender, has_tip=True)
    if kind == EIP712_TYPE:
        if not takes_eip712:
            raise UnsupportedTransactionType(NO_EIP712, type=kind)
        return decode_eip712(raw, chain_id, is_checked=sender is not None)
    raise UnsupportedTransactionType(_REFUSED.get(kind, f"transaction type 0x{kind:02x} is unknown"), type=kind)


def _decode_legacy(raw: bytes, chain_id: int, sender: bytes | None) -> Transaction:
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
    signature = Signature(parity, r, s)
    return Transaction(
        type=LEGACY_TYPE,
        hash=keccak(raw),
        raw=raw,
        sender=recover_sender(keccak(unsigned), signature) if sender is None else sender,
        to=to,
        nonce=nonce,
        chain_id=signed_for,
        gas_limit=gas,
        max_fee_per_gas=price,
        max_priority_fee_per_gas=price,
        value=value,
        data=data,
        signature=signature,
    )


def _decode_typed(raw: bytes, chain_id: int, sender: bytes | None, *, has_tip: bool) -> Transaction:
    fields = read_list(raw[1:], 12 if has_tip else 11)
    check_chain(read_uint(fields[0], "chainId"), chain_id)
    nonce = read_uint64(fields[1], "nonce")
    tip = read_uint(fields[2], "maxPriorityFeePerGas" if has_tip else "gasPrice")
    fee = read_uint(fields[3], "maxFeePerGas") if has_tip else tip
    rest = fields[4:] if has_tip else fields[3:]
    parity = read_uint(rest[5], "yParity")
    if parity > 1:
        raise InvalidSignature(f"yParity is {parity}; expected 0 or 1", y_parity=parity)
    signature = Signature(parity, read_uint(rest[6], "r"), read_uint(rest[7], "s"))
    return Transaction(
        type=raw[0],
        hash=keccak(raw),
        raw=raw,
        sender=recover_sender(keccak(_signed_part(raw, fields)), signature) if sender is None else sender,
        to=read_to(rest[1]),
        nonce=nonce,
        chain_id=chain_id,
        gas_limit=read_uint64(rest[0], "gas"),
        max_fee_per_gas=fee,
        max_priority_fee_per_gas=tip,
        value=read_uint(rest[2], "value"),
        data=read_bytes(rest[3], "data"),
        access_list=_access_list(rest[4]),
        signature=signature,
    )


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
