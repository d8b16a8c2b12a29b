"""Batches: order, stages, and what a sealed batch says about its blocks."""

import itertools
import time
from dataclasses import replace

import pytest

from chain_template.batcher import stages as batcher_stages
from chain_template.errors import IllegalBatchTransition, OutOfOrder, StoreError
from chain_template.store import BatchStage, LogFilter
from chain_template.store.stages import STAGE_RANK, TRANSITIONS, check_transition, has_reached
from tests.unit.chain_template.store.world import add_batch, advance, batch_of

S = BatchStage


def test_a_batch_comes_out_as_it_went_in(full, world):
    record = add_batch(full, world, 1, 1, 3)
    with full.snapshot() as snapshot:
        assert snapshot.batch(1) == record
        assert snapshot.batches(1, 5) == [record]
        assert snapshot.batch(2) is None
        assert snapshot.last_batch_number() == 1
        assert snapshot.first_unbatched_block() == 4
        assert snapshot.l2_log_leaves(1) == [b"\x01" * 88, bytes(88)]
        assert snapshot.l2_log_leaves(2) == []
    assert full.batch_pubdata(1) == b"pub"
    assert full.batch_input(1) == b"input 1"
    for read in (full.batch_pubdata, full.batch_input):
        with pytest.raises(StoreError, match="no batch 2"):
            read(2)
    full.verify()


def test_before_the_first_batch(full):
    with full.snapshot() as snapshot:
        assert snapshot.last_batch_number() == 0
        assert snapshot.first_unbatched_block() == 1
        assert snapshot.last_batch_at(S.SEALED) == 0
        assert snapshot.batches(0, 10) == []


def test_transactions_are_numbered_through_a_batch(full, world):
    add_batch(full, world, 1, 1, 2)
    add_batch(full, world, 2, 3, 5)
    with full.snapshot() as snapshot:
        for batch, numbers in ((1, (1, 2)), (2, (3, 4, 5)), (None, (6,))):
            expected = 0
            for number in numbers:
                block = snapshot.block(number)
                assert block.batch_number == batch
                assert block.first_tx_in_batch == (None if batch is None else expected)
                for entry in snapshot.receipts(number):
                    assert entry.batch_number == batch
                    assert entry.tx_number_in_batch == (None if batch is None else expected)
                    _, position = snapshot.transaction(entry.transaction.hash)
                    assert (position.batch_number, position.tx_number_in_batch) == (
                        entry.batch_number,
                        entry.tx_number_in_batch,
                    )
                    expected += 1


def test_logs_name_their_batch(full, world):

    add_batch(full, world, 1, 1, 2)
    with full.snapshot() as snapshot:
        batches = {log.block_number: log.batch_number for log in snapshot.logs(LogFilter(0, 9), limit=1_000)}
    assert batches == {number: 1 if number <= 2 else None for number in range(1, 10)}


def test_batches_follow_each_other(full, world):
    wrong = [
        batch_of(world, 2, 1, 2),
        batch_of(world, 1, 2, 3),
        replace(batch_of(world, 1, 1, 3), last_block=10),
        replace(batch_of(world, 1, 1, 3), last_block=0),
        batch_of(world, 1, 1, 3, stage=S.COMMITTED),
    ]
    for record in wrong:
        with pytest.raises(OutOfOrder):
            full.add_batch(record, b"", b"", [])
    with pytest.raises(OutOfOrder, match="88 bytes"):
        full.add_batch(batch_of(world, 1, 1, 3), b"", b"", [bytes(87)])
    with full.snapshot() as snapshot:
        assert snapshot.last_batch_number() == 0
    add_batch(full, world, 1, 1, 3)
    with pytest.raises(OutOfOrder):
        add_batch(full, world, 1, 1, 3)
    with pytest.raises(OutOfOrder):
        add_batch(full, world, 2, 3, 4)
    full.verify()


def test_a_batch_goes_through_its_stages(full, world):
    add_batch(full, world, 1, 1, 3)
    path = [S.COMMITTED, S.PROVING, S.PROVED, S.VERIFIED, S.EXECUTED]
    for at, stage in enumerate(path):
        full.update_batch(1, stage=stage, at_ms=2_000 + at, l1_transaction=(stage.value, f"0x{at}"))
        with full.snapshot() as snapshot:
            record = snapshot.batch(1)
        assert record.stage is stage
        assert record.stage_times_ms[stage.value] == 2_000 + at
        assert record.l1_transactions[stage.value] == f"0x{at}"
    assert len(record.stage_times_ms) == 6
    full.verify()


def test_a_stage_without_a_time_is_now(full, world):
    add_batch(full, world, 1, 1, 3)
    before = time.time_ns() // 1_000_000
    full.update_batch(1, stage=S.COMMITTED)
    with full.snapshot() as snapshot:
        assert before <= snapshot.batch(1).stage_times_ms["committed"] <= time.time_ns() // 1_000_000


@pytest.mark.parametrize("current", list(S))
@pytest.mark.parametrize("following", list(S))
def test_the_table_decides(current, following):
    if following in TRANSITIONS[current]:
        check_transition(7, current, following)
    else:
        with pytest.raises(IllegalBatchTransition, match=f"batch 7 is {current} and cannot become {following}"):
            check_transition(7, current, following)


def test_the_table_is_whole():
    assert set(TRANSITIONS) == set(STAGE_RANK) == set(S)
    assert batcher_stages.TRANSITIONS is TRANSITIONS
    forward = [S.SEALED, S.COMMITTED, S.PROVING, S.PROVED, S.VERIFIED, S.EXECUTED]
    for here, there in itertools.pairwise(forward):
        assert there in TRANSITIONS[here]
        assert has_reached(there, here)
        assert not has_reached(here, there)
    # No stage on the way can be left out, but for the commit in priority mode: L1 takes it together with the proof.
    skips = {(here, there) for at, here in enumerate(forward) for there in TRANSITIONS[here] & set(forward[at + 2 :])}
    assert skips <= {(S.SEALED, S.PROVING)}
    # What L1 executed is not reverted.
    assert S.REVERTED not in TRANSITIONS[S.EXECUTED]
    assert not has_reached(S.REVERTED, S.SEALED)


def test_an_illegal_step_changes_nothing(full, world):
    add_batch(full, world, 1, 1, 3)
    with pytest.raises(IllegalBatchTransition, match="sealed and cannot become executed"):
        full.update_batch(1, stage=S.EXECUTED, l1_transaction=("executed", "0x1"))
    with full.snapshot() as snapshot:
        assert snapshot.batch(1) == batch_of(world, 1, 1, 3)
    with pytest.raises(StoreError, match="no batch 2"):
        full.update_batch(2, stage=S.COMMITTED)
    with pytest.raises(ValueError, match="shipped"):
        full.update_batch(1, l1_transaction=("shipped", "0x1"))


def test_the_same_stage_again_is_no_change(full, world):
    add_batch(full, world, 1, 1, 3)
    full.update_batch(1, stage=S.COMMITTED, at_ms=5)
    full.update_batch(1, stage=S.COMMITTED, at_ms=9, l1_transaction=("committed", "0xaa"))
    with full.snapshot() as snapshot:
        assert snapshot.batch(1).stage_times_ms["committed"] == 5
        assert snapshot.batch(1).l1_transactions == {"committed": "0xaa"}


def test_a_step_back_forgets_what_came_later(full, world):
    add_batch(full, world, 1, 1, 3)
    for at, stage in enumerate([S.COMMITTED, S.PROVING, S.PROVED, S.VERIFIED]):
        full.update_batch(1, stage=stage, at_ms=at, l1_transaction=(stage.value, "0x1"))
    full.update_batch(1, stage=S.PROVED, at_ms=70)
    with full.snapshot() as snapshot:
        record = snapshot.batch(1)
    assert record.stage_times_ms["proved"] == 70
    assert "verified" not in record.stage_times_ms
    assert set(record.l1_transactions) == {"committed", "proving", "proved"}
    full.update_batch(1, stage=S.SEALED, at_ms=80)
    with full.snapshot() as snapshot:
        record = snapshot.batch(1)
    assert record.stage_times_ms == {"sealed": 80}
    assert record.l1_transactions == {}


def test_a_reverted_batch_keeps_its_history_and_can_be_sealed_again(full, world):
    add_batch(full, world, 1, 1, 3)
    full.update_batch(1, stage=S.COMMITTED, at_ms=1, l1_transaction=("committed", "0x1"))
    full.update_batch(1, stage=S.REVERTED, at_ms=2)
    with full.snapshot() as snapshot:
        record = snapshot.batch(1)
        assert snapshot.last_batch_at(S.SEALED) == 0
    assert set(record.stage_times_ms) == {"sealed", "committed", "reverted"}
    assert record.l1_transactions == {"committed": "0x1"}
    full.update_batch(1, stage=S.SEALED, at_ms=3)
    with full.snapshot() as snapshot:
        assert snapshot.batch(1).stage is S.SEALED
        assert snapshot.last_batch_at(S.SEALED) == 1


def test_the_last_batch_at_a_stage_has_none_behind_it(full, world):
    for number in range(1, 5):
        add_batch(full, world, number, 2 * number - 1, 2 * number)
    advance(full, 1, S.EXECUTED)
    advance(full, 2, S.PROVING)
    advance(full, 3, S.PROVED)  # its proof came first
    with full.snapshot() as snapshot:
        found = {stage: snapshot.last_batch_at(stage) for stage in S}
    assert found == {
        S.REVERTED: 4,
        S.SEALED: 4,
        S.COMMITTED: 3,
        S.PROVING: 3,
        S.PROVED: 1,
        S.VERIFIED: 1,
        S.EXECUTED: 1,
    }
