"""What chains ask of the pool."""

from dataclasses import replace

from chain_template.settlement.proofs import ProofJob, ProofResult
from cluster.errors import IllegalJobTransition, PoolError, UnknownJob
from cluster.pool.core import KEEP_RECORDS, PoolCore, out_of_hands
from cluster.pool.jobs import WAITING, JobInfo, JobKey, JobState

_LAST_BATCH = 2**63 - 1
_FORGOTTEN = frozenset({JobState.CANCELLED, JobState.SETTLED})


class ForChains(PoolCore):
    """The side of the pool that chains see."""

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
                    self._store.mark_first(job.key.chain_id, job.queued_at)
                else:
                    if old.state is not JobState.CANCELLED:
                        self._move(old, out_of_hands(old, JobState.CANCELLED))
                    job = self._move(out_of_hands(old, JobState.CANCELLED), self._fresh(old.id, new, digest))
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
            state=JobState.READY,
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
            cycles=new.cycles,
            deadline=now + wanted_s if (wanted_s := self._books.account(new.chain_id).deadline_s) else None,
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
            if job.state in WAITING or job.state is JobState.RUNNING:
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
                    self._move(job, replace(job, state=JobState.SETTLED, proof_digest=None))
                self._store.forget_oldest(KEEP_RECORDS)
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
                    self._move(job, out_of_hands(job, JobState.CANCELLED))
                self._store.forget_oldest(KEEP_RECORDS)
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
            again = replace(job, state=JobState.READY, attempts=0, not_before=now, queued_at=now, finished_at=None)
            with self._store.transaction():
                job = self._move(job, again)
            self._changed.notify_all()
            return job
