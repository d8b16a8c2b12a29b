"""The pool in figures."""

import math
from collections.abc import Sequence

from cluster.pool.jobs import WAITING, ChainShare, Durations, JobState, PoolStats
from cluster.pool.store import JobStore

#: Latest finished jobs that waiting and running times are taken over.
_WINDOW = 1_000


def durations(seconds: Sequence[float]) -> Durations:
    """Median and 99th percentile (nearest rank); zeros when there is nothing to measure."""
    ordered = sorted(seconds)
    if not ordered:
        return Durations(0, 0.0, 0.0)
    return Durations(len(ordered), _rank(ordered, 0.50), _rank(ordered, 0.99))


def _rank(ordered: Sequence[float], part: float) -> float:
    return ordered[math.ceil(part * len(ordered)) - 1]


def pool_stats(store: JobStore, now: float, workers: int, requeues: int, worker_deaths: int) -> PoolStats:
    """Count what is in the store."""
    by_state = dict.fromkeys(JobState, 0)
    by_chain: dict[int, dict[JobState, int]] = {}
    names: dict[int, str] = {}
    oldest: dict[int, float] = {}
    for chain_id, name, state, count, queued_at in store.counts():
        by_state[state] += count
        by_chain.setdefault(chain_id, {})[state] = count
        names[chain_id] = name
        if state in WAITING:
            oldest[chain_id] = max(oldest.get(chain_id, 0.0), now - queued_at)
    times = store.durations(_WINDOW)
    return PoolStats(
        by_state=by_state,
        chains=tuple(
            ChainShare(chain_id, names[chain_id], states, oldest.get(chain_id, 0.0))
            for chain_id, states in by_chain.items()
        ),
        workers=workers,
        busy_workers=by_state[JobState.RUNNING],
        requeues=requeues,
        worker_deaths=worker_deaths,
        waited=durations([waited for waited, _ in times]),
        ran=durations([ran for _, ran in times]),
    )
