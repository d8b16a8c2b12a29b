"""The block log: an append-only file beside the database, from which the database can be rebuilt.

``blocks.log`` is a header and then records::

    header   magic "ZKHUBLOG" ‖ version u16 ‖ chain id u64 ‖ genesis hash 32 ‖ crc32 u32 ‖ pad 2 ‖ confirmed u64
    record   kind u8 ‖ payload length u32 ‖ number u64 ‖ crc32 u32 ‖ payload

A block's record is on the disk before the database commits the block, so at most one record is ahead of the database:
one of a commit that never finished. ``confirmed`` is where the last finished commit ended. It is written without
waiting for the disk: it only has to tell an unfinished commit from a database that has lost one.
"""

import os
import struct
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple, Self

from chain_template.errors import StoreCorrupt

LOG_FILE: Final = "blocks.log"
LOG_VERSION: Final = 1

_MAGIC: Final = b"ZKHUBLOG"
_IDENTITY: Final = struct.Struct(">8sHQ32s")
_CRC: Final = struct.Struct(">I")
_CONFIRMED: Final = struct.Struct(">Q")
_CONFIRMED_AT: Final = 56
#: Where the first record starts.
FIRST_RECORD: Final = _CONFIRMED_AT + _CONFIRMED.size
_HEAD: Final = struct.Struct(">BIQI")
_CHECKED: Final = struct.Struct(">BIQ")


class RecordKind(IntEnum):
    """What a record says."""

    BLOCK = 1
    """Block ``number``, in full."""
    ROLLBACK = 2
    """Every block above ``number`` was dropped."""
    BATCH = 3
    """Batch ``number`` was sealed over these blocks."""
    RECOVERED = 4
    """Batch ``number`` was taken from L1: its last header and what it published, without its blocks."""


class Tail(NamedTuple):
    """The last record of a log: its place and checksum. An empty log's is ``EMPTY_TAIL``."""

    start: int
    end: int
    crc: int


EMPTY_TAIL: Final = Tail(FIRST_RECORD, FIRST_RECORD, 0)


@dataclass(frozen=True, slots=True)
class Record:
    """One record and where it lies."""

    kind: RecordKind
    number: int
    payload: bytes
    tail: Tail


@dataclass(frozen=True, slots=True)
class LogIdentity:
    """Whose log it is."""

    chain_id: int
    genesis_hash: bytes


class BlockLog:
    """An open block log. Not thread-safe: the store writes under its lock.

    Raises:
        StoreCorrupt: On opening a file that is not a block log of this version.
    """

    def __init__(self, path: Path, *, writable: bool = True) -> None:
        self.path = path
        self._fd = os.open(path, (os.O_RDWR if writable else os.O_RDONLY) | os.O_CLOEXEC)
        try:
            self.identity = self._read_identity()
        except BaseException:
            self.close()
            raise

    @classmethod
    def create(cls, path: Path, identity: LogIdentity) -> Self:
        """Write an empty log, whole or not at all, over whatever is at ``path``."""
        head = _IDENTITY.pack(_MAGIC, LOG_VERSION, identity.chain_id, identity.genesis_hash)
        head = (head + _CRC.pack(zlib.crc32(head))).ljust(_CONFIRMED_AT, b"\0") + _CONFIRMED.pack(FIRST_RECORD)
        partial = path.with_name(path.name + ".new")
        with partial.open("wb") as file:
            file.write(head)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
        sync_directory(path.parent)
        return cls(path)

    def close(self) -> None:
        """Close the file; calling it twice does no harm."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return os.fstat(self._fd).st_size

    @property
    def confirmed(self) -> int:
        """Where the last finished commit ended."""
        data = os.pread(self._fd, _CONFIRMED.size, _CONFIRMED_AT)
        return int(_CONFIRMED.unpack(data)[0]) if len(data) == _CONFIRMED.size else FIRST_RECORD

    def append(self, after: Tail, kind: RecordKind, number: int, payload: bytes, *, durable: bool = True) -> Tail:
        """Write a record behind ``after`` and, unless told otherwise, wait until it is on the disk.

        What lies behind ``after`` belongs to a commit that did not finish, and is cut off first. When the disk
        refuses, nothing of the record stays.

        Raises:
            OSError: The disk refused.
        """
        crc = zlib.crc32(payload, zlib.crc32(_CHECKED.pack(kind, len(payload), number)))
        data = _HEAD.pack(kind, len(payload), number, crc) + payload
        try:
            self.cut(after.end)
            written = 0
            while written < len(data):
                written += os.pwrite(self._fd, data[written:], after.end + written)
            if durable:
                os.fdatasync(self._fd)
        except OSError:
            self.try_cut(after.end)
            raise
        return Tail(after.end, after.end + len(data), crc)

    def confirm(self, tail: Tail) -> None:
        """Note that the database has committed everything up to ``tail``.

        The commit stands whether or not this can be written.
        """
        with suppress(OSError):
            os.pwrite(self._fd, _CONFIRMED.pack(tail.end), _CONFIRMED_AT)

    def cut(self, end: int) -> None:
        """Shorten the file to ``end`` when it is longer."""
        if self.size > end:
            os.ftruncate(self._fd, end)

    def try_cut(self, end: int) -> None:
        """As :meth:`cut`, but a disk that refuses even this is left to the next :meth:`append`."""
        with suppress(OSError):
            self.cut(end)

    def sync(self) -> None:
        """Wait until everything is on the disk."""
        os.fsync(self._fd)

    def record_at(self, start: int) -> Record | None:
        """The record that starts there, or None when no whole and sound one does."""
        head = os.pread(self._fd, _HEAD.size, start)
        if len(head) < _HEAD.size:
            return None
        kind, length, number, crc = _HEAD.unpack(head)
        end = start + _HEAD.size + length
        if end > self.size or kind not in RecordKind.__members__.values():
            return None
        payload = os.pread(self._fd, length, start + _HEAD.size)
        if zlib.crc32(payload, zlib.crc32(_CHECKED.pack(kind, length, number))) != crc:
            return None
        return Record(RecordKind(kind), number, payload, Tail(start, end, crc))

    def records(self, start: int = FIRST_RECORD) -> Iterator[Record]:
        """Every record from ``start`` on; stops in front of a torn one at the end.

        Raises:
            StoreCorrupt: A record is unreadable that is not merely the unfinished last one.
        """
        while (record := self.record_at(start)) is not None:
            yield record
            start = record.tail.end
        if not self._is_torn_end(start):
            raise StoreCorrupt(f"{self.path}: the record at byte {start} is unreadable")

    def _is_torn_end(self, start: int) -> bool:
        """Whether what begins at ``start`` can be the rest of an append that was interrupted."""
        size = self.size
        if start == size:
            return start >= self.confirmed
        if start < self.confirmed:
            return False
        head = os.pread(self._fd, _HEAD.size, start)
        if len(head) < _HEAD.size or not any(head):
            return True
        return start + _HEAD.size + int(_HEAD.unpack(head)[1]) >= size

    def _read_identity(self) -> LogIdentity:
        data = os.pread(self._fd, FIRST_RECORD, 0)
        if len(data) < FIRST_RECORD:
            raise StoreCorrupt(f"{self.path}: the file is too short to be a block log")
        magic, version, chain_id, genesis_hash = _IDENTITY.unpack_from(data)
        (crc,) = _CRC.unpack_from(data, _IDENTITY.size)
        if magic != _MAGIC or crc != zlib.crc32(data[: _IDENTITY.size]):
            raise StoreCorrupt(f"{self.path}: the file does not begin as a block log does")
        if version != LOG_VERSION:
            raise StoreCorrupt(f"{self.path}: the block log has version {version}; this program reads {LOG_VERSION}")
        return LogIdentity(chain_id, genesis_hash)


def sync_directory(directory: Path) -> None:
    """Make creations and renames in a directory durable."""
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
