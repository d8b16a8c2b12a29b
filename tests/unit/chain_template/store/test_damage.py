"""Damaged, truncated and lost files: a clear error that names the way out, and no byte changed."""

import os
import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from chain_template.errors import StoreCorrupt, StoreError, StoreVersionMismatch, WrongChainStore
from chain_template.genesis import Genesis
from chain_template.store import Store
from chain_template.store.block_log import FIRST_RECORD, LOG_FILE
from chain_template.store.faults import Faults
from chain_template.store.health import check_database
from chain_template.store.repair import read_batch_log, read_block_log
from tests.support import CHAIN_ID
from tests.unit.chain_template.store.world import World, add_batch

DATABASE = "chain.db"
KEPT = (DATABASE, f"{DATABASE}-wal", LOG_FILE)


@pytest.fixture
def directory(tmp_path: Path, world: World) -> Path:
    """A chain of nine blocks and a batch, cleanly closed; two of its blocks were rolled back and came again."""
    directory = tmp_path / "alpha"
    store = world.open(directory)
    world.fill(store)
    store.rollback_to(7)
    world.fill(store, 8)
    add_batch(store, world, 1, 1, 3)
    store.close()
    return directory


@pytest.fixture
def running(tmp_path: Path, world: World) -> Path:
    """The files of a chain whose process just died: most of it is in the write-ahead log."""
    source = tmp_path / "source"
    store = world.open(source)
    world.fill(store)
    directory = tmp_path / "alpha"
    directory.mkdir()
    for name in KEPT:
        (directory / name).write_bytes((source / name).read_bytes())
    store.close()
    return directory


def contents(directory: Path) -> dict[str, bytes]:
    return {name: (directory / name).read_bytes() for name in KEPT if (directory / name).exists()}


def refuses(world: World, directory: Path, *, match: str | None = None) -> StoreCorrupt:
    """Opening must fail, say how to go on, and leave every file as it was."""
    before = contents(directory)
    with pytest.raises(StoreCorrupt, match=match) as caught:
        world.open(directory)
    assert "zkhub chain repair alpha" in caught.value.hint
    assert contents(directory) == before
    return caught.value


def opens_whole(world: World, directory: Path) -> None:
    store = world.open(directory)
    store.verify()
    with store.snapshot() as snapshot:
        assert snapshot.head == world.headers[-1]
    store.close()
    assert [block.header for block in read_block_log(directory)] == world.headers[1:]


def test_the_files_of_a_dead_process_open(running, world):
    assert (running / f"{DATABASE}-wal").stat().st_size > 100_000
    opens_whole(world, running)


@pytest.mark.parametrize("part", [0.0, 0.001, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99])
def test_a_truncated_database_is_refused(directory, world, part):
    path = directory / DATABASE
    os.truncate(path, int(path.stat().st_size * part))
    refuses(world, directory, match="truncated|empty|begin")


def test_a_database_that_lacks_its_last_byte_is_refused(directory, world):
    path = directory / DATABASE
    os.truncate(path, path.stat().st_size - 1)
    refuses(world, directory, match="truncated: 1 of its")


def test_any_truncation_is_refused(directory, world):
    path = directory / DATABASE
    whole = path.read_bytes()
    for size in random.Random(1).sample(range(len(whole)), 60):
        path.write_bytes(whole[:size])
        refuses(world, directory)
    path.write_bytes(whole)
    opens_whole(world, directory)


def test_a_missing_database_is_refused(directory, world):
    (directory / DATABASE).unlink()
    refuses(world, directory, match="missing, but blocks.log holds blocks")
    assert not (directory / DATABASE).exists()


def test_an_overwritten_database_is_refused(directory, world):
    size = (directory / DATABASE).stat().st_size
    (directory / DATABASE).write_bytes(random.Random(2).randbytes(size))
    refuses(world, directory, match="does not begin as an SQLite database")
    (directory / DATABASE).write_bytes(bytes(size))
    refuses(world, directory, match="does not begin as an SQLite database")


def test_some_other_database_is_refused(directory, world):
    (directory / DATABASE).unlink()
    with closing(sqlite3.connect(directory / DATABASE)) as db:
        db.execute("CREATE TABLE songs (title TEXT)")
        db.commit()
    refuses(world, directory, match="other program")


def test_a_lost_write_ahead_log_is_noticed(running, world):
    """Without it the database is a sound one of an earlier block: confirmed blocks would silently be gone."""
    (running / f"{DATABASE}-wal").unlink()
    refuses(world, running, match="lacks blocks that blocks.log holds as confirmed")


@pytest.mark.parametrize("part", [0.2, 0.5, 0.9, 0.999])
def test_a_truncated_write_ahead_log_is_noticed(running, world, part):
    wal = running / f"{DATABASE}-wal"
    os.truncate(wal, int(wal.stat().st_size * part))
    refuses(world, running)


def test_a_flipped_write_ahead_log_is_noticed(running, world):
    wal = running / f"{DATABASE}-wal"
    whole = wal.read_bytes()
    for at in random.Random(3).sample(range(len(whole) // 2), 10):
        wal.write_bytes(whole[:at] + bytes([whole[at] ^ 0x10]) + whole[at + 1 :])
        try:
            store = world.open(running)
        except (StoreCorrupt, StoreError):
            (running / f"{DATABASE}-shm").unlink(missing_ok=True)
            continue
        # Then the flip was in a part of it that nothing reads any more.
        store.verify()
        with store.snapshot() as snapshot:
            assert snapshot.head == world.headers[-1]
        store.close()
        pytest.fail("the log was checkpointed: the rest of the flips would test nothing")


def flip(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 0x20
    path.write_bytes(data)


def test_flipped_bits_never_go_unnoticed(directory, world):
    """Opening or verifying finds every flip that would change a block, its transactions or its receipts."""
    path = directory / DATABASE
    whole = path.read_bytes()
    found = 0
    for at in random.Random(4).sample(range(len(whole)), 120):
        path.write_bytes(whole)
        flip(path, at)
        try:
            store = world.open(directory)
        except StoreError:
            found += 1
            continue
        try:
            store.verify()
            same_content(store, world)
        except StoreCorrupt as error:
            assert "zkhub chain repair alpha" in error.hint
            found += 1
        finally:
            store.close()
            for extra in (f"{DATABASE}-wal", f"{DATABASE}-shm"):
                (directory / extra).unlink(missing_ok=True)
    assert found > 30


def same_content(store: Store, world: World) -> None:
    with store.snapshot() as snapshot:
        for block in world.blocks:
            number = block.header.number
            assert [entry.receipt for entry in snapshot.receipts(number)] == list(block.receipts)
            assert tuple(snapshot.block(number).transactions) == block.transactions


def change(path: Path, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute(statement, values)
        db.commit()


@pytest.mark.parametrize(
    ("statement", "complaint"),
    [
        ("UPDATE blocks SET header = zeroblob(600) WHERE number = 9", "header of block 9"),
        ("UPDATE blocks SET hash = zeroblob(32) WHERE number = 9", "header of block 9 has another hash"),
        ("DELETE FROM blocks", "has no block"),
        ("DELETE FROM transactions WHERE id >= 9 << 20", "block 9 has 8 transactions, and 0"),
        ("DELETE FROM nodes", "state after block 9 is missing"),
        ("UPDATE nodes SET value = zeroblob(40)", "state after block 9 is missing or altered"),
        ("DELETE FROM identity", "does not say which chain"),
        ("DELETE FROM log_tail", "where its block log ends"),
    ],
)
def test_opening_looks_at_the_head(directory, world, statement, complaint):
    change(directory / DATABASE, statement)
    refuses(world, directory, match=complaint)


@pytest.mark.parametrize(
    ("statement", "complaint"),
    [
        ("UPDATE blocks SET hash = zeroblob(32) WHERE number = 4", "header of block 4"),
        ("DELETE FROM blocks WHERE number = 4", "header of block 4 is missing"),
        ("DELETE FROM transactions WHERE id = (4 << 20) + 7", "transactions of block 4"),
        ("UPDATE transactions SET raw = zeroblob(100) WHERE id = 4 << 20", "transactions of block 4"),
        ("UPDATE transactions SET sender = zeroblob(20) WHERE id = (4 << 20) + 1", "another hash or sender"),
        ("UPDATE transactions SET hash = zeroblob(32) WHERE id = (4 << 20) + 1", "another hash or sender"),
        ("UPDATE transactions SET status = 0 WHERE id = (4 << 20) + 1", "receipts of block 4"),
        ("UPDATE transactions SET logs_bloom = zeroblob(256) WHERE id = (4 << 20) + 2", "receipts of block 4"),
        ("UPDATE logs SET data = x'00' WHERE id >= 4 << 24 AND id < 5 << 24", "receipts of block 4"),
        ("DELETE FROM logs WHERE id = 4 << 24", "receipts of block 4"),
        ("UPDATE l2_to_l1_logs SET message = x'00' WHERE id > 4 << 24", "L2 to L1 logs of block 4"),
        ("DELETE FROM l2_to_l1_logs WHERE id = 4 << 24", "L2 to L1 logs of block 4"),
        ("UPDATE nodes SET value = zeroblob(40) WHERE id = 3", "state node"),
        ("UPDATE batches SET last_block = 4", "batch 1 does not end"),
        ("UPDATE batches SET first_block = 2", "does not follow"),
        ("DELETE FROM batch_data", "lost its data"),
        ("UPDATE priority_operations SET canonical = x'00' WHERE id = 4", "operation 4 is missing or altered"),
        ("DELETE FROM priority_operations WHERE id = 4", "operation 4 is missing"),
        ("UPDATE priority_operations SET included_in = NULL WHERE id = 4", "included before an earlier one"),
    ],
)
def test_verify_looks_at_everything(directory, world, statement, complaint):
    change(directory / DATABASE, statement)
    store = world.open(directory)
    with pytest.raises(StoreCorrupt, match=complaint):
        store.verify()
    store.close()


def test_a_node_that_was_altered_is_not_given_out(directory, world):
    first = min(world.genesis.nodes)
    change(directory / DATABASE, "UPDATE nodes SET value = zeroblob(40) WHERE hash = ?", first)
    store = world.open(directory)
    with pytest.raises(StoreCorrupt, match="other content than its hash"):
        store.nodes[first]
    store.close()


# Other chains and versions


def test_another_chain_s_store_is_refused(directory, world):
    before = contents(directory)
    with pytest.raises(WrongChainStore, match=f"chain id {CHAIN_ID}; chain beta has chain id 272") as caught:
        Store.open(directory, 272, world.genesis, name="beta")
    assert "data_dir" in caught.value.hint
    header = replace(world.genesis.header, timestamp=5)
    with pytest.raises(WrongChainStore, match="genesis"):
        Store.open(directory, CHAIN_ID, Genesis(header, world.genesis.nodes))
    assert contents(directory) == before
    opens_whole(world, directory)


def test_another_chain_s_block_log_is_refused(directory, world, tmp_path):
    other = tmp_path / "other"
    Store.open(other, 272, world.genesis).close()
    (directory / LOG_FILE).write_bytes((other / LOG_FILE).read_bytes())
    with pytest.raises(WrongChainStore, match="chain id 272"):
        world.open(directory)
    (directory / DATABASE).unlink()
    with pytest.raises(WrongChainStore, match="chain id 272"):
        world.open(directory)


def test_another_version_is_refused(directory, world):
    change(directory / DATABASE, "UPDATE identity SET schema_version = 99")
    before = contents(directory)
    with pytest.raises(StoreVersionMismatch, match="version 99"):
        world.open(directory)
    assert contents(directory) == before


# The block log


@pytest.mark.parametrize(
    "harm",
    [
        lambda path: path.unlink(),
        lambda path: os.truncate(path, 0),
        lambda path: os.truncate(path, FIRST_RECORD),
        lambda path: os.truncate(path, path.stat().st_size // 2),
        lambda path: os.truncate(path, path.stat().st_size - 1),
        lambda path: flip(path, 3),
        lambda path: flip(path, path.stat().st_size - 3),
    ],
    ids=["missing", "empty", "no record", "half", "last byte", "header", "last record"],
)
def test_a_sound_database_writes_its_log_anew(directory, world, harm: Callable[[Path], None]):
    path = directory / LOG_FILE
    harm(path)
    left = path.read_bytes() if path.exists() else None
    opens_whole(world, directory)
    if left:
        assert (directory / f"{LOG_FILE}.damaged").read_bytes() == left
    assert read_numbers_of_batches(directory) == [1]
    opens_whole(world, directory)


def read_numbers_of_batches(directory: Path) -> list[int]:
    return [batch.number for batch in read_batch_log(directory)]


def test_damage_in_the_middle_of_the_log_is_refused_by_a_repair(directory, world):
    """The database does not read the log's middle; whoever rebuilds from it must know."""
    path = directory / LOG_FILE
    flip(path, path.stat().st_size // 2)
    with pytest.raises(StoreCorrupt, match="is unreadable"):
        list(read_block_log(directory))
    salvaged = [block.header for block in read_block_log(directory, salvage=True)]
    assert 0 < len(salvaged) < 9
    assert salvaged == world.headers[1 : len(salvaged) + 1]


def test_a_length_that_reaches_beyond_the_end_is_no_torn_record(directory, world):
    """A flipped length looks like an append that was interrupted; but what it covers was confirmed."""
    path = directory / LOG_FILE
    flip(path, FIRST_RECORD + 1)  # the highest byte of the first record's length
    with pytest.raises(StoreCorrupt, match=f"record at byte {FIRST_RECORD} is unreadable"):
        list(read_block_log(directory))


def test_a_record_of_an_unfinished_commit_is_cut_off(directory, world):
    """A crash between the log and the database: the block was never confirmed."""
    path = directory / LOG_FILE
    store = world.open(directory)
    store.rollback_to(8)
    before = path.read_bytes()
    world.fill(store, 9)
    record = path.read_bytes()[len(before) :]
    store.rollback_to(8)
    store.close()
    sound = path.read_bytes()
    path.write_bytes(sound + record)
    store = world.open(directory)
    with store.snapshot() as snapshot:
        assert snapshot.head_number == 8
    assert path.read_bytes() == sound
    world.fill(store, 9)
    store.verify()
    store.close()
    for torn in (1, 10, len(record) - 1):
        whole = path.read_bytes()
        path.write_bytes(whole + record[:torn])
        opens_whole(world, directory)
        assert path.read_bytes() == whole
    path.write_bytes(path.read_bytes() + record + record)
    refuses(world, directory, match="lacks blocks that blocks.log holds")


def test_a_creation_that_was_interrupted_is_done_again(tmp_path, world):
    for leave in ("nothing", "log", "empty database", "database without tables"):
        directory = tmp_path / leave.replace(" ", "-")
        world.open(directory).close()
        (directory / DATABASE).unlink()
        if leave == "nothing":
            (directory / LOG_FILE).unlink()
        if leave == "empty database":
            (directory / DATABASE).touch()
        if leave == "database without tables":
            with closing(sqlite3.connect(directory / DATABASE)) as db:
                db.execute("PRAGMA journal_mode = WAL").fetchone()
        store = world.open(directory)
        world.fill(store)
        store.verify()
        store.close()


def test_a_database_beside_a_foreign_file_is_not_created(tmp_path, world):
    directory = tmp_path / "alpha"
    directory.mkdir()
    (directory / LOG_FILE).write_text("my notes\n" * 100)
    refuses(world, directory, match="blocks.log cannot be read")
    assert not (directory / DATABASE).exists()


def test_the_check_alone_changes_nothing(running, world):
    before = contents(running)
    check_database(running, CHAIN_ID, world.genesis.header.hash, Faults(running, "alpha"))
    assert contents(running) == before
