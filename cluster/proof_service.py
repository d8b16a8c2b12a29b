"""The prover pool as a chain sees it."""

from chain_template.settlement.service import ProofJob, ProofResult
from cluster.pool.jobs import JobKey, NewJob
from cluster.remote_pool import RemotePool


class RayProofService:
    """Implements :class:`chain_template.settlement.service.ProofService` with the pool's actor.

    While the pool is down its methods raise :class:`~cluster.errors.ActorError`; the settlement loop tries again.
    """

    def __init__(self, pool: RemotePool) -> None:
        self._pool = pool

    def submit(self, job: ProofJob) -> None:
        """Queue a batch; repeating it changes nothing."""
        key = JobKey(job.chain_id, job.batch_number, job.program_id)
        self._pool.submit(NewJob(key, job.chain_name, job.batch_input, job.public_input))

    def result(self, chain_id: int, batch_number: int) -> ProofResult | None:
        """The proof or what prevents it; None while it is being made."""
        result = self._pool.result(chain_id, batch_number)
        if result is None:
            return None
        return ProofResult(result.key.batch_number, result.public_input, result.proof, result.worker, result.error)

    def cancel_from(self, chain_id: int, batch_number: int) -> None:
        """Forget the jobs of this batch and later ones: they were reverted."""
        self._pool.cancel_from(chain_id, batch_number)
