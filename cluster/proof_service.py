"""The prover pool as a chain sees it."""

from chain_template.settlement.proofs import ProofJob, ProofResult
from cluster.remote_pool import RemotePool


class RayProofService:
    """Implements :class:`chain_template.settlement.proofs.ProofService` with the pool's actor.

    While the pool is down its methods raise :class:`~cluster.errors.ActorError`; the settlement loop tries again.
    """

    def __init__(self, pool: RemotePool) -> None:
        self._pool = pool

    def submit(self, job: ProofJob) -> None:
        """Queue a batch; repeating it changes nothing."""
        self._pool.submit(job)

    def result(self, chain_id: int, batch_number: int) -> ProofResult | None:
        """The proof or what prevents it; None while it is being made."""
        return self._pool.result(chain_id, batch_number)

    def cancel_from(self, chain_id: int, batch_number: int) -> None:
        """Forget the jobs of this batch and later ones: they were reverted."""
        self._pool.cancel_from(chain_id, batch_number)
