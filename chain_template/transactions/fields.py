"""Reading the fields of a transaction's RLP, strictly: one value has one form, and everything else is refused."""

from typing import Any, Final

import rlp

from chain_template.errors import TransactionDecodeError, WrongChainId
from chain_template.primitives import decode_rlp, to_int

_UINT256_MAX: Final = (1 << 256) - 1
_UINT64_MAX: Final = (1 << 64) - 1


def read_list(data: bytes, count: int) -> list[Any]:
    """An RLP list of exactly ``count`` items.

    Raises:
        TransactionDecodeError: The bytes are something else.
    """
    try:
        fields = decode_rlp(data)
    except rlp.exceptions.DecodingError as exc:
        raise TransactionDecodeError(f"the transaction is not RLP: {exc}") from exc
    if not isinstance(fields, list) or len(fields) != count:
        got = len(fields) if isinstance(fields, list) else "no"
        raise TransactionDecodeError(f"expected a list of {count} fields, got {got}")
    return fields


def read_bytes(field: Any, name: str) -> bytes:
    """A byte string, not a list."""
    if not isinstance(field, bytes):
        raise TransactionDecodeError(f"{name} is a list; expected bytes", field=name)
    return field


def read_uint(field: Any, name: str, limit: int = _UINT256_MAX) -> int:
    """An integer without leading zeros, at most ``limit``."""
    data = read_bytes(field, name)
    if data[:1] == b"\x00":
        raise TransactionDecodeError(f"{name} has a leading zero", field=name)
    value = to_int(data)
    if value > limit:
        raise TransactionDecodeError(f"{name} is above {limit}", field=name)
    return value


def read_uint64(field: Any, name: str) -> int:
    """An integer below 2^64."""
    return read_uint(field, name, _UINT64_MAX)


def read_to(field: Any) -> bytes | None:
    """An address; None for the empty string, which means a creation."""
    to = read_bytes(field, "to")
    if len(to) not in (0, 20):
        raise TransactionDecodeError(f"to has {len(to)} bytes; expected 0 or 20", field="to")
    return to or None


def check_chain(signed_for: int, chain_id: int) -> None:
    """Refuse what was signed for another chain.

    Raises:
        WrongChainId: It was.
    """
    if signed_for != chain_id:
        raise WrongChainId(
            f"the transaction is signed for chain {signed_for}, this is chain {chain_id}",
            signed_for=signed_for,
            chain_id=chain_id,
        )
