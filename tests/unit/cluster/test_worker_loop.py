"""A worker's loop against a real pool, with a backend that the test steers."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cluster.errors import ActorUnavailable, BatchRefused, ProverBroken, ProverError
from cluster.pool import Assignment, JobState, Progress, ProverPool, WorkerCard
from cluster.settings import PoolSettings
from cluster.workers.backends import Report
from cluster.workers.loop import WorkerLoop
from tests.unit.cluster.pool_world import job

SETTINGS = PoolSettings(heartbeat_timeout_s=5, job_timeout_s=30, max_attempts=2, retry_delay_s=0.01)


def wait_for(condition: Callable[[], bool], timeout_s: float = 20.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


class SteeredBackend:
    """Does what ``act`` says; by default returns a proof."""

    def __init__(self) -> None:
        self.act: Callable[[Assignment, threading.Event], bytes] = lambda assignment, abandoned: b"proof"

    def warm_up(self) -> None:
        return

    def prove(self, assignment: Assignment, abandoned: threading.Event, report: Report) -> bytes:
        report(Progress("steered", 1, 2, 0.5))
        return self.act(assignment, abandoned)


class FlakyPool:
    """A pool behind a connection that the test can cut."""

    def __init__(self, pool: ProverPool) -> None:
        self.pool = pool
        self.down = False

    def __getattr__(self, name: str) -> Callable[..., object]:
        method = getattr(self.pool, name)

        def call(*arguments: object) -> object:
            if self.down:
                raise ActorUnavailable("the pool is down", actor="prover-pool")
            return method(*arguments)

        return call


class World:
    def __init__(self, directory: Path) -> None:
        self.pool = ProverPool(directory, SETTINGS)
        self.connection = FlakyPool(self.pool)
        self.backend = SteeredBackend()
        self.stuck = threading.Event()
        self.loops: list[WorkerLoop] = []

    def worker(self, name: str = "w0", grace_s: float = 0.2) -> WorkerLoop:
        loop = WorkerLoop(
            WorkerCard(name, f"{name}-{len(self.loops)}", "steered", 1, "node"),
            lambda: self.backend,
            self.connection,
            heartbeat_s=0.05,
            grace_s=grace_s,
            on_stuck=self.stuck.set,
        )
        self.loops.append(loop)
        loop.start()
        return loop

    def state(self, batch: int) -> JobState:
        (found,) = [info for info in self.pool.jobs() if info.key.batch_number == batch]
        return found.state


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.connection.down = False
    for loop in world.loops:
        loop.stop()
    world.pool.close()


def test_jobs_are_proved_one_after_another(world: World) -> None:
    worker = world.worker()
    worker.wait_ready(5)
    for batch in range(1, 6):
        world.pool.submit(job(1, batch))
    wait_for(lambda: world.pool.stats().by_state[JobState.DONE] == 5)
    wait_for(lambda: worker.status().jobs_done == 5)
    result = world.pool.result(1, 3)
    assert result is not None
    assert result.proof == b"proof"


def test_a_refusal_is_final_and_carries_its_reason(world: World) -> None:
    def refuse(assignment: Assignment, abandoned: threading.Event) -> bytes:
        raise BatchRefused("the roots differ", reason="public-input-mismatch")

    world.backend.act = refuse
    world.worker()
    world.pool.submit(job(1, 1))
    wait_for(lambda: world.state(1) is JobState.REFUSED)
    result = world.pool.result(1, 1)
    assert result is not None
    assert result.error == "public-input-mismatch: the roots differ"


def test_a_crashing_backend_is_tried_again_and_then_given_up(world: World) -> None:
    attempts: list[int] = []

    def crash(assignment: Assignment, abandoned: threading.Event) -> bytes:
        attempts.append(assignment.attempt)
        raise MemoryError("no room")

    world.backend.act = crash
    world.worker()
    world.pool.submit(job(1, 1))
    wait_for(lambda: world.state(1) is JobState.FAILED)
    assert attempts == [1, 2]


def test_a_result_is_kept_until_a_pool_that_is_down_comes_back(world: World) -> None:
    proving, go_on = threading.Event(), threading.Event()

    def slow(assignment: Assignment, abandoned: threading.Event) -> bytes:
        proving.set()
        assert go_on.wait(20)
        return b"kept"

    world.backend.act = slow
    worker = world.worker()
    world.pool.submit(job(1, 1))
    assert proving.wait(20)
    world.connection.down = True
    go_on.set()
    wait_for(lambda: worker.status().last_error is not None)
    time.sleep(0.5)
    assert world.state(1) is JobState.RUNNING
    world.connection.down = False
    wait_for(lambda: world.state(1) is JobState.DONE)
    result = world.pool.result(1, 1)
    assert result is not None
    assert result.proof == b"kept"


def test_a_cancelled_job_lets_go_of_its_worker(world: World) -> None:
    proving = threading.Event()

    def until_abandoned(assignment: Assignment, abandoned: threading.Event) -> bytes:
        if assignment.key.batch_number == 1:
            proving.set()
            assert abandoned.wait(20)
        return b"too late"

    world.backend.act = until_abandoned
    world.worker(grace_s=20)
    world.pool.submit(job(1, 1))
    assert proving.wait(20)
    world.pool.cancel_from(1, 1)
    world.pool.submit(job(1, 2))
    wait_for(lambda: world.state(2) is JobState.DONE)
    assert world.state(1) is JobState.CANCELLED
    assert not world.stuck.is_set()


def test_a_job_that_does_not_let_go_ends_the_worker(world: World) -> None:
    proving, release = threading.Event(), threading.Event()

    def deaf(assignment: Assignment, abandoned: threading.Event) -> bytes:
        proving.set()
        release.wait(20)
        return b""

    world.backend.act = deaf
    world.worker()
    world.pool.submit(job(1, 1))
    assert proving.wait(20)
    world.pool.cancel_from(1, 1)
    assert world.stuck.wait(20)
    release.set()


def test_a_broken_prover_gives_its_job_back_and_ends_its_process(world: World) -> None:
    told: list[str | None] = []

    def breaks(assignment: Assignment, abandoned: threading.Event) -> bytes:
        if assignment.attempt == 1:
            raise ProverBroken("the device is gone")
        told.append(world.pool.jobs()[0].error)
        assert world.stuck.is_set()
        return b"proof"

    world.backend.act = breaks
    world.pool.submit(job(1, 1))
    world.worker()
    wait_for(lambda: world.state(1) is JobState.DONE)
    assert told == ["ProverBroken: the device is gone"]


def test_stopping_gives_the_job_to_another_worker(world: World) -> None:
    proving = threading.Event()

    def first_waits(assignment: Assignment, abandoned: threading.Event) -> bytes:
        if not proving.is_set():
            proving.set()
            abandoned.wait(20)
        return b"by the second"

    world.backend.act = first_waits
    first = world.worker("w0")
    world.pool.submit(job(1, 1))
    assert proving.wait(20)
    first.stop()
    assert world.state(1) is JobState.READY
    world.worker("w1")
    wait_for(lambda: world.state(1) is JobState.DONE)
    (info,) = world.pool.jobs()
    assert (info.worker, info.attempts) == ("w1", 1)


def test_a_backend_that_cannot_be_loaded_says_why(world: World) -> None:
    def broken() -> SteeredBackend:
        raise RuntimeError("no driver")

    loop = WorkerLoop(WorkerCard("w9", "x", "broken", 1, "node"), broken, world.connection, on_stuck=world.stuck.set)
    loop.start()
    with pytest.raises(ProverError, match="no driver"):
        loop.wait_ready(20)
    assert not loop.status().ready
    loop.stop()


def test_the_pool_knows_how_far_a_worker_is(world: World) -> None:
    go_on = threading.Event()

    def slow(assignment: Assignment, abandoned: threading.Event) -> bytes:
        assert go_on.wait(20)
        return b"done"

    world.backend.act = slow
    world.worker()
    world.pool.submit(job(1, 1))
    wait_for(lambda: any(worker.progress is not None for worker in world.pool.workers()))
    (worker,) = world.pool.workers()
    assert worker.progress == Progress("steered", 1, 2, 0.5)
    go_on.set()
    wait_for(lambda: world.state(1) is JobState.DONE)
    assert [worker.progress for worker in world.pool.workers()] == [None]
