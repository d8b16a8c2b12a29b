"""The prover pool: durable queue, fair shares, leases. Plain Python; the actor round it is in :mod:`cluster.actors`."""

from cluster.pool.accounts import Account, shares
from cluster.pool.decisions import Considered, Decision, Explanation
from cluster.pool.jobs import (
    TRANSITIONS,
    WAITING,
    Assignment,
    ChainShare,
    Durations,
    JobInfo,
    JobKey,
    JobState,
    PoolStats,
    Progress,
    WorkerCard,
    WorkerInfo,
)
from cluster.pool.outside import OutsideProver
from cluster.pool.pool import ProverPool
from cluster.pool.scheduler import Candidate, Choice, FairShare, FirstCome, RoundRobin, Rule, Scheduler

__all__ = [
    "TRANSITIONS",
    "WAITING",
    "Account",
    "Assignment",
    "Candidate",
    "ChainShare",
    "Choice",
    "Considered",
    "Decision",
    "Durations",
    "Explanation",
    "FairShare",
    "FirstCome",
    "JobInfo",
    "JobKey",
    "JobState",
    "OutsideProver",
    "PoolStats",
    "Progress",
    "ProverPool",
    "RoundRobin",
    "Rule",
    "Scheduler",
    "WorkerCard",
    "WorkerInfo",
    "shares",
]
