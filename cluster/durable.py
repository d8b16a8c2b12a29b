"""A SQLite file in which every change is one synced transaction, with errors of the hub's own."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zkhub.errors import HubError

_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_REFUSED_BY_DISK = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}


@dataclass(frozen=True, slots=True)
class FileErrors:
    """What an owner calls the troubles of its file, and what can be done about a damaged one."""

    other: type[HubError]
    corrupt: type[HubError]
    full: type[HubError]
    repair_hint: str


class DurableFile:
    """An open SQLite file. Not thread-safe: its owner's lock guards it.

    Args:
        path: Created if it is not there.
        schema: Statements that make a new file's tables.
        version: Of the schema; a file of another one is refused, unless ``upgrades`` lead from it to this one.
        errors: The owner's errors.
        upgrades: Statements that bring a file of each older version to the next one.

    Raises:
        HubError: ``errors.corrupt`` for a file that is damaged, not ours or of another version; ``errors.full`` when
            the disk refuses to create it.
    """

    def __init__(
        self, path: Path, schema: str, version: int, errors: FileErrors, upgrades: Mapping[int, str] | None = None
    ) -> None:
        self._path = path
        self._errors = errors
        with self._translated():
            # Another process of ours may still be closing it after a restart; it lets go within moments.
            self._db = sqlite3.connect(path, timeout=10.0, isolation_level=None, check_same_thread=False)
            self._db.row_factory = sqlite3.Row
            self._open(schema, version, upgrades or {})

    def _open(self, schema: str, wanted: int, upgrades: Mapping[int, str]) -> None:
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        if version == 0:
            self._db.executescript(f"BEGIN IMMEDIATE; {schema} PRAGMA user_version = {wanted}; COMMIT;")
        problem = self._db.execute("PRAGMA quick_check(1)").fetchone()[0]
        if problem != "ok":
            raise self._errors.corrupt(f"{self._path} is damaged: {problem}", hint=self._errors.repair_hint)
        while version not in {0, wanted}:
            if version not in upgrades:
                raise self._errors.corrupt(f"{self._path} has version {version}; this program knows {wanted}")
            # One transaction each: after a crash the file is of the old version or of the new one.
            version += 1
            self._db.executescript(f"BEGIN IMMEDIATE; {upgrades[version - 1]} PRAGMA user_version = {version}; COMMIT;")

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All changes inside become durable together, or none does."""
        with self._translated():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    def change(self, statement: str, values: tuple[Any, ...] = ()) -> sqlite3.Cursor:
        """Run one changing statement; inside :meth:`transaction`, or a transaction of its own."""
        with self._translated():
            return self._db.execute(statement, values)

    def rows(self, statement: str, values: tuple[Any, ...] = ()) -> list[sqlite3.Row]:
        """What a question is answered."""
        with self._translated():
            return self._db.execute(statement, values).fetchall()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            # The low byte is the kind of error, the rest says which of that kind.
            kind = getattr(error, "sqlite_errorcode", 0) & 0xFF
            if kind in _REFUSED_BY_DISK:
                raise self._errors.full(f"{self._path}: {error}", hint="Make room on the disk.") from error
            if kind in _DAMAGED:
                raise self._errors.corrupt(f"{self._path}: {error}", hint=self._errors.repair_hint) from error
            raise self._errors.other(f"{self._path}: {error}") from error
