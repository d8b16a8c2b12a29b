"""A prover pool and its workers as plain processes: one socket between them, no Ray, everything else the pool's own.

They are forked from a server that has imported everything, so that a process costs milliseconds.
"""

import os
import secrets
import signal
import sys
import threading
import time
from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.context import ForkServerProcess
from multiprocessing.managers import BaseManager
from pathlib import Path
from typing import Any, TypeVar

from chain_template.settlement.proofs import ProofJob
from cluster.errors import ActorUnavailable, BatchRefused
from cluster.pool import Assignment, ProverPool, WorkerCard
from cluster.settings import PoolSettings
from cluster.workers.backends import Report
from cluster.workers.loop import WorkerLoop

SETTINGS = PoolSettings(
    heartbeat_s=0.1, heartbeat_timeout_s=1.5, job_timeout_s=60, max_attempts=3, retry_delay_s=0.05, ageing_s=5.0
)
_KEY = b"pool of a test"
_FORKS = get_context("forkserver")
_FORKS.set_forkserver_preload([__name__])
T = TypeVar("T")


class Manager(BaseManager):
    """Carries calls to the pool."""


class PoolOverSocket:
    """The pool from another process; while it is down, calls raise what its actor's handle would."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._local = threading.local()

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            try:
                if not hasattr(self._local, "pool"):
                    manager = Manager(str(self._directory / "socket"), _KEY)
                    manager.connect()
                    self._local.pool = manager.pool()  # type: ignore[attr-defined]
                return self._local.pool._callmethod(name, arguments, named)
            except (OSError, EOFError) as error:
                self.__dict__["_local"] = threading.local()
                raise ActorUnavailable(f"the pool is down: {error!r}", actor="pool") from error

        return call


class SteeredBackend:
    """The job's input is a directory, whose files say what becomes of an attempt.

    It begins by writing ``started-<attempt>`` with the process's id; then ``refuse`` makes it refuse the batch,
    ``fail-<attempt>`` makes the attempt fail, and ``go`` makes the proof, after as many seconds as it says.
    """

    def warm_up(self) -> None:
        return

    def prove(self, assignment: Assignment, abandoned: threading.Event, report: Report) -> bytes:
        directory = Path(assignment.batch_input.decode())
        (directory / f"started-{assignment.attempt}").write_text(str(os.getpid()))
        while not (directory / "go").exists():
            if (directory / "refuse").exists():
                raise BatchRefused("the roots differ", reason="public-input-mismatch")
            if (directory / f"fail-{assignment.attempt}").exists():
                raise OSError("the device is gone")
            if abandoned.is_set():
                raise BatchRefused("abandoned")
            time.sleep(0.01)
        time.sleep(float((directory / "go").read_text() or 0))
        return b"proof by attempt %d" % assignment.attempt


class Processes:
    """A pool in ``directory`` and its workers; what is still alive is ended by :meth:`close`."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.pool = PoolOverSocket(directory)
        self._alive: list[ForkServerProcess] = []
        self.pool_process = self.start_pool()

    def start_pool(self) -> ForkServerProcess:
        (self.directory / "socket").unlink(missing_ok=True)
        self.pool_process = self._start(_serve_pool, self.directory)
        wait_for(self._answers)
        return self.pool_process

    def _answers(self) -> bool:
        try:
            self.pool.stats()
        except ActorUnavailable:
            return False
        return True

    def worker(self, name: str) -> ForkServerProcess:
        return self._start(_work, self.directory, name)

    def _start(self, task: Callable[..., None], *arguments: object) -> ForkServerProcess:
        process = _FORKS.Process(target=task, args=arguments, daemon=True)
        process.start()
        self._alive.append(process)
        return process

    def submit(self, chain: int, batch: int, *files: str) -> Path:
        """Queue a batch whose fate these files decide; returns its directory."""
        directory = self.directory / f"{chain}-{batch}"
        directory.mkdir()
        for file in files:
            (directory / file).touch()
        self.pool.submit(
            ProofJob(
                chain, f"chain{chain}", batch, bytes(32), str(directory).encode(), b"%032d" % (chain * 1000 + batch)
            )
        )
        return directory

    def proof(self, chain: int, batch: int) -> bytes | None:
        try:
            result = self.pool.result(chain, batch)
        except ActorUnavailable:
            return None
        return result.proof if result else None

    def close(self) -> None:
        for process in self._alive:
            if process.is_alive():
                assert process.pid is not None
                os.kill(process.pid, signal.SIGCONT)
                process.kill()
            process.join(10)
            process.close()


def wait_for(condition: Callable[[], T], timeout_s: float = 30.0) -> T:
    deadline = time.monotonic() + timeout_s
    while not (value := condition()):
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)
    return value


def _serve_pool(directory: Path) -> None:
    pool = ProverPool(directory, SETTINGS)
    Manager.register("pool", lambda: pool)
    Manager(str(directory / "socket"), _KEY).get_server().serve_forever()


def _work(directory: Path, name: str) -> None:
    card = WorkerCard(name, secrets.token_hex(8), "steered", os.getpid(), "node")
    loop = WorkerLoop(
        card,
        SteeredBackend,
        PoolOverSocket(directory),
        heartbeat_s=SETTINGS.heartbeat_s,
        grace_s=1.0,
        on_stuck=lambda: os._exit(70),
    )
    signal.signal(signal.SIGTERM, lambda *_: (loop.stop(), sys.exit(0)))
    loop.start()
    while True:
        time.sleep(60)


Manager.register("pool")
