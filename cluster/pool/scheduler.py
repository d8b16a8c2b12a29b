"""Whose job comes next: the seam for every policy of sharing the pool between chains."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class ChainQueue:
    """A chain with at least one job that may start now.

    Attributes:
        running: Its jobs that workers have.
        oldest_waiting_s: Seconds its oldest ready job has waited.
        last_served: Number of its latest assignment, counted over all chains; 0: never served.
    """

    chain_id: int
    running: int
    oldest_waiting_s: float
    last_served: int


class Scheduler(Protocol):
    """A policy."""

    def choose(self, queues: Sequence[ChainQueue]) -> int:
        """The chain id of one of ``queues``, of which there is at least one."""
        ...


@dataclass(frozen=True, slots=True)
class FairShare:
    """The chain with the fewest running jobs first, each ``ageing_s`` of waiting counting as one job less.

    Among equals it is the turn of the one served longest ago, so that with one worker it is a round robin, and a chain
    with a thousand jobs delays another chain's single job by one job's time.
    """

    ageing_s: float

    def choose(self, queues: Sequence[ChainQueue]) -> int:
        """The chain id of one of ``queues``, of which there is at least one."""
        return min(queues, key=self._rank).chain_id

    def _rank(self, queue: ChainQueue) -> tuple[int, int, int]:
        return (queue.running - int(queue.oldest_waiting_s / self.ageing_s), queue.last_served, queue.chain_id)
