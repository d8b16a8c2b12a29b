"""What a node tells those who listen: published after the commit, never before."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, get_args

import structlog

from chain_template.executor.interface import ExecutedBlock
from chain_template.store.records import BatchStage
from chain_template.transactions.types import Transaction

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class NewBlock:
    """A block is committed: its transactions are confirmed."""

    block: ExecutedBlock


@dataclass(frozen=True, slots=True)
class PendingTransaction:
    """The pool accepted a transaction."""

    transaction: Transaction


@dataclass(frozen=True, slots=True)
class RolledBack:
    """Blocks above ``block_number`` are gone."""

    block_number: int


@dataclass(frozen=True, slots=True)
class BatchMoved:
    """A batch reached a stage."""

    batch_number: int
    stage: BatchStage


Event = NewBlock | PendingTransaction | RolledBack | BatchMoved
Listener = Callable[[Any], None]


class EventBus:
    """Calls every listener in the publisher's thread; a listener must hand the work on and return at once."""

    def __init__(self) -> None:
        # Replaced as a whole: reading it needs no lock.
        self._listeners: dict[type[Event], tuple[Listener, ...]] = {kind: () for kind in get_args(Event)}
        self._lock = threading.Lock()

    def subscribe(self, listener: Listener, *kinds: type[Event]) -> Callable[[], None]:
        """Add a listener for some kinds of events, or all; call what is returned to remove it."""
        wanted = kinds or get_args(Event)
        with self._lock:
            self._listeners = {
                kind: (*those, listener) if kind in wanted else those for kind, those in self._listeners.items()
            }

        def unsubscribe() -> None:
            with self._lock:
                self._listeners = {kind: _without(listener, those) for kind, those in self._listeners.items()}

        return unsubscribe

    def publish(self, event: Event) -> None:
        """Tell everyone. A listener that raises is logged and does not disturb the others or the publisher."""
        for listener in self._listeners[type(event)]:
            try:
                listener(event)
            except Exception:
                log.exception("an event listener failed", event_type=type(event).__name__)


def _without(listener: Listener, listeners: tuple[Listener, ...]) -> tuple[Listener, ...]:
    at = listeners.index(listener) if listener in listeners else len(listeners)
    return listeners[:at] + listeners[at + 1 :]
