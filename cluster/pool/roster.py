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
    """

    card: WorkerCard
    first_seen: float
    last_seen: float
    jobs_done: int = 0
    latest_take: int = -1
    progress: Progress | None = None

    def info(self, job: JobInfo | None) -> WorkerInfo:
        """The worker as everyone may see it; ``job`` is what it is at."""
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

    def remove(self, name: str) -> None:
        """Forget a worker."""
        del self._workers[name]

    def silent_since(self, moment: float) -> list[str]:
        """Names of those last heard of before ``moment``."""
        return [worker.card.name for worker in self if worker.last_seen < moment]
