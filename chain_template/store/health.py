"""What can be said of a database before SQLite is allowed to touch it, and cheap checks of what it holds.

SQLite reads a page that is missing at the end of a file as an error only when it happens to need it. A chain must know
before it starts, so the pages are counted: those of the file, and those that wait in the write-ahead log.
"""

import sqlite3
import struct
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Final

from chain_template.errors import InvalidBlock, StoreVersionMismatch, WrongChainStore
from chain_template.headers import BlockHeader
from chain_template.primitives import EMPTY_TRIE_ROOT, keccak
from chain_template.store.block_log import Tail
from chain_template.store.faults import Faults
from chain_template.store.schema import DATABASE_FILE, SCHEMA_VERSION, connect_inspector, first_tx_key

_MAGIC: Final = b"SQLite format 3\x00"
_HEADER_BYTES: Final = 100
#: SQLite's lock-byte page lies at this offset and is never written.
_LOCK_BYTE_OFFSET: Final = 1 << 30
_WAL_HEADER: Final = struct.Struct(">IIIIIIII")
_WAL_MAGICS: Final = (0x377F0682, 0x377F0683)
_FRAME_HEADER: Final = struct.Struct(">IIIIII")


class Presence(Enum):
    """What there is of a database."""

    ABSENT = "absent"
    EMPTY = "empty"
    """A file without a table: its creation was interrupted, or it was emptied."""
    PRESENT = "present"


@dataclass(frozen=True, slots=True)
class Sound:
    """What the checks of an existing database found.

    Attributes:
        tail: The record of the block log that its last commit wrote.
    """

    tail: Tail


def check_database(directory: Path, chain_id: int, genesis_hash: bytes, faults: Faults) -> Presence | Sound:
    """Look at a chain's database without changing it.

    Returns:
        What was found of it, or why there is nothing to find.

    Raises:
        StoreCorrupt: It is truncated, damaged or no database.
        WrongChainStore: It is another chain's.
        StoreVersionMismatch: Another version of the program wrote it.
    """
    path = directory / DATABASE_FILE
    with faults.translate():
        if not path.exists():
            return Presence.ABSENT
        if path.stat().st_size == 0:
            return Presence.EMPTY
        _check_pages(path, faults)
        db = connect_inspector(path)
        try:
            if not db.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone():
                return Presence.EMPTY
            _check_identity(db, chain_id, genesis_hash, faults)
            _check_head(db, faults)
            tail = db.execute("SELECT start, end, crc FROM log_tail").fetchone()
            if tail is None:
                raise faults.corrupt("it does not say where its block log ends")
            return Sound(Tail(*tail))
        finally:
            db.close()


def _check_pages(path: Path, faults: Faults) -> None:
    """Refuse a file that lacks pages it says it has."""
    size = path.stat().st_size
    with path.open("rb") as file:
        header = file.read(_HEADER_BYTES)
    waiting, pages_after = _pages_in_wal(path.with_name(path.name + "-wal"))
    if len(header) < _HEADER_BYTES or header[:16] != _MAGIC:
        if 1 in waiting:
            return  # a torn first page that SQLite will restore from the write-ahead log
        raise faults.corrupt("chain.db does not begin as an SQLite database does")
    page_bytes = int.from_bytes(header[16:18], "big")
    page_bytes = 65_536 if page_bytes == 1 else page_bytes
    if page_bytes < 512 or page_bytes & (page_bytes - 1):
        raise faults.corrupt(f"its page size is said to be {page_bytes} bytes")
    pages = pages_after or int.from_bytes(header[28:32], "big")
    lock_page = _LOCK_BYTE_OFFSET // page_bytes + 1
    missing = set(range(size // page_bytes + 1, pages + 1)) - waiting - {lock_page}
    if missing:
        raise faults.corrupt(
            f"chain.db is truncated: {len(missing)} of its {pages} pages are missing ({size} bytes are left)"
        )


def _pages_in_wal(path: Path) -> tuple[set[int], int]:
    """The pages that wait in the write-ahead log, and the database's size in pages after its last commit.

    The size is 0 when the log holds no commit. Checksums are left to SQLite: a torn last transaction only makes this
    count more pages as waiting, and SQLite then decides.
    """
    if not path.exists():
        return set(), 0
    waiting: set[int] = set()
    pages_after = 0
    with path.open("rb") as file:
        head = file.read(_WAL_HEADER.size)
        if len(head) < _WAL_HEADER.size:
            return set(), 0
        magic, _, page_bytes, _, salt1, salt2, _, _ = _WAL_HEADER.unpack(head)
        if magic not in _WAL_MAGICS:
            return set(), 0
        while len(frame := file.read(_FRAME_HEADER.size)) == _FRAME_HEADER.size:
            page, commit_pages, frame_salt1, frame_salt2, _, _ = _FRAME_HEADER.unpack(frame)
            if (frame_salt1, frame_salt2) != (salt1, salt2):
                break
            waiting.add(page)
            pages_after = commit_pages or pages_after
            file.seek(page_bytes, 1)
    return waiting, pages_after


def _check_identity(db: sqlite3.Connection, chain_id: int, genesis_hash: bytes, faults: Faults) -> None:
    tables = {row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if "identity" not in tables:
        raise faults.corrupt("chain.db is some other program's database")
    row = db.execute("SELECT schema_version, chain_id, genesis_hash FROM identity").fetchone()
    if row is None:
        raise faults.corrupt("it does not say which chain it holds")
    if row[0] != SCHEMA_VERSION:
        raise StoreVersionMismatch(
            f"the database in {faults.directory} has version {row[0]}; this program reads version {SCHEMA_VERSION}",
            hint="Start it with the program that wrote it.",
        )
    if row[1] != chain_id:
        raise wrong_chain(faults, f"chain id {row[1]}", f"chain id {chain_id}")
    if row[2] != genesis_hash:
        raise wrong_chain(faults, f"genesis 0x{row[2].hex()}", f"genesis 0x{genesis_hash.hex()}")


def wrong_chain(faults: Faults, found: str, wanted: str) -> WrongChainStore:
    """The error for a sound store of another chain."""
    return WrongChainStore(
        f"{faults.directory} holds a chain with {found}; chain {faults.name} has {wanted}",
        hint="Point data_dir to this chain's own directory, or restore the settings the chain was created with.",
    )


def _check_head(db: sqlite3.Connection, faults: Faults) -> None:
    """The last block, its transactions and the root of its state must be there and be what their hashes say."""
    row = db.execute("SELECT number, hash, header, tx_count FROM blocks ORDER BY number DESC LIMIT 1").fetchone()
    if row is None:
        raise faults.corrupt("it has no block")
    number, block_hash, encoded, tx_count = row
    try:
        header = BlockHeader.decode(encoded)
    except InvalidBlock as exc:
        raise faults.corrupt(f"the header of block {number}: {exc}") from exc
    if header.hash != block_hash or header.number != number:
        raise faults.corrupt(f"the header of block {number} has another hash than the one stored")
    (stored,) = db.execute(
        "SELECT count(hash) FROM transactions WHERE id >= ? AND id < ?",
        (first_tx_key(number), first_tx_key(number + 1)),
    ).fetchone()
    if stored != tx_count:
        raise faults.corrupt(f"block {number} has {tx_count} transactions, and {stored} of them are stored")
    if header.state_root == EMPTY_TRIE_ROOT:
        return
    root = db.execute("SELECT value FROM nodes WHERE hash = ?", (header.state_root,)).fetchone()
    if root is None or keccak(root[0]) != header.state_root:
        raise faults.corrupt(f"the root of the state after block {number} is missing or altered")
