"""The faults a prover pool must bear, each by its name; the pool and the workers are processes, and die as such.

The names are those of SP1 cluster's own list (bin/test-cluster/README.md); tests/cluster has the same on Ray.
"""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from cluster.pool import JobState
from tests.faults.pool_processes import Processes, wait_for


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Processes]:
    # A socket's path may have 107 characters.
    short = Path(f"/tmp/zkpool-{os.getpid()}-{abs(hash(tmp_path)) % 10**6}")
    short.mkdir()
    processes = Processes(short)
    yield processes
    processes.close()
    for path in sorted(short.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    short.rmdir()


def state(world: Processes, chain: int, batch: int) -> JobState:
    found: JobState = world.pool.find(chain, batch).state
    return found


def test_worker_death_requeue(world: Processes) -> None:
    directory = world.submit(1, 1)
    first = world.worker("w0")
    wait_for((directory / "started-1").exists)
    first.kill()
    world.worker("w1")
    wait_for((directory / "started-2").exists)
    (directory / "go").touch()
    assert wait_for(lambda: world.proof(1, 1)) == b"proof by attempt 2"
    assert (world.pool.stats().worker_deaths, world.pool.stats().requeues) == (1, 1)


def test_worker_restart_and_duplicate_result(world: Processes) -> None:
    """A worker that only slept wakes when another has proved its batch: its own result counts for nothing."""
    directory = world.submit(1, 1)
    sleeper = world.worker("w0")
    wait_for((directory / "started-1").exists)
    os.kill(sleeper.pid or 0, signal.SIGSTOP)
    world.worker("w1")
    wait_for((directory / "started-2").exists)
    (directory / "go").touch()
    assert wait_for(lambda: world.proof(1, 1)) == b"proof by attempt 2"
    os.kill(sleeper.pid or 0, signal.SIGCONT)
    # The sleeper's late report has been refused once it is back for work.
    wait_for(lambda: any(worker.name == "w0" for worker in world.pool.workers()))
    directory = world.submit(1, 2, "go")
    assert wait_for(lambda: world.proof(1, 2)) == b"proof by attempt 1"
    assert world.proof(1, 1) == b"proof by attempt 2"
    assert sum(worker.jobs_done for worker in world.pool.workers()) == 2


def test_coordinator_restart(world: Processes) -> None:
    """The pool is killed in the middle of a proof: the same attempt completes and counts."""
    directory, later = world.submit(1, 1), world.submit(1, 2, "go")
    world.worker("w0")
    wait_for((directory / "started-1").exists)
    world.pool_process.kill()
    world.pool_process.join(10)
    (directory / "go").touch()
    world.start_pool()
    assert wait_for(lambda: world.proof(1, 1)) == b"proof by attempt 1"
    assert not (directory / "started-2").exists()
    assert wait_for(lambda: world.proof(1, 2)) == b"proof by attempt 1"
    assert (later / "started-1").exists()
    told = world.pool.why(world.pool.find(1, 1).id)
    assert told.own is not None, "why it was chosen is known to the next life too"


def test_cancel_pending_and_cancel_active(world: Processes) -> None:
    active, waiting, free = world.submit(1, 1), world.submit(1, 2), world.submit(2, 1, "go")
    world.worker("w0")
    wait_for((active / "started-1").exists)
    world.pool.cancel(1, 2)
    world.pool.cancel(1, 1)
    assert wait_for(lambda: world.proof(2, 1)) == b"proof by attempt 1", "the worker let go of what was cancelled"
    states = {info.key.batch_number: info.state for info in world.pool.jobs(1)}
    assert states == {1: JobState.CANCELLED, 2: JobState.CANCELLED}
    assert not (waiting / "started-1").exists()
    assert (free / "started-1").exists()


def test_fatal_failure(world: Processes) -> None:
    directory = world.submit(1, 1, "refuse")
    world.submit(1, 2, "go")
    world.worker("w0")
    wait_for(lambda: state(world, 1, 1) is JobState.REFUSED)
    assert wait_for(lambda: world.proof(1, 2)), "the worker lives"
    assert not (directory / "started-2").exists(), "a batch that is wrong is not tried twice"
    told = world.pool.why(world.pool.find(1, 1).id)
    assert "public-input-mismatch: the roots differ" in told.sentences[0]
    kept = Path(told.sentences[1].removeprefix("its input is kept in "))
    assert kept.read_bytes() == str(directory).encode()


def test_retryable_prove(world: Processes) -> None:
    good, bad = world.submit(1, 1, "fail-1"), world.submit(2, 1, "fail-1", "fail-2", "fail-3")
    world.worker("w0")
    wait_for((good / "started-2").exists)
    (good / "go").touch()
    assert wait_for(lambda: world.proof(1, 1)) == b"proof by attempt 2"
    wait_for(lambda: state(world, 2, 1) is JobState.FAILED)
    assert (bad / "started-3").exists() and not (bad / "started-4").exists()
    assert "OSError: the device is gone" in (world.pool.find(2, 1).error or "")
    (bad / "go").touch()
    world.pool.retry(2, 1)
    assert wait_for(lambda: world.proof(2, 1))


def test_mixed_load_without_starvation(world: Processes) -> None:
    """One chain floods the pool; two others have one batch each, and come next when a worker is free."""
    flood = [world.submit(1, batch) for batch in range(1, 41)]
    for name in ("w0", "w1"):
        world.worker(name)
    for directory in flood[:2]:
        wait_for((directory / "started-1").exists)
    for chain in (2, 3):
        world.submit(chain, 1, "go")
    for directory in flood:
        (directory / "go").touch()
    wait_for(lambda: world.pool.stats().by_state[JobState.DONE] == 42)
    for chain in (2, 3):
        own = world.pool.why(world.pool.find(chain, 1).id).own
        assert own is not None and own.lease in (3, 4)


def test_shutdown_drain(world: Processes) -> None:
    directory, later = world.submit(1, 1), world.submit(1, 2, "go")
    worker = world.worker("w0")
    wait_for((directory / "started-1").exists)
    world.pool.drain()
    (directory / "go").touch()
    assert wait_for(lambda: world.proof(1, 1)) == b"proof by attempt 1"
    wait_for(lambda: [w.job for w in world.pool.workers()] == [None])
    worker.terminate()
    worker.join(10)
    assert worker.exitcode == 0
    assert state(world, 1, 2) is JobState.READY and not (later / "started-1").exists()
    world.pool.resume()
    world.worker("w1")
    assert wait_for(lambda: world.proof(1, 2)) == b"proof by attempt 1"


def test_worker_joins_late(world: Processes) -> None:
    directory, second = world.submit(1, 1), world.submit(1, 2)
    world.worker("w0")
    wait_for((directory / "started-1").exists)
    assert not (second / "started-1").exists()
    world.worker("w1")
    wait_for((second / "started-1").exists)
    # Finished out of order, handed over by batch.
    (second / "go").touch()
    assert wait_for(lambda: world.proof(1, 2)) == b"proof by attempt 1"
    assert world.proof(1, 1) is None
    (directory / "go").touch()
    assert wait_for(lambda: world.proof(1, 1)) == b"proof by attempt 1"
