"""Place the hub's actors: create each or find it, under its constant name.

Creating returns at once; ``ready()`` of the handle waits. So that starting many takes as long as the slowest, create
all of them first and wait afterwards.
"""

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chain_template.config import ChainConfig
from cluster.autoscaling import GpuUse, ask_for_room, cluster_gpus
from cluster.errors import ActorError, ActorMissing, NotConnected
from cluster.handles import ActorRef, NodeHandle, PoolHandle, RouterHandle, WorkerHandle
from cluster.names import L1_ACTOR, NAMESPACE, POOL_ACTOR, ROUTER_ACTOR, WORKER_PREFIX, chain_actor, worker_actor
from cluster.settings import PoolSettings, RouterSettings


def start_detached(
    name: str,
    actor_class: type,
    *arguments: Any,
    concurrency_groups: Mapping[str, int] | None = None,
    num_gpus: int = 0,
    anywhere: bool = False,
) -> ActorRef:
    """Create a named detached actor that Ray starts again whenever it dies, or find it if it is there.

    Args:
        name: One of :mod:`cluster.names`.
        actor_class: A plain class; its constructor runs again, with the same arguments, after each death.
        arguments: The constructor's arguments.
        concurrency_groups: Threads of each group that methods name by ``ray.method(concurrency_group=…)``.
        num_gpus: GPUs of its own; it waits until a node has so many free.
        anywhere: Whether it may run on any node; else only on this process's, where its files are.

    Raises:
        NotConnected: This process is in no cluster.
    """
    import ray

    if not ray.is_initialized():
        raise NotConnected(f"{name}: this process has neither started nor joined a Ray cluster")
    groups: dict[str, Any] = {"concurrency_groups": dict(concurrency_groups)} if concurrency_groups else {}
    remote: Any = ray.remote(num_cpus=0, num_gpus=num_gpus, max_restarts=-1, **groups)(actor_class)
    options = remote.options(
        name=name,
        namespace=NAMESPACE,
        lifetime="detached",
        get_if_exists=True,
        scheduling_strategy="SPREAD" if anywhere else _on_this_node(),
    )
    actor = options.remote(*arguments)
    return ActorRef(name, actor)


def _on_this_node() -> Any:
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    return NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)


def start_l1(config: ChainConfig) -> NodeHandle:
    """Start the embedded L1 (``config.l1`` is None)."""
    return _start_node(L1_ACTOR, config)


def start_chain(config: ChainConfig) -> NodeHandle:
    """Start a chain; its proof jobs go to the prover pool."""
    return _start_node(chain_actor(config.name), config)


def _start_node(name: str, config: ChainConfig) -> NodeHandle:
    from cluster.actors.node import NODE_GROUPS, NodeActor

    pool = POOL_ACTOR if config.l1 is not None else None
    started = start_detached(name, NodeActor, config.model_dump_json(), pool, concurrency_groups=NODE_GROUPS)
    return NodeHandle(name, started.actor)


def start_pool(directory: Path, settings: PoolSettings | None = None) -> PoolHandle:
    """Start the prover pool with its durable queue in ``directory``."""
    from cluster.actors.pool import POOL_GROUPS, ProverPoolActor

    arguments = (str(directory), (settings or PoolSettings()).model_dump_json())
    started = start_detached(POOL_ACTOR, ProverPoolActor, *arguments, concurrency_groups=POOL_GROUPS)
    return PoolHandle(POOL_ACTOR, started.actor)


def start_router(directory: Path, relayer_key: str, settings: RouterSettings | None = None) -> RouterHandle:
    """Start the message router with its durable memory in ``directory``; ``relayer_key`` (hex) pays for claims."""
    from cluster.actors.router import ROUTER_GROUPS, MessageRouterActor

    arguments = (str(directory), (settings or RouterSettings()).model_dump_json(), relayer_key)
    started = start_detached(ROUTER_ACTOR, MessageRouterActor, *arguments, concurrency_groups=ROUTER_GROUPS)
    return RouterHandle(ROUTER_ACTOR, started.actor)


def scale_workers(
    count: int,
    backend: str = "unproven",
    settings: PoolSettings | None = None,
    memory_bytes: int | None = None,
    gpus: GpuUse = GpuUse.AUTO,
) -> list[WorkerHandle]:
    """Have exactly ``count`` prover workers; those above give their job back and end.

    A worker has a GPU of its own, as far as the cluster has them. Ray's autoscaler, where there is one, is asked for
    room for all of them.

    Args:
        count: How many.
        backend: What proves.
        settings: The pool's.
        memory_bytes: What one proof may take; what is free when it begins, where left out.
        gpus: Who gets a GPU.

    Raises:
        UnknownBackend: There is no prover backend of this name.
    """
    from cluster.actors.worker import WORKER_GROUPS, ProverWorker
    from cluster.workers.backends import check_backend

    check_backend(backend)
    for surplus in running_workers()[count:]:
        # One that waits for a lost node to come back cannot be asked, and is ended all the same.
        with contextlib.suppress(ActorError):
            surplus.stop()
    heartbeat_s = (settings or PoolSettings()).heartbeat_s
    with_gpu = gpus.workers(count, cluster_gpus())
    ask_for_room(with_gpu, count - with_gpu)
    workers = []
    for index in range(count):
        started = start_detached(
            worker_actor(index),
            ProverWorker,
            *(index, backend, POOL_ACTOR, heartbeat_s, memory_bytes),
            concurrency_groups=WORKER_GROUPS,
            num_gpus=int(index < with_gpu),
            anywhere=True,
        )
        workers.append(WorkerHandle(started.name, started.actor))
    return workers


def running_workers() -> list[WorkerHandle]:
    """The workers there are, by index."""
    names = [name for name in running_actors() if name.startswith(WORKER_PREFIX)]
    return [WorkerHandle.lookup(name) for name in sorted(names, key=lambda name: int(name.rpartition("-")[2]))]


def running_actors() -> list[str]:
    """Names of the hub's actors that are alive or being restarted."""
    import ray
    from ray.util import list_named_actors

    if not ray.is_initialized():
        raise NotConnected("this process has neither started nor joined a Ray cluster")
    actors = list_named_actors(all_namespaces=True)
    return sorted(actor["name"] for actor in actors if actor["namespace"] == NAMESPACE)


def stop_chain(chain_name: str, timeout_s: float = 30.0) -> None:
    """Close a chain's store and end its actor; nothing happens if it does not run. Its data stays."""
    try:
        handle = NodeHandle.chain(chain_name)
    except ActorMissing:
        return
    handle.stop(timeout_s)
