"""How a changed 256-bit value is written into pubdata (ZK Stack: pubdata compression of state diffs).

A compressed value is a metadata byte ``(length << 3) | operation`` and ``length`` big-endian bytes:

====  =========  ====================================================================
code  operation  payload
====  =========  ====================================================================
0     full       the new value in 32 bytes; the metadata byte is 0 (a length of 32 does not fit its five bits)
1     add        new − old, modulo 2^256
2     sub        old − new, modulo 2^256
3     transform  the new value
====  =========  ====================================================================

Lengths are 0 … 31 and payloads have no leading zero byte. The shortest form wins; between equal ones the lowest code,
so a pair (old, new) has exactly one form.
"""

from enum import IntEnum
from typing import Final, NamedTuple

from chain_template.errors import BatchError
from chain_template.primitives import int_to_bytes, to_int

_WORD: Final = 1 << 256
_FULL_BYTES: Final = 32
#: Bytes of the longest form: metadata and a full word.
MAX_COMPRESSED_BYTES: Final = 33


class Operation(IntEnum):
    """How the payload leads to the new value."""

    FULL = 0
    ADD = 1
    SUB = 2
    TRANSFORM = 3


class CompressedValue(NamedTuple):
    """A change of a value; means something only together with the value before."""

    operation: Operation
    operand: int

    def apply(self, old: int) -> int:
        """The new value, given the one before the batch."""
        if self.operation is Operation.ADD:
            return (old + self.operand) % _WORD
        if self.operation is Operation.SUB:
            return (old - self.operand) % _WORD
        return self.operand

    def encode(self) -> bytes:
        """Metadata byte and payload."""
        if self.operation is Operation.FULL:
            return bytes([Operation.FULL]) + self.operand.to_bytes(_FULL_BYTES, "big")
        payload = int_to_bytes(self.operand)
        return bytes([len(payload) << 3 | self.operation]) + payload


def compress(old: int, new: int) -> CompressedValue:
    """The one compressed form of a change from ``old`` to ``new``, both below 2^256."""
    forms = (
        CompressedValue(Operation.ADD, (new - old) % _WORD),
        CompressedValue(Operation.SUB, (old - new) % _WORD),
        CompressedValue(Operation.TRANSFORM, new),
    )
    best = min(forms, key=lambda form: (form.operand.bit_length() + 7) // 8)
    if best.operand.bit_length() > 8 * (_FULL_BYTES - 1):
        return CompressedValue(Operation.FULL, new)
    return best


def decode_compressed(data: bytes, at: int) -> tuple[CompressedValue, int]:
    """Read a compressed value at an offset; returns it and the offset behind it.

    Raises:
        BatchError: The bytes end early or break a rule of the format.
    """
    if at >= len(data):
        raise BatchError("a compressed value is missing")
    length, code = data[at] >> 3, data[at] & 7
    if code > Operation.TRANSFORM or (code == Operation.FULL and length):
        raise BatchError(f"0x{data[at]:02x} is not the metadata of a compressed value")
    operation = Operation(code)
    if operation is Operation.FULL:
        length = _FULL_BYTES
    payload = data[at + 1 : at + 1 + length]
    if len(payload) != length:
        raise BatchError("a compressed value is cut short")
    if operation is not Operation.FULL and payload[:1] == b"\x00":
        raise BatchError("a compressed value has a leading zero byte")
    return CompressedValue(operation, to_int(payload)), at + 1 + length
