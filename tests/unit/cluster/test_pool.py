"""The prover pool's promises, one by one."""

import sqlite3
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from cluster.errors import (
    IllegalJobTransition,
    PoolClosed,
    PoolError,
    PoolStoreCorrupt,
    PoolStoreError,
    PoolStoreFull,
    StaleLease,
    UnknownJob,
)
from cluster.pool import TRANSITIONS, JobKey, JobState, ProverPool
from cluster.pool.jobs import check_transition
from tests.unit.cluster.pool_world import SETTINGS, Clock, FakeWorker, job, open_pool, public_input


def state_of(pool: ProverPool, chain_id: int, batch: int) -> JobState:
    (found,) = [info for info in pool.jobs(chain_id) if info.key.batch_number == batch]
    return found.state


def test_a_job_goes_from_submission_to_proof_to_settlement(pool: ProverPool, tmp_path: Path) -> None:
    with pytest.raises(UnknownJob):
        pool.result(1, 1)
    submitted = pool.submit(job(1, 1))
    assert submitted.state is JobState.READY
    worker = FakeWorker(pool)
    assignment = worker.must_take()
    assert (assignment.key, assignment.batch_input) == (JobKey.of(job(1, 1)), job(1, 1).batch_input)
    assert pool.result(1, 1) is None
    pool.finish(worker.card, assignment.lease, b"proof")
    result = pool.result(1, 1)
    assert result is not None
    assert (result.proof, result.public_input, result.worker, result.error) == (
        b"proof",
        job(1, 1).public_input,
        "w0",
        None,
    )
    pool.settle(1, 1)
    assert state_of(pool, 1, 1) is JobState.SETTLED
    assert list((tmp_path / "inputs").iterdir()) == []
    assert list((tmp_path / "proofs").iterdir()) == []


def test_submitting_the_same_batch_again_is_the_same_job(pool: ProverPool) -> None:
    first = pool.submit(job(1, 1))
    worker = FakeWorker(pool)
    pool.finish(worker.card, worker.must_take().lease, b"")
    again = pool.submit(job(1, 1))
    assert again.id == first.id
    assert again.state is JobState.DONE
    assert worker.take() is None


def test_another_public_input_replaces_the_job_and_its_running_attempt(pool: ProverPool) -> None:
    pool.submit(job(1, 1))
    worker = FakeWorker(pool)
    old = worker.must_take()
    pool.submit(job(1, 1, b"after the revert"))
    assert not pool.heartbeat(worker.card, old.lease)
    with pytest.raises(StaleLease):
        pool.finish(worker.card, old.lease, b"the wrong proof")
    new = worker.must_take()
    assert new.batch_input == b"after the revert"
    pool.finish(worker.card, new.lease, b"right")
    result = pool.result(1, 1)
    assert result is not None
    assert (result.proof, result.public_input) == (b"right", public_input(b"after the revert"))


def test_cancelling_forgets_this_batch_and_later_ones_only(pool: ProverPool, tmp_path: Path) -> None:
    for batch in (1, 2, 3):
        pool.submit(job(1, batch))
    pool.submit(job(2, 2))
    worker = FakeWorker(pool)
    running = worker.must_take()
    assert pool.cancel_from(1, 2) == 2
    assert pool.heartbeat(worker.card, running.lease)
    states = {batch: state_of(pool, 1, batch) for batch in (1, 2, 3)}
    assert states == {1: JobState.RUNNING, 2: JobState.CANCELLED, 3: JobState.CANCELLED}
    assert state_of(pool, 2, 2) is JobState.READY
    assert len(list((tmp_path / "inputs").iterdir())) == 2
    assert pool.cancel_from(1, 2) == 0


def test_a_settled_batch_that_l1_forgets_can_be_proved_again(pool: ProverPool) -> None:
    worker = FakeWorker(pool)
    pool.submit(job(1, 1))
    pool.finish(worker.card, worker.must_take().lease, b"p")
    pool.settle(1, 1)
    with pytest.raises(UnknownJob):
        pool.result(1, 1)
    pool.submit(job(1, 1))
    pool.finish(worker.card, worker.must_take().lease, b"p")
    assert pool.result(1, 1) is not None


def test_a_refused_batch_is_not_tried_again_until_asked(pool: ProverPool) -> None:
    pool.submit(job(1, 1))
    worker = FakeWorker(pool)
    pool.refuse(worker.card, worker.must_take().lease, "public-input-mismatch: …")
    result = pool.result(1, 1)
    assert result is not None
    assert result.error == "public-input-mismatch: …"
    assert worker.take() is None
    pool.retry(1, 1)
    assert pool.result(1, 1) is None
    assert worker.must_take().attempt == 1


def test_failures_are_tried_again_with_growing_delays_and_then_given_up(pool: ProverPool, clock: Clock) -> None:
    pool.submit(job(1, 1))
    worker = FakeWorker(pool)
    pool.fail(worker.card, worker.must_take().lease, "no memory")
    clock.advance(0.9)
    assert worker.take() is None
    clock.advance(0.2)
    pool.fail(worker.card, worker.must_take().lease, "no memory")
    clock.advance(1.9)
    assert worker.take() is None
    clock.advance(0.2)
    assert worker.must_take().attempt == 3
    pool.fail(worker.card, pool.workers()[0].lease or 0, "no memory at all")
    assert state_of(pool, 1, 1) is JobState.FAILED
    result = pool.result(1, 1)
    assert result is not None
    assert result.error == "no memory at all"
    with pytest.raises(UnknownJob):
        pool.retry(1, 2)
    pool.retry(1, 1)
    with pytest.raises(IllegalJobTransition):
        pool.retry(1, 1)
    assert worker.must_take().attempt == 1


def test_a_workers_death_is_noticed_when_its_next_life_speaks(pool: ProverPool) -> None:
    pool.submit(job(1, 1))
    worker = FakeWorker(pool)
    dead = worker.must_take()
    worker.die_and_restart()
    assert pool.heartbeat(worker.card, None)
    again = worker.must_take()
    assert (again.key, again.attempt) == (dead.key, 2)
    assert pool.stats().worker_deaths == 1
    with pytest.raises(StaleLease):
        pool.finish(worker.card, dead.lease, b"")


def test_a_silent_workers_job_goes_to_another_one(pool: ProverPool, clock: Clock) -> None:
    pool.submit(job(1, 1))
    silent, other = FakeWorker(pool, "w0"), FakeWorker(pool, "w1")
    lease = silent.must_take().lease
    clock.advance(9)
    assert other.take() is None
    clock.advance(2)
    assert other.must_take().key == JobKey.of(job(1, 1))
    assert not pool.heartbeat(silent.card, lease)


def test_a_job_that_kills_its_workers_is_given_up(pool: ProverPool) -> None:
    pool.submit(job(1, 1))
    worker = FakeWorker(pool)
    for _ in range(SETTINGS.max_attempts):
        worker.must_take()
        worker.die_and_restart()
    assert worker.take() is None
    assert state_of(pool, 1, 1) is JobState.FAILED


def test_an_attempt_may_not_take_forever(pool: ProverPool, clock: Clock) -> None:
    pool.submit(job(1, 1))
    worker = FakeWorker(pool)
    lease = worker.must_take().lease
    for _ in range(20):
        clock.advance(5)
        assert pool.heartbeat(worker.card, lease)
    clock.advance(1)
    assert not pool.heartbeat(worker.card, lease)
    assert state_of(pool, 1, 1) is JobState.READY


def test_a_worker_that_leaves_gives_its_job_back_at_no_charge(pool: ProverPool) -> None:
    pool.submit(job(1, 1))
    worker, other = FakeWorker(pool), FakeWorker(pool, "w1")
    worker.must_take()
    pool.leave(worker.card)
    assert [info.name for info in pool.workers()] == []
    assert other.must_take().attempt == 1


def test_a_lost_answer_does_not_lose_the_job(pool: ProverPool) -> None:
    pool.submit(job(1, 1))
    worker = FakeWorker(pool)
    worker.must_take()
    assert worker.must_take().attempt == 1


def test_an_overtaken_question_gets_nothing(pool: ProverPool) -> None:
    pool.submit(job(1, 1))
    worker = FakeWorker(pool)
    assert pool.take(worker.card, 5) is not None
    pool.submit(job(1, 2))
    assert pool.take(worker.card, 4) is None
    assert state_of(pool, 1, 1) is JobState.RUNNING


def test_the_queue_survives_the_pool(tmp_path: Path, clock: Clock) -> None:
    pool = open_pool(tmp_path, clock)
    for batch in (1, 2, 3):
        pool.submit(job(1, batch))
    worker, lost = FakeWorker(pool, "w0"), FakeWorker(pool, "w1")
    pool.finish(worker.card, worker.must_take().lease, b"one")
    held = worker.must_take()
    lost.must_take()
    # No close: what is on disk must be enough.
    reopened = open_pool(tmp_path, clock)
    worker.pool = lost.pool = reopened
    assert reopened.heartbeat(worker.card, held.lease)
    clock.advance(11)
    assert reopened.heartbeat(worker.card, held.lease)
    assert lost.must_take().attempt == 1, "an attempt that ended with the pool does not count"
    reopened.finish(worker.card, held.lease, b"two")
    results = [reopened.result(1, batch) for batch in (1, 2, 3)]
    assert [result.proof if result else None for result in results] == [b"one", b"two", None]
    reopened.close()
    pool.close()


def test_leases_are_never_given_twice_even_by_the_next_pool(tmp_path: Path, clock: Clock) -> None:
    pool = open_pool(tmp_path, clock)
    pool.submit(job(1, 1))
    first = FakeWorker(pool).must_take().lease
    pool.close()
    pool = open_pool(tmp_path, clock)
    assert FakeWorker(pool).must_take().lease > first
    pool.close()


def test_a_chain_with_a_long_queue_does_not_starve_another(pool: ProverPool) -> None:
    for batch in range(1, 51):
        pool.submit(job(1, batch))
    worker = FakeWorker(pool)
    worker.must_take()
    pool.submit(job(2, 1))
    assert worker.must_take().key.chain_id == 2


def test_workers_are_shared_evenly_and_batches_go_in_order(pool: ProverPool) -> None:
    for batch in (3, 1, 2, 4):
        for chain_id in (3, 1, 2):
            pool.submit(job(chain_id, batch))
    workers = [FakeWorker(pool, f"w{index}") for index in range(6)]
    taken = [worker.must_take().key for worker in workers]
    assert sorted(key.chain_id for key in taken) == [1, 1, 2, 2, 3, 3]
    for chain_id in (1, 2, 3):
        assert [key.batch_number for key in taken if key.chain_id == chain_id] == [1, 2]


def test_waiting_ends_when_work_comes(tmp_path: Path) -> None:
    pool = ProverPool(tmp_path, SETTINGS)
    worker = FakeWorker(pool)
    timer = threading.Timer(0.2, pool.submit, [job(1, 1)])
    timer.start()
    started = time.monotonic()
    assignment = pool.take(worker.card, 1, wait_s=3_600)
    assert assignment is not None
    assert time.monotonic() - started > 0.1
    timer.join()
    pool.close()


def test_closing_ends_waiting_and_says_so_to_whoever_comes_later(tmp_path: Path) -> None:
    pool = ProverPool(tmp_path, SETTINGS)
    timer = threading.Timer(0.2, pool.close)
    timer.start()
    assert pool.take(FakeWorker(pool).card, 1, wait_s=30) is None
    timer.join()
    with pytest.raises(PoolClosed):
        pool.submit(job(1, 1))


@pytest.mark.parametrize(
    "bad",
    [
        replace(job(1, 1), batch_input=b""),
        replace(job(1, 1), batch_input=bytes(2_000)),
        replace(job(1, 1), public_input=b"short"),
    ],
)
def test_bad_jobs_are_refused_before_anything_changes(tmp_path: Path, clock: Clock, bad: object) -> None:
    pool = open_pool(tmp_path, clock, SETTINGS.model_copy(update={"max_input_bytes": 1_000}))
    with pytest.raises(PoolError):
        pool.submit(bad)  # type: ignore[arg-type]
    assert pool.jobs() == []
    assert list((tmp_path / "inputs").iterdir()) == []
    pool.close()


def test_a_foreign_or_damaged_database_is_named(tmp_path: Path, clock: Clock) -> None:
    (tmp_path / "pool.db").write_bytes(b"this is not a database, but it is long enough to be looked at" * 20)
    with pytest.raises(PoolStoreCorrupt, match=r"pool\.db"):
        open_pool(tmp_path, clock)


def test_another_version_is_refused(tmp_path: Path, clock: Clock) -> None:
    open_pool(tmp_path, clock).close()
    with sqlite3.connect(tmp_path / "pool.db") as database:
        database.execute("PRAGMA user_version = 99")
    database.close()
    with pytest.raises(PoolStoreCorrupt, match="version 99"):
        open_pool(tmp_path, clock)


def test_a_directory_that_cannot_be_used_is_named(tmp_path: Path, clock: Clock) -> None:
    (tmp_path / "pool.db").mkdir()
    with pytest.raises(PoolStoreError, match=r"pool\.db"):
        open_pool(tmp_path, clock)


def test_a_full_disk_refuses_the_job_and_keeps_the_rest(pool: ProverPool) -> None:
    pool.submit(job(1, 1))
    database = pool._store._db
    pages = database.execute("PRAGMA page_count").fetchone()[0]
    database.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(PoolStoreFull):
        for batch in range(2, 500):
            pool.submit(job(1, batch))
    known = len(pool.jobs(limit=1_000))
    database.execute("PRAGMA max_page_count = 1000000")
    pool.submit(job(1, 999))
    assert len(pool.jobs(limit=1_000)) == known + 1
    assert FakeWorker(pool).must_take().key == JobKey.of(job(1, 1))


def test_a_job_with_a_damaged_input_is_dropped_for_its_chain_to_submit_again(pool: ProverPool, tmp_path: Path) -> None:
    pool.submit(job(1, 1))
    (path,) = (tmp_path / "inputs").iterdir()
    path.write_bytes(b"something else")
    pool.submit(job(1, 2))
    worker = FakeWorker(pool)
    assert worker.must_take().key.batch_number == 2
    with pytest.raises(UnknownJob):
        pool.result(1, 1)
    pool.submit(job(1, 1))
    assert FakeWorker(pool, "w1").must_take().batch_input == job(1, 1).batch_input


def test_what_a_crash_left_behind_is_removed(tmp_path: Path, clock: Clock) -> None:
    open_pool(tmp_path, clock).close()
    (tmp_path / "inputs" / "0123.part").write_bytes(b"half")
    (tmp_path / "proofs" / ("ab" * 32)).write_bytes(b"unrecorded")
    open_pool(tmp_path, clock).close()
    assert list((tmp_path / "inputs").iterdir()) == []
    assert list((tmp_path / "proofs").iterdir()) == []


def test_figures(pool: ProverPool, clock: Clock) -> None:
    for batch in (1, 2, 3):
        pool.submit(job(1, batch))
    pool.submit(job(2, 1))
    worker = FakeWorker(pool)
    for seconds in (1, 3):
        lease = worker.must_take().lease
        clock.advance(seconds)
        pool.finish(worker.card, lease, b"")
    worker.must_take()
    stats = pool.stats()
    assert (stats.workers, stats.busy_workers) == (1, 1)
    assert (stats.by_state[JobState.DONE], stats.by_state[JobState.RUNNING], stats.by_state[JobState.READY]) == (
        2,
        1,
        1,
    )
    assert (stats.ran.count, stats.ran.p50, stats.ran.p99) == (2, 1.0, 3.0)
    assert (stats.waited.p50, stats.waited.p99) == (0.0, 1.0)
    assert [share.oldest_waiting_s for share in stats.chains] == [4.0, 0.0]
    assert pool.workers()[0].job is not None


@pytest.mark.parametrize("old", list(JobState))
@pytest.mark.parametrize("new", list(JobState))
def test_the_transition_table_is_what_is_enforced(old: JobState, new: JobState) -> None:
    if new in TRANSITIONS[old]:
        check_transition(1, old, new)
    else:
        with pytest.raises(IllegalJobTransition, match=old):
            check_transition(1, old, new)
