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
        answers: Whether it answered just now.
        state: What Ray says of it: ``ALIVE``, ``RESTARTING``, ``PENDING_CREATION`` … or ``UNKNOWN``.
        restarts: How often its process was started again.
        up_s: Seconds since its present process was started.
    """

    name: str
    answers: bool
    state: str
    pid: int | None
    node_id: str | None
    restarts: int | None
    up_s: float | None


@dataclass(frozen=True, slots=True)
class ClusterView:
    """The cluster at one moment.

    Attributes:
        address: ``HOST:PORT`` of the head.
        gpus: Of the machine that asks.
    """

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
