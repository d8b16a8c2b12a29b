"""The prover pool: durable queue, fair shares, leases. Plain Python; the actor round it is in :mod:`cluster.actors`."""

from cluster.pool.jobs import (
    TRANSITIONS,
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
from cluster.pool.pool import ProverPool
from cluster.pool.scheduler import ChainQueue, FairShare, Scheduler

__all__ = [
    "TRANSITIONS",
    "Assignment",
    "ChainQueue",
    "ChainShare",
    "Durations",
    "FairShare",
    "JobInfo",
    "JobKey",
    "JobState",
    "PoolStats",
    "Progress",
    "ProverPool",
    "Scheduler",
    "WorkerCard",
    "WorkerInfo",
]
