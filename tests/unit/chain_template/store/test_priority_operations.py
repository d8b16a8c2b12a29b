"""L1 operations: seen, included, forgotten when L1 reorganises."""

from dataclasses import replace

import pytest

from chain_template.errors import L1Diverged, OutOfOrder, RollbackRefused
from tests.unit.chain_template.store.world import cursor, operation_of


def test_operations_come_with_the_cursor(store):
    with store.snapshot() as snapshot:
        assert snapshot.l1_cursor() is None
        assert snapshot.next_priority_id() == 0
    operations = [operation_of(number) for number in range(5)]
    store.add_priority_operations(operations[:3], cursor(10))
    store.add_priority_operations([], cursor(11))
    store.add_priority_operations(operations[3:], cursor(12))
    with store.snapshot() as snapshot:
        assert snapshot.l1_cursor() == cursor(12)
        assert snapshot.priority_operations(1, 3) == operations[1:4]
        assert snapshot.priority_operation(4) == operations[4]
        assert snapshot.priority_operation(5) is None
        assert snapshot.pending_priority_operations(2) == operations[:2]
        assert snapshot.next_priority_id() == 0
    store.verify()


def test_a_gap_is_refused_with_its_cursor(store):
    store.add_priority_operations([operation_of(0)], cursor(10))
    with pytest.raises(OutOfOrder, match="operation 2 does not follow 0"):
        store.add_priority_operations([operation_of(2)], cursor(11))
    with store.snapshot() as snapshot:
        assert snapshot.l1_cursor() == cursor(10)
        assert len(snapshot.pending_priority_operations(10)) == 1


def test_blocks_include_operations_in_order(store, world):
    operations = [operation_of(number) for number in range(4)]
    store.add_priority_operations(operations, cursor(10))
    world.fill(store, 1, 3)
    with store.snapshot() as snapshot:
        assert snapshot.next_priority_id() == 3
        assert [op.included_in for op in snapshot.priority_operations(0, 9)] == [1, 2, 3, None]
        assert snapshot.pending_priority_operations(9) == operations[3:]
    store.verify()


def test_a_block_with_another_operation_than_requested_is_refused(store, world):
    other = operation_of(0, mint=2 * 10**18)
    store.add_priority_operations([other], cursor(10))
    with pytest.raises(OutOfOrder, match="another L1 operation 0"):
        world.fill(store, 1, 1)
    with store.snapshot() as snapshot:
        assert snapshot.head_number == 0
        assert snapshot.next_priority_id() == 0


def test_a_block_that_leaves_one_out_is_refused(store, world):
    fork = world.fork(0)
    fork.deposits = 1
    block = fork.block(fork.deposit())
    store.add_priority_operations([operation_of(0), operation_of(1)], cursor(10))
    with pytest.raises(OutOfOrder, match="includes L1 operation 1; the next one is 0"):
        store.commit_block(block, {})


def test_blocks_may_come_before_l1_shows_their_operations(store, world):
    """A rebuilt database has the blocks first; the watcher then finds the operations where they are."""
    world.fill(store)
    with store.snapshot() as snapshot:
        assert snapshot.next_priority_id() == len(world.blocks)
        known = snapshot.priority_operation(2)
        assert (known.hash, known.canonical) == (operation_of(2).hash, operation_of(2).canonical)
        assert known.included_in == 3
    store.add_priority_operations([operation_of(number) for number in range(11)], cursor(50))
    with store.snapshot() as snapshot:
        assert snapshot.priority_operation(2) == replace(operation_of(2), included_in=3)
        assert snapshot.next_priority_id() == 9
        assert [op.operation_id for op in snapshot.pending_priority_operations(9)] == [9, 10]
    store.verify()


def test_seeing_an_operation_again_only_moves_it(store):
    store.add_priority_operations([operation_of(0)], cursor(10))
    moved = operation_of(0, l1_block=200)
    store.add_priority_operations([moved], cursor(11))
    with store.snapshot() as snapshot:
        assert snapshot.priority_operation(0) == moved
    with pytest.raises(L1Diverged, match="another operation 0"):
        store.add_priority_operations([operation_of(0, mint=3 * 10**18)], cursor(12))
    with store.snapshot() as snapshot:
        assert snapshot.l1_cursor() == cursor(11)


def test_operations_that_l1_forgot_are_dropped(store):
    store.add_priority_operations([operation_of(number) for number in range(5)], cursor(10))
    store.drop_priority_operations_from(3, cursor(8))
    with store.snapshot() as snapshot:
        assert [op.operation_id for op in snapshot.priority_operations(0, 9)] == [0, 1, 2]
        assert snapshot.l1_cursor() == cursor(8)
    replacement = operation_of(3, mint=3 * 10**18)
    store.add_priority_operations([replacement], cursor(9))
    with store.snapshot() as snapshot:
        assert snapshot.priority_operation(3) == replacement


def test_an_included_operation_is_not_dropped_before_its_block(store, world):
    store.add_priority_operations([operation_of(number) for number in range(5)], cursor(10))
    world.fill(store, 1, 3)
    with pytest.raises(RollbackRefused, match="operation 1 is in block 2") as caught:
        store.drop_priority_operations_from(1, cursor(8))
    assert "block 1" in caught.value.hint
    with store.snapshot() as snapshot:
        assert snapshot.l1_cursor() == cursor(10)
    store.rollback_to(1)
    store.drop_priority_operations_from(1, cursor(8))
    with store.snapshot() as snapshot:
        assert snapshot.next_priority_id() == 1
    store.verify()
