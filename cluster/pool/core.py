"""The pool's inside: its lock, its files, how jobs change state, and who counts as dead."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from cluster.errors import PoolClosed, StaleLease
from cluster.pool.accounts import ended
from cluster.pool.books import WHOLE_POOL, Books
from cluster.pool.dispatch import Dispatcher
from cluster.pool.estimates import Estimator
from cluster.pool.files import BlobFiles
from cluster.pool.jobs import JobInfo, JobState, WorkerCard
from cluster.pool.outside import OutsideProver, OutsideProvers
from cluster.pool.roster import Roster, Worker
from cluster.pool.scheduler import FairShare, Scheduler
from cluster.pool.store import JobStore
from cluster.settings import PoolSettings

#: Records of settled and cancelled jobs that are kept for whoever looks back.
KEEP_RECORDS = 2_000


def steady_clock() -> Callable[[], float]:
    """Seconds since the epoch that never jump: a clock that is set meanwhile must not declare workers dead."""
    offset = time.time() - time.monotonic()
    return lambda: offset + time.monotonic()


class PoolCore:
    """What every side of :class:`cluster.pool.ProverPool` stands on.

    Args:
        directory: Where the queue, the batch inputs and the proofs are kept.
        scheduler: Whose job comes next; :class:`FairShare` by default.
        clock: Seconds since the epoch.

    Raises:
        PoolStoreCorrupt, PoolStoreFull: The queue cannot be opened.
    """

    def __init__(
        self,
        directory: Path,
        settings: PoolSettings,
        *,
        scheduler: Scheduler | None = None,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self._settings = settings
        self._clock = clock or steady_clock()
        self._directory = directory
        self._inputs = BlobFiles(directory / "inputs")
        self._proofs = BlobFiles(directory / "proofs")
        self._store = JobStore(directory / "pool.db")
        self._books = Books(self._store)
        self._estimator = Estimator(self._store)
        policy = scheduler or FairShare(settings.ageing_s, settings.due_lead_s, settings.max_lag_s)
        self._dispatcher = Dispatcher(self._store, self._books, self._estimator, policy)
        self._outside = OutsideProvers(self._store)
        self._changed = threading.Condition(threading.RLock())
        self._closed = False
        self._roster = Roster()
        self._requeues = 0
        self._worker_deaths = 0
        self._opened_at = self._clock()
        self._inherited_leases = self._store.last_lease()
        self._recover()

    def _recover(self) -> None:
        digests = self._store.digests()
        self._inputs.keep_only(digests)
        self._proofs.keep_only(digests)
        # A clock that was set back while the pool was down must not hold jobs for longer than the longest delay.
        latest = self._opened_at + self._settings.max_retry_delay_s
        with self._store.transaction():
            for job in self._store.waiting_after(latest):
                self._store.update(job, replace(job, not_before=latest))

    def close(self) -> None:
        """Close the queue; whoever waits for work gets none."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            self._store.close()

    # Jobs.

    def _move(self, old: JobInfo, new: JobInfo) -> JobInfo:
        """Write a job's change, inside a transaction; a worker's seconds are charged to its chain when they end."""
        now = self._clock()
        if old.state is JobState.RUNNING and new.state is not JobState.RUNNING:
            ran = max(0.0, now - (old.started_at or now))
            account = self._books.account(old.key.chain_id)
            self._books.keep([ended(account, old.estimate_s, ran, old.share)])
            self._roster.note_busy(old.worker or "", ran, now)
        moved = self._store.update(old, new)
        self._store.mark_first(new.key.chain_id, now)
        return moved

    def _end_attempt(self, job: JobInfo, error: str, *, counts: bool, delayed: bool = False) -> None:
        """Queue a running job again, or give it up after its last attempt.

        An attempt from before the pool's own restart never counts: then pool and workers went down together, and the
        job is not to blame. One of a prover from outside counts against that prover, whose word is not believed.
        """
        inherited = job.lease is not None and job.lease <= self._inherited_leases
        counts = counts and not inherited
        prover = self._outside.of_worker(job.worker or "") if counts else None
        attempts = job.attempts if counts and prover is None else job.attempts - 1
        now = self._clock()
        if attempts >= self._settings.max_attempts:
            after = out_of_hands(job, JobState.FAILED, now, error)
        else:
            delay = self._delay(attempts) if delayed else 0.0
            state = JobState.PENDING if delay > 0 else JobState.READY
            after = replace(job, state=state, lease=None, attempts=attempts, error=error, not_before=now + delay)
            self._requeues += 1
        with self._store.transaction():
            self._move(job, after)
            if prover is not None:
                self._count_failure(prover)
        self._changed.notify_all()

    def _count_failure(self, prover: OutsideProver) -> None:
        """Hold a failed attempt against a prover from outside: after as many as a job may have it is drained."""
        if self._outside.count_failure(prover.name).failures >= self._settings.max_attempts:
            self._books.drain(prover.worker)

    def _delay(self, attempts: int) -> float:
        delay: float = self._settings.retry_delay_s * 2 ** (attempts - 1)
        return min(delay, self._settings.max_retry_delay_s)

    def _sort_waiting(self) -> None:
        """Let start what time has freed or a worker has come for; hold what no worker is large enough for."""
        movable = self._store.movable(self._clock(), self._roster.largest_memory(self._books.drains()))
        if not movable:
            return
        with self._store.transaction():
            for job, state in movable:
                self._move(job, replace(job, state=state))

    def _discard_files(self, jobs: Iterable[JobInfo]) -> None:
        """Remove the files of jobs that have just changed, as far as nobody needs them any more."""
        for job in jobs:
            if not self._store.needs_input(job.input_digest):
                self._inputs.discard(job.input_digest)
            if job.proof_digest is not None and not self._store.needs_proof(job.proof_digest):
                self._proofs.discard(job.proof_digest)

    # Workers.

    def _meet(self, card: WorkerCard) -> Worker:
        """Note that a worker lives; another incarnation of it is then dead."""
        now = self._clock()
        known = self._roster.same(card)
        if known is not None:
            known.last_seen = now
            return known
        if card.name in self._roster:
            self._bury(card.name, "the worker's process died")
        return self._roster.add(card, now)

    def _bury(self, name: str, error: str) -> None:
        self._roster.remove(name)
        self._worker_deaths += 1
        self._end_leases_of(name, error, counts=True)

    def _expire(self) -> None:
        """Declare silent workers dead and overlong attempts over, and see who may start now."""
        now = self._clock()
        silence = self._settings.heartbeat_timeout_s
        for name in self._roster.silent_since(now - silence):
            self._bury(name, f"the worker was silent for {silence:g} s")
        for job in self._store.running():
            started = max(job.started_at or 0.0, self._opened_at)
            if job.worker not in self._roster and now - started > silence:
                self._end_attempt(job, "the worker did not come back", counts=True)
            elif now - started > self._settings.job_timeout_s:
                self._end_attempt(job, f"no proof within {self._settings.job_timeout_s:g} s", counts=True)
        self._sort_waiting()

    def _is_drained(self, worker: str) -> bool:
        return not self._books.drains().isdisjoint({worker, WHOLE_POOL})

    def _held(self, worker: str, lease: int) -> JobInfo | None:
        job = self._store.by_lease(lease)
        return job if job is not None and job.worker == worker else None

    def _require(self, worker: str, lease: int) -> JobInfo:
        self._expire()
        job = self._held(worker, lease)
        if job is None:
            raise StaleLease(f"{worker} no longer holds lease {lease}: it timed out or the job was cancelled")
        return job

    def _end_leases_of(self, worker: str, error: str, *, counts: bool) -> None:
        for job in self._store.running(worker):
            self._end_attempt(job, error, counts=counts)

    def _shut_out(self, worker: str, error: str) -> None:
        """Take what a worker has away, and forget it."""
        self._end_leases_of(worker, error, counts=False)
        if worker in self._roster:
            self._roster.remove(worker)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with self._changed:
            if self._closed:
                raise PoolClosed("the prover pool is stopping", hint="Try again when it has been started again.")
            yield


def out_of_hands(job: JobInfo, state: JobState, moment: float | None = None, error: str | None = None) -> JobInfo:
    """The job out of its worker's hands, in ``state``."""
    return replace(job, state=state, lease=None, finished_at=moment, error=error, head_at=None)
