"""What workers ask of the pool."""

from collections.abc import Callable
from dataclasses import replace

from cluster.errors import PoolStoreCorrupt, ProofRefused, ProofWrong
from cluster.pool.core import PoolCore, out_of_hands
from cluster.pool.jobs import Assignment, JobState, Progress, WorkerCard

Check = Callable[[Assignment, bytes], None]
"""Raises :class:`cluster.errors.ProofWrong` unless the proof proves the batch."""
#: Seconds between two looks of a waiting worker at what time alone makes ready.
_LOOK_S = 0.25


class ForWorkers(PoolCore):
    """The side of the pool that workers see."""

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
                if not self._is_drained(card.name) and (assignment := self._assign(card)) is not None:
                    return assignment
                remaining = deadline - self._clock()
                if remaining <= 0 or self._roster.same(card) is not worker:
                    break
                self._changed.wait(min(remaining, _LOOK_S))
            return None

    def _assign(self, card: WorkerCard) -> Assignment | None:
        now = self._clock()
        while (found := self._dispatcher.next_job(card.memory_bytes, now)) is not None:
            job, plan = found
            try:
                batch_input = self._inputs.get(job.input_digest)
            except PoolStoreCorrupt as error:
                # Without its input the job is worth nothing; its chain submits it again, the others go on.
                with self._store.transaction():
                    self._move(job, out_of_hands(job, JobState.CANCELLED, now, error.message))
                self._discard_files([job])
                continue
            job = self._dispatcher.start(job, plan, card.name, now)
            assert job.lease is not None
            return Assignment(job.lease, job.key, job.chain_name, job.public_input, batch_input, job.attempts)
        return None

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
                done = replace(
                    out_of_hands(job, JobState.DONE, self._clock()), proof_digest=digest, proof_bytes=len(proof)
                )
                self._move(job, done)
            worker.jobs_done += 1
            self._estimator.learn(job.key.program_id)
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
                self._move(job, out_of_hands(job, JobState.REFUSED, self._clock(), error))

    def fail(self, card: WorkerCard, lease: int, error: str, needs_bytes: int = 0) -> None:
        """Take word that the attempt failed; the job is tried again later, or counts as failed after the last attempt.

        Args:
            card: Whose attempt it was.
            lease: Which one.
            error: Why, in words.
            needs_bytes: Memory that the job turned out to need. What has more than this worker will ever have goes to
                a larger one, and the attempt does not count.

        Raises:
            StaleLease: The job is no longer this worker's.
        """
        with self._locked():
            self._meet(card)
            job = self._require(card.name, lease)
            if card.memory_bytes is None or needs_bytes <= card.memory_bytes:
                self._end_attempt(job, error, counts=True, delayed=True)
                return
            with self._store.transaction():
                job = self._store.update(job, replace(job, memory_bytes=needs_bytes))
            self._end_attempt(job, error, counts=False)

    def finish_checked(self, card: WorkerCard, lease: int, proof: bytes, check: Check) -> None:
        """Take a proof of a worker that is not to be believed, if it stands up to ``check``.

        Raises:
            StaleLease: The job is no longer this worker's.
            ProofRefused: It does not; the job goes to another attempt, at no charge, and it is counted against the
                worker.
        """
        with self._locked():
            self._meet(card)
            job = self._require(card.name, lease)
            batch_input = self._inputs.get(job.input_digest)
        assignment = Assignment(lease, job.key, job.chain_name, job.public_input, batch_input, job.attempts)
        try:
            # Outside the lock: it may take seconds, and nobody is to wait for it.
            check(assignment, proof)
        except ProofWrong as error:
            with self._locked():
                worker = self._meet(card)
                worker.refused_proofs += 1
                if self._held(card.name, lease) is not None:
                    reason = f"{card.name} handed in a wrong proof: {error.message}"
                    self._end_attempt(job, reason, counts=False)
                self._count_proof(card.name, held=False)
            raise ProofRefused(card.name, job.key.batch_number, job.chain_name, error.message) from error
        with self._locked():
            self.finish(card, lease, proof)
            self._count_proof(card.name, held=True)

    def _count_proof(self, worker: str, *, held: bool) -> None:
        """Note whether a proof from outside held; after too many that did not, the prover's token is revoked."""
        prover = self._outside.of_worker(worker)
        if prover is None:
            return
        with self._store.transaction():
            prover = self._outside.count(prover.name, held=held)
            shut_out = prover.proofs_refused >= self._settings.max_wrong_proofs
            if shut_out:
                self._outside.revoke(prover.name, self._clock())
        if shut_out:
            self._shut_out(worker, "it handed in too many wrong proofs")

    def leave(self, card: WorkerCard) -> None:
        """Say goodbye: what the worker has goes to another one, and the attempt does not count.

        Whoever has its name next is another worker, and not drained; a prover from outside stays who it is.
        """
        with self._locked():
            if self._roster.same(card) is not None:
                self._end_leases_of(card.name, "the worker was stopped", counts=False)
                self._roster.remove(card.name)
                if self._outside.of_worker(card.name) is None:
                    self._books.resume(card.name)
