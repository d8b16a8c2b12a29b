"""The prover pool as a chain sees it."""

from typing import TYPE_CHECKING

from chain_template.errors import ProofJobLost
from chain_template.loops import Loop
from chain_template.settlement.proofs import ProofJob, ProofResult
from chain_template.store.records import BatchStage
from cluster.errors import UnknownJob
from cluster.remote_pool import RemotePool

if TYPE_CHECKING:
    from chain_template.node import ChainNode

_CLEAN_EVERY_S = 2.0


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
        """The proof or what prevents it; None while it is being made.

        Raises:
            ProofJobLost: The pool has no such job.
        """
        try:
            return self._pool.result(chain_id, batch_number)
        except UnknownJob as error:
            raise ProofJobLost(error.message) from error

    def cancel_from(self, chain_id: int, batch_number: int) -> None:
        """Forget the jobs of this batch and later ones: they were reverted."""
        self._pool.cancel_from(chain_id, batch_number)


class ProofCleaner:
    """Tells the pool which proofs L1 has taken for good, so that it need not keep them."""

    def __init__(self, node: "ChainNode", pool: RemotePool) -> None:
        self._node = node
        self._pool = pool
        self._told = 0
        self._loop = Loop("proof-cleaner", self.step, idle_s=_CLEAN_EVERY_S)

    def start(self) -> None:
        """Begin."""
        self._loop.start()

    def stop(self) -> None:
        """End."""
        self._loop.stop()

    def step(self) -> bool:
        """Tell the pool if a batch has been executed since it was last told."""
        with self._node.store.snapshot() as snapshot:
            executed = snapshot.last_batch_at(BatchStage.EXECUTED)
        if executed > self._told:
            self._pool.settle(self._node.config.chain_id, executed)
        # Less than before after a reorganisation of L1: then these batches are to be told of again.
        self._told = executed
        return False
