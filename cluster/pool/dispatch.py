"""Which job a worker gets, and what that means for the books."""

from collections.abc import Mapping
from dataclasses import replace

from cluster.pool.accounts import Account, shares, started, with_work
from cluster.pool.books import Books
from cluster.pool.decisions import MOST_OTHERS, Considered, Decision
from cluster.pool.estimates import Estimator
from cluster.pool.jobs import JobInfo, JobState
from cluster.pool.scheduler import Candidate, Choice, Scheduler
from cluster.pool.store import JobStore


class Dispatcher:
    """Asks the scheduler and carries its answer out. Not thread-safe: the pool's lock guards it."""

    def __init__(self, store: JobStore, books: Books, estimator: Estimator, scheduler: Scheduler) -> None:
        self._store = store
        self._books = books
        self._estimator = estimator
        self._scheduler = scheduler

    def next_job(self, memory_bytes: int | None, now: float) -> tuple[JobInfo, "Plan"] | None:
        """The job for a worker with so much memory (None: enough for any), and how it came to that."""
        before = self._books.accounts()
        clock = self._books.clock()
        present = self._store.chains_with_work()
        accounts = with_work(before, present, clock)
        firsts = [self._store.first_ready(chain_id, memory_bytes) for chain_id in present]
        jobs = {job.id: job for job in (*firsts, self._store.longest_first(memory_bytes)) if job is not None}
        if not jobs:
            return None
        candidates = [self._candidate(job, now) for job in jobs.values()]
        active = {chain_id: accounts[chain_id] for chain_id in present}
        choice = self._scheduler.choose(candidates, active, clock)
        plan = Plan(choice, candidates, active, [account for account in accounts.values() if _changed(account, before)])
        return jobs[choice.candidate.job_id], plan

    def _candidate(self, job: JobInfo, now: float) -> Candidate:
        urgent, deadline = self._store.urgency(job.key.chain_id, job.key.batch_number)
        return Candidate(
            job_id=job.id,
            chain_id=job.key.chain_id,
            batch_number=job.key.batch_number,
            cost_s=self._estimator.seconds(job),
            waited_s=0.0 if job.head_at is None else max(0.0, now - job.head_at),
            urgent=urgent,
            due_in_s=None if deadline is None else deadline - now,
        )

    def start(self, job: JobInfo, plan: "Plan", worker: str, now: float) -> JobInfo:
        """Give the job to the worker; job, account, clock and decision become durable together."""
        with self._store.transaction():
            lease = self._store.next_lease()
            account = plan.charged(lease)
            job = self._store.update(
                job,
                replace(
                    job,
                    state=JobState.RUNNING,
                    lease=lease,
                    attempts=job.attempts + 1,
                    started_at=now,
                    finished_at=None,
                    worker=worker,
                    estimate_s=plan.choice.candidate.cost_s,
                    share=plan.choice.share,
                ),
            )
            self._books.keep([*plan.woken, account])
            self._books.set_clock(plan.choice.clock_s)
            self._books.record(plan.decision(lease, now, worker))
            self._store.mark_first(job.key.chain_id, now)
        return job


class Plan:
    """A choice with what it was made of.

    Attributes:
        woken: Accounts of chains that have work again, or none any more.
    """

    def __init__(
        self, choice: Choice, candidates: list[Candidate], active: Mapping[int, Account], woken: list[Account]
    ) -> None:
        self.choice = choice
        self.woken = woken
        self._candidates = candidates
        self._active = active
        self._shares = shares(active.values())

    def charged(self, lease: int) -> Account:
        """The chosen chain's account with the job charged to it."""
        chosen = self.choice.candidate
        return started(self._active[chosen.chain_id], self.choice.level_s, chosen.cost_s, self.choice.share, lease)

    def decision(self, lease: int, now: float, worker: str) -> Decision:
        """The record of it."""
        chosen = self.choice.candidate
        others = sorted(
            (self._considered(candidate) for candidate in self._candidates if candidate is not chosen),
            key=lambda other: (other.level_s, other.chain_id),
        )
        return Decision(
            lease=lease,
            at=now,
            worker=worker,
            rule=self.choice.rule,
            clock_s=self.choice.clock_s,
            chosen=self._considered(chosen),
            others=tuple(others[:MOST_OTHERS]),
        )

    def _considered(self, candidate: Candidate) -> Considered:
        is_chosen = candidate.chain_id == self.choice.candidate.chain_id
        return Considered(
            job_id=candidate.job_id,
            chain_id=candidate.chain_id,
            batch_number=candidate.batch_number,
            level_s=self.choice.level_s if is_chosen else self._active[candidate.chain_id].virtual_s,
            share=self._shares[candidate.chain_id],
            cost_s=candidate.cost_s,
            waited_s=candidate.waited_s,
            urgent=candidate.urgent,
            due_in_s=candidate.due_in_s,
        )


def _changed(account: Account, before: Mapping[int, Account]) -> bool:
    return before.get(account.chain_id) != account
