"""Byte-level ground shared by all rooms: keccak, addresses, RLP integers, the constants of the protocol."""

from typing import Any, Final

import rlp

from zkvm._evm import keccak, rlp_decode

__all__ = [
    "ADDRESS_ALIAS_OFFSET",
    "BASE_TOKEN_ADDRESS",
    "BASE_TOKEN_HOLDER_ADDRESS",
    "BOOTLOADER_ADDRESS",
    "EMPTY_CODE_HASH",
    "EMPTY_OMMERS_HASH",
    "EMPTY_TRIE_ROOT",
    "L1_MESSENGER_ADDRESS",
    "SYSTEM_CONTEXT_ADDRESS",
    "ZERO_ADDRESS",
    "ZERO_HASH",
    "apply_alias",
    "decode_rlp",
    "int_to_bytes",
    "keccak",
    "to_int",
    "undo_alias",
]

ZERO_ADDRESS: Final = bytes(20)
ZERO_HASH: Final = bytes(32)

EMPTY_CODE_HASH: Final = keccak(b"")
EMPTY_TRIE_ROOT: Final = keccak(rlp.encode(b""))
EMPTY_OMMERS_HASH: Final = keccak(rlp.encode([]))

#: Formal sender of system transactions (0x7e) and of the result logs of L1 operations (ZK Stack's reserved address).
BOOTLOADER_ADDRESS: Final = bytes.fromhex("8001".rjust(40, "0"))
L1_MESSENGER_ADDRESS: Final = bytes.fromhex("8008".rjust(40, "0"))
BASE_TOKEN_ADDRESS: Final = bytes.fromhex("800a".rjust(40, "0"))
SYSTEM_CONTEXT_ADDRESS: Final = bytes.fromhex("800b".rjust(40, "0"))
#: Owns the whole supply bound of the base token at genesis; deposits move out of it, withdrawals into it.
BASE_TOKEN_HOLDER_ADDRESS: Final = bytes.fromhex("10011".rjust(40, "0"))

#: ZK Stack's AddressAliasHelper: a contract on L1 acts on a chain under its address plus this offset, mod 2^160.
ADDRESS_ALIAS_OFFSET: Final = 0x1111000000000000000000000000000000001111
_ADDRESS_SPACE: Final = 1 << 160


def int_to_bytes(value: int) -> bytes:
    """RLP's big-endian form of a non-negative integer: no leading zero, empty for 0."""
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def to_int(data: bytes) -> int:
    """The integer behind RLP's big-endian form."""
    return int.from_bytes(data, "big")


def decode_rlp(data: bytes) -> Any:
    """Bytes, and lists of them, from RLP; at most 32 lists deep, and only in canonical form.

    Raises:
        rlp.exceptions.DecodingError: The bytes are something else.
    """
    try:
        return rlp_decode(data)
    except ValueError as exc:
        raise rlp.exceptions.DecodingError(str(exc), data) from None


def apply_alias(address: bytes) -> bytes:
    """The address under which an L1 contract acts on a chain."""
    return ((to_int(address) + ADDRESS_ALIAS_OFFSET) % _ADDRESS_SPACE).to_bytes(20, "big")


def undo_alias(address: bytes) -> bytes:
    """The L1 contract behind an aliased address."""
    return ((to_int(address) - ADDRESS_ALIAS_OFFSET) % _ADDRESS_SPACE).to_bytes(20, "big")
