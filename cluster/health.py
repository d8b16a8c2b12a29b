"""What runs where: machines, actors, GPUs; for the hub's API and ``zkhub doctor``."""

from dataclasses import dataclass
from typing import Self

from cluster.gpus import Gpu


@dataclass(frozen=True, slots=True)
class MachineView:
    """One machine (Ray node) of the cluster.

    Attributes:
        node_id: Ray's id of it.
        address: Its address inside the cluster.
        resources: Ray's resources it offers, by name (``CPU``, ``GPU``, ``memory`` in bytes …).
    """

    node_id: str
    address: str
    alive: bool
    resources: dict[str, float]


@dataclass(frozen=True, slots=True)
class ActorView:
    """One actor of the hub.

    Attributes:
        alive: Whether it answered just now.
        restarts: How often its process was started again; None when it did not answer.
        last_seen_s: Seconds since it last answered whoever holds this view; None: never.
        error: Why it did not answer, or what keeps it from serving; None when all is well.
    """

    name: str
    alive: bool
    pid: int | None
    node_id: str | None
    restarts: int | None
    last_seen_s: float | None
    error: str | None


@dataclass(frozen=True, slots=True)
class ClusterView:
    """The cluster at one moment."""

    ray_version: str
    address: str
    machines: tuple[MachineView, ...]
    actors: tuple[ActorView, ...]
    gpus: tuple[Gpu, ...]

    @classmethod
    def collect(cls, timeout_s: float = 2.0) -> Self:
        """Ask every machine and actor, all at once, and wait at most ``timeout_s``.

        Raises:
            NotConnected: This process is in no cluster.
        """
        from cluster.observe import observe

        return cls(*observe(timeout_s))
