"""The prover pool as its clients see it from another process."""

from typing import Any

from chain_template.settlement.proofs import ProofJob, ProofResult
from cluster.errors import ActorUnavailable
from cluster.handles import CALL_TIMEOUT_S, PoolHandle
from cluster.names import POOL_ACTOR
from cluster.pool.decisions import Explanation
from cluster.pool.jobs import Assignment, JobInfo, JobState, PoolStats, Progress, WorkerCard, WorkerInfo
from cluster.pool.outside import OutsideProver

#: Seconds that checking a proof from outside may take.
_CHECK_TIMEOUT_S = 120.0


class RemotePool:
    """Calls of :class:`cluster.pool.ProverPool`, carried to its actor.

    Every method raises what the pool raises, and :class:`~cluster.errors.ActorError` while the pool is down; calling
    again later is right, for every call may be repeated.
    """

    def __init__(self, actor: str = POOL_ACTOR) -> None:
        self._actor = actor
        self._handle: PoolHandle | None = None

    def submit(self, job: ProofJob) -> JobInfo:
        """Queue a batch."""
        info: JobInfo = self._call("submit", job, timeout_s=60.0)
        return info

    def result(self, chain_id: int, batch_number: int) -> ProofResult | None:
        """The proof of a batch, once there is one.

        Raises:
            UnknownJob: There is no job of this batch.
        """
        result: ProofResult | None = self._call("result", chain_id, batch_number)
        return result

    def settle(self, chain_id: int, last_batch: int) -> None:
        """Forget proofs that L1 has taken."""
        self._call("settle", chain_id, last_batch)

    def cancel_from(self, chain_id: int, first_batch: int) -> int:
        """Forget the jobs of reverted batches."""
        return int(self._call("cancel_from", chain_id, first_batch))

    def take(self, card: WorkerCard, sequence: int, wait_s: float) -> Assignment | None:
        """The next job."""
        timeout_s = wait_s + CALL_TIMEOUT_S
        assignment: Assignment | None = self._call("take", card, sequence, wait_s, timeout_s=timeout_s)
        return assignment

    def heartbeat(self, card: WorkerCard, lease: int | None, progress: Progress | None = None) -> bool:
        """A sign of life; False: give the lease up."""
        return bool(self._call("heartbeat", card, lease, progress))

    def finish(self, card: WorkerCard, lease: int, proof: bytes) -> None:
        """Hand a proof in."""
        self._call("finish", card, lease, proof, timeout_s=60.0)

    def refuse(self, card: WorkerCard, lease: int, error: str) -> None:
        """Say that the batch is wrong."""
        self._call("refuse", card, lease, error)

    def fail(self, card: WorkerCard, lease: int, error: str, needs_bytes: int = 0) -> None:
        """Say that the attempt failed, and how much memory it turned out to need."""
        self._call("fail", card, lease, error, needs_bytes)

    def leave(self, card: WorkerCard) -> None:
        """Say goodbye."""
        self._call("leave", card)

    # For operators.

    def jobs(self, chain_id: int | None = None, state: JobState | None = None, limit: int = 100) -> list[JobInfo]:
        """Jobs, the newest first."""
        jobs: list[JobInfo] = self._call("jobs", chain_id, state, limit)
        return jobs

    def workers(self) -> list[WorkerInfo]:
        """Every worker the pool knows."""
        workers: list[WorkerInfo] = self._call("workers")
        return workers

    def stats(self) -> PoolStats:
        """The pool in figures."""
        stats: PoolStats = self._call("stats")
        return stats

    def find(self, chain_id: int, batch_number: int) -> JobInfo:
        """The latest job of a batch; raises UnknownJob."""
        job: JobInfo = self._call("find", chain_id, batch_number)
        return job

    def why(self, job_id: int) -> Explanation:
        """Why a job runs, waits, or went before another; raises UnknownJob."""
        explanation: Explanation = self._call("why", job_id)
        return explanation

    def cancel(self, chain_id: int, batch_number: int) -> JobInfo:
        """End a waiting or running job; raises UnknownJob and IllegalJobTransition."""
        job: JobInfo = self._call("cancel", chain_id, batch_number)
        return job

    def retry(self, chain_id: int, batch_number: int) -> JobInfo:
        """Queue a failed or refused job again; raises UnknownJob and IllegalJobTransition."""
        job: JobInfo = self._call("retry", chain_id, batch_number)
        return job

    def prioritise(
        self, chain_id: int, batch_number: int, *, urgent: bool = True, due_in_s: float | None = None
    ) -> JobInfo:
        """Have a batch go before others; raises UnknownJob and IllegalJobTransition."""
        job: JobInfo = self._call("prioritise", chain_id, batch_number, urgent, due_in_s)
        return job

    def set_share(
        self,
        chain_id: int,
        weight: float | None = None,
        reserved: float | None = None,
        deadline_s: float | None = None,
    ) -> None:
        """Set what a chain gets of the pool; raises ReservedTooMuch."""
        self._call("set_share", chain_id, weight, reserved, deadline_s)

    def drain(self, worker: str = "") -> None:
        """Give a worker, or by the empty name all, no more jobs; raises UnknownWorker."""
        self._call("drain", worker)

    def resume(self, worker: str = "") -> None:
        """Undo :meth:`drain`."""
        self._call("resume", worker)

    # For provers from outside.

    def create_token(self, name: str) -> str:
        """Let a prover join over HTTP; raises OutsideProverExists."""
        return str(self._call("create_token", name))

    def revoke_token(self, name: str) -> None:
        """Shut a prover from outside out; raises UnknownOutsideProver."""
        self._call("revoke_token", name)

    def outside(self) -> list[OutsideProver]:
        """Every prover that was ever given a token."""
        provers: list[OutsideProver] = self._call("outside")
        return provers

    def outside_prover(self, token: str) -> OutsideProver:
        """Whose token it is; raises TokenRefused."""
        prover: OutsideProver = self._call("outside_prover", token)
        return prover

    def finish_checked(self, card: WorkerCard, lease: int, proof: bytes, backend: str) -> None:
        """Take a proof from outside if it holds; raises StaleLease, ProofRefused and NotCheckable."""
        self._call("finish_checked", card, lease, proof, backend, timeout_s=_CHECK_TIMEOUT_S)

    def _call(self, method: str, *arguments: Any, timeout_s: float = CALL_TIMEOUT_S) -> Any:
        handle = self._handle or PoolHandle.lookup(self._actor)
        try:
            answer = handle.call(method, *arguments, timeout_s=timeout_s)
        except ActorUnavailable:
            # The handle may be of an actor that is gone for good; the next call looks the name up again.
            self._handle = None
            raise
        self._handle = handle
        return answer
