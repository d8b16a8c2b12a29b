"""Whose job comes next: the seam for every policy of sharing the pool between chains. No clock, no chance, no disk."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from cluster.pool.accounts import Account, shares


class Rule(StrEnum):
    """What decided."""

    OVERDUE = "overdue"
    """It had waited for its bound at the head of its chain; of several, the one that waited longest."""
    URGENT = "urgent"
    """It, or a later batch of its chain, is urgent or soon due; of several, the one that is due first."""
    FAIR = "fair"
    """Its chain is furthest behind its share."""
    ORDER = "order"
    """A policy that knows no shares."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A job that the asking worker could start now.

    Attributes:
        cost_s: Prover seconds it is expected to take.
        waited_s: Seconds it has been its chain's first.
        urgent: Whether someone asked for it, or for a later batch of its chain, to go first.
        due_in_s: Seconds to the earliest deadline of it and of its chain's later batches; None: no deadline.
    """

    job_id: int
    chain_id: int
    batch_number: int
    cost_s: float
    waited_s: float
    urgent: bool = False
    due_in_s: float | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """A decision.

    Attributes:
        level_s: The chain's virtual time before the job is charged.
        share: The part of the pool that is due to the chain.
        clock_s: The pool's clock after it.
    """

    candidate: Candidate
    rule: Rule
    level_s: float
    share: float
    clock_s: float


class Scheduler(Protocol):
    """A policy."""

    def choose(self, candidates: Sequence[Candidate], accounts: Mapping[int, Account], clock_s: float) -> Choice:
        """One of ``candidates``, of which there is at least one.

        Args:
            candidates: One of each chain that has a job for the asking worker, and those that have waited too long.
            accounts: Of every chain that has work.
            clock_s: The pool's clock.
        """
        ...


@dataclass(frozen=True, slots=True)
class FairShare:
    """Weighted fair shares of prover seconds, with a bound on waiting and with urgency on credit.

    Attributes:
        ageing_s: Seconds at the head of its chain after which a job is passed over no more.
        due_lead_s: Seconds before its deadline from which a job counts as urgent, and four times its cost if that is
            more.
        max_lag_s: Prover seconds that a chain may be behind its share (its claim is cut to that) or ahead by urgency.
    """

    ageing_s: float
    due_lead_s: float = 300.0
    max_lag_s: float = 3_600.0

    def choose(self, candidates: Sequence[Candidate], accounts: Mapping[int, Account], clock_s: float) -> Choice:
        """One of ``candidates``."""
        due = shares(accounts.values())
        lags = {chain_id: self.max_lag_s / share for chain_id, share in due.items()}
        levels = {c.chain_id: max(accounts[c.chain_id].virtual_s, clock_s - lags[c.chain_id]) for c in candidates}
        clock = max(clock_s, min(levels.values()))
        overdue = [c for c in candidates if c.waited_s >= self.ageing_s]
        urgent = [c for c in candidates if self.is_urgent(c) and levels[c.chain_id] <= clock + lags[c.chain_id]]
        if overdue:
            chosen, rule = min(overdue, key=lambda c: (-c.waited_s, c.chain_id, c.batch_number)), Rule.OVERDUE
        elif urgent:
            chosen, rule = min(urgent, key=_by_due_time), Rule.URGENT
        else:
            ranks = {c.chain_id: (levels[c.chain_id], accounts[c.chain_id].served) for c in candidates}
            chosen, rule = min(candidates, key=lambda c: (*ranks[c.chain_id], c.chain_id, c.batch_number)), Rule.FAIR
        return Choice(chosen, rule, levels[chosen.chain_id], due[chosen.chain_id], clock)

    def is_urgent(self, candidate: Candidate) -> bool:
        """Whether it goes before those that are not."""
        due = candidate.due_in_s
        return candidate.urgent or (due is not None and due <= max(self.due_lead_s, 4 * candidate.cost_s))


def _by_due_time(candidate: Candidate) -> tuple[float, float, int, int]:
    due = float("inf") if candidate.due_in_s is None else candidate.due_in_s
    return (due, -candidate.waited_s, candidate.chain_id, candidate.batch_number)


@dataclass(frozen=True, slots=True)
class FirstCome:
    """The oldest job first, whosever it is: what a plain queue does."""

    def choose(self, candidates: Sequence[Candidate], accounts: Mapping[int, Account], clock_s: float) -> Choice:
        """One of ``candidates``."""
        chosen = min(candidates, key=lambda c: c.job_id)
        return _in_order(chosen, accounts, clock_s)


@dataclass(frozen=True, slots=True)
class RoundRobin:
    """The chains in turn, a job each, however long it takes."""

    def choose(self, candidates: Sequence[Candidate], accounts: Mapping[int, Account], clock_s: float) -> Choice:
        """One of ``candidates``."""
        chosen = min(candidates, key=lambda c: (accounts[c.chain_id].served, c.chain_id, c.batch_number))
        return _in_order(chosen, accounts, clock_s)


def _in_order(chosen: Candidate, accounts: Mapping[int, Account], clock_s: float) -> Choice:
    share = shares(accounts.values())[chosen.chain_id]
    return Choice(chosen, Rule.ORDER, accounts[chosen.chain_id].virtual_s, share, clock_s)
