"""The names of things in Ray; constants, so that any process of the cluster finds any actor."""

#: Ray namespace of every actor of a hub.
NAMESPACE = "zkhub"

L1_ACTOR = "l1"
POOL_ACTOR = "prover-pool"
ROUTER_ACTOR = "message-router"
CONTROLLER_ACTOR = "hub-controller"
CHAIN_PREFIX = "chain-"
WORKER_PREFIX = "prover-worker-"


def chain_actor(chain_name: str) -> str:
    """Name of a chain's actor."""
    return f"{CHAIN_PREFIX}{chain_name}"


def worker_actor(index: int) -> str:
    """Name of a prover worker's actor; ``index`` counts from 0."""
    return f"{WORKER_PREFIX}{index}"
