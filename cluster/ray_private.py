"""The one place that uses what Ray does not promise; every function has an answer for the day it is gone."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

#: Seconds in which a node of our own must have registered; then Ray's own patience begins.
_NODE_WAIT_S = 10.0
#: The version of Ray whose inside :func:`lean_start` was written for.
_LEAN_VERSION = "2.60.0"


@dataclass(frozen=True, slots=True)
class ActorRecord:
    """Ray's own record of an actor.

    Attributes:
        state: ``ALIVE``, ``RESTARTING``, ``PENDING_CREATION``, ``DEPENDENCIES_UNREADY`` or ``DEAD``.
        started_at_ms: When its present process was started, Unix time; 0: not yet.
    """

    actor_id: str
    name: str
    state: str
    pid: int
    node_id: str
    restarts: int
    started_at_ms: int


def actor_records() -> list[ActorRecord]:
    """Ray's table of actors; empty when this version of Ray does not give it.

    The public state API has the same table, but only while Ray's dashboard runs, and the hub starts none: it costs a
    second of start-up and 120 MB.
    """
    try:
        from ray._private.state import actors

        rows = list(actors().values())
    except (ImportError, AttributeError):
        return []
    return [record for row in rows if (record := _record(row)) is not None]


def _record(row: object) -> ActorRecord | None:
    if not isinstance(row, dict):
        return None
    try:
        return ActorRecord(
            actor_id=row["ActorID"],
            name=row["Name"],
            state=row["State"],
            pid=row["Pid"],
            node_id=row["Address"]["NodeID"],
            restarts=row["NumRestarts"],
            started_at_ms=int(row["StartTime"]),
        )
    except (KeyError, TypeError, ValueError):
        return None


def own_restarts() -> int:
    """How often this actor's process was started again; where Ray does not tell, 1 stands for "at least once"."""
    import ray

    context = ray.get_runtime_context()
    own_id = context.get_actor_id()
    for record in actor_records():
        if record.actor_id == own_id:
            return record.restarts
    return int(context.was_current_actor_reconstructed)


@contextmanager
def lean_start() -> Iterator[bool]:
    """Inside, ``ray.init`` leaves out what a hub on one machine does not use; yields whether it does.

    Left out are the process of the dashboard (started even without one, for usage statistics), the monitor of the
    autoscaler and the one that copies workers' logs; and a node is looked for every 20 ms instead of every second.
    Measured on two cores: 2 of 4.5 seconds of start-up, 1.1 of 1.4 seconds of shut-down, 300 MB. With another version
    of Ray nothing is changed.
    """
    import ray
    from ray._private import node, parameter, services, utils

    if ray.__version__ != _LEAN_VERSION:
        yield False
        return
    initialise: Any = parameter.RayParams.__init__
    find_node: Any = services.get_node

    def lean_parameters(self: Any, *arguments: Any, **named: Any) -> None:
        initialise(self, *arguments, **named)
        self.no_monitor = True
        self.include_log_monitor = False

    def find_node_soon(gcs_address: str, node_id: str) -> Any:
        raylet: Any = ray._raylet
        client, wanted = raylet.GcsClient(address=gcs_address), raylet.NodeID.from_hex(node_id)
        deadline = time.monotonic() + _NODE_WAIT_S
        while wanted not in client.get_all_node_info(timeout=5) and time.monotonic() < deadline:
            time.sleep(0.02)
        return find_node(gcs_address, node_id)

    with (
        patch(node.Node, "start_api_server", lambda self, **named: None),
        patch(utils, "get_dashboard_dependency_error", lambda: ImportError("left out")),
        patch(parameter.RayParams, "__init__", lean_parameters),
        patch(services, "get_node", find_node_soon),
    ):
        yield True


class ExtraNode:
    """One more node of Ray on this machine, beside the head that this process started.

    It has an identity, resources and worker processes of its own; memory, processors and devices are the machine's.

    Args:
        num_cpus: Processors it says it has.
        num_gpus: GPUs it says it has; they need not exist.
        object_store_bytes: Of its object store.

    Raises:
        RuntimeError: This process did not start the head, or this version of Ray has no such nodes.
    """

    def __init__(self, num_cpus: int, num_gpus: int, object_store_bytes: int) -> None:
        import ray

        try:
            from ray._private import node, parameter, worker

            head: Any = worker._global_node
            parameters: Any = parameter.RayParams
            wanted = parameters(
                gcs_address=head.gcs_address,
                num_cpus=num_cpus,
                num_gpus=num_gpus,
                object_store_memory=object_store_bytes,
                include_log_monitor=False,
                node_manager_port=0,
                min_worker_port=0,
                max_worker_port=0,
            )
            self._node: Any = node.Node(wanted, head=False, shutdown_at_exit=True, spawn_reaper=True)
        except (ImportError, AttributeError, TypeError) as error:
            raise RuntimeError(f"Ray {ray.__version__} cannot have another node here: {error}") from error

    @property
    def node_id(self) -> str:
        """Ray's id of it."""
        return str(self._node.node_id)

    def stop(self) -> None:
        """End it with all its processes."""
        self._node.kill_all_processes(check_alive=False, allow_graceful=True)


@contextmanager
def patch(owner: Any, name: str, value: Any) -> Iterator[None]:
    """``owner.name`` is ``value`` inside."""
    original = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, original)
