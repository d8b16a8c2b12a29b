"""Everything Ray: start or join a cluster, place actors, keep the prover pool, watch and restart.

The names below are the whole surface. They are loaded on first use, because Ray reads its settings from the environment
at ``import ray``: importing this package must not import it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cluster.gpus import Gpu, find_gpus
    from cluster.handles import ActorRef, NodeHandle, NodeInfo, PoolHandle, RouterHandle, WorkerHandle
    from cluster.health import ActorView, ClusterView, MachineView
    from cluster.placement import (
        running_actors,
        running_workers,
        scale_workers,
        start_chain,
        start_detached,
        start_l1,
        start_pool,
        start_router,
        stop_chain,
    )
    from cluster.ray_cluster import RayCluster
    from cluster.settings import PoolSettings, RaySettings, RouterSettings

_HOMES = {
    "ActorRef": "cluster.handles",
    "ActorView": "cluster.health",
    "ClusterView": "cluster.health",
    "Gpu": "cluster.gpus",
    "MachineView": "cluster.health",
    "NodeHandle": "cluster.handles",
    "NodeInfo": "cluster.handles",
    "PoolHandle": "cluster.handles",
    "PoolSettings": "cluster.settings",
    "RayCluster": "cluster.ray_cluster",
    "RaySettings": "cluster.settings",
    "RouterHandle": "cluster.handles",
    "RouterSettings": "cluster.settings",
    "WorkerHandle": "cluster.handles",
    "find_gpus": "cluster.gpus",
    "running_actors": "cluster.placement",
    "running_workers": "cluster.placement",
    "scale_workers": "cluster.placement",
    "start_chain": "cluster.placement",
    "start_detached": "cluster.placement",
    "start_l1": "cluster.placement",
    "start_pool": "cluster.placement",
    "start_router": "cluster.placement",
    "stop_chain": "cluster.placement",
}

__all__ = [
    "ActorRef",
    "ActorView",
    "ClusterView",
    "Gpu",
    "MachineView",
    "NodeHandle",
    "NodeInfo",
    "PoolHandle",
    "PoolSettings",
    "RayCluster",
    "RaySettings",
    "RouterHandle",
    "RouterSettings",
    "WorkerHandle",
    "find_gpus",
    "running_actors",
    "running_workers",
    "scale_workers",
    "start_chain",
    "start_detached",
    "start_l1",
    "start_pool",
    "start_router",
    "stop_chain",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'cluster' has no attribute {name!r}")
    return getattr(import_module(home), name)
