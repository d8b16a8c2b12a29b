"""A prover worker as an actor."""

import os
import secrets

import ray

from cluster.gpus import find_gpus
from cluster.logs import log_as_actor
from cluster.names import worker_actor
from cluster.pool.jobs import WorkerCard
from cluster.remote_pool import RemotePool
from cluster.workers.backends import make_backend
from cluster.workers.loop import WorkerLoop, WorkerStatus

WORKER_GROUPS = {"io": 2}
#: Proving gives way to sequencing, serving and settling.
_NICENESS = 15
_WARM_UP_TIMEOUT_S = 600.0
#: Exit code of a worker that ends itself because an abandoned job does not let go.
_STUCK = 70


def own_gpu() -> str:
    """The GPU that Ray has given this process, as ``node/index``; empty for none, and then none is left in sight.

    Indices begin anew on every node, so the pair is the name. Where Ray gives a GPU that the machine does not have, it
    is called simulated.
    """
    found = [int(index) for index in ray.get_gpu_ids()]
    if not found:
        # Ray hides the GPUs of others from whoever has one, and from nobody else.
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
        return ""
    known = {gpu.index: gpu.name for gpu in find_gpus()}
    node = ray.get_runtime_context().get_node_id()[:8]
    return f"{node}/{found[0]} {known.get(found[0], 'simulated')}"


class ProverWorker:
    """Looks for work from its first moment; Ray starts it again whenever it dies, and the pool has its job done."""

    def __init__(self, index: int, backend: str, pool_name: str, heartbeat_s: float, memory_bytes: int | None) -> None:
        name = worker_actor(index)
        log_as_actor(name)
        os.nice(max(0, _NICENESS - os.nice(0)))
        gpu = own_gpu()
        card = WorkerCard(
            name=name,
            incarnation=secrets.token_hex(8),
            backend=backend,
            pid=os.getpid(),
            node_id=ray.get_runtime_context().get_node_id(),
            memory_bytes=memory_bytes,
            gpu=gpu,
        )
        self._loop = WorkerLoop(
            card,
            lambda: make_backend(backend, memory_bytes),
            RemotePool(pool_name),
            heartbeat_s=heartbeat_s,
            on_stuck=lambda: os._exit(_STUCK),
        )
        self._loop.start()

    def ready(self) -> None:
        """Wait until it looks for work.

        Raises:
            ProverError: Its backend cannot be loaded.
        """
        self._loop.wait_ready(_WARM_UP_TIMEOUT_S)

    def stop(self) -> None:
        """Give its job back."""
        self._loop.stop()

    @ray.method(concurrency_group="io")
    def status(self) -> WorkerStatus:
        """How it is doing."""
        return self._loop.status()
