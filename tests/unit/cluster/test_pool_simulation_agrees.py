"""The simulation and the pool on its disk decide alike: what is measured on one holds for the other."""

import heapq
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from cluster.pool import ProverPool
from cluster.pool.accounts import Account
from cluster.pool.estimates import Estimator
from cluster.pool.jobs import JobInfo
from cluster.pool.scheduler import FairShare
from cluster.pool.store import JobStore
from cluster.settings import PoolSettings
from tests.unit.cluster.pool_simulation import SimJob, Simulation
from tests.unit.cluster.pool_world import Clock, FakeWorker, job

AGEING_S, LAG_S = 60.0, 200.0
# Moments and costs on a grid: the pool's clock begins at a million, where floats are coarser.
MOMENTS = st.integers(0, 400).map(lambda quarter: quarter / 4)
JOBS = st.lists(
    st.builds(
        SimJob,
        arrives=MOMENTS,
        chain=st.integers(1, 3),
        cost_s=st.integers(1, 160).map(lambda quarter: quarter / 4),
        estimate_s=st.integers(1, 160).map(lambda quarter: quarter / 4),
        memory=st.sampled_from([1, 4]),
        urgent=st.booleans(),
    ),
    min_size=1,
    max_size=25,
)


class Told(Estimator):
    """Expects what the test says."""

    def __init__(self, store: JobStore, jobs: list[SimJob]) -> None:
        super().__init__(store)
        self.jobs = jobs

    def seconds(self, job: JobInfo) -> float:
        return self.jobs[job.key.batch_number].estimate_s


def on_the_pool(jobs: list[SimJob], workers: list[int], reserved: float) -> list[tuple[int, float, int]]:
    """Number of the job, when it was given out and to whom, of each decision of a real pool."""
    clock = Clock()
    begin = clock.now
    patient = {"heartbeat_timeout_s": 1e9, "job_timeout_s": 1e9, "ageing_s": AGEING_S, "max_lag_s": LAG_S}
    with tempfile.TemporaryDirectory() as directory:
        pool = ProverPool(Path(directory), PoolSettings(**patient), clock=clock)  # type: ignore[arg-type]
        pool._store.change("PRAGMA synchronous = OFF")
        pool._estimator = pool._dispatcher._estimator = Told(pool._store, jobs)
        pool.set_share(1, reserved=reserved)
        hands = [FakeWorker(pool, f"w{index}", memory) for index, memory in enumerate(workers)]
        for hand in hands:
            pool.heartbeat(hand.card, None)
        held: dict[int, int] = {}
        done: list[tuple[int, float, int]] = []
        events = [(entry.arrives, 1, number) for number, entry in enumerate(jobs)]
        heapq.heapify(events)
        while events:
            at = events[0][0]
            clock.now = begin + at
            while events and events[0][0] == at:
                _, kind, number = heapq.heappop(events)
                if kind == 0:
                    pool.finish(hands[number].card, held.pop(number), b"")
                    continue
                new = jobs[number]
                info = pool.submit(job(new.chain, number))
                with pool._store.transaction():
                    pool._store.change("UPDATE jobs SET memory_bytes = ? WHERE id = ?", (new.memory, info.id))
                if new.urgent:
                    pool.prioritise(new.chain, number)
            for index, hand in enumerate(hands):
                if index not in held and (taken := hand.take()) is not None:
                    held[index] = taken.lease
                    done.append((taken.key.batch_number, at, index))
                    heapq.heappush(events, (at + jobs[taken.key.batch_number].cost_s, 0, index))
        pool.close()
    return done


@given(jobs=JOBS, workers=st.lists(st.sampled_from([1, 4]), max_size=2), reserved=st.sampled_from([0.0, 0.5]))
@settings(max_examples=15, deadline=None)
def test_the_pool_decides_as_the_simulation_does(jobs: list[SimJob], workers: list[int], reserved: float) -> None:
    # Batches go by number: the numbers are given in the order of arrival.
    jobs = sorted(jobs, key=lambda entry: entry.arrives)
    policy = FairShare(AGEING_S, PoolSettings().due_lead_s, LAG_S)
    outcome = Simulation(policy, [4, *workers], jobs, [Account(1, reserved=reserved)]).run()
    expected = [(start.number, start.at, start.worker) for start in outcome.starts]
    assert on_the_pool(jobs, [4, *workers], reserved) == expected
