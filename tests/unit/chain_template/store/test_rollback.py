"""Rolling back: everything above a block is gone, and another chain can grow from it."""

import pytest

from chain_template.errors import OutOfOrder, RollbackRefused
from chain_template.store import BatchStage, LogFilter
from chain_template.store.repair import read_batch_log, read_block_log
from tests.unit.chain_template.store.world import add_batch, advance, cursor, operation_of, received


def test_what_was_above_is_gone(full, world, tmp_path):
    dropped = full.rollback_to(4)
    expected = [tx for block in world.blocks[4:] for tx in block.transactions if tx.is_user]
    assert dropped == expected
    with full.snapshot() as snapshot:
        assert snapshot.head == world.headers[4]
        for block in world.blocks[4:]:
            assert snapshot.block(block.header.number) is None
            assert snapshot.block_by_hash(block.header.hash) is None
            assert snapshot.receipts(block.header.number) == []
            for transaction in block.transactions:
                assert snapshot.receipt(transaction.hash) is None
        assert max(log.block_number for log in snapshot.logs(LogFilter(0, 100), 1_000)) == 4
        assert snapshot.next_priority_id() == 4
        assert [op.included_in for op in snapshot.priority_operations(0, 9)] == [1, 2, 3, 4] + [None] * 5
    full.verify()
    full.close()
    again = world.open(tmp_path / "alpha")
    with again.snapshot() as snapshot:
        assert snapshot.head_number == 4
    again.close()


def test_another_chain_grows_from_there(full, world):
    full.rollback_to(4)
    fork = world.fork(4)
    for seed in range(20, 23):
        block = fork.mixed_block(seed)
        full.commit_block(block, received(block))
    with full.snapshot() as snapshot:
        assert snapshot.head == fork.headers[-1] != world.headers[7]
        assert [entry.receipt for entry in snapshot.receipts(7)] == list(fork.blocks[6].receipts)
    full.verify()


def test_the_same_blocks_can_come_back(full, world):
    full.rollback_to(0)
    world.fill(full)
    with full.snapshot() as snapshot:
        assert snapshot.head == world.headers[-1]
    full.verify()


def test_rolling_back_to_the_head_changes_nothing(full):
    assert full.rollback_to(9) == []
    with full.snapshot() as snapshot:
        assert snapshot.head_number == 9


@pytest.mark.parametrize("number", [-1, 10, 2**64])
def test_there_must_be_such_a_block(full, number):
    with pytest.raises(OutOfOrder, match="the head is block 9"):
        full.rollback_to(number)


def test_batches_that_reach_above_go_too(full, world):
    add_batch(full, world, 1, 1, 3)
    add_batch(full, world, 2, 4, 6)
    add_batch(full, world, 3, 7, 8)
    advance(full, 2, BatchStage.PROVED)
    full.rollback_to(5)
    with full.snapshot() as snapshot:
        assert snapshot.last_batch_number() == 1
        assert snapshot.first_unbatched_block() == 4
        assert snapshot.block(3).batch_number == 1
        assert snapshot.block(4).batch_number is None  # it stays, but its batch is gone
        assert snapshot.receipts(5)[0].tx_number_in_batch is None
        assert snapshot.l2_log_leaves(2) == []
    add_batch(full, world, 2, 4, 5)
    full.verify()


def test_what_l1_executed_stays(full, world):
    add_batch(full, world, 1, 1, 3)
    add_batch(full, world, 2, 4, 6)
    advance(full, 1, BatchStage.EXECUTED)
    with pytest.raises(RollbackRefused, match="executed everything up to block 3"):
        full.rollback_to(2)
    full.rollback_to(3)
    with full.snapshot() as snapshot:
        assert snapshot.head_number == 3
        assert snapshot.last_batch_number() == 1
    full.verify()


def test_operations_wait_again(store, world):
    store.add_priority_operations([operation_of(number) for number in range(9)], cursor(10))
    world.fill(store)
    store.rollback_to(6)
    with store.snapshot() as snapshot:
        assert [op.operation_id for op in snapshot.pending_priority_operations(9)] == [6, 7, 8]


def test_the_block_log_follows(full, world, tmp_path):
    add_batch(full, world, 1, 1, 3)
    add_batch(full, world, 2, 4, 6)
    full.rollback_to(5)
    fork = world.fork(5)
    block = fork.mixed_block(30)
    full.commit_block(block, received(block))
    logged = list(read_block_log(tmp_path / "alpha"))
    assert [entry.header for entry in logged] == fork.headers[1:]
    assert logged[-1].transactions == block.transactions
    assert logged[-1].received_at_ms == received(block)
    assert [(b.number, b.first_block, b.last_block, b.seal_reason) for b in read_batch_log(tmp_path / "alpha")] == [
        (1, 1, 3, "max_blocks")
    ]


def test_state_nodes_of_dropped_blocks_do_no_harm(full, world):
    """They are content-addressed: the blocks that come instead find theirs, old and new."""
    full.rollback_to(2)
    fork = world.fork(2)
    block = fork.mixed_block(40)
    full.commit_block(block, {})
    for key, value in block.new_nodes.items():
        assert full.nodes[key] == value
    full.verify()
