"""The prover pool: a durable queue of batches to prove, shared fairly between chains. Plain Python, no Ray.

Whoever dies only delays: jobs are on disk before ``submit`` returns, an attempt is a numbered *lease*, and what comes
back under a lease that is over is not taken.
"""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from chain_template.settlement.proofs import ProofJob, ProofResult
from cluster.errors import IllegalJobTransition, PoolClosed, PoolError, PoolStoreCorrupt, StaleLease, UnknownJob
from cluster.pool.files import BlobFiles
from cluster.pool.jobs import (
    Assignment,
    JobInfo,
    JobKey,
    JobState,
    PoolStats,
    Progress,
    WorkerCard,
    WorkerInfo,
)
from cluster.pool.roster import Roster, Worker
from cluster.pool.scheduler import FairShare, Scheduler
from cluster.pool.statistics import pool_stats
from cluster.pool.store import JobStore
from cluster.settings import PoolSettings

#: Records of settled and cancelled jobs that are kept for whoever looks back.
_KEEP_RECORDS = 2_000
#: Seconds between two looks of a waiting worker at what time alone makes ready.
_LOOK_S = 0.25
_LAST_BATCH = 2**63 - 1


def steady_clock() -> Callable[[], float]:
    """Seconds since the epoch that never jump: a clock that is set meanwhile must not declare workers dead."""
    offset = time.time() - time.monotonic()
    return lambda: offset + time.monotonic()


class ProverPool:
    """Jobs in, proofs out. Thread-safe.

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
        self._scheduler = scheduler or FairShare(settings.ageing_s)
        self._clock = clock or steady_clock()
        self._inputs = BlobFiles(directory / "inputs")
        self._proofs = BlobFiles(directory / "proofs")
        self._store = JobStore(directory / "pool.db")
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

    # For chains.

    def submit(self, new: ProofJob) -> JobInfo:
        """Queue a batch; on disk when this returns.

        The same batch with the same public input is the same job, however often it is submitted. With another public
        input (after a revert) it replaces the old one, whose proof is forgotten.

        Raises:
            PoolError: The input is empty or larger than the pool takes, or the public input is not 32 bytes.
            PoolStoreFull: The disk refused it.
        """
        self._check(new)
        with self._locked():
            old = self._store.find(JobKey.of(new))
            if old is not None and old.public_input == new.public_input and old.state not in _FORGOTTEN:
                return old
            digest = self._inputs.put(new.batch_input)
            with self._store.transaction():
                if old is None:
                    job = self._store.insert(self._fresh(0, new, digest))
                else:
                    if old.state is not JobState.CANCELLED:
                        self._store.update(old, _ended(old, JobState.CANCELLED))
                    job = self._store.update(_ended(old, JobState.CANCELLED), self._fresh(old.id, new, digest))
            self._discard_files([old] if old else [])
            self._changed.notify_all()
            return job

    def _check(self, new: ProofJob) -> None:
        size, limit = len(new.batch_input), self._settings.max_input_bytes
        if not 0 < size <= limit:
            raise PoolError(f"batch {new.batch_number} of {new.chain_name}: input of {size} bytes, not 1 to {limit}")
        if len(new.public_input) != 32:
            raise PoolError(f"batch {new.batch_number} of {new.chain_name}: the public input is not 32 bytes")

    def _fresh(self, job_id: int, new: ProofJob, digest: str) -> JobInfo:
        now = self._clock()
        return JobInfo(
            id=job_id,
            key=JobKey.of(new),
            chain_name=new.chain_name,
            public_input=new.public_input,
            input_digest=digest,
            input_bytes=len(new.batch_input),
            state=JobState.PENDING,
            lease=None,
            attempts=0,
            not_before=now,
            queued_at=now,
            started_at=None,
            finished_at=None,
            worker=None,
            error=None,
            proof_digest=None,
            proof_bytes=0,
        )

    def result(self, chain_id: int, batch_number: int) -> ProofResult | None:
        """The proof of a batch, or why there is none; None while it is being made.

        Raises:
            UnknownJob: There is no job of this batch: never submitted, cancelled, or settled long since.
        """
        with self._locked():
            job = self._store.of_batch(chain_id, batch_number)
            if job is None or job.state in _FORGOTTEN:
                raise UnknownJob(f"there is no job of batch {batch_number} of chain {chain_id}")
            if job.state in {JobState.PENDING, JobState.RUNNING}:
                return None
            proof = self._proofs.get(job.proof_digest) if job.proof_digest is not None else b""
            return ProofResult(batch_number, job.public_input, proof, job.worker or "", job.error)

    def settle(self, chain_id: int, last_batch: int) -> None:
        """Forget the proofs of batches up to ``last_batch``: L1 has taken them."""
        with self._locked():
            jobs = self._store.in_states([JobState.DONE], chain_id, 0, last_batch)
            if not jobs:
                return
            with self._store.transaction():
                for job in jobs:
                    self._store.update(job, replace(job, state=JobState.SETTLED, proof_digest=None))
                self._store.forget_oldest(_KEEP_RECORDS)
            self._discard_files(jobs)

    def cancel_from(self, chain_id: int, first_batch: int) -> int:
        """Forget every job of batch ``first_batch`` and later ones (they were reverted); return how many."""
        with self._locked():
            states = [state for state in JobState if state is not JobState.CANCELLED]
            jobs = self._store.in_states(states, chain_id, first_batch, _LAST_BATCH)
            if not jobs:
                return 0
            with self._store.transaction():
                for job in jobs:
                    self._store.update(job, _ended(job, JobState.CANCELLED))
                self._store.forget_oldest(_KEEP_RECORDS)
            self._discard_files(jobs)
            return len(jobs)

    def retry(self, chain_id: int, batch_number: int) -> JobInfo:
        """Queue a failed or refused job again, with fresh attempts.

        Raises:
            UnknownJob: There is no job of this batch.
            IllegalJobTransition: It has neither failed nor been refused.
        """
        with self._locked():
            job = self._store.of_batch(chain_id, batch_number)
            if job is None:
                raise UnknownJob(f"there is no job of batch {batch_number} of chain {chain_id}")
            if job.state not in {JobState.FAILED, JobState.REFUSED}:
                raise IllegalJobTransition(f"batch {batch_number} of chain {chain_id} is {job.state}, not failed")
            now = self._clock()
            again = replace(job, state=JobState.PENDING, attempts=0, not_before=now, queued_at=now, finished_at=None)
            with self._store.transaction():
                job = self._store.update(job, again)
            self._changed.notify_all()
            return job

    # For workers.

    def take(self, card: WorkerCard, sequence: int, wait_s: float = 0.0) -> Assignment | None:
        """The next job for a worker, waiting up to ``wait_s`` for one; None when there is none.

        A worker that asks for work holds none: a lease it still has here (its answer was lost, or its process died)
        is over.

        ``sequence`` grows with each call of one incarnation; a call overtaken by a later one gets nothing.

        Raises:
            PoolStoreFull: The assignment could not be recorded.
        """
        with self._locked():
            worker = self._meet(card)
            if sequence <= worker.latest_take:
                return None
            worker.latest_take = sequence
            self._end_leases_of(card.name, "the worker asked for other work", counts=False)
            deadline = self._clock() + wait_s
            while not self._closed and worker.latest_take == sequence:
                self._expire()
                if (assignment := self._assign(card.name)) is not None:
                    return assignment
                remaining = deadline - self._clock()
                if remaining <= 0 or self._roster.same(card) is not worker:
                    break
                self._changed.wait(min(remaining, _LOOK_S))
            return None

    def _assign(self, worker: str) -> Assignment | None:
        now = self._clock()
        while queues := self._store.ready_queues(now):
            job = self._store.first_ready(self._scheduler.choose(queues), now)
            try:
                batch_input = self._inputs.get(job.input_digest)
            except PoolStoreCorrupt as error:
                # Without its input the job is worth nothing; its chain submits it again, the others go on.
                with self._store.transaction():
                    self._store.update(job, _ended(job, JobState.CANCELLED, now, error.message))
                self._discard_files([job])
                continue
            return self._lease(job, worker, batch_input, now)
        return None

    def _lease(self, job: JobInfo, worker: str, batch_input: bytes, now: float) -> Assignment:
        with self._store.transaction():
            lease = self._store.next_lease()
            job = self._store.update(
                job,
                replace(
                    job,
                    state=JobState.RUNNING,
                    lease=lease,
                    attempts=job.attempts + 1,
                    started_at=now,
                    finished_at=None,
                    worker=worker,
                ),
            )
        return Assignment(lease, job.key, job.chain_name, job.public_input, batch_input, job.attempts)

    def heartbeat(self, card: WorkerCard, lease: int | None, progress: Progress | None = None) -> bool:
        """A sign of life; False when the worker should give up what it does under ``lease``.

        Args:
            card: Whose.
            lease: What it holds.
            progress: How far it is with that.
        """
        with self._locked():
            worker = self._meet(card)
            worker.progress = progress
            self._expire()
            return lease is None or self._held(card.name, lease) is not None

    def finish(self, card: WorkerCard, lease: int, proof: bytes) -> None:
        """Take a proof (empty for a backend that only re-executes).

        Raises:
            StaleLease: The job is no longer this worker's; the proof is not wanted.
            PoolStoreFull: The disk refused it; the lease goes on.
        """
        with self._locked():
            worker = self._meet(card)
            job = self._require(card.name, lease)
            digest = self._proofs.put(proof) if proof else None
            with self._store.transaction():
                done = replace(_ended(job, JobState.DONE, self._clock()), proof_digest=digest, proof_bytes=len(proof))
                self._store.update(job, done)
            worker.jobs_done += 1
            self._discard_files([job])

    def refuse(self, card: WorkerCard, lease: int, error: str) -> None:
        """Take word that the batch is wrong; trying again would change nothing.

        Raises:
            StaleLease: The job is no longer this worker's.
        """
        with self._locked():
            self._meet(card)
            job = self._require(card.name, lease)
            with self._store.transaction():
                self._store.update(job, _ended(job, JobState.REFUSED, self._clock(), error))

    def fail(self, card: WorkerCard, lease: int, error: str) -> None:
        """Take word that the attempt failed; the job is tried again later, or counts as failed after the last attempt.

        Raises:
            StaleLease: The job is no longer this worker's.
        """
        with self._locked():
            self._meet(card)
            self._end_attempt(self._require(card.name, lease), error, counts=True, delayed=True)

    def leave(self, card: WorkerCard) -> None:
        """Say goodbye: what the worker has goes to another one, and the attempt does not count."""
        with self._locked():
            if self._roster.same(card) is not None:
                self._end_leases_of(card.name, "the worker was stopped", counts=False)
                self._roster.remove(card.name)

    # For everyone.

    def jobs(self, chain_id: int | None = None, state: JobState | None = None, limit: int = 100) -> list[JobInfo]:
        """Jobs, the newest first."""
        with self._locked():
            return self._store.newest(chain_id, state, limit)

    def workers(self) -> list[WorkerInfo]:
        """Every worker that is alive as far as the pool knows."""
        with self._locked():
            self._expire()
            held = {job.worker: job for job in self._store.running()}
            return [worker.info(held.get(worker.card.name)) for worker in self._roster]

    def stats(self) -> PoolStats:
        """The pool in figures."""
        with self._locked():
            self._expire()
            return pool_stats(self._store, self._clock(), len(self._roster), self._requeues, self._worker_deaths)

    # Inside, under the lock.

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
        """Declare silent workers dead and overlong attempts over."""
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

    def _end_attempt(self, job: JobInfo, error: str, *, counts: bool, delayed: bool = False) -> None:
        """Queue a running job again, or give it up after its last attempt.

        An attempt from before the pool's own restart never counts: then pool and workers went down together, and the
        job is not to blame.
        """
        inherited = job.lease is not None and job.lease <= self._inherited_leases
        attempts = job.attempts if counts and not inherited else job.attempts - 1
        now = self._clock()
        if attempts >= self._settings.max_attempts:
            after = _ended(job, JobState.FAILED, now, error)
        else:
            delay = self._delay(attempts) if delayed else 0.0
            after = replace(
                job, state=JobState.PENDING, lease=None, attempts=attempts, error=error, not_before=now + delay
            )
            self._requeues += 1
        with self._store.transaction():
            self._store.update(job, after)
        self._changed.notify_all()

    def _delay(self, attempts: int) -> float:
        delay: float = self._settings.retry_delay_s * 2 ** (attempts - 1)
        return min(delay, self._settings.max_retry_delay_s)

    def _discard_files(self, jobs: Iterable[JobInfo]) -> None:
        """Remove the files of jobs that have just changed, as far as nobody needs them any more."""
        for job in jobs:
            if not self._store.needs_input(job.input_digest):
                self._inputs.discard(job.input_digest)
            if job.proof_digest is not None and not self._store.needs_proof(job.proof_digest):
                self._proofs.discard(job.proof_digest)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with self._changed:
            if self._closed:
                raise PoolClosed("the prover pool is stopping", hint="Try again when it has been started again.")
            yield


_FORGOTTEN = frozenset({JobState.CANCELLED, JobState.SETTLED})


def _ended(job: JobInfo, state: JobState, moment: float | None = None, error: str | None = None) -> JobInfo:
    """The job out of its worker's hands, in ``state``."""
    return replace(job, state=state, lease=None, finished_at=moment, error=error)
