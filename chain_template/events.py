"""What a node tells those who listen: published after the commit, never before."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

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
Listener = Callable[[Event], None]


class EventBus:
    """Calls every listener in the publisher's thread; a listener must hand the work on and return at once."""

    def __init__(self) -> None:
        self._listeners: tuple[Listener, ...] = ()  # replaced as a whole: reading it needs no lock
        self._lock = threading.Lock()

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Add a listener; call what is returned to remove it."""
        with self._lock:
            self._listeners = (*self._listeners, listener)

        def unsubscribe() -> None:
            with self._lock:
                remaining = list(self._listeners)
                if listener in remaining:
                    remaining.remove(listener)
                self._listeners = tuple(remaining)

        return unsubscribe

    def publish(self, event: Event) -> None:
        """Tell everyone. A listener that raises is logged and does not disturb the others or the publisher."""
        for listener in self._listeners:
            try:
                listener(event)
            except Exception:
                log.exception("an event listener failed", event_type=type(event).__name__)
