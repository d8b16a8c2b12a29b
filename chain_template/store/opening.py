"""Opening a chain's files: lock, check, create, and bring the block log and the database to the same block."""

import fcntl
import os
import sqlite3
from collections.abc import Mapping
from enum import Enum, auto
from pathlib import Path
from typing import Final

from chain_template.errors import StoreCorrupt, StoreLocked
from chain_template.headers import BlockHeader
from chain_template.store import writes
from chain_template.store.block_log import (
    EMPTY_TAIL,
    LOG_FILE,
    BlockLog,
    LogIdentity,
    RecordKind,
    Tail,
    sync_directory,
)
from chain_template.store.faults import Faults
from chain_template.store.health import Presence, Sound, check_database, wrong_chain
from chain_template.store.logged import LoggedRecovery, encode_batch, encode_recovery, encode_rows
from chain_template.store.records import BatchRecord
from chain_template.store.rows import BATCH_COLUMNS, PRIORITY_COLUMNS, batch_record, priority_operation
from chain_template.store.schema import APPLICATION_ID, DATABASE_FILE, TABLES, connect_writer, first_tx_key

LOCK_FILE: Final = "lock"


def lock_directory(directory: Path, faults: Faults) -> int:
    """Keep other processes out as long as the returned descriptor is open; the system lets go of it at death.

    Raises:
        StoreLocked: Another process has it.
    """
    fd = os.open(directory / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as exc:
        os.close(fd)
        raise StoreLocked(
            f"another process has the store of chain {faults.name} in {directory} open",
            hint="Stop it first: two programs cannot run one chain.",
        ) from exc
    return fd


def open_files(
    directory: Path,
    identity: LogIdentity,
    genesis: BlockHeader,
    genesis_nodes: Mapping[bytes, bytes],
    faults: Faults,
) -> tuple[sqlite3.Connection, BlockLog]:
    """Open the database and the block log of a locked directory; creates them where there are none.

    Raises:
        StoreError: As :meth:`Store.open` says; no file was changed.
    """
    found = check_database(directory, identity.chain_id, identity.genesis_hash, faults)
    with faults.translate():
        log = _open_log(directory / LOG_FILE)
    try:
        if log is not None and log.identity != identity:
            raise wrong_chain(faults, _describe(log.identity), _describe(identity))
        if isinstance(found, Presence):
            _refuse_lost_database(directory, found, log, faults)
            return _create(directory, identity, genesis, genesis_nodes, log, faults)
        return _reconcile(directory, identity, found, log, faults)
    except BaseException:
        if log is not None:
            log.close()
        raise


def _open_log(path: Path) -> BlockLog | None:
    """The block log, or None when there is none that can be read."""
    try:
        return BlockLog(path)
    except (FileNotFoundError, StoreCorrupt):
        return None


def _describe(identity: LogIdentity) -> str:
    return f"chain id {identity.chain_id} and genesis 0x{identity.genesis_hash.hex()}"


def _refuse_lost_database(directory: Path, found: Presence, log: BlockLog | None, faults: Faults) -> None:
    """A new database must not be made where there was one."""
    state = "missing" if found is Presence.ABSENT else "empty"
    if log is None:
        if (directory / LOG_FILE).exists():
            raise faults.corrupt(f"chain.db is {state} and blocks.log cannot be read")
        return
    if log.confirmed > EMPTY_TAIL.end or log.record_at(EMPTY_TAIL.end) is not None:
        raise faults.corrupt(f"chain.db is {state}, but blocks.log holds blocks of it")


def _create(
    directory: Path,
    identity: LogIdentity,
    genesis: BlockHeader,
    genesis_nodes: Mapping[bytes, bytes],
    log: BlockLog | None,
    faults: Faults,
) -> tuple[sqlite3.Connection, BlockLog]:
    with faults.translate():
        new_log = log or BlockLog.create(directory / LOG_FILE, identity)
        try:
            db = connect_writer(directory / DATABASE_FILE)
            try:
                _fill(db, identity, genesis, genesis_nodes)
            except BaseException:
                db.close()
                raise
        except BaseException:
            new_log.close()
            raise
        sync_directory(directory)
    return db, new_log


def _fill(
    db: sqlite3.Connection, identity: LogIdentity, genesis: BlockHeader, genesis_nodes: Mapping[bytes, bytes]
) -> None:
    """Tables, identity and genesis in one commit, and that commit in the database's own file."""
    db.execute("BEGIN IMMEDIATE")
    try:
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        for statement in TABLES.split(";"):
            db.execute(statement)
        writes.insert_identity(db, identity.chain_id, identity.genesis_hash, EMPTY_TAIL)
        writes.insert_header(db, genesis, ())
        writes.insert_nodes(db, genesis_nodes)
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


class _Plan(Enum):
    """What the block log of a sound database needs."""

    KEEP = auto()
    CUT = auto()
    REWRITE = auto()


def _reconcile(
    directory: Path, identity: LogIdentity, found: Sound, log: BlockLog | None, faults: Faults
) -> tuple[sqlite3.Connection, BlockLog]:
    with faults.translate():
        plan = _plan(found.tail, log, faults)
        db = connect_writer(directory / DATABASE_FILE)
        try:
            if plan is _Plan.REWRITE:
                if log is not None:
                    log.close()
                return db, _rewrite_log(directory, identity, db)
            assert log is not None
            if plan is _Plan.CUT:
                log.cut(found.tail.end)
            return db, log
        except BaseException:
            db.close()
            raise


def _plan(tail: Tail, log: BlockLog | None, faults: Faults) -> _Plan:
    """Compare the log with the last record the database knows of.

    Raises:
        StoreCorrupt: The log holds confirmed records that the database has lost.
    """
    if log is None:
        return _Plan.REWRITE
    record = log.record_at(tail.start) if tail != EMPTY_TAIL else None
    lacks_tail = tail != EMPTY_TAIL and (record is None or record.tail != tail)
    # One record may be ahead: its commit did not finish. A confirmed one, or a second one, tells of lost commits.
    ahead = log.record_at(tail.end)
    if log.confirmed > tail.end or (ahead is not None and log.record_at(ahead.tail.end) is not None):
        raise faults.corrupt("it lacks blocks that blocks.log holds as confirmed; its write-ahead log may be lost")
    if lacks_tail:
        return _Plan.REWRITE
    return _Plan.CUT if log.size > tail.end else _Plan.KEEP


def _rewrite_log(directory: Path, identity: LogIdentity, db: sqlite3.Connection) -> BlockLog:
    """Write the log anew from a sound database; what was there is kept beside it."""
    path = directory / LOG_FILE
    fresh = directory / f"{LOG_FILE}.rebuilt"
    with BlockLog.create(fresh, identity) as log:
        tail = EMPTY_TAIL
        recovered = {batch.last_block: batch for batch in _recovered_batches(db)}
        for number, header in db.execute("SELECT number, header FROM blocks WHERE number > 0 ORDER BY number"):
            if number in recovered:
                batch = recovered[number]
                payload = encode_recovery(_logged_recovery(db, batch, header))
                tail = log.append(tail, RecordKind.RECOVERED, batch.number, payload, durable=False)
                continue
            rows = db.execute(
                "SELECT raw, received_at_ms FROM transactions WHERE id >= ? AND id < ? ORDER BY id",
                (first_tx_key(number), first_tx_key(number + 1)),
            ).fetchall()
            payload = encode_rows(header, [row[0] for row in rows], [row[1] for row in rows])
            tail = log.append(tail, RecordKind.BLOCK, number, payload, durable=False)
        for row in db.execute(f"SELECT {BATCH_COLUMNS} FROM batches ORDER BY number"):
            batch = batch_record(row)
            if batch.last_block in recovered:
                continue
            sealed_at_ms = batch.stage_times_ms.get("sealed", 0)
            payload = encode_batch(batch.first_block, batch.last_block, batch.seal_reason, sealed_at_ms)
            tail = log.append(tail, RecordKind.BATCH, batch.number, payload, durable=False)
        log.confirm(tail)
        log.sync()
    if path.exists():
        path.replace(path.with_name(f"{LOG_FILE}.damaged"))
    fresh.replace(path)
    sync_directory(directory)
    writes.update_log_tail(db, tail)
    return BlockLog(path)


def _recovered_batches(db: sqlite3.Connection) -> list[BatchRecord]:
    """The batches that were taken from L1."""
    found: list[BatchRecord] = []
    for first, last in writes.lost_blocks(db):
        rows = db.execute(
            f"SELECT {BATCH_COLUMNS} FROM batches WHERE first_block >= ? AND last_block <= ? ORDER BY number",
            (first, last),
        )
        found += [batch_record(row) for row in rows]
    return found


def _logged_recovery(db: sqlite3.Connection, batch: BatchRecord, header: bytes) -> LoggedRecovery:
    pubdata, leaves = db.execute(
        "SELECT pubdata, l2_log_leaves FROM batch_data WHERE batch_number = ?", (batch.number,)
    ).fetchone()
    operations = db.execute(
        f"SELECT {PRIORITY_COLUMNS} FROM priority_operations WHERE included_in = ? ORDER BY id", (batch.last_block,)
    )
    return LoggedRecovery(
        batch, BlockHeader.decode(header), pubdata, leaves, tuple(priority_operation(row) for row in operations)
    )
