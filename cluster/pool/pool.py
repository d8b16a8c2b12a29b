"""The prover pool: a durable queue of batches to prove, shared fairly between chains. Plain Python, no Ray.

Whoever dies only delays: jobs are on disk before ``submit`` returns, an attempt is a numbered *lease*, and what comes
back under a lease that is over is not taken.
"""

from cluster.pool.for_chains import ForChains
from cluster.pool.for_operators import ForOperators
from cluster.pool.for_workers import ForWorkers


class ProverPool(ForChains, ForWorkers, ForOperators):
    """Jobs in, proofs out; :class:`cluster.pool.core.PoolCore` says how to open one. Thread-safe."""
