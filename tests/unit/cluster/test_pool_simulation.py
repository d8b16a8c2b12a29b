"""The pool's promises about sharing, by simulation of thousands of jobs: the figures that the hub is to be held to."""

import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cluster.pool.accounts import Account
from cluster.pool.scheduler import FairShare, FirstCome, RoundRobin, Rule
from tests.unit.cluster.pool_simulation import Outcome, SimJob, Simulation, jain

#: A bound that decides nothing, where a test is about shares alone.
NEVER = 1e9


def burst(chain: int, count: int, cost: Callable[[], float], wrong: Callable[[], float] = lambda: 1.0) -> list[SimJob]:
    """Jobs of a chain that are all there from the beginning; ``wrong`` is how far an estimate is off."""
    costs = [cost() for _ in range(count)]
    return [SimJob(0.0, chain, cost_s, cost_s * wrong()) for cost_s in costs]


def skewed_load(seed: int) -> list[SimJob]:
    """Six equal chains: one floods the pool, one has jobs of many times the others' size, estimates are far off."""
    rng = random.Random(seed)
    sizes = {1: (2_400, 10.0), 2: (300, 10.0), 3: (60, 80.0), 4: (300, 10.0), 5: (1_200, 2.5), 6: (300, 10.0)}
    jobs = []
    for chain, (count, mean) in sizes.items():
        jobs += burst(chain, count, lambda m=mean: rng.uniform(0.5, 1.5) * m, lambda: rng.uniform(0.4, 2.5))
    return jobs


def contended_until(outcome: Outcome) -> float:
    """The moment up to which every chain had work waiting."""
    return min(outcome.exhausted_at.values())


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("workers", [1, 8])
def test_equal_chains_are_served_equally_under_skewed_load(seed: int, workers: int) -> None:
    outcome = Simulation(FairShare(NEVER), [0] * workers, skewed_load(seed)).run()
    served = outcome.served_s(contended_until(outcome))
    assert jain(served.values()) >= 0.95, served
    assert outcome.busy_s >= 0.95 * outcome.possible_s
    assert outcome.idle_beside_work == 0


def test_what_a_plain_queue_and_a_round_robin_make_of_the_same_load() -> None:
    """The measure can fail: these policies do."""
    for policy in (FirstCome(), RoundRobin()):
        outcome = Simulation(policy, [0] * 8, skewed_load(1)).run()
        assert jain(outcome.served_s(contended_until(outcome)).values()) < 0.9


@pytest.mark.parametrize("workers", [1, 2, 8])
@pytest.mark.parametrize("reserved", [0.2, 0.5, 0.75])
def test_a_reserved_share_is_honoured_within_five_percent(reserved: float, workers: int) -> None:
    rng = random.Random(7)
    jobs = [job for chain in range(1, 6) for job in burst(chain, 500, lambda: rng.uniform(2, 20))]
    outcome = Simulation(FairShare(NEVER), [0] * workers, jobs, [Account(1, reserved=reserved)]).run()
    served = outcome.served_s(contended_until(outcome))
    assert abs(served[1] / sum(served.values()) - reserved) <= 0.05
    others = [served[chain] for chain in range(2, 6)]
    assert jain(others) >= 0.95, "what is left is shared equally"


def test_weights_divide_what_is_not_reserved() -> None:
    rng = random.Random(3)
    jobs = [job for chain in (1, 2, 3) for job in burst(chain, 600, lambda: rng.uniform(2, 20))]
    accounts = [Account(1, reserved=0.4), Account(2, weight=1.0), Account(3, weight=3.0)]
    outcome = Simulation(FairShare(NEVER), [0] * 4, jobs, accounts).run()
    served = outcome.served_s(contended_until(outcome))
    total = sum(served.values())
    # By weights alone chain 1 would have a fifth: its reserve counts, and the others have 1 to 3 of the rest.
    for chain, due in ((1, 0.4), (2, 0.15), (3, 0.45)):
        assert abs(served[chain] / total - due) <= 0.05, served


def test_a_reserve_that_is_not_used_is_lent_and_given_back() -> None:
    rng = random.Random(5)
    early = [job for chain in (2, 3) for job in burst(chain, 400, lambda: rng.uniform(5, 15))]
    comes = 300.0
    late = [SimJob(comes, 1, cost, cost) for cost in (rng.uniform(5, 15) for _ in range(200))]
    outcome = Simulation(FairShare(NEVER), [0] * 4, early + late, [Account(1, reserved=0.5)]).run()
    before = outcome.served_s(comes)
    assert sum(before.values()) >= 0.99 * 4 * comes, "nothing is kept free for a chain that has no work"
    end = contended_until(outcome)
    after = {chain: served - before[chain] for chain, served in outcome.served_s(end).items()}
    assert abs(after[1] / sum(after.values()) - 0.5) <= 0.05
    first = next(start for start in outcome.starts if outcome.jobs[start.number].chain == 1)
    assert first.at - comes <= 15.0, "it waits for one job to end, not for a queue"


def test_nobody_saves_up_what_he_did_not_need() -> None:
    jobs = burst(1, 1_000, lambda: 10.0) + [SimJob(5_000.0, 2, 10.0, 10.0) for _ in range(300)]
    outcome = Simulation(FairShare(NEVER), [0], jobs).run()
    window = outcome.served_s(6_000.0)
    already = outcome.served_s(5_000.0)
    assert abs((window[2] - already[2]) - 500.0) <= 20.0, "half of the time since it came, not more"


def test_no_job_older_than_its_bound_is_passed_over() -> None:
    """A chain of tiny weight beside two that flood: shares alone would leave it waiting for hours."""
    rng = random.Random(11)
    bound = 200.0
    jobs = burst(1, 1_500, lambda: rng.uniform(1, 10)) + burst(2, 1_500, lambda: rng.uniform(1, 10))
    jobs += burst(3, 40, lambda: 5.0)
    accounts = [Account(3, weight=0.001)]
    aged = Simulation(FairShare(bound), [0, 0], jobs, accounts).run()
    for start in aged.starts:
        if start.oldest_waited_s >= bound:
            assert start.rule is Rule.OVERDUE and start.waited_s == start.oldest_waited_s
    assert any(start.rule is Rule.OVERDUE for start in aged.starts)
    assert aged.longest_head_wait_s() <= bound + 10.0, "the bound, and the job that a worker has in hand"
    unaged = Simulation(FairShare(NEVER), [0, 0], jobs, accounts).run()
    assert unaged.longest_head_wait_s() > 2 * bound, "without it the wait is long"


def test_large_jobs_find_the_large_worker_and_are_not_starved_by_small_ones() -> None:
    rng = random.Random(13)
    small, large = 8, 40
    bound = 300.0
    jobs = [SimJob(0.0, chain, cost, cost, small) for chain in (1, 2) for cost in (rng.uniform(2, 8),) * 600]
    jobs += [SimJob(at, 3, 30.0, 30.0, large) for at in range(0, 2_000, 100)]
    jobs += [SimJob(0.0, 1, 30.0, 30.0, large)] + [SimJob(0.0, 1, 5.0, 5.0, small) for _ in range(200)]
    outcome = Simulation(FairShare(bound), [small, small, small, large], jobs).run()
    assert all(outcome.jobs[start.number].memory <= (large if start.worker == 3 else small) for start in outcome.starts)
    waits = outcome.queue_waits_s(3)
    assert waits[-1] <= bound + 30.0
    assert outcome.busy_s >= 0.95 * outcome.possible_s


def test_an_urgent_batch_goes_first_on_credit_and_pulls_the_batches_before_it() -> None:
    jobs = burst(1, 100, lambda: 10.0) + burst(2, 100, lambda: 10.0)
    jobs[102] = SimJob(0.0, 2, 10.0, 10.0, urgent=True)
    outcome = Simulation(FairShare(NEVER), [0], jobs).run()
    assert [start.number for start in outcome.starts[:3]] == [100, 101, 102]
    following = [outcome.jobs[start.number].chain for start in outcome.starts[3:10]]
    assert following[:3] == [1, 1, 1], "what it had beforehand is counted"


def test_urgency_without_end_ends_at_the_credit() -> None:
    jobs = [SimJob(0.0, 1, 10.0, 10.0, urgent=True) for _ in range(300)] + burst(2, 50, lambda: 10.0)
    outcome = Simulation(FairShare(NEVER, max_lag_s=200.0), [0], jobs).run()
    served = outcome.served_s(contended_until(outcome))
    assert served[1] - served[2] <= 2 * (200.0 + 20.0)


def test_a_deadline_makes_a_batch_urgent_when_it_comes_near() -> None:
    jobs = burst(1, 200, lambda: 10.0) + [SimJob(0.0, 2, 10.0, 10.0) for _ in range(100)]
    jobs += [SimJob(0.0, 3, 10.0, 10.0, deadline=400.0)]
    policy = FairShare(NEVER, due_lead_s=100.0)
    start = next(s for s in Simulation(policy, [0], jobs, [Account(3, weight=0.01)]).run().starts if s.number == 300)
    assert start.rule is Rule.FAIR and start.at == 20.0, "a chain that has had nothing is not behind others"
    busy = burst(3, 4, lambda: 10.0)
    busy[3] = SimJob(0.0, 3, 10.0, 10.0, deadline=400.0)
    starts = Simulation(policy, [0], [*jobs[:300], *busy], [Account(3, weight=0.01)]).run().starts
    due = next(s for s in starts if s.number == 303)
    assert due.rule is Rule.URGENT and 300.0 <= due.at <= 400.0


JOBS = st.lists(
    st.builds(
        SimJob,
        arrives=st.floats(0, 200),
        chain=st.integers(1, 4),
        cost_s=st.floats(0.1, 50),
        estimate_s=st.floats(0.001, 100),
        memory=st.sampled_from([1, 4]),
        urgent=st.booleans(),
        deadline=st.none() | st.floats(0, 500),
    ),
    min_size=1,
    max_size=40,
)


@given(
    jobs=JOBS,
    workers=st.lists(st.sampled_from([1, 4]), max_size=3),
    reserve=st.floats(0, 0.9),
    weight=st.floats(0.01, 10),
    bound=st.sampled_from([5.0, 60.0, NEVER]),
)
@settings(max_examples=80, deadline=None)
def test_whatever_comes_work_is_conserved_and_every_second_is_charged_once(
    jobs: list[SimJob], workers: list[int], reserve: float, weight: float, bound: float
) -> None:
    accounts = [Account(1, reserved=reserve), Account(2, weight=weight)]
    outcome = Simulation(FairShare(bound, max_lag_s=100.0), [4, *workers], jobs, accounts).run()
    assert sorted(start.number for start in outcome.starts) == list(range(len(jobs))), "no job lost, none run twice"
    assert outcome.idle_beside_work == 0
    for chain in {job.chain for job in jobs}:
        cost = sum(job.cost_s for job in jobs if job.chain == chain)
        assert outcome.accounts[chain].used_s == pytest.approx(cost)
    for start in outcome.starts:
        if start.oldest_waited_s >= bound:
            assert start.waited_s == start.oldest_waited_s
