"""A prover pool without provers: discrete events, one policy, thousands of jobs in a second.

What is simulated is everything round the policy: arrivals, workers of several sizes, estimates that are wrong. The
policy and the accounts are the pool's own code.
"""

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from cluster.pool.accounts import Account, ended, started, with_work
from cluster.pool.scheduler import Candidate, Rule, Scheduler


@dataclass(frozen=True, slots=True)
class SimJob:
    """A job: when it comes, whose it is, what it really takes, and what it is expected to take."""

    arrives: float
    chain: int
    cost_s: float
    estimate_s: float
    memory: int = 0
    urgent: bool = False
    deadline: float | None = None


@dataclass(slots=True)
class Waiting:
    number: int
    job: SimJob
    head_at: float | None = None


@dataclass(frozen=True, slots=True)
class Start:
    """What was recorded of one decision."""

    number: int
    at: float
    ends: float
    worker: int
    rule: Rule
    waited_s: float
    oldest_waited_s: float


@dataclass(slots=True)
class Outcome:
    """What came of a run.

    Attributes:
        starts: In the order of the decisions.
        busy_s: Worker seconds in use while a job waited that some worker could take.
        possible_s: Worker seconds there were in that time.
        idle_beside_work: Times at which a worker stayed idle beside a job that it could have taken.
        exhausted_at: Chain → when its queue first ran empty.
        accounts: At the end.
    """

    jobs: Sequence[SimJob]
    starts: list[Start] = field(default_factory=list)
    busy_s: float = 0.0
    possible_s: float = 0.0
    idle_beside_work: int = 0
    exhausted_at: dict[int, float] = field(default_factory=dict)
    accounts: dict[int, Account] = field(default_factory=dict)

    def served_s(self, until: float) -> dict[int, float]:
        """Worker seconds of each chain up to a moment."""
        served: dict[int, float] = {job.chain: 0.0 for job in self.jobs}
        for start in self.starts:
            served[self.jobs[start.number].chain] += max(0.0, min(start.ends, until) - start.at)
        return served

    def longest_head_wait_s(self) -> float:
        return max(start.waited_s for start in self.starts)

    def queue_waits_s(self, chain: int) -> list[float]:
        return sorted(s.at - self.jobs[s.number].arrives for s in self.starts if self.jobs[s.number].chain == chain)


def jain(values: Iterable[float]) -> float:
    """Jain's index: 1 when all are equal, 1/n when one has everything (Jain, Chiu, Hawe, 1984)."""
    shared = list(values)
    return sum(shared) ** 2 / (len(shared) * sum(value * value for value in shared))


class Simulation:
    """One run.

    Args:
        policy: Whose job comes next.
        workers: The memory of each worker.
        jobs: In the order of their arrival within each chain.
        accounts: Weights and reserves; chains without one begin with the ordinary account.
    """

    def __init__(
        self, policy: Scheduler, workers: Sequence[int], jobs: Sequence[SimJob], accounts: Iterable[Account] = ()
    ) -> None:
        self._policy = policy
        self._memory = list(workers)
        self._jobs = jobs
        self._accounts = {account.chain_id: account for account in accounts}
        self._queues: dict[int, list[Waiting]] = {}
        self._running: dict[int, tuple[SimJob, float, float, float]] = {}
        self._clock = 0.0
        self._lease = 0
        self._has_urgency = any(job.urgent or job.deadline is not None for job in jobs)
        self._outcome = Outcome(jobs)

    def run(self) -> Outcome:
        events: list[tuple[float, int, int]] = [(job.arrives, 1, number) for number, job in enumerate(self._jobs)]
        heapq.heapify(events)
        now = 0.0
        while events:
            at = events[0][0]
            self._account_time(at - now)
            now = at
            while events and events[0][0] == at:
                _, kind, number = heapq.heappop(events)
                if kind == 0:
                    self._finish(number, at)
                else:
                    job = self._jobs[number]
                    self._queues.setdefault(job.chain, []).append(Waiting(number, job))
                    self._mark_first(job.chain, at)
            for worker in self._idle():
                if (start := self._give(worker, now)) is not None:
                    heapq.heappush(events, (start.ends, 0, worker))
            self._outcome.idle_beside_work += sum(self._fits(worker) for worker in self._idle())
        assert not any(self._queues.values())
        self._outcome.accounts = self._accounts
        return self._outcome

    def _idle(self) -> list[int]:
        return [worker for worker in range(len(self._memory)) if worker not in self._running]

    def _fits(self, worker: int) -> bool:
        return any(w.job.memory <= self._memory[worker] for queue in self._queues.values() for w in queue)

    def _account_time(self, seconds: float) -> None:
        if seconds > 0 and any(self._fits(worker) for worker in range(len(self._memory))):
            self._outcome.busy_s += seconds * len(self._running)
            self._outcome.possible_s += seconds * len(self._memory)

    def _finish(self, worker: int, now: float) -> None:
        job, began, estimate_s, share = self._running.pop(worker)
        self._accounts[job.chain] = ended(self._accounts[job.chain], estimate_s, now - began, share)

    def _give(self, worker: int, now: float) -> Start | None:
        present = {chain for chain, queue in self._queues.items() if queue}
        present |= {job.chain for job, *_ in self._running.values()}
        accounts = with_work(self._accounts, present, self._clock)
        found: dict[int, Waiting] = {}
        for queue in self._queues.values():
            first = next((waiting for waiting in queue if waiting.job.memory <= self._memory[worker]), None)
            if first is not None:
                found[first.number] = first
        if not found:
            return None
        candidates = [self._candidate(waiting, now) for waiting in found.values()]
        active = {chain: accounts[chain] for chain in present}
        choice = self._policy.choose(candidates, active, self._clock)
        self._accounts, self._clock, self._lease = accounts, choice.clock_s, self._lease + 1
        waiting = found[choice.candidate.job_id]
        job, share = waiting.job, choice.share
        self._queues[job.chain].remove(waiting)
        self._mark_first(job.chain, now)
        if not self._queues[job.chain]:
            self._outcome.exhausted_at.setdefault(job.chain, now)
        self._accounts[job.chain] = started(
            self._accounts[job.chain], choice.level_s, job.estimate_s, share, self._lease
        )
        self._running[worker] = (job, now, job.estimate_s, share)
        start = Start(
            waiting.number,
            now,
            now + job.cost_s,
            worker,
            choice.rule,
            choice.candidate.waited_s,
            max(candidate.waited_s for candidate in candidates),
        )
        self._outcome.starts.append(start)
        return start

    def _mark_first(self, chain: int, now: float) -> None:
        queue = self._queues[chain]
        if queue and queue[0].head_at is None:
            queue[0].head_at = now

    def _candidate(self, waiting: Waiting, now: float) -> Candidate:
        job = waiting.job
        later = [w.job for w in self._queues[job.chain] if w.number >= waiting.number] if self._has_urgency else [job]
        deadlines = [other.deadline for other in later if other.deadline is not None]
        return Candidate(
            job_id=waiting.number,
            chain_id=job.chain,
            batch_number=waiting.number,
            cost_s=job.estimate_s,
            waited_s=0.0 if waiting.head_at is None else now - waiting.head_at,
            urgent=any(other.urgent for other in later),
            due_in_s=min(deadlines) - now if deadlines else None,
        )


def with_estimates(jobs: Iterable[SimJob], factor: Iterable[float]) -> list[SimJob]:
    """The jobs, expected to take another time than they do."""
    return [replace(job, estimate_s=job.cost_s * wrong) for job, wrong in zip(jobs, factor, strict=False)]
