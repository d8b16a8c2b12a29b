"""Strict reading of bytes: every length is known or bounded before it is used, and nothing may be left over."""

import struct
from collections.abc import Callable

from zkvm.field import P
from zkvm.field.scalar import Ext
from zkvm.stark.errors import MalformedProof, NonCanonicalElement, StarkError

WORD_BYTES = 8
EXTENSION_BYTES = 24


class Reader:
    """A cursor over bytes that refuses with the offset of what it dislikes.

    Args:
        data: What to read.
        malformed: Makes the error for an offset and a description.
        non_canonical: Makes the error for the offset of an element of p or more.
    """

    def __init__(
        self,
        data: bytes,
        malformed: Callable[[int, str], StarkError] = MalformedProof,
        non_canonical: Callable[[int], StarkError] = NonCanonicalElement,
    ) -> None:
        self._data = data
        self.offset = 0
        self._malformed = malformed
        self._non_canonical = non_canonical

    def fail(self, what: str, back: int = 0) -> StarkError:
        """The error about the ``back`` bytes just read, or about what comes next."""
        return self._malformed(self.offset - back, what)

    def take(self, length: int, what: str) -> bytes:
        """The next ``length`` bytes."""
        end = self.offset + length
        if end > len(self._data):
            raise self.fail(f"{what} needs {length} bytes, {len(self._data) - self.offset} are left")
        found = self._data[self.offset : end]
        self.offset = end
        return found

    def expect(self, wanted: bytes, what: str) -> None:
        """Read exactly these bytes."""
        if self.take(len(wanted), what) != wanted:
            raise self.fail(f"{what} is not {wanted!r}", back=len(wanted))

    def number(self, length: int, what: str) -> int:
        """A big-endian number of ``length`` bytes."""
        return int.from_bytes(self.take(length, what), "big")

    def elements(self, count: int, what: str) -> tuple[int, ...]:
        """Elements of the base field."""
        raw = self.take(count * WORD_BYTES, what)
        values: tuple[int, ...] = struct.unpack(f">{count}Q", raw)
        if values and max(values) >= P:
            bad = next(index for index, value in enumerate(values) if value >= P)
            raise self._non_canonical(self.offset - len(raw) + bad * WORD_BYTES)
        return values

    def extensions(self, count: int, what: str) -> tuple[Ext, ...]:
        """Elements of the extension field."""
        flat = iter(self.elements(3 * count, what))
        return tuple(zip(flat, flat, flat, strict=True))

    def end(self) -> None:
        """Refuse whatever is left."""
        left = len(self._data) - self.offset
        if left:
            raise self.fail(f"{left} bytes too many")
