"""Rebuilding a database from its block log."""

import os
from pathlib import Path

import pytest

from chain_template.errors import StoreCorrupt, StoreError, StoreLocked
from chain_template.executor.interface import BlockContext, ExecutedBlock
from chain_template.store import Snapshot
from chain_template.store.readers import NodeStore
from chain_template.store.repair import LoggedBlock, read_batch_log, read_block_log, read_log_identity, rebuild
from tests.support import CHAIN_ID
from tests.unit.chain_template.store.world import World, add_batch, received


class Executing:
    """Executes logged blocks; fails before block ``fail_at``."""

    def __init__(self, world: World, fail_at: int | None = None) -> None:
        self.world = world
        self.fail_at = fail_at

    def __call__(self, logged: LoggedBlock, snapshot: Snapshot, nodes: NodeStore) -> ExecutedBlock:
        header = logged.header
        if header.number == self.fail_at:
            raise KeyboardInterrupt
        context = BlockContext(
            parent=snapshot.head,
            timestamp=header.timestamp,
            fee_recipient=header.coinbase,
            gas_limit=header.gas_limit,
            base_fee_per_gas=header.base_fee_per_gas,
            block_hashes=snapshot.block_hashes_before(header.number),
            extra_data=header.extra_data,
        )
        builder = self.world.bench.executor.begin_block(context, nodes)
        builder.apply(logged.transactions)
        return builder.seal()


@pytest.fixture
def damaged(tmp_path: Path, world: World) -> Path:
    """Nine blocks, of which three were rolled back and came again, and a database cut in half."""
    directory = tmp_path / "alpha"
    store = world.open(directory)
    world.fill(store)
    add_batch(store, world, 1, 1, 3)
    add_batch(store, world, 2, 4, 8)
    store.rollback_to(6)
    world.fill(store, 7)
    store.close()
    os.truncate(directory / "chain.db", (directory / "chain.db").stat().st_size // 2)
    return directory


def is_whole(world: World, directory: Path) -> None:
    store = world.open(directory)
    store.verify()
    with store.snapshot() as snapshot:
        assert snapshot.head == world.headers[-1]
        for block in world.blocks:
            stored = snapshot.receipts(block.header.number)
            assert [entry.receipt for entry in stored] == list(block.receipts)
            assert {entry.transaction.hash: entry.received_at_ms for entry in stored} == received(block)
            assert snapshot.block_execution(block.header.number) == (block.nodes_read, block.touched)
        assert snapshot.next_priority_id() == 9
        assert snapshot.last_batch_number() == 0
    store.close()


def test_every_confirmed_block_comes_back(damaged, world):
    with pytest.raises(StoreCorrupt):
        world.open(damaged)
    old_log = (damaged / "blocks.log").read_bytes()
    old_database = (damaged / "chain.db").read_bytes()
    assert rebuild(damaged, CHAIN_ID, world.genesis, Executing(world)) == 9
    is_whole(world, damaged)
    assert (damaged / "chain.db.damaged").read_bytes() == old_database
    assert (damaged / "blocks.log.damaged").read_bytes() == old_log
    assert not (damaged / "rebuilt").exists()


def test_the_log_says_how_batches_were_sealed(damaged):
    assert [(batch.number, batch.first_block, batch.last_block) for batch in read_batch_log(damaged)] == [(1, 1, 3)]
    assert read_log_identity(damaged).chain_id == CHAIN_ID


def test_an_interrupted_rebuild_changes_nothing_and_starts_again(damaged, world):
    names = {path.name: path.read_bytes() for path in damaged.iterdir()}
    with pytest.raises(KeyboardInterrupt):
        rebuild(damaged, CHAIN_ID, world.genesis, Executing(world, fail_at=5))
    assert {path.name: path.read_bytes() for path in damaged.iterdir() if path.is_file()} == names
    assert rebuild(damaged, CHAIN_ID, world.genesis, Executing(world)) == 9
    is_whole(world, damaged)


@pytest.mark.parametrize("step", range(6))
def test_an_interrupted_exchange_never_looks_like_a_new_chain(damaged, world, step, monkeypatch):
    """Killed between any two of the renames, the directory asks for a repair, or has it behind it."""
    calls = 0
    real_replace, real_unlink, real_link = Path.replace, Path.unlink, os.link

    def counted(real):
        def call(*args, **kwargs):
            nonlocal calls
            if damaged.samefile(Path(args[0]).parent) or "rebuilt" in str(args[0]):
                if calls == step and ".new" not in str(args[0]):
                    raise KeyboardInterrupt
                calls += ".new" not in str(args[0])
            return real(*args, **kwargs)

        return call

    monkeypatch.setattr(Path, "replace", counted(real_replace))
    monkeypatch.setattr(Path, "unlink", counted(real_unlink))
    monkeypatch.setattr(os, "link", counted(real_link))
    interrupted = False
    try:
        rebuild(damaged, CHAIN_ID, world.genesis, Executing(world))
    except KeyboardInterrupt:
        interrupted = True
    monkeypatch.undo()
    assert interrupted == (step < 5)
    try:
        world.open(damaged).close()
    except StoreCorrupt:
        assert rebuild(damaged, CHAIN_ID, world.genesis, Executing(world)) == 9
    is_whole(world, damaged)


def test_a_lost_database_comes_back_too(damaged, world):
    (damaged / "chain.db").unlink()
    assert rebuild(damaged, CHAIN_ID, world.genesis, Executing(world)) == 9
    is_whole(world, damaged)


def test_a_torn_end_is_left_out(damaged, world):
    log = damaged / "blocks.log"
    log.write_bytes(log.read_bytes() + b"\x01\x00\x00")
    assert rebuild(damaged, CHAIN_ID, world.genesis, Executing(world)) == 9
    is_whole(world, damaged)


def test_a_block_that_comes_out_differently_stops_it(damaged, world):
    def execute(logged: LoggedBlock, snapshot: Snapshot, nodes: NodeStore) -> ExecutedBlock:
        block = Executing(world)(logged, snapshot, nodes)
        return world.blocks[0] if logged.header.number == 4 else block

    before = (damaged / "chain.db").read_bytes()
    with pytest.raises(StoreError, match="block 4 of the log does not come out as recorded"):
        rebuild(damaged, CHAIN_ID, world.genesis, execute)
    assert (damaged / "chain.db").read_bytes() == before


def test_damage_in_the_log_is_only_passed_over_when_asked(damaged, world):
    log = damaged / "blocks.log"
    data = bytearray(log.read_bytes())
    data[len(data) // 2] ^= 1
    log.write_bytes(data)
    with pytest.raises(StoreCorrupt, match="unreadable"):
        rebuild(damaged, CHAIN_ID, world.genesis, Executing(world))
    last = rebuild(damaged, CHAIN_ID, world.genesis, Executing(world), salvage=True)
    assert 0 < last < 9
    store = world.open(damaged)
    world.fill(store, last + 1)
    store.verify()
    store.close()


def test_a_running_chain_is_not_rebuilt(tmp_path, world, full):
    with pytest.raises(StoreLocked):
        rebuild(tmp_path / "alpha", CHAIN_ID, world.genesis, Executing(world))


def test_there_must_be_a_log(tmp_path, world):
    for read in (lambda: list(read_block_log(tmp_path)), lambda: read_log_identity(tmp_path)):
        with pytest.raises(StoreCorrupt, match="no block log"):
            read()
    with pytest.raises(StoreCorrupt, match="no block log"):
        rebuild(tmp_path, CHAIN_ID, world.genesis, Executing(world))
