"""How the pool shares provers, by simulation at ten times the gate's size, and how fast it decides on its own disk.

The load is skewed: twelve chains of equal right, of which one floods the pool, one has batches of ten times the
others' cost, and one sends a batch now and then; estimates are off by up to 2.5 times. The peers get the same load: a
plain queue (first come, first served), and a round robin over the chains, which is what most pools of one queue per
client do. What a plain queue makes the rare chain wait, and how unequal a round robin is, are the figures to beat.
"""

import random
import tempfile
import time
from pathlib import Path

from benchmarks.measure import Figure, median
from chain_template.settlement.proofs import ProofJob
from cluster.pool import FairShare, FirstCome, JobState, ProverPool, RoundRobin, WorkerCard
from cluster.pool.accounts import Account
from cluster.pool.scheduler import Scheduler
from cluster.settings import PoolSettings
from tests.faults.pool_processes import Processes, wait_for
from tests.unit.cluster.pool_simulation import Outcome, SimJob, Simulation, jain

WORKERS = 32
SEEDS = (1, 2, 3)
NEVER = 1e12
RARE, FLOOD, LARGE = 12, 1, 2
RESERVED = 0.3


def load(seed: int) -> list[SimJob]:
    rng = random.Random(seed)
    jobs = []

    def job(chain: int, arrives: float, mean_s: float) -> SimJob:
        cost = rng.uniform(0.3, 1.7) * mean_s
        return SimJob(arrives, chain, cost, cost * rng.uniform(0.4, 2.5))

    jobs += [job(FLOOD, 0.0, 20.0) for _ in range(12_000)]
    jobs += [job(LARGE, 0.0, 200.0) for _ in range(300)]
    for chain in range(3, 12):
        jobs += [job(chain, 0.0, 20.0) for _ in range(1_500)]
    jobs += [job(RARE, 60.0 * number, 20.0) for number in range(150)]
    return jobs


def run(policy: Scheduler, seed: int, accounts: tuple[Account, ...] = ()) -> Outcome:
    return Simulation(policy, [0] * WORKERS, load(seed), accounts).run()


def fairness(outcome: Outcome) -> float:
    """Jain's index over the chains that have work all the time, up to when the first has none left."""
    busy = [chain for chain in outcome.exhausted_at if chain != RARE]
    served = outcome.served_s(min(outcome.exhausted_at[chain] for chain in busy))
    return jain(served[chain] for chain in busy)


def rare_wait_s(outcome: Outcome) -> float:
    """The 99th percentile of what the rare chain's batches waited."""
    waits = outcome.queue_waits_s(RARE)
    return waits[int(0.99 * (len(waits) - 1))]


def reserved_share(outcome: Outcome) -> float:
    until = min(at for chain, at in outcome.exhausted_at.items() if chain != RARE)
    served = outcome.served_s(until)
    return served[LARGE] / sum(served.values())


def busy_share(outcome: Outcome) -> float:
    return outcome.busy_s / outcome.possible_s


def decisions_a_second(chains: int = 12, jobs: int = 50) -> float:
    """Whole turns of the real pool on a real disk, each synced: a job is given out and its proof taken."""
    with tempfile.TemporaryDirectory() as directory:
        pool = ProverPool(Path(directory), PoolSettings())
        for chain in range(1, chains + 1):
            for batch in range(1, jobs + 1):
                content = b"%d/%d" % (chain, batch)
                pool.submit(ProofJob(chain, f"chain{chain}", batch, bytes(32), content, content.ljust(32)))
        card = WorkerCard("w0", "life", "unproven", 1, "node")
        began = time.perf_counter()
        for sequence in range(chains * jobs):
            assignment = pool.take(card, sequence)
            if assignment is None:
                raise RuntimeError("the pool lost a job: the figure would lie")
            pool.finish(card, assignment.lease, b"")
        seconds = time.perf_counter() - began
        pool.close()
    return chains * jobs / seconds


def busy_processes(jobs: int = 60, seconds: float = 0.5, workers: int = 2) -> float:
    """Part of their time that real worker processes have a job while a pool process has work for them."""
    with tempfile.TemporaryDirectory(prefix="zkp-", dir="/tmp") as directory:
        world = Processes(Path(directory))
        try:
            for number in range(jobs):
                waiting = world.submit(1 + number % 3, 1 + number // 3)
                (waiting / "go").write_text(str(seconds))
            for index in range(workers):
                world.worker(f"w{index}")
            wait_for(lambda: len(world.pool.workers()) == workers)
            began, before = time.perf_counter(), sum(worker.busy_s for worker in world.pool.workers())
            # Work is queued until the last jobs are given out.
            wait_for(lambda: world.pool.stats().by_state[JobState.READY] == 0, timeout_s=600)
            elapsed = time.perf_counter() - began
            after = sum(worker.busy_s for worker in world.pool.workers())
        finally:
            world.close()
    return (after - before) / (elapsed * workers)


def figures() -> list[Figure]:
    ours = [run(FairShare(NEVER), seed) for seed in SEEDS]
    queue = [run(FirstCome(), seed) for seed in SEEDS]
    robin = [run(RoundRobin(), seed) for seed in SEEDS]
    kept = [reserved_share(run(FairShare(NEVER), seed, (Account(LARGE, reserved=RESERVED),))) for seed in SEEDS]
    samples = {
        "ours": [fairness(outcome) for outcome in ours],
        "round robin": [fairness(outcome) for outcome in robin],
        "first come": [fairness(outcome) for outcome in queue],
    }
    waits = {
        "ours": [rare_wait_s(outcome) for outcome in ours],
        "first come": [rare_wait_s(outcome) for outcome in queue],
        "round robin": [rare_wait_s(outcome) for outcome in robin],
    }
    jobs = len(load(SEEDS[0]))
    return [
        Figure(
            "prover pool: fairness between equal chains (Jain)",
            "index",
            "higher",
            median(samples["ours"]),
            median(samples["round robin"]),
            "round robin",
            samples,
            f"{jobs} jobs, {WORKERS} workers, simulated; 1 is equal",
        ),
        Figure(
            "prover pool: wait of a chain that seldom comes, p99",
            "s",
            "lower",
            median(waits["ours"]),
            median(waits["first come"]),
            "first come, first served",
            waits,
            "beside eleven chains that have work all the time",
        ),
        Figure(
            f"prover pool: share of a chain that has {RESERVED:.0%} reserved",
            "part",
            "higher",
            median(kept),
            RESERVED,
            "what is reserved",
            {"ours": kept},
        ),
        Figure(
            "prover pool: workers busy while work is queued",
            "part",
            "higher",
            median([busy_share(outcome) for outcome in ours]),
        ),
        Figure(
            "prover pool: real worker processes busy while work is queued",
            "part",
            "higher",
            median([busy_processes() for _ in range(3)]),
            notes="60 jobs of half a second, 2 workers, 3 chains; the rest is handing in and asking again",
        ),
        Figure(
            "prover pool: jobs given out and taken back on disk",
            "1/s",
            "higher",
            median([decisions_a_second() for _ in range(3)]),
            notes="12 chains, every step synced; one worker asks",
        ),
    ]
