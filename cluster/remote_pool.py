"""The prover pool as its clients see it from another process."""

from typing import Any

from chain_template.settlement.proofs import ProofJob, ProofResult
from cluster.errors import ActorUnavailable
from cluster.handles import CALL_TIMEOUT_S, PoolHandle
from cluster.names import POOL_ACTOR
from cluster.pool.jobs import Assignment, JobInfo, Progress, WorkerCard


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
