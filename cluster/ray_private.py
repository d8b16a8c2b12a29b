"""The one place that uses what Ray does not promise; every function has an answer for the day it is gone."""

from dataclasses import dataclass


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
