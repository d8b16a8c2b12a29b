"""How many workers a queue is worth, and asking Ray for machines to run them on."""

import math
from dataclasses import dataclass
from enum import StrEnum

from cluster.errors import NotConnected


class GpuUse(StrEnum):
    """Which workers get a GPU of their own."""

    AUTO = "auto"
    """As many as the cluster has GPUs; the others prove on processors."""
    NEVER = "never"
    """None."""
    ALWAYS = "always"
    """All; who finds none waits for one, which Ray's autoscaler may bring."""

    def workers(self, count: int, gpus: int) -> int:
        """How many of ``count`` workers get a GPU in a cluster of ``gpus``."""
        return {GpuUse.AUTO: min(count, gpus), GpuUse.NEVER: 0, GpuUse.ALWAYS: count}[self]


def cluster_gpus() -> int:
    """GPUs of the cluster, taken or free.

    Raises:
        NotConnected: This process is in no cluster.
    """
    import ray

    if not ray.is_initialized():
        raise NotConnected("this process has neither started nor joined a Ray cluster")
    resources: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]
    return int(resources.get("GPU", 0))


def ask_for_room(with_gpu: int, without: int) -> None:
    """Tell Ray's autoscaler what the workers need, in place of what it was told before; nothing to nobody is harmless.

    Args:
        with_gpu: Workers that need a GPU each.
        without: Workers that need a processor each.
    """
    from ray.autoscaler.sdk import request_resources

    request_resources(bundles=room_for(with_gpu, without))


def room_for(with_gpu: int, without: int) -> list[dict[str, int]]:
    """One bundle a worker, as Ray's autoscaler takes them."""
    return [{"GPU": 1}] * with_gpu + [{"CPU": 1}] * without


@dataclass(slots=True)
class WorkerGoal:
    """How many workers there shall be while the queue grows and shrinks. Pure: the caller brings the clock.

    Attributes:
        least: Workers there are always.
        most: Workers there are at most.
        target_s: Seconds within which what waits shall be proved.
        patience_s: Seconds that nothing may wait before workers are let go.
    """

    least: int
    most: int
    target_s: float = 300.0
    patience_s: float = 120.0
    _quiet_since: float | None = None

    def workers(self, now: float, present: int, waiting: int, running: int, backlog_s: float) -> int:
        """How many there shall be now.

        Args:
            now: Seconds on any clock that goes on.
            present: How many there shall have been until now.
            waiting: Jobs that wait.
            running: Jobs that workers have.
            backlog_s: Prover seconds that the waiting jobs are expected to take.
        """
        if waiting:
            self._quiet_since = None
            # Where nothing is known of the cost yet, a worker a job, up to twice of those there are.
            needed = math.ceil(backlog_s / self.target_s) if backlog_s else min(waiting, 2 * max(1, present))
            return min(self.most, max(self.least, present, running + needed if needed else 1))
        if self._quiet_since is None:
            self._quiet_since = now
        if now - self._quiet_since < self.patience_s:
            return present
        return min(self.most, max(self.least, running))
