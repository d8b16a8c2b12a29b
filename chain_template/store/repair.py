"""What a rebuild of a damaged database needs: the blocks of the block log, and putting the new database in place.

The rebuild itself executes the blocks again, so it belongs to the node::

    blocks = read_block_log(directory)              # checks and yields what still stands
    with a Store in directory / "rebuilt":          # a fresh one, of the same chain id and genesis
        for block in blocks: execute, compare the header, commit_block
    install_rebuilt(directory, directory / "rebuilt")
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from chain_template.errors import StoreCorrupt, StoreError
from chain_template.store.block_log import LOG_FILE, BlockLog, LogIdentity, sync_directory
from chain_template.store.faults import Faults
from chain_template.store.logged import LoggedBatch, LoggedBlock, LogIndex, decode_block
from chain_template.store.opening import LOCK_FILE, lock_directory
from chain_template.store.schema import DATABASE_FILE

__all__ = [
    "LoggedBatch",
    "LoggedBlock",
    "install_rebuilt",
    "read_batch_log",
    "read_block_log",
    "read_log_identity",
]

_DATABASE_FILES = (DATABASE_FILE, f"{DATABASE_FILE}-wal", f"{DATABASE_FILE}-shm")


def read_log_identity(directory: Path) -> LogIdentity:
    """Chain id and genesis hash of the chain whose block log lies there.

    Raises:
        StoreCorrupt: There is no block log, or it does not begin as one.
    """
    with _open(directory) as log:
        return log.identity


def read_block_log(directory: Path, *, salvage: bool = False) -> Iterator[LoggedBlock]:
    """The blocks that stand after all rollbacks, from block 1 on.

    A record that was torn at the end of the log, which belongs to no confirmed block, is left out.

    Args:
        directory: The chain's directory; nothing in it is changed.
        salvage: Yield what lies before an unreadable record instead of refusing a damaged log.

    Raises:
        StoreCorrupt: There is no block log, or a confirmed record of it is unreadable. Raised before the first block.
    """
    with _open(directory) as log:
        index = _index(log, salvage=salvage)
        for expected, (number, start) in enumerate(sorted(index.blocks.items()), start=1):
            record = log.record_at(start)
            if record is None or number != expected:
                raise StoreCorrupt(f"{log.path}: block {expected} is missing or unreadable")
            yield decode_block(record.payload)


def read_batch_log(directory: Path, *, salvage: bool = False) -> list[LoggedBatch]:
    """The batches as they were sealed over the blocks of :func:`read_block_log`, ascending.

    Raises:
        StoreCorrupt: As there.
    """
    with _open(directory) as log:
        batches = _index(log, salvage=salvage).batches
        return [batches[number] for number in sorted(batches)]


def install_rebuilt(directory: Path, rebuilt: Path) -> list[Path]:
    """Put a rebuilt database in the place of a damaged one.

    The store in ``rebuilt`` must be closed. Its files take the place of the old ones, which are kept beside them with
    ``.damaged`` behind their names, and ``rebuilt`` is removed. Interrupted, it can be called again.

    Returns:
        What was kept of the damaged store.

    Raises:
        StoreLocked: One of the two is open.
        StoreError: There is no rebuilt database.
    """
    faults = Faults(directory, directory.name)
    if not (rebuilt / DATABASE_FILE).exists():
        raise StoreError(f"there is no rebuilt database in {rebuilt}")
    with faults.translate():
        locks = [lock_directory(place, Faults(place, directory.name)) for place in (directory, rebuilt)]
        try:
            if any((rebuilt / name).exists() for name in _DATABASE_FILES[1:]):
                raise StoreError(f"the rebuilt database in {rebuilt} was not closed")
            kept = [_keep_log(directory / LOG_FILE)] if (rebuilt / LOG_FILE).exists() else []
            kept += [_set_aside(directory / name) for name in _DATABASE_FILES if (directory / name).exists()]
            # At every moment there is a block log with all blocks: without its database it asks for a repair, and
            # nothing can take the directory for a new chain's.
            if (rebuilt / LOG_FILE).exists():
                (rebuilt / LOG_FILE).replace(directory / LOG_FILE)
            (rebuilt / DATABASE_FILE).replace(directory / DATABASE_FILE)
            sync_directory(directory)
            (rebuilt / LOCK_FILE).unlink()
        finally:
            for fd in locks:
                os.close(fd)
        shutil.rmtree(rebuilt)
    return kept


def _set_aside(path: Path) -> Path:
    return path.replace(_damaged(path))


def _keep_log(path: Path) -> Path:
    """Keep the old log under another name too, until the new one takes its own."""
    _damaged(path).unlink(missing_ok=True)
    os.link(path, _damaged(path))
    return _damaged(path)


def _damaged(path: Path) -> Path:
    return path.with_name(path.name + ".damaged")


def _open(directory: Path) -> BlockLog:
    try:
        return BlockLog(directory / LOG_FILE, writable=False)
    except FileNotFoundError as exc:
        raise StoreCorrupt(
            f"there is no block log in {directory}",
            hint="Restore the directory from a backup, or recover from L1.",
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
