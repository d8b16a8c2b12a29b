"""How many workers a queue is worth."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.autoscaling import GpuUse, WorkerGoal, room_for


@pytest.mark.parametrize(
    ("use", "count", "gpus", "expected"),
    [
        (GpuUse.AUTO, 4, 2, 2),
        (GpuUse.AUTO, 1, 8, 1),
        (GpuUse.AUTO, 3, 0, 0),
        (GpuUse.NEVER, 3, 8, 0),
        (GpuUse.ALWAYS, 3, 1, 3),
    ],
)
def test_who_gets_a_gpu(use: GpuUse, count: int, gpus: int, expected: int) -> None:
    assert use.workers(count, gpus) == expected


def test_the_autoscaler_is_told_a_bundle_a_worker() -> None:
    assert room_for(2, 1) == [{"GPU": 1}, {"GPU": 1}, {"CPU": 1}]
    assert room_for(0, 0) == [], "which lets go of everything"


def test_workers_come_with_the_queue_and_go_when_it_has_been_empty_for_a_while() -> None:
    goal = WorkerGoal(least=1, most=8, target_s=100.0, patience_s=60.0)
    assert goal.workers(0.0, present=1, waiting=0, running=0, backlog_s=0.0) == 1
    assert goal.workers(1.0, present=1, waiting=20, running=1, backlog_s=350.0) == 5
    assert goal.workers(2.0, present=5, waiting=90, running=5, backlog_s=9_000.0) == 8
    assert goal.workers(3.0, present=8, waiting=1, running=8, backlog_s=5.0) == 8, "nobody is let go while work waits"
    assert goal.workers(10.0, present=8, waiting=0, running=3, backlog_s=0.0) == 8
    assert goal.workers(69.0, present=8, waiting=0, running=2, backlog_s=0.0) == 8
    assert goal.workers(71.0, present=8, waiting=0, running=2, backlog_s=0.0) == 2
    assert goal.workers(72.0, present=2, waiting=0, running=0, backlog_s=0.0) == 1


@given(
    st.integers(0, 5),
    st.integers(5, 20),
    st.integers(0, 20),
    st.integers(0, 100),
    st.integers(0, 20),
    st.floats(0, 1e6),
)
def test_the_goal_keeps_its_bounds(
    least: int, most: int, present: int, waiting: int, running: int, backlog_s: float
) -> None:
    goal = WorkerGoal(least, most)
    wanted = goal.workers(0.0, min(present, most), waiting, min(running, present, most), backlog_s)
    assert wanted <= most
    assert wanted >= (max(least, min(1, waiting)) if waiting else 0)
