"""Turning what SQLite and the operating system report into the store's own errors."""

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from chain_template.errors import OutOfOrder, StoreCorrupt, StoreError, StoreFull

#: A write that the file system refused; SQLite calls most of these an I/O error.
_REFUSED_WRITES: Final = frozenset(
    {
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR_WRITE,
        sqlite3.SQLITE_IOERR_FSYNC,
        sqlite3.SQLITE_IOERR_DIR_FSYNC,
        sqlite3.SQLITE_IOERR_TRUNCATE,
        sqlite3.SQLITE_IOERR_SHMSIZE,
    }
)
#: Their low byte is the primary code of an extended one.
_DAMAGE: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_DAMAGED_READS: Final = frozenset({sqlite3.SQLITE_IOERR_READ, sqlite3.SQLITE_IOERR_SHORT_READ})
_NO_SPACE: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})


class Faults:
    """Names the chain and its directory in every error of one store."""

    def __init__(self, directory: Path, name: str) -> None:
        self.directory = directory
        self.name = name

    def corrupt(self, what: str) -> StoreCorrupt:
        """The error for a damaged database, with the way out."""
        return StoreCorrupt(
            f"the database of chain {self.name} in {self.directory} is damaged: {what}",
            hint=f"Rebuild it from the chain's block log: zkhub chain repair {self.name}",
        )

    def full(self, cause: str) -> StoreFull:
        """The error for a refused write."""
        return StoreFull(
            f"the disk under {self.directory} refused a write of chain {self.name} ({cause}); nothing was committed",
            hint="Free some space: the chain goes on by itself.",
        )

    @contextmanager
    def translate(self) -> Iterator[None]:
        """Raise what happens inside as a :class:`StoreError`."""
        try:
            yield
        except sqlite3.Error as exc:
            raise self._of_sqlite(exc) from exc
        except OSError as exc:
            if exc.errno in _NO_SPACE:
                raise self.full(exc.strerror or str(exc)) from exc
            raise StoreError(f"cannot use {self.directory}: {exc}") from exc

    def _of_sqlite(self, exc: sqlite3.Error) -> StoreError:
        code = getattr(exc, "sqlite_errorcode", None)
        if code in _REFUSED_WRITES:
            return self.full(str(exc))
        if code is not None and (code & 0xFF in _DAMAGE or code in _DAMAGED_READS):
            return self.corrupt(str(exc))
        if isinstance(exc, sqlite3.IntegrityError):
            return OutOfOrder(f"chain {self.name} already holds something of this commit: {exc}")
        return StoreError(f"the database of chain {self.name} in {self.directory}: {exc}")
