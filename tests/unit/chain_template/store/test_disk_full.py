"""A disk without room: nothing of the refused commit is there, and the store goes on when there is room again."""

import resource
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from chain_template.errors import StoreFull
from chain_template.store import BatchStage, Store
from chain_template.store.repair import read_block_log
from tests.unit.chain_template.store.world import World, add_batch, batch_of, cursor, operation_of


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """No file of this process may grow beyond ``size`` bytes: writes fail as on a full disk, in the middle too."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def nothing_happened(store: Store, world: World, number: int) -> None:
    following = world.blocks[number]
    with store.snapshot() as snapshot:
        assert snapshot.head == world.headers[number]
        assert all(snapshot.receipt(tx.hash) is None for tx in following.transactions)
    assert all(key not in store.nodes for key in set(following.new_nodes) - set(known_nodes(world, number)))


def known_nodes(world: World, number: int) -> set[bytes]:
    return {key for block in world.blocks[:number] for key in block.new_nodes} | set(world.genesis.nodes)


@pytest.mark.parametrize("room", [0, 1, 16, 17, 100, 1_000])
def test_the_log_finds_no_room(store, world, room):
    world.fill(store, 1, 4)
    log = store._directory / "blocks.log"
    before = log.read_bytes()
    with largest_file(len(before) + room), pytest.raises(StoreFull, match="nothing was committed") as caught:
        world.fill(store, 5, 5)
    assert "alpha" in str(caught.value)
    assert "space" in caught.value.hint
    assert log.read_bytes() == before
    nothing_happened(store, world, 4)
    world.fill(store, 5)
    store.verify()


@pytest.mark.parametrize("room", [0, 1, 100, 4_096, 4_120, 8_000, 20_000, 50_000])
def test_the_database_finds_no_room(store, world, room):
    """The record is in the log by then; it is cut off again."""
    world.fill(store, 1, 4)
    log, wal = store._directory / "blocks.log", store._directory / "chain.db-wal"
    before = log.read_bytes()
    with largest_file(wal.stat().st_size + room), pytest.raises(StoreFull):
        world.fill(store, 5, 5)
    assert log.read_bytes() == before
    nothing_happened(store, world, 4)
    world.fill(store, 5)
    store.verify()


def test_it_is_full_for_a_while(store, world):
    world.fill(store, 1, 2)
    limit = (store._directory / "chain.db-wal").stat().st_size + 5_000
    for _ in range(10):
        with largest_file(limit), pytest.raises(StoreFull):
            world.fill(store, 3, 3)
        with largest_file(limit), pytest.raises(StoreFull):
            store.set_meta("large", bytes(100_000))
    assert store.get_meta("large") is None
    world.fill(store, 3)
    store.verify()


def test_sqlite_s_own_word_for_it(store, world):
    world.fill(store, 1, 3)
    pages = store._db.execute("PRAGMA page_count").fetchone()[0]
    store._db.execute(f"PRAGMA max_page_count = {pages + 2}").fetchone()
    with pytest.raises(StoreFull, match="full"):
        world.fill(store, 4, 4)
    nothing_happened(store, world, 3)
    store._db.execute("PRAGMA max_page_count = 1073741823").fetchone()
    world.fill(store, 4)
    store.verify()


def test_every_kind_of_write_is_whole_or_not_at_all(full, world):
    add_batch(full, world, 1, 1, 2)
    log, wal = full._directory / "blocks.log", full._directory / "chain.db-wal"
    full.add_priority_operations([operation_of(number) for number in range(9)], cursor(5))
    record = batch_of(world, 2, 3, 4)
    many = [operation_of(number) for number in range(9, 60)]
    before = log.read_bytes()
    with largest_file(wal.stat().st_size):
        with pytest.raises(StoreFull):
            full.add_batch(record, bytes(90_000), bytes(200_000), [])
        with pytest.raises(StoreFull):
            full.update_batch(1, stage=BatchStage.COMMITTED)
        with pytest.raises(StoreFull):
            full.add_priority_operations(many, cursor(6))
        with pytest.raises(StoreFull):
            full.rollback_to(5)
    assert log.read_bytes() == before
    with full.snapshot() as snapshot:
        assert snapshot.head_number == 9
        assert snapshot.last_batch_number() == 1
        assert snapshot.batch(1).stage is BatchStage.SEALED
        assert snapshot.l1_cursor() == cursor(5)
        assert snapshot.priority_operation(9) is None
    full.add_batch(record, bytes(90_000), bytes(200_000), [])
    full.update_batch(1, stage=BatchStage.COMMITTED)
    full.add_priority_operations(many, cursor(6))
    assert len(full.rollback_to(5)) == 28
    full.verify()


@pytest.mark.parametrize("room", [0, 60, 1_000, 5_000, 20_000])
def test_no_room_to_create_a_store(tmp_path, world, room):
    with largest_file(room), pytest.raises(StoreFull):
        world.open(tmp_path / "alpha")
    store = world.open(tmp_path / "alpha")
    world.fill(store)
    store.verify()
    store.close()


def test_a_file_system_that_is_really_full(tmp_path, world):
    mounted = tmp_path / "small"
    mounted.mkdir()
    mount = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1500k", "tmpfs", str(mounted)], capture_output=True, check=False
    )
    if mount.returncode != 0:
        pytest.skip("only root may mount a small file system")
    try:
        goes_on_when_there_is_room(world, mounted)
    finally:
        subprocess.run(["umount", "--lazy", str(mounted)], check=True)


def goes_on_when_there_is_room(world: World, mounted: Path) -> None:
    ballast = mounted / "ballast"
    with closing(world.open(mounted / "alpha")) as store:
        world.fill(store, 1, 2)
        fill_up(ballast)
        committed = 2
        with pytest.raises(StoreFull):
            while committed < 9:
                world.fill(store, committed + 1, committed + 1)
                committed += 1
        nothing_happened(store, world, committed)
        assert [block.header for block in read_block_log(mounted / "alpha")] == world.headers[1 : committed + 1]
        ballast.unlink()
        world.fill(store, committed + 1)
        store.verify()
    with closing(world.open(mounted / "alpha")) as store, store.snapshot() as snapshot:
        assert snapshot.head_number == 9


def fill_up(path: Path) -> None:
    with path.open("wb", buffering=0) as file, pytest.raises(OSError, match="No space"):
        while True:
            file.write(bytes(4_096))
