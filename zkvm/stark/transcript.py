"""Fiat-Shamir: a chain of keccak-256 over everything the prover says.

The state is 32 bytes. ``absorb`` hashes the state with the message, ``draw`` hashes the state alone; a message is
never empty, so no absorbed message can stand for a draw. All numbers are big-endian.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from eth_hash.auto import keccak

from zkvm.field import P
from zkvm.field.scalar import Ext

TAG = b"zkhub-stark-1"
_COORDINATE_BITS = 85
_COORDINATE_MASK = (1 << _COORDINATE_BITS) - 1
_POSITIONS_A_WORD = 8


def encode_words(values: Iterable[int]) -> bytes:
    """Numbers below 2^64, eight bytes each."""
    return b"".join(value.to_bytes(8, "big") for value in values)


def encode_elements(values: Iterable[Ext]) -> bytes:
    """Elements of the extension field, 24 bytes each: c0, c1, c2."""
    return b"".join(coordinate.to_bytes(8, "big") for value in values for coordinate in value)


@dataclass(frozen=True)
class Entry:
    """One line of a transcript's log: what was absorbed, or the 32 bytes that were drawn."""

    action: str
    label: str
    data: bytes


class Transcript:
    """The common memory of prover and verifier.

    Args:
        log: Where to record each step, for tests; nothing is recorded without it.
    """

    def __init__(self, log: list[Entry] | None = None) -> None:
        self._state = keccak(TAG)
        self._log = log

    @property
    def state(self) -> bytes:
        """The 32 bytes that everything so far has led to."""
        return self._state

    def absorb(self, label: str, data: bytes) -> None:
        """Make everything that follows depend on ``data``; the label only goes to the log."""
        if not data:
            raise ValueError(f"nothing to absorb for {label}")
        self._state = keccak(self._state + data)
        self._record("absorb", label, data)

    def draw(self, label: str) -> int:
        """A number below 2^256 that nobody could know before the last absorb."""
        self._state = keccak(self._state)
        self._record("draw", label, self._state)
        return int.from_bytes(self._state, "big")

    def challenge(self, label: str) -> Ext:
        """A random element of the extension field: three times 85 bits modulo p.

        No element is likelier than (1 + 2^-21)^3 times its share.
        """
        word = self.draw(label)
        return (
            (word & _COORDINATE_MASK) % P,
            (word >> _COORDINATE_BITS & _COORDINATE_MASK) % P,
            (word >> 2 * _COORDINATE_BITS & _COORDINATE_MASK) % P,
        )

    def positions(self, count: int, log_domain: int) -> list[int]:
        """Leaf positions to open, with repetitions, eight to a drawn word."""
        mask = (1 << log_domain) - 1
        found: list[int] = []
        while len(found) < count:
            word = self.draw("queries")
            found.extend(word >> 32 * lane & mask for lane in range(_POSITIONS_A_WORD))
        return found[:count]

    def work_bits(self) -> int:
        """How many of the state's leading bits are zero."""
        return 256 - int.from_bytes(self._state, "big").bit_length()

    def _record(self, action: str, label: str, data: bytes) -> None:
        if self._log is not None:
            self._log.append(Entry(action, label, data))


def statement(profile_id: int, key_hash: bytes, public: Sequence[int], log_heights: Sequence[int]) -> bytes:
    """What is proven, as the transcript's first message: profile, verifying key, public words, heights in rows."""
    heights = [1 << log_height for log_height in log_heights]
    return encode_words([profile_id]) + key_hash + encode_words(public) + encode_words(heights)
