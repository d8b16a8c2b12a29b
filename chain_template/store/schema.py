"""The tables of ``chain.db``, how they are keyed, and how a connection to them is opened."""

import sqlite3
from pathlib import Path
from typing import Final

SCHEMA_VERSION: Final = 1
DATABASE_FILE: Final = "chain.db"
#: Marks the file as a chain's database in SQLite's own header ("zkhb").
APPLICATION_ID: Final = 0x7A6B6862

# A transaction's key is its block number and its place in the block in one integer, and so is a log's: rows of a block
# lie together, a range of blocks is a range of keys, and neither needs an index of its own.
TX_INDEX_BITS: Final = 20
LOG_INDEX_BITS: Final = 24
#: SQLite's integers have 63 bits; no block number above this can be asked for.
MAX_BLOCK_NUMBER: Final = (1 << (63 - LOG_INDEX_BITS)) - 2

TABLES: Final = """
CREATE TABLE identity (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    schema_version INTEGER NOT NULL,
    chain_id INTEGER NOT NULL,
    genesis_hash BLOB NOT NULL
);
-- Which record of blocks.log was the last one when this database was last written.
CREATE TABLE log_tail (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    start INTEGER NOT NULL,
    end INTEGER NOT NULL,
    crc INTEGER NOT NULL
);
CREATE TABLE blocks (
    number INTEGER PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE,
    header BLOB NOT NULL,
    size INTEGER NOT NULL,
    tx_count INTEGER NOT NULL,
    batch_number INTEGER,
    first_tx_in_batch INTEGER
);
CREATE TABLE transactions (
    id INTEGER PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE,
    raw BLOB NOT NULL,
    sender BLOB NOT NULL,
    received_at_ms INTEGER NOT NULL,
    status INTEGER NOT NULL,
    gas_used INTEGER NOT NULL,
    cumulative_gas_used INTEGER NOT NULL,
    effective_gas_price BLOB NOT NULL,
    contract_address BLOB,
    logs_bloom BLOB,
    first_log_index INTEGER NOT NULL,
    log_count INTEGER NOT NULL
);
CREATE TABLE logs (
    id INTEGER PRIMARY KEY,
    tx_index INTEGER NOT NULL,
    address BLOB NOT NULL,
    topic0 BLOB,
    topic1 BLOB,
    topic2 BLOB,
    topic3 BLOB,
    data BLOB NOT NULL
);
CREATE INDEX logs_by_address ON logs (address);
CREATE INDEX logs_by_topic ON logs (topic0);
CREATE TABLE l2_to_l1_logs (
    id INTEGER PRIMARY KEY,
    tx_index INTEGER NOT NULL,
    is_service INTEGER NOT NULL,
    sender BLOB NOT NULL,
    key BLOB NOT NULL,
    value BLOB NOT NULL,
    message BLOB
);
CREATE TABLE executions (
    block_number INTEGER PRIMARY KEY,
    nodes_read BLOB NOT NULL,
    touched BLOB NOT NULL
);
CREATE TABLE nodes (
    id INTEGER PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE,
    value BLOB NOT NULL
);
CREATE TABLE batches (
    number INTEGER PRIMARY KEY,
    stage TEXT NOT NULL,
    stage_rank INTEGER NOT NULL,
    first_block INTEGER NOT NULL,
    last_block INTEGER NOT NULL,
    l1_tx_count INTEGER NOT NULL,
    l2_tx_count INTEGER NOT NULL,
    tx_count INTEGER NOT NULL,
    prev_state_commitment BLOB NOT NULL,
    state_commitment BLOB NOT NULL,
    batch_output_hash BLOB NOT NULL,
    public_input BLOB NOT NULL,
    l2_logs_root BLOB NOT NULL,
    pubdata_bytes INTEGER NOT NULL,
    seal_reason TEXT NOT NULL,
    commit_info TEXT NOT NULL,
    stage_times_ms TEXT NOT NULL,
    l1_transactions TEXT NOT NULL,
    proof_mode TEXT NOT NULL
);
CREATE INDEX batches_by_stage ON batches (stage_rank, number);
CREATE TABLE batch_data (
    batch_number INTEGER PRIMARY KEY,
    pubdata BLOB NOT NULL,
    batch_input BLOB NOT NULL,
    l2_log_leaves BLOB NOT NULL
);
CREATE TABLE priority_operations (
    id INTEGER PRIMARY KEY,
    hash BLOB NOT NULL,
    canonical BLOB NOT NULL,
    l1_block_number INTEGER NOT NULL,
    l1_block_hash BLOB NOT NULL,
    l1_tx_hash BLOB NOT NULL,
    included_in INTEGER
);
CREATE INDEX priority_operations_pending ON priority_operations (id) WHERE included_in IS NULL;
CREATE TABLE l1_cursor (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    block_number INTEGER NOT NULL,
    block_hash BLOB NOT NULL
);
CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value BLOB NOT NULL
) WITHOUT ROWID;
"""

_BUSY_TIMEOUT_S: Final = 10.0
_WRITER_PRAGMAS: Final = (
    "PRAGMA journal_mode = WAL",
    # Every commit reaches the disk before it returns.
    "PRAGMA synchronous = FULL",
    "PRAGMA wal_autocheckpoint = 8000",
    "PRAGMA journal_size_limit = 67108864",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA cache_size = -64000",
    "PRAGMA cell_size_check = ON",
)
_READER_PRAGMAS: Final = (
    "PRAGMA query_only = ON",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA cache_size = -8000",
    "PRAGMA cell_size_check = ON",
)


def first_tx_key(block_number: int) -> int:
    """Key of a block's first transaction; the next block's is the end of the range."""
    return min(block_number, MAX_BLOCK_NUMBER + 1) << TX_INDEX_BITS


def first_log_key(block_number: int) -> int:
    """Key of a block's first log (of either kind); the next block's is the end of the range."""
    return min(block_number, MAX_BLOCK_NUMBER + 1) << LOG_INDEX_BITS


def connect_writer(path: Path) -> sqlite3.Connection:
    """Open the one connection that writes; creates the file when there is none."""
    return _connect(f"{path.absolute().as_uri()}?mode=rwc", _WRITER_PRAGMAS)


def connect_reader(path: Path) -> sqlite3.Connection:
    """Open a connection that only reads, next to a writer."""
    return _connect(f"{path.absolute().as_uri()}?mode=rw", _READER_PRAGMAS)


def connect_inspector(path: Path) -> sqlite3.Connection:
    """Open a connection that leaves the database as it is, whatever it finds there.

    Without a write-ahead log nothing else is to be read either, and SQLite would make an empty one.
    """
    wal = path.with_name(path.name + "-wal")
    alone = not wal.exists() or wal.stat().st_size == 0
    return _connect(f"{path.absolute().as_uri()}?mode=ro{'&immutable=1' if alone else ''}", _READER_PRAGMAS)


def _connect(uri: str, pragmas: tuple[str, ...]) -> sqlite3.Connection:
    db = sqlite3.connect(
        uri,
        uri=True,
        timeout=_BUSY_TIMEOUT_S,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=256,
    )
    try:
        for pragma in pragmas:
            db.execute(pragma).fetchall()
    except BaseException:
        db.close()
        raise
    return db
