"""One prover worker: takes a job, runs its backend on it, hands the result in, whatever the pool does meanwhile."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import structlog

from cluster.errors import BatchRefused, PoolStoreFull, ProofRefused, ProverBroken, ProverError, StaleLease
from cluster.pool.jobs import Assignment, JobKey, Progress, WorkerCard
from cluster.workers.backends import ProverBackend
from zkhub.errors import HubError
from zkvm.stark.refusals import ProofDoesNotFit

log = structlog.get_logger(__name__)

#: Seconds the pool may hold a question for work before it answers that there is none.
TAKE_WAIT_S = 2.0
#: Seconds between two tries to reach a pool that is down.
RETRY_S = 0.3
#: Seconds between two tries to load a backend.
_RELOAD_S = 5.0


class Pool(Protocol):
    """What a worker needs of the pool; :class:`cluster.pool.ProverPool` has it, and so has the remote one."""

    def take(self, card: WorkerCard, sequence: int, wait_s: float) -> Assignment | None:
        """The next job."""
        ...

    def heartbeat(self, card: WorkerCard, lease: int | None, progress: Progress | None = None) -> bool:
        """A sign of life; False: give the lease up."""
        ...

    def finish(self, card: WorkerCard, lease: int, proof: bytes) -> None:
        """Hand a proof in."""
        ...

    def refuse(self, card: WorkerCard, lease: int, error: str) -> None:
        """Say that the batch is wrong."""
        ...

    def fail(self, card: WorkerCard, lease: int, error: str, needs_bytes: int = 0) -> None:
        """Say that the attempt failed, and how much memory it turned out to need."""
        ...

    def leave(self, card: WorkerCard) -> None:
        """Say goodbye."""
        ...


@dataclass(frozen=True, slots=True)
class WorkerStatus:
    """A worker as it sees itself.

    Attributes:
        job: What it is at; None when idle.
        busy_s: Seconds it has been at it.
    """

    name: str
    backend: str
    ready: bool
    job: JobKey | None
    busy_s: float
    jobs_done: int
    last_error: str | None


@dataclass(slots=True)
class _Current:
    """The job at hand."""

    assignment: Assignment
    started: float
    abandoned: threading.Event
    abandoned_at: float | None = None
    progress: Progress | None = None
    is_broken: bool = False

    def note(self, progress: Progress) -> None:
        """Take word of how far it is."""
        self.progress = progress


class WorkerLoop:
    """A worker's two threads: one works, one says that the worker lives.

    Args:
        card: Who the worker is.
        make_backend: Makes the backend, in the working thread; tried again when it fails.
        on_stuck: Called when an abandoned job has not let go of the worker for ``grace_s``, for a thread cannot be
            stopped from outside, and when the backend is broken: the process must end.
    """

    def __init__(
        self,
        card: WorkerCard,
        make_backend: Callable[[], ProverBackend],
        pool: Pool,
        *,
        heartbeat_s: float = 1.0,
        grace_s: float = 5.0,
        on_stuck: Callable[[], None],
    ) -> None:
        self._card = card
        self._make_backend = make_backend
        self._pool = pool
        self._heartbeat_s = heartbeat_s
        self._grace_s = grace_s
        self._on_stuck = on_stuck
        self._stopping = threading.Event()
        self._ready = threading.Event()
        self._current: _Current | None = None
        self._jobs_done = 0
        self._last_error: str | None = None
        self._load_error: HubError | None = None
        self._threads = [
            threading.Thread(target=self._work, name="work", daemon=True),
            threading.Thread(target=self._beat, name="heartbeat", daemon=True),
        ]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def stop(self, timeout_s: float = 3.0) -> None:
        """Take no more jobs and give back the one at hand; the backend may still be busy with it when this returns."""
        self._stopping.set()
        if (current := self._current) is not None:
            current.abandoned.set()
        try:
            self._pool.leave(self._card)
        except HubError as error:
            log.warning("could not say goodbye to the pool", worker=self._card.name, error=error.message)
        deadline = time.monotonic() + timeout_s
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def wait_ready(self, timeout_s: float) -> None:
        """Wait until the worker looks for work.

        Raises:
            ProverError: The backend could not be loaded so far; it is tried again.
        """
        deadline = time.monotonic() + timeout_s
        while not self._ready.wait(0.05):
            if self._load_error is not None:
                raise self._load_error
            if time.monotonic() > deadline:
                raise ProverError(f"{self._card.name}: the backend {self._card.backend} is still warming up")

    def status(self) -> WorkerStatus:
        """How the worker is doing."""
        current = self._current
        return WorkerStatus(
            name=self._card.name,
            backend=self._card.backend,
            ready=self._ready.is_set(),
            job=current.assignment.key if current else None,
            busy_s=time.monotonic() - current.started if current else 0.0,
            jobs_done=self._jobs_done,
            last_error=self._last_error,
        )

    # The working thread.

    def _work(self) -> None:
        backend = self._load()
        if backend is None:
            return
        self._ready.set()
        sequence = 0
        while not self._stopping.is_set():
            sequence += 1
            try:
                assignment = self._pool.take(self._card, sequence, TAKE_WAIT_S)
            except HubError as error:
                self._note(error)
                self._stopping.wait(RETRY_S)
                continue
            if assignment is not None and not self._stopping.is_set():
                self._attempt(backend, assignment)

    def _load(self) -> ProverBackend | None:
        """The backend, ready to prove; None when the worker is stopped before there is one."""
        while not self._stopping.is_set():
            try:
                backend = self._make_backend()
                backend.warm_up()
            except Exception as error:
                log.exception("the prover backend cannot be loaded", worker=self._card.name)
                failure = ProverError(f"the prover backend {self._card.backend} failed to load: {error}")
                self._load_error = error if isinstance(error, HubError) else failure
                self._stopping.wait(_RELOAD_S)
            else:
                self._load_error = None
                return backend
        return None

    def _attempt(self, backend: ProverBackend, assignment: Assignment) -> None:
        current = self._current = _Current(assignment, time.monotonic(), threading.Event())
        try:
            report = self._prove(backend, current)
            if not current.abandoned.is_set():
                self._deliver(report, current)
            if current.is_broken:
                log.error("the prover is broken, its process ends", worker=self._card.name)
                self._on_stuck()
        finally:
            self._current = None

    def _prove(self, backend: ProverBackend, current: _Current) -> Callable[[], None]:
        """Run the backend and say what is to be reported."""
        assignment, card, pool = current.assignment, self._card, self._pool
        try:
            proof = backend.prove(assignment, current.abandoned, current.note)
        except BatchRefused as error:
            reason = f"{error.reason}: {error.message}"
            log.error("batch refused", chain=assignment.chain_name, batch=assignment.key.batch_number, error=reason)
            return lambda: pool.refuse(card, assignment.lease, reason)
        except Exception as error:
            # Whatever a prover dies of, its worker lives on and the pool decides what becomes of the job.
            failure = f"{type(error).__name__}: {error}"
            log.exception("attempt failed", chain=assignment.chain_name, batch=assignment.key.batch_number)
            current.is_broken = isinstance(error, ProverBroken)
            needs_bytes = error.needed if isinstance(error, ProofDoesNotFit) else 0
            return lambda: pool.fail(card, assignment.lease, failure, needs_bytes)
        return lambda: pool.finish(card, assignment.lease, proof)

    def _deliver(self, report: Callable[[], None], current: _Current) -> None:
        """Report until the pool has taken it, or does not want it any more."""
        while not self._stopping.is_set() and not current.abandoned.is_set():
            try:
                report()
            except (StaleLease, ProofRefused) as error:
                log.info("result not wanted", worker=self._card.name, error=error.message)
                return
            except HubError as error:
                self._note(error)
                self._stopping.wait(RETRY_S)
            else:
                self._jobs_done += 1
                return

    def _note(self, error: HubError) -> None:
        message = f"{type(error).__name__}: {error.message}"
        if message != self._last_error:
            level = log.error if isinstance(error, PoolStoreFull) else log.warning
            level("the pool did not answer as hoped", worker=self._card.name, error=message)
        self._last_error = message

    # The thread that says that the worker lives.

    def _beat(self) -> None:
        while not self._stopping.wait(self._heartbeat_s):
            current = self._current
            if current is None:
                self._tell(None)
            elif current.abandoned_at is None:
                if not self._tell(current.assignment.lease, current.progress):
                    current.abandoned_at = time.monotonic()
                    current.abandoned.set()
            elif time.monotonic() - current.abandoned_at > self._grace_s and self._current is current:
                log.error("an abandoned job does not let go", worker=self._card.name, batch=str(current.assignment.key))
                self._on_stuck()
                return
            else:
                self._tell(None)

    def _tell(self, lease: int | None, progress: Progress | None = None) -> bool:
        """Whether to go on with ``lease``; a pool that is down has not taken it away."""
        try:
            return self._pool.heartbeat(self._card, lease, progress)
        except HubError as error:
            self._note(error)
            return True
