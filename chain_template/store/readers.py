"""A pool of read connections, and the trie nodes behind a cache."""

import sqlite3
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from chain_template.errors import StoreClosed
from chain_template.primitives import keccak
from chain_template.store.faults import Faults
from chain_template.store.lru import ByteLru
from chain_template.store.schema import connect_reader

_MAX_IDLE: Final = 8
_NODE_CACHE_BYTES: Final = 128 << 20
#: What an entry of the cache costs on top of the node's bytes, roughly.
_ENTRY_BYTES: Final = 250


class ReaderPool:
    """Connections that read, one user each at a time; as many as are asked for, a few kept for the next."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._idle: deque[sqlite3.Connection] = deque()
        self._closed = False

    @contextmanager
    def connection(self) -> Iterator[sqlite3.Connection]:
        """Borrow a connection.

        Raises:
            StoreClosed: The store was closed.
        """
        if self._closed:
            raise StoreClosed(f"the store in {self._path.parent} is closed")
        try:
            db = self._idle.pop()
        except IndexError:
            db = connect_reader(self._path)
        try:
            yield db
        finally:
            self._give_back(db)

    def close(self) -> None:
        """Close what is idle now; what is borrowed is closed when it comes back."""
        self._closed = True
        while self._idle:
            self._idle.pop().close()

    def _give_back(self, db: sqlite3.Connection) -> None:
        if self._closed or len(self._idle) >= _MAX_IDLE:
            db.close()
        else:
            self._idle.append(db)
            if self._closed:  # closed in between: nobody else will empty the pool again
                self.close()


class NodeStore:
    """Trie nodes and contract codes by hash: the executor's ``StateView``. Safe to share between threads."""

    def __init__(self, readers: ReaderPool, faults: Faults) -> None:
        self._readers = readers
        self._faults = faults
        self._cache: ByteLru[bytes] = ByteLru(_NODE_CACHE_BYTES)

    def __getitem__(self, key: bytes, /) -> bytes:
        value = self._cache.get(key)
        if value is not None:
            return value
        row = self._select("SELECT value FROM nodes WHERE hash = ?", key)
        if row is None:
            raise KeyError(key)
        loaded = bytes(row[0])
        if keccak(loaded) != key:
            raise self._faults.corrupt(f"the state node 0x{key.hex()} has other content than its hash says")
        self.remember({key: loaded})
        return loaded

    def __contains__(self, key: object, /) -> bool:
        if not isinstance(key, bytes):
            return False
        return key in self._cache or self._select("SELECT 1 FROM nodes WHERE hash = ?", key) is not None

    def remember(self, nodes: Mapping[bytes, bytes]) -> None:
        """Put nodes that are in the database into the cache: a block's new nodes are the next block's reads."""
        for key, value in nodes.items():
            self._cache.put(key, value, len(value) + _ENTRY_BYTES)

    def _select(self, query: str, key: bytes) -> tuple[bytes] | None:
        with self._faults.translate(), self._readers.connection() as db:
            row: tuple[bytes] | None = db.execute(query, (key,)).fetchone()
            return row
