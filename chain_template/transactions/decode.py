"""Reading signed transactions (types 0x00, 0x01, 0x02) from bytes, strictly, and recovering their senders."""

from typing import Any, Final

import rlp
from coincurve import PublicKey

from chain_template.errors import (
    InvalidSignature,
    TransactionDecodeError,
    UnsupportedTransactionType,
    WrongChainId,
)
from chain_template.primitives import int_to_bytes, keccak, to_int
from chain_template.transactions.types import (
    ACCESS_LIST_TYPE,
    BLOB_TYPE,
    DYNAMIC_FEE_TYPE,
    EIP712_TYPE,
    LEGACY_TYPE,
    PRIORITY_TYPE,
    SYSTEM_TYPE,
    AccessListEntry,
    Signature,
    Transaction,
)

SECP256K1_N: Final = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
_UINT256_MAX: Final = (1 << 256) - 1
_UINT64_MAX: Final = (1 << 64) - 1

#: The transaction, its access list, an entry, the entry's slots.
_DEEPEST_LIST: Final = 4

_REFUSED: Final = {
    BLOB_TYPE: "blob transactions (0x03) are not accepted on this chain",
    EIP712_TYPE: (
        "transaction type 0x71 (EIP-712) is not supported by this chain; "
        "send type 2 (zksync-ethers: overrides: {type: 2})"
    ),
    SYSTEM_TYPE: "system transactions (0x7e) come from the sequencer only",
    PRIORITY_TYPE: "priority operations (0x7f) come from L1 only",
}


def decode_transaction(raw: bytes, chain_id: int, *, sender: bytes | None = None) -> Transaction:
    """Decode a signed transaction and recover its sender.

    Args:
        raw: EIP-2718 bytes as ``eth_sendRawTransaction`` takes them.
        chain_id: The chain it must be signed for.
        sender: Its sender, where that was recovered before: recovering costs more than all the rest.

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
    raise UnsupportedTransactionType(_REFUSED.get(kind, f"transaction type 0x{kind:02x} is unknown"), type=kind)


def _decode_legacy(raw: bytes, chain_id: int, sender: bytes | None) -> Transaction:
    fields = _fields(raw, 9)
    nonce, price, gas = _uint64(fields[0], "nonce"), _uint(fields[1], "gasPrice"), _uint64(fields[2], "gas")
    to, value, data = _to(fields[3]), _uint(fields[4], "value"), _bytes(fields[5], "data")
    v, r, s = _uint(fields[6], "v"), _uint(fields[7], "r"), _uint(fields[8], "s")
    if v in (27, 28):
        signed_for, parity, unsigned = None, v - 27, rlp.encode(fields[:6])
    elif v >= 35:
        signed_for, parity = (v - 35) // 2, (v - 35) % 2
        _check_chain(signed_for, chain_id)
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
    fields = _fields(raw[1:], 12 if has_tip else 11)
    unsigned = raw[:1] + rlp.encode(fields[:-3])
    _check_chain(_uint(fields[0], "chainId"), chain_id)
    nonce = _uint64(fields[1], "nonce")
    tip = _uint(fields[2], "maxPriorityFeePerGas" if has_tip else "gasPrice")
    fee = _uint(fields[3], "maxFeePerGas") if has_tip else tip
    rest = fields[4:] if has_tip else fields[3:]
    parity = _uint(rest[5], "yParity")
    if parity > 1:
        raise InvalidSignature(f"yParity is {parity}; expected 0 or 1", y_parity=parity)
    signature = Signature(parity, _uint(rest[6], "r"), _uint(rest[7], "s"))
    return Transaction(
        type=raw[0],
        hash=keccak(raw),
        raw=raw,
        sender=recover_sender(keccak(unsigned), signature) if sender is None else sender,
        to=_to(rest[1]),
        nonce=nonce,
        chain_id=chain_id,
        gas_limit=_uint64(rest[0], "gas"),
        max_fee_per_gas=fee,
        max_priority_fee_per_gas=tip,
        value=_uint(rest[2], "value"),
        data=_bytes(rest[3], "data"),
        access_list=_access_list(rest[4]),
        signature=signature,
    )


def recover_sender(digest: bytes, signature: Signature) -> bytes:
    """The address whose key signed ``digest``.

    Raises:
        InvalidSignature: r or s is out of range, s is in the upper half (EIP-2), or no key fits.
    """
    if not 0 < signature.r < SECP256K1_N or not 0 < signature.s <= SECP256K1_N // 2:
        raise InvalidSignature("the signature's r or s is out of range")
    compact = signature.r.to_bytes(32, "big") + signature.s.to_bytes(32, "big") + bytes([signature.y_parity])
    try:
        key = PublicKey.from_signature_and_message(compact, digest, hasher=None)
    except Exception as exc:  # coincurve raises bare Exception when no curve point fits
        raise InvalidSignature("no key could have made this signature") from exc
    return keccak(key.format(compressed=False)[1:])[12:]


def _fields(data: bytes, count: int) -> list[Any]:
    if _nests_deeper(data, _DEEPEST_LIST):
        raise TransactionDecodeError("the transaction nests lists deeper than any transaction does")
    try:
        fields = rlp.decode(data)
    except rlp.exceptions.DecodingError as exc:
        raise TransactionDecodeError(f"the transaction is not RLP: {exc}") from exc
    if not isinstance(fields, list) or len(fields) != count:
        got = len(fields) if isinstance(fields, list) else "no"
        raise TransactionDecodeError(f"expected a list of {count} fields, got {got}")
    return fields


def _nests_deeper(data: bytes, most: int) -> bool:
    """Whether lists nest more than ``most`` deep: the decoder recurses, in time that grows with the depth's square."""
    at, ends = 0, [len(data)]
    while at < len(data):
        while at >= ends[-1] and len(ends) > 1:
            ends.pop()
        kind = data[at]
        at += 1
        size = 0
        if 0x80 <= kind < 0xB8 or 0xC0 <= kind < 0xF8:
            size = (kind - 0x80) % 0x40
        elif kind >= 0xB8:
            width = kind - (0xB7 if kind < 0xC0 else 0xF7)
            size = int.from_bytes(data[at : at + width], "big")
            at += width
        if kind < 0xC0:
            at += size
            continue
        ends.append(at + size)
        if len(ends) - 1 > most:
            return True
    return False


def _bytes(field: Any, name: str) -> bytes:
    if not isinstance(field, bytes):
        raise TransactionDecodeError(f"{name} is a list; expected bytes", field=name)
    return field


def _uint(field: Any, name: str, limit: int = _UINT256_MAX) -> int:
    data = _bytes(field, name)
    if data[:1] == b"\x00":
        raise TransactionDecodeError(f"{name} has a leading zero", field=name)
    value = to_int(data)
    if value > limit:
        raise TransactionDecodeError(f"{name} is above {limit}", field=name)
    return value


def _uint64(field: Any, name: str) -> int:
    return _uint(field, name, _UINT64_MAX)


def _to(field: Any) -> bytes | None:
    to = _bytes(field, "to")
    if len(to) not in (0, 20):
        raise TransactionDecodeError(f"to has {len(to)} bytes; expected 0 or 20", field="to")
    return to or None


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


def _check_chain(signed_for: int, chain_id: int) -> None:
    if signed_for != chain_id:
        raise WrongChainId(
            f"the transaction is signed for chain {signed_for}, this is chain {chain_id}",
            signed_for=signed_for,
            chain_id=chain_id,
        )
