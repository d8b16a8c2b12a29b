"""Ask the cluster what is there; :mod:`cluster.health` has the answers' shapes."""

import time
from typing import Any

import ray

from cluster.gpus import Gpu, find_gpus
from cluster.health import ActorView, MachineView
from cluster.names import NAMESPACE
from cluster.placement import running_actors
from cluster.ray_private import actor_records

Observation = tuple[str, str, tuple[MachineView, ...], tuple[ActorView, ...], tuple[Gpu, ...]]


def observe(timeout_s: float) -> Observation:
    """Ray's version, the head's address, machines, actors, and this machine's GPUs.

    Raises:
        NotConnected: This process is in no cluster.
    """
    names = running_actors()
    nodes: list[dict[str, Any]] = ray.nodes()  # type: ignore[no-untyped-call]
    machines = tuple(_machine(node) for node in nodes)
    actors = _actors(names, timeout_s)
    return ray.__version__, ray.get_runtime_context().gcs_address, machines, actors, find_gpus()


def _machine(node: dict[str, Any]) -> MachineView:
    return MachineView(
        node_id=node["NodeID"],
        address=node["NodeManagerAddress"],
        alive=node["Alive"],
        resources=dict(node.get("Resources", {})),
    )


def _actors(names: list[str], timeout_s: float) -> tuple[ActorView, ...]:
    answered = _answered(names, timeout_s)
    records = {record.name: record for record in actor_records() if record.state != "DEAD"}
    now_ms = time.time() * 1000
    views = []
    for name in names:
        record = records.get(name)
        views.append(
            ActorView(
                name=name,
                answers=name in answered,
                state=record.state if record else "UNKNOWN",
                pid=record.pid if record and record.pid else None,
                node_id=record.node_id if record else None,
                restarts=record.restarts if record else None,
                up_s=max(0.0, (now_ms - record.started_at_ms) / 1000) if record and record.started_at_ms else None,
            )
        )
    return tuple(views)


def _answered(names: list[str], timeout_s: float) -> set[str]:
    """Which of these actors answer within the time limit; all are asked at once."""
    asked: dict[Any, str] = {}
    for name in names:
        try:
            actor = ray.get_actor(name, namespace=NAMESPACE)
        except ValueError:
            # It ended between the listing and now.
            continue
        asked[actor.__ray_ready__.remote()] = name
    done, _ = ray.wait(list(asked), num_returns=len(asked), timeout=timeout_s) if asked else ([], [])
    return {asked[reference] for reference in done if _succeeded(reference)}


def _succeeded(reference: Any) -> bool:
    try:
        ray.get(reference, timeout=0)
    except ray.exceptions.RayError:
        return False
    return True
