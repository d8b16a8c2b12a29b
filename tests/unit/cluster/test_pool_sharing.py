"""The pool as operators meet it: shares, memory, urgency, draining, and the reasons it gives."""

import hashlib
import sqlite3
from pathlib import Path

import pytest

from cluster.errors import IllegalJobTransition, ReservedTooMuch, StaleLease, UnknownJob, UnknownWorker
from cluster.pool import JobState, ProverPool, Rule
from tests.unit.cluster.pool_world import PROGRAM, SETTINGS, Clock, FakeWorker, job, open_pool


def prove(pool: ProverPool, worker: FakeWorker, clock: Clock, seconds: float) -> int:
    """Prove the next job and return its chain."""
    assignment = worker.must_take()
    clock.advance(seconds)
    pool.finish(worker.card, assignment.lease, b"proof")
    return assignment.key.chain_id


def state_of(pool: ProverPool, chain_id: int, batch: int) -> JobState:
    return pool.find(chain_id, batch).state


# -- shares -------------------------------------------------------------------------------------------------


def test_seconds_are_shared_and_not_jobs(pool: ProverPool, clock: Clock) -> None:
    for batch in range(1, 40):
        pool.submit(job(1, batch, b"large" * 40 + b"%d" % batch))
        pool.submit(job(2, batch, b"small" + b"%d" % batch))
    worker = FakeWorker(pool)
    served = {1: 0.0, 2: 0.0}
    for _ in range(36):
        chain = worker.must_take().key.chain_id
        seconds = 8.0 if chain == 1 else 2.0
        clock.advance(seconds)
        pool.finish(worker.card, pool.workers()[0].lease or 0, b"p")
        served[chain] += seconds
    assert abs(served[1] - served[2]) <= 12.0
    used = {share.chain_id: share.used_s for share in pool.stats().chains}
    assert used == pytest.approx(served)


def test_a_reserve_and_a_weight_are_kept_and_survive_a_restart(tmp_path: Path, clock: Clock) -> None:
    pool = open_pool(tmp_path, clock)
    pool.set_share(1, reserved=0.5)
    pool.set_share(2, weight=3.0)
    with pytest.raises(ReservedTooMuch, match="50%"):
        pool.set_share(2, reserved=0.5)
    for chain in (1, 2, 3):
        pool.submit(job(chain, 1))
    pool.close()
    pool = open_pool(tmp_path, clock)
    FakeWorker(pool).must_take()
    shares = {chain.chain_id: (chain.reserved, chain.weight, chain.share) for chain in pool.stats().chains}
    assert shares == {1: (0.5, 1.0, 0.5), 2: (0.0, 3.0, 0.375), 3: (0.0, 1.0, 0.125)}
    pool.close()


def test_an_attempt_that_fails_is_charged_for_what_it_took(pool: ProverPool, clock: Clock) -> None:
    pool.submit(job(1, 1))
    worker = FakeWorker(pool)
    lease = worker.must_take().lease
    clock.advance(7)
    pool.fail(worker.card, lease, "no memory")
    clock.advance(2)
    worker.must_take()
    clock.advance(3)
    pool.cancel(1, 1)
    (share,) = pool.stats().chains
    assert share.used_s == 10.0
    (info,) = pool.workers()
    assert info.busy_s == 10.0


# -- states -------------------------------------------------------------------------------------------------


def test_a_job_is_pending_while_its_delay_runs_and_ready_after_it(pool: ProverPool, clock: Clock) -> None:
    pool.submit(job(1, 1))
    worker = FakeWorker(pool)
    pool.fail(worker.card, worker.must_take().lease, "driver lost")
    assert state_of(pool, 1, 1) is JobState.PENDING
    assert "more after a failed attempt" in pool.why(1).sentences[0]
    clock.advance(1.5)
    pool.workers()
    assert state_of(pool, 1, 1) is JobState.READY


def test_a_job_goes_to_no_worker_with_too_little_memory_and_waits_for_a_larger_one(
    pool: ProverPool, clock: Clock
) -> None:
    pool.submit(job(1, 1))
    small = FakeWorker(pool, "small", 8_000_000_000)
    pool.fail(small.card, small.must_take().lease, "needs more", 20_000_000_000)
    assert small.take() is None
    assert state_of(pool, 1, 1) is JobState.PENDING
    assert pool.why(1).sentences[0].endswith("20.0 GB; the largest there is has 8.0 GB")
    pool.submit(job(1, 2))
    assert small.must_take().key.batch_number == 2, "later batches do not wait for it"
    large = FakeWorker(pool, "large", 24_000_000_000)
    assert (large.must_take().key.batch_number, pool.find(1, 1).attempts) == (1, 1), "the misfit was no attempt"
    pool.leave(large.card)
    pool.workers()
    assert state_of(pool, 1, 1) is JobState.PENDING


def test_a_worker_without_a_limit_that_runs_out_of_memory_tries_again_later(pool: ProverPool, clock: Clock) -> None:
    pool.submit(job(1, 1))
    worker = FakeWorker(pool)
    for attempt in range(1, SETTINGS.max_attempts + 1):
        assignment = worker.must_take()
        assert assignment.attempt == attempt
        pool.fail(worker.card, assignment.lease, "others use it", 2**40)
        clock.advance(60)
    assert state_of(pool, 1, 1) is JobState.FAILED


# -- urgency ------------------------------------------------------------------------------------------------


def test_an_urgent_batch_and_those_before_it_go_first(pool: ProverPool) -> None:
    for batch in range(1, 5):
        for chain in (1, 2):
            pool.submit(job(chain, batch))
    worker = FakeWorker(pool)
    assert pool.prioritise(2, 3).urgent
    order = []
    for _ in range(4):
        assignment = worker.must_take()
        order.append(assignment.key)
        pool.finish(worker.card, assignment.lease, b"p")
    assert [(key.chain_id, key.batch_number) for key in order] == [(2, 1), (2, 2), (2, 3), (1, 1)]
    with pytest.raises(IllegalJobTransition):
        pool.prioritise(2, 1)
    with pytest.raises(UnknownJob):
        pool.prioritise(9, 1)


def test_a_deadline_counts_when_it_comes_near(tmp_path: Path, clock: Clock) -> None:
    pool = open_pool(tmp_path, clock, SETTINGS.model_copy(update={"ageing_s": 1e6, "job_timeout_s": 1e6}))
    for batch in range(1, 30):
        pool.submit(job(1, batch))
    pool.submit(job(2, 1))
    pool.submit(job(2, 2))
    pool.prioritise(2, 2, urgent=False, due_in_s=1_000.0)
    worker = FakeWorker(pool)
    early = [prove(pool, worker, clock, 30.0) for _ in range(2)]
    assert early == [1, 2]
    assert prove(pool, worker, clock, 650.0) == 1
    pool.set_share(2, weight=0.001)
    assert prove(pool, worker, clock, 30.0) == 2
    assert pool.why(pool.find(2, 2).id).own.rule is Rule.URGENT  # type: ignore[union-attr]
    pool.close()


def test_a_chains_deadline_is_that_of_each_new_batch(pool: ProverPool, clock: Clock) -> None:
    before = pool.submit(job(1, 1))
    pool.set_share(1, deadline_s=600.0)
    after = pool.submit(job(1, 2))
    assert (before.deadline, after.deadline) == (None, clock.now + 600.0)
    pool.set_share(1, weight=2.0)
    assert pool.submit(job(1, 3)).deadline == clock.now + 600.0
    pool.set_share(1, deadline_s=0.0)
    assert pool.submit(job(1, 4)).deadline is None


# -- reasons ------------------------------------------------------------------------------------------------


def test_a_job_that_waits_says_who_went_first_and_by_what_figures(pool: ProverPool, clock: Clock) -> None:
    for chain in (1, 2):
        for batch in (1, 2):
            pool.submit(job(chain, batch))
    worker = FakeWorker(pool)
    prove(pool, worker, clock, 10.0)
    assert worker.must_take().key.chain_id == 2
    waiting = pool.why(pool.find(1, 2).id)
    assert waiting.job.state is JobState.READY
    assert "the first of its chain since 10.0 s; 0 of 1 workers are idle" in waiting.sentences[0]
    assert "due 50.0% of the pool" in waiting.sentences[1]
    passed = waiting.passed_by[0]
    assert (passed.rule, passed.chosen.chain_id, passed.others[0].chain_id) == (Rule.FAIR, 2, 1)
    assert passed.chosen.level_s < passed.others[0].level_s
    assert "chain 2 at 0.0 s with a share of 50.0%, against chain 1 at 20.0 s" in waiting.sentences[2]
    later = pool.why(pool.find(2, 2).id)
    assert "ahead of its share" in later.sentences[1] or "behind its share" in later.sentences[1]


def test_a_job_that_runs_or_is_done_says_why_it_was_chosen(tmp_path: Path, clock: Clock) -> None:
    pool = open_pool(tmp_path, clock)
    for chain in (1, 2):
        pool.submit(job(chain, 1))
    worker = FakeWorker(pool)
    lease = worker.must_take().lease
    assert "runs on w0, attempt 1" in pool.why(1).sentences[0]
    pool.finish(worker.card, lease, b"p")
    pool.close()
    pool = open_pool(tmp_path, clock)
    told = pool.why(1)
    assert told.own is not None and told.own.lease == lease, "decisions are on disk"
    assert f"decision {lease} gave it to w0 by the rule fair" in told.sentences[1]
    with pytest.raises(UnknownJob, match="job 99"):
        pool.why(99)
    pool.close()


def test_decisions_are_kept_within_bounds(pool: ProverPool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cluster.pool.books.KEEP_DECISIONS", 3)
    worker = FakeWorker(pool)
    for batch in range(1, 8):
        pool.submit(job(1, batch))
        pool.finish(worker.card, worker.must_take().lease, b"p")
    kept = pool._store.rows("SELECT lease FROM decisions ORDER BY lease")
    assert [row[0] for row in kept] == [5, 6, 7]


def test_a_failed_job_keeps_its_input_and_says_where(pool: ProverPool, tmp_path: Path, clock: Clock) -> None:
    pool.submit(job(1, 1))
    worker = FakeWorker(pool)
    for _ in range(SETTINGS.max_attempts):
        pool.fail(worker.card, worker.must_take().lease, "cosmic ray")
        clock.advance(60)
    told = pool.why(1)
    assert told.sentences[0].endswith("is failed: cosmic ray")
    path = Path(told.sentences[1].removeprefix("its input is kept in "))
    assert path.read_bytes() == job(1, 1).batch_input


# -- draining -----------------------------------------------------------------------------------------------


def test_a_drained_worker_finishes_what_it_has_and_gets_nothing_more(tmp_path: Path, clock: Clock) -> None:
    pool = open_pool(tmp_path, clock)
    for batch in (1, 2, 3):
        pool.submit(job(1, batch))
    first, second = FakeWorker(pool, "w0"), FakeWorker(pool, "w1")
    lease = first.must_take().lease
    pool.drain("w0")
    assert pool.heartbeat(first.card, lease)
    pool.finish(first.card, lease, b"p")
    assert first.take() is None
    assert second.must_take().key.batch_number == 2
    assert [worker.draining for worker in pool.workers()] == [True, False]
    with pytest.raises(UnknownWorker, match='"w00"; there are: w0, w1'):
        pool.drain("w00")
    pool.close()
    pool = first.pool = open_pool(tmp_path, clock)
    assert first.take() is None, "it is remembered"
    pool.resume("w0")
    assert first.must_take().key.batch_number == 3
    pool.close()


def test_who_has_the_name_of_a_drained_worker_that_left_is_not_drained(pool: ProverPool) -> None:
    pool.submit(job(1, 1))
    worker = FakeWorker(pool)
    assert worker.must_take().key.batch_number == 1
    pool.drain("w0")
    pool.leave(worker.card)
    worker.die_and_restart()
    assert worker.must_take().key.batch_number == 1


# -- provers from outside -----------------------------------------------------------------------------------


def test_failures_from_outside_are_held_against_the_prover_and_not_against_the_batch(
    tmp_path: Path, clock: Clock
) -> None:
    pool = open_pool(tmp_path, clock)
    pool.create_token("attic")
    pool.submit(job(1, 1))
    worker = FakeWorker(pool, "outside-attic")
    for _ in range(SETTINGS.max_attempts):
        lease = worker.must_take().lease
        pool.fail(worker.card, lease, "cosmic ray")
        clock.advance(60)
    assert worker.take() is None, "it is drained"
    (waiting,) = pool.jobs()
    assert (waiting.state, waiting.attempts, waiting.error) == (JobState.READY, 0, "cosmic ray")
    pool.leave(worker.card)
    pool.close()
    pool = worker.pool = open_pool(tmp_path, clock)
    worker.die_and_restart()
    assert worker.take() is None, "a goodbye and a restart change nothing"
    pool.resume("outside-attic")
    lease = worker.must_take().lease
    pool.fail(worker.card, lease, "cosmic ray")
    clock.advance(60)
    assert worker.must_take().attempt == 1, "what was before is forgiven"
    clock.advance(60)
    assert [prover.failures for prover in pool.outside()] == [1]
    pool.heartbeat(FakeWorker(pool).card, None)
    assert [prover.failures for prover in pool.outside()] == [2], "silence is a failure, too"
    pool.close()


def test_a_drained_pool_starts_nothing(pool: ProverPool) -> None:
    pool.submit(job(1, 1))
    pool.drain()
    worker = FakeWorker(pool)
    assert worker.take() is None
    assert pool.stats().draining
    assert "drained" in pool.why(1).sentences[0]
    pool.resume()
    assert worker.must_take().key.batch_number == 1


# -- older databases ----------------------------------------------------------------------------------------


def test_a_queue_of_version_1_goes_on(tmp_path: Path, clock: Clock) -> None:
    """The file is written by the statements of version 1, kept beside this test as they were."""
    schema = (Path(__file__).parent / "pool_schema_1.sql").read_text()
    old = sqlite3.connect(tmp_path / "pool.db")
    old.executescript(schema)
    digests = {}
    (tmp_path / "inputs").mkdir()
    for number, (chain, batch, state, lease) in enumerate(
        [(1, 1, "running", 2), (1, 2, "pending", 1), (2, 1, "failed", None), (2, 2, "settled", 3)], start=1
    ):
        content = job(chain, batch).batch_input
        digests[number] = hashlib.sha256(content).hexdigest()
        (tmp_path / "inputs" / digests[number]).write_bytes(content)
        old.execute(
            "INSERT INTO jobs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, 0, 0, 5, NULL, 'w0', NULL, NULL, 0)",
            (
                number,
                chain,
                batch,
                PROGRAM,
                f"chain{chain}",
                job(chain, batch).public_input,
                digests[number],
                len(content),
                state,
                lease,
            ),
        )
    old.execute("UPDATE counters SET value = 3 WHERE name = 'lease'")
    old.commit()
    old.close()
    pool = open_pool(tmp_path, clock)
    worker = FakeWorker(pool, "w0")
    assert pool.heartbeat(worker.card, 2)
    pool.finish(worker.card, 2, b"proof")
    assert pool.result(1, 1).proof == b"proof"  # type: ignore[union-attr]
    again = worker.must_take()
    assert (again.key.batch_number, again.lease) == (2, 4), "leases go on where they were"
    assert state_of(pool, 2, 1) is JobState.FAILED
    pool.retry(2, 1)
    with pytest.raises(StaleLease):
        pool.finish(worker.card, 2, b"late")
    pool.close()
    open_pool(tmp_path, clock).close()
