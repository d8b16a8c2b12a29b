"""Polling filters (``eth_newFilter`` and its kin): what each client has seen so far, forgotten when it stops asking."""

import secrets
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from chain_template.events import Event, PendingTransaction, RolledBack
from chain_template.rpc.errors import Overloaded, ServerError
from chain_template.rpc.logs import LogQuery

#: Most filters at once, of all clients together.
MAX_FILTERS: Final = 10_000
#: Most hashes a filter of pending transactions keeps between two polls; the oldest are dropped.
_MAX_PENDING: Final = 10_000


class FilterKind(Enum):
    """What a filter reports."""

    LOGS = "logs"
    BLOCKS = "blocks"
    PENDING = "pending"


@dataclass
class Filter:
    """One client's filter.

    Attributes:
        query: For logs: which.
        next_block: First block not reported yet.
        pending: Hashes of pooled transactions not reported yet.
        last_used: ``time.monotonic()`` of the last poll.
    """

    kind: FilterKind
    next_block: int
    last_used: float
    query: LogQuery | None = None
    pending: deque[bytes] = field(default_factory=lambda: deque(maxlen=_MAX_PENDING))


class FilterBook:
    """All filters of an endpoint; thread-safe.

    Args:
        lifetime_s: Seconds without a poll after which a filter is gone.
        clock: Monotonic seconds; a test may bring its own.
    """

    def __init__(self, lifetime_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._lifetime_s = lifetime_s
        self._clock = clock
        self._filters: dict[str, Filter] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._filters)

    def add(self, kind: FilterKind, next_block: int, query: LogQuery | None = None) -> str:
        """Make a filter that reports from ``next_block`` on; returns its id.

        Raises:
            Overloaded: There are too many.
        """
        with self._lock:
            self._forget_old()
            if len(self._filters) >= MAX_FILTERS:
                raise Overloaded(f"there are {MAX_FILTERS} filters already")
            filter_id = "0x" + secrets.token_hex(16)
            self._filters[filter_id] = Filter(kind, next_block, self._clock(), query)
            return filter_id

    def get(self, filter_id: str) -> Filter:
        """The filter, which counts as used from now on.

        Raises:
            ServerError: There is none, or it was not asked for too long.
        """
        with self._lock:
            self._forget_old()
            found = self._filters.get(filter_id)
            if found is None:
                raise ServerError("filter not found", hint="filters are forgotten when they are not polled")
            found.last_used = self._clock()
            return found

    def reported(self, filter_id: str, first: int, head_number: int) -> None:
        """Note that a filter has reported the blocks ``first`` … ``head_number``.

        Nothing is noted when a rollback or another poll has moved the filter meanwhile.
        """
        with self._lock:
            found = self._filters.get(filter_id)
            if found is not None and found.next_block == first:
                found.next_block = max(first, head_number + 1)

    def take_pending(self, filter_id: str) -> list[bytes]:
        """Hashes of the transactions pooled since the last poll."""
        found = self.get(filter_id)
        with self._lock:
            hashes = list(found.pending)
            found.pending.clear()
        return hashes

    def remove(self, filter_id: str) -> bool:
        """Forget a filter; false when there is none."""
        with self._lock:
            return self._filters.pop(filter_id, None) is not None

    def on_event(self, event: Event) -> None:
        """Note what filters cannot find in the store later."""
        if not self._filters:
            return  # for nobody, which is mostly, not even the lock: every transaction comes by here
        match event:
            case PendingTransaction(transaction):
                with self._lock:
                    for each in self._filters.values():
                        if each.kind is FilterKind.PENDING:
                            each.pending.append(transaction.hash)
            case RolledBack(block_number):
                with self._lock:
                    for each in self._filters.values():
                        each.next_block = min(each.next_block, block_number + 1)
            case _:
                pass

    def _forget_old(self) -> None:
        oldest = self._clock() - self._lifetime_s
        for filter_id in [key for key, each in self._filters.items() if each.last_used < oldest]:
            del self._filters[filter_id]
