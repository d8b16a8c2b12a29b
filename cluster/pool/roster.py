"""The workers that the pool has heard of in its present life."""

from collections.abc import Iterator
from dataclasses import dataclass

from cluster.pool.jobs import JobInfo, Progress, WorkerCard, WorkerInfo


@dataclass(slots=True)
class Worker:
    """A worker that is alive as far as the pool knows.

    Attributes:
        latest_take: Sequence number of its latest question for work.
        progress: How far it is with what it holds.
        busy_s: Seconds of its attempts that have ended.
        refused_proofs: Wrong proofs it handed in.
    """

    card: WorkerCard
    first_seen: float
    last_seen: float
    jobs_done: int = 0
    latest_take: int = -1
    progress: Progress | None = None
    busy_s: float = 0.0
    refused_proofs: int = 0

    def info(self, job: JobInfo | None, now: float, *, draining: bool) -> WorkerInfo:
        """The worker as everyone may see it; ``job`` is what it is at."""
        # An attempt that began before the pool's restart is longer than this worker has been known.
        current = now - max(job.started_at or now, self.first_seen) if job else 0.0
        return WorkerInfo(
            name=self.card.name,
            backend=self.card.backend,
            pid=self.card.pid,
            node_id=self.card.node_id,
            first_seen=self.first_seen,
            last_seen=self.last_seen,
            lease=job.lease if job else None,
            job=job.key if job else None,
            jobs_done=self.jobs_done,
            progress=self.progress if job else None,
            busy_s=self.busy_s + max(0.0, current),
            memory_bytes=self.card.memory_bytes,
            gpu=self.card.gpu,
            draining=draining,
            refused_proofs=self.refused_proofs,
        )


class Roster:
    """Workers by name. One name has one incarnation at a time."""

    def __init__(self) -> None:
        self._workers: dict[str, Worker] = {}

    def __contains__(self, name: object) -> bool:
        return name in self._workers

    def __iter__(self) -> Iterator[Worker]:
        return iter([self._workers[name] for name in sorted(self._workers)])

    def __len__(self) -> int:
        return len(self._workers)

    def same(self, card: WorkerCard) -> Worker | None:
        """The worker of this card, if it is the incarnation that is known."""
        worker = self._workers.get(card.name)
        return worker if worker is not None and worker.card.incarnation == card.incarnation else None

    def add(self, card: WorkerCard, now: float) -> Worker:
        """Note a worker that was not known."""
        worker = self._workers[card.name] = Worker(card, now, now)
        return worker

    def note_busy(self, name: str, seconds: float, now: float) -> None:
        """Note that an attempt of a worker has ended after ``seconds``; not more than it has been known for."""
        if (worker := self._workers.get(name)) is not None:
            worker.busy_s += min(seconds, now - worker.first_seen)

    def largest_memory(self, drains: frozenset[str]) -> int | None:
        """What the largest worker that takes jobs may use; None: no limit, or there is no worker to tell."""
        limits = [worker.card.memory_bytes for worker in self if worker.card.name not in drains]
        known = [limit for limit in limits if limit is not None]
        return max(known) if known and len(known) == len(limits) else None

    def remove(self, name: str) -> None:
        """Forget a worker."""
        del self._workers[name]

    def silent_since(self, moment: float) -> list[str]:
        """Names of those last heard of before ``moment``."""
        return [worker.card.name for worker in self if worker.last_seen < moment]
