"""Rebuilding a damaged database from the block log, by executing every block again."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from chain_template.errors import StoreCorrupt, StoreError
from chain_template.executor.interface import ExecutedBlock
from chain_template.store.block_log import LOG_FILE, BlockLog, LogIdentity, RecordKind, sync_directory
from chain_template.store.faults import Faults
from chain_template.store.logged import (
    LoggedBatch,
    LoggedBlock,
    LoggedRecovery,
    LogIndex,
    decode_block,
    decode_recovery,
)
from chain_template.store.opening import lock_directory
from chain_template.store.readers import NodeStore
from chain_template.store.schema import DATABASE_FILE
from chain_template.store.snapshot import Snapshot
from chain_template.store.store import GenesisBlock, Store

__all__ = [
    "Execute",
    "LoggedBatch",
    "LoggedBlock",
    "LoggedRecovery",
    "Restore",
    "read_batch_log",
    "read_block_log",
    "read_log_identity",
    "rebuild",
]

#: Executes a logged block on the state after the snapshot's head.
Execute = Callable[[LoggedBlock, Snapshot, NodeStore], ExecutedBlock]
#: Takes a logged batch of L1 into the store, which ends before its first block.
Restore = Callable[[LoggedRecovery, Store], None]

_SCRATCH: Final = "rebuilt"
_DATABASE_FILES: Final = (DATABASE_FILE, f"{DATABASE_FILE}-wal", f"{DATABASE_FILE}-shm")


def read_log_identity(directory: Path) -> LogIdentity:
    """Chain id and genesis hash of the chain whose block log lies there.

    Raises:
        StoreCorrupt: There is no block log, or it does not begin as one.
    """
    with _open(directory) as log:
        return log.identity


def read_block_log(directory: Path, *, salvage: bool = False) -> Iterator[LoggedBlock | LoggedRecovery]:
    """The blocks that stand after all rollbacks, from block 1 on, and the batches taken from L1 where blocks are lost.

    A record that was torn at the end of the log, which belongs to no confirmed block, is left out.

    Args:
        directory: The chain's directory; nothing in it is changed.
        salvage: Yield what lies before an unreadable record instead of refusing a damaged log.

    Raises:
        StoreCorrupt: There is no block log, or a confirmed record of it is unreadable. Raised before the first block.
    """
    with _open(directory) as log:
        index = _index(log, salvage=salvage)
        expected = 1
        for start in (start for _, start in sorted([*index.blocks.items(), *index.recovered.items()])):
            record = log.record_at(start)
            if record is None:
                raise StoreCorrupt(f"{log.path}: block {expected} is missing or unreadable")
            found: LoggedBlock | LoggedRecovery
            if record.kind is RecordKind.RECOVERED:
                found = decode_recovery(record.payload)
                first = found.record.first_block
            else:
                found = decode_block(record.payload, log.identity.chain_id)
                first = found.header.number
            if first != expected:
                raise StoreCorrupt(f"{log.path}: block {expected} is missing or unreadable")
            yield found
            expected = found.header.number + 1


def read_batch_log(directory: Path, *, salvage: bool = False) -> list[LoggedBatch]:
    """The batches as they were sealed over the blocks of :func:`read_block_log`, ascending.

    Raises:
        StoreCorrupt: As there.
    """
    with _open(directory) as log:
        batches = _index(log, salvage=salvage).batches
        return [batches[number] for number in sorted(batches)]


def rebuild(
    directory: Path,
    chain_id: int,
    genesis: GenesisBlock,
    execute: Execute,
    *,
    restore: Restore | None = None,
    name: str = "",
    salvage: bool = False,
) -> int:
    """Make the database anew from the block log and put it in the place of the damaged one.

    The new one is made beside it, so an interrupted rebuild has changed nothing and can be started again; the damaged
    files stay, with ``.damaged`` behind their names. What only the database held (batches under way, the place in L1)
    is not in it: L1 shows it again.

    Args:
        directory: The chain's directory.
        chain_id: The chain's.
        genesis: The chain's.
        execute: Runs one block.
        restore: Takes in a batch of L1; a log that holds one is refused where it is left out.
        name: The chain's name, for error messages.
        salvage: Rebuild from what lies before an unreadable record instead of refusing a damaged log.

    Returns:
        Number of the last block.

    Raises:
        StoreLocked: The chain is running.
        StoreCorrupt: The block log is missing or damaged.
        StoreError: A block does not come out as it was recorded.
        StoreFull: There is no room for the new database.
    """
    name = name or directory.name
    faults = Faults(directory, name)
    scratch = directory / _SCRATCH
    with faults.translate():
        lock_fd = lock_directory(directory, faults)
        try:
            shutil.rmtree(scratch, ignore_errors=True)
            store = Store.open(scratch, chain_id, genesis, name=name)
            last = _fill(store, directory, execute, restore, salvage=salvage)
            _install(directory, scratch)
            return last
        finally:
            os.close(lock_fd)


def _fill(store: Store, directory: Path, execute: Execute, restore: Restore | None, *, salvage: bool) -> int:
    """Execute the logged blocks into a new store, and close it."""
    last = 0
    try:
        for logged in read_block_log(directory, salvage=salvage):
            last = logged.header.number
            if isinstance(logged, LoggedRecovery):
                if restore is None:
                    raise StoreError(f"batch {logged.record.number} of the log was recovered from L1")
                restore(logged, store)
                continue
            with store.snapshot() as snapshot:
                block = execute(logged, snapshot, store.nodes)
            if block.header != logged.header:
                raise StoreError(
                    f"block {last} of the log does not come out as recorded: "
                    f"0x{block.header.hash.hex()} instead of 0x{logged.header.hash.hex()}",
                    hint="Rebuild with the program version and the settings that made the block.",
                )
            store.commit_block(block, logged.received_at_ms)
    finally:
        store.close()
    return last


def _install(directory: Path, scratch: Path) -> None:
    """Move the new files into place.

    At every moment there is a block log with all blocks: without its database it asks for a rebuild, and nothing can
    take the directory for a new chain's.
    """
    log = directory / LOG_FILE
    _damaged(log).unlink(missing_ok=True)
    os.link(log, _damaged(log))
    for path in (directory / file for file in _DATABASE_FILES):
        if path.exists():
            path.replace(_damaged(path))
    (scratch / LOG_FILE).replace(log)
    (scratch / DATABASE_FILE).replace(directory / DATABASE_FILE)
    sync_directory(directory)
    shutil.rmtree(scratch)


def _damaged(path: Path) -> Path:
    return path.with_name(path.name + ".damaged")


def _open(directory: Path) -> BlockLog:
    try:
        return BlockLog(directory / LOG_FILE, writable=False)
    except FileNotFoundError as exc:
        raise StoreCorrupt(
            f"there is no block log in {directory}", hint="Restore the directory from a backup, or recover from L1."
        ) from exc


def _index(log: BlockLog, *, salvage: bool) -> LogIndex:
    index = LogIndex()
    try:
        for record in log.records():
            index.add(record)
    except StoreCorrupt:
        if not salvage:
            raise
    return index
