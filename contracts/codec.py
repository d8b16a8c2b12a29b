"""ABI coding and packing with typed errors: the ground of everything here that crosses the L1 boundary."""

from collections.abc import Sequence
from typing import Any

from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError as AbiDecodingError
from eth_abi.exceptions import EncodingError as AbiEncodingError

from contracts.errors import EncodingError


def abi_encode(types: Sequence[str], values: Sequence[Any]) -> bytes:
    """ABI-encode ``values``; raises :class:`EncodingError` where one does not fit its type."""
    try:
        return encode(types, values)
    except (AbiEncodingError, OverflowError, TypeError) as error:
        raise EncodingError(f"cannot encode as ({','.join(types)}): {error}") from error


def abi_decode(types: Sequence[str], data: bytes) -> tuple[Any, ...]:
    """ABI-decode ``data``; raises :class:`EncodingError` where it is malformed."""
    try:
        return tuple(decode(types, data))
    except (AbiDecodingError, OverflowError, ValueError) as error:
        raise EncodingError(f"cannot decode {len(data)} bytes as ({','.join(types)}): {error}") from error


def u256(value: int) -> bytes:
    """32 bytes, big-endian."""
    return _unsigned(value, 32)


def u64(value: int) -> bytes:
    """8 bytes, big-endian."""
    return _unsigned(value, 8)


def _unsigned(value: int, size: int) -> bytes:
    try:
        return value.to_bytes(size)
    except OverflowError as error:
        raise EncodingError(f"{value} does not fit into {size * 8} bits") from error


def address_of_word(word: int) -> bytes:
    """The 20-byte address in an ABI word; raises :class:`EncodingError` where higher bits are set."""
    try:
        return word.to_bytes(20)
    except OverflowError as error:
        raise EncodingError(f"0x{word:x} is not an address") from error
