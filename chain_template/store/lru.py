"""A least-recently-used cache bounded in bytes, safe to share between threads."""

from collections import OrderedDict
from threading import Lock
from typing import Generic, TypeVar

V = TypeVar("V")


class ByteLru(Generic[V]):
    """Values by hash, the least recently used dropped first.

    Args:
        capacity_bytes: Sum of the sizes given to :meth:`put` that is kept.
    """

    def __init__(self, capacity_bytes: int) -> None:
        self._capacity_bytes = capacity_bytes
        self._held_bytes = 0
        self._entries: OrderedDict[bytes, tuple[V, int]] = OrderedDict()
        self._lock = Lock()

    def get(self, key: bytes) -> V | None:
        """The value, or None when it is not held."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                return None
            self._entries.move_to_end(key)
            return entry[0]

    def put(self, key: bytes, value: V, size_bytes: int) -> None:
        """Hold a value; what is larger than the whole cache is not kept."""
        if size_bytes > self._capacity_bytes:
            return
        with self._lock:
            previous = self._entries.pop(key, None)
            if previous is not None:
                self._held_bytes -= previous[1]
            self._entries[key] = (value, size_bytes)
            self._held_bytes += size_bytes
            while self._held_bytes > self._capacity_bytes:
                _, (_, dropped_bytes) = self._entries.popitem(last=False)
                self._held_bytes -= dropped_bytes

    def __contains__(self, key: object) -> bool:
        with self._lock:
            return key in self._entries

    def __len__(self) -> int:
        with self._lock:
            return len(self._entries)

    @property
    def held_bytes(self) -> int:
        """Sum of the sizes of what is held."""
        with self._lock:
            return self._held_bytes
