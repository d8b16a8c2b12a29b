"""What is known of the newest block, kept until there is a newer one: taking transactions asks for it all the time."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from chain_template.state.reader import StateReader

#: A reader keeps what it has read; after so many questions a fresh one begins.
_MOST_QUESTIONS: Final = 20_000


@dataclass(frozen=True, slots=True)
class Head:
    """The chain after its newest block.

    Attributes:
        state: Its accounts.
        base_fee: The next block's, wei per gas.
    """

    state: StateReader
    base_fee: int


class KnownHead:
    """The head as it was last looked at. Safe to share between threads.

    Args:
        look: Reads the head from the store.
    """

    def __init__(self, look: Callable[[], Head]) -> None:
        self._look = look
        self._known: Head | None = None
        self._changes = 0
        self._questions = 0

    def changed(self) -> None:
        """There is another head, and what was known is forgotten."""
        self._changes += 1
        self._known = None

    def get(self) -> Head:
        """The head; at most as old as the last :meth:`changed`."""
        self._questions += 1
        known = self._known
        if known is None or self._questions > _MOST_QUESTIONS:
            changes = self._changes
            known = self._look()
            self._questions = 0
            # One that was read before a change and would be kept after it stays out.
            self._known = known if changes == self._changes else None
        return known
