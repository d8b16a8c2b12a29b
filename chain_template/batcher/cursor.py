"""Reading a byte string field by field, strictly: pubdata and batch inputs are both read with it."""

from collections.abc import Callable

from chain_template.errors import BatchError


class Cursor:
    """A position in a byte string that only moves forward, and never beyond the end."""

    def __init__(self, data: bytes, fail: Callable[[str], BatchError]) -> None:
        """Start at the beginning.

        Args:
            data: What to read.
            fail: Makes the error that a violation raises, from a message.
        """
        self.data = data
        self.at = 0
        self.fail = fail

    def take(self, size: int, what: str) -> bytes:
        """The next ``size`` bytes."""
        piece = self.data[self.at : self.at + size]
        if len(piece) != size:
            raise self.fail(f"{what} at byte {self.at} is cut short: {len(piece)} of {size} bytes are there")
        self.at += size
        return piece

    def uint(self, size: int, what: str) -> int:
        """A big-endian unsigned integer of ``size`` bytes."""
        return int.from_bytes(self.take(size, what), "big")

    def sized(self, what: str) -> bytes:
        """A u32 length and that many bytes."""
        return self.take(self.uint(4, f"length of {what}"), what)

    def finish(self) -> None:
        """Refuse bytes behind the last field."""
        left = len(self.data) - self.at
        if left:
            raise self.fail(f"{left} bytes follow the last field")


def sized(data: bytes) -> bytes:
    """A u32 length and the bytes: what :meth:`Cursor.sized` reads."""
    return len(data).to_bytes(4, "big") + data
