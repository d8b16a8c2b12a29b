"""The prover pool as an actor."""

from pathlib import Path

import ray

from chain_template.settlement.proofs import ProofJob, ProofResult
from cluster.logs import log_as_actor
from cluster.names import POOL_ACTOR
from cluster.pool import (
    Assignment,
    Explanation,
    JobInfo,
    JobState,
    OutsideProver,
    PoolStats,
    Progress,
    ProverPool,
    WorkerCard,
    WorkerInfo,
)
from cluster.settings import PoolSettings
from zkhub.errors import HubError

#: Threads: one a worker that waits for work (more workers than that wait their turn), some for everything else, and
#: some for checking what strangers hand in.
POOL_GROUPS = {"take": 32, "io": 8, "check": 2}


class ProverPoolActor:
    """Carries calls to a :class:`ProverPool`; all state is in its directory, so a restart continues."""

    def __init__(self, directory: str, settings_json: str) -> None:
        log_as_actor(POOL_ACTOR)
        self._directory = Path(directory)
        self._settings = PoolSettings.model_validate_json(settings_json)
        self._opened: ProverPool | None = None
        self._error: HubError | None = None
        self.reopen()

    def reopen(self) -> None:
        """Open the queue, unless it is open; what keeps it shut is raised by every call until then."""
        if self._opened is not None:
            return
        try:
            self._opened = ProverPool(self._directory, self._settings)
            self._error = None
        except HubError as error:
            self._error = error

    @property
    def _pool(self) -> ProverPool:
        if self._opened is None:
            assert self._error is not None
            raise self._error
        return self._opened

    def ready(self) -> None:
        """Try once more if the queue could not be opened."""
        self.reopen()
        assert self._pool

    def stop(self) -> None:
        """Close the queue."""
        if self._opened is not None:
            self._opened.close()

    @ray.method(concurrency_group="io")
    def submit(self, job: ProofJob) -> JobInfo:
        """Queue a batch."""
        return self._pool.submit(job)

    @ray.method(concurrency_group="io")
    def result(self, chain_id: int, batch_number: int) -> ProofResult | None:
        """The proof of a batch, once there is one."""
        return self._pool.result(chain_id, batch_number)

    @ray.method(concurrency_group="io")
    def settle(self, chain_id: int, last_batch: int) -> None:
        """Forget proofs that L1 has taken."""
        self._pool.settle(chain_id, last_batch)

    @ray.method(concurrency_group="io")
    def cancel_from(self, chain_id: int, first_batch: int) -> int:
        """Forget the jobs of reverted batches."""
        return self._pool.cancel_from(chain_id, first_batch)

    @ray.method(concurrency_group="io")
    def retry(self, chain_id: int, batch_number: int) -> JobInfo:
        """Queue a failed or refused job again."""
        return self._pool.retry(chain_id, batch_number)

    @ray.method(concurrency_group="take")
    def take(self, card: WorkerCard, sequence: int, wait_s: float) -> Assignment | None:
        """The next job for a worker."""
        return self._pool.take(card, sequence, wait_s)

    @ray.method(concurrency_group="io")
    def heartbeat(self, card: WorkerCard, lease: int | None, progress: Progress | None = None) -> bool:
        """A worker lives; False: it should give its lease up."""
        return self._pool.heartbeat(card, lease, progress)

    @ray.method(concurrency_group="io")
    def finish(self, card: WorkerCard, lease: int, proof: bytes) -> None:
        """Take a proof."""
        self._pool.finish(card, lease, proof)

    @ray.method(concurrency_group="io")
    def refuse(self, card: WorkerCard, lease: int, error: str) -> None:
        """Take word that a batch is wrong."""
        self._pool.refuse(card, lease, error)

    @ray.method(concurrency_group="io")
    def fail(self, card: WorkerCard, lease: int, error: str, needs_bytes: int = 0) -> None:
        """Take word that an attempt failed."""
        self._pool.fail(card, lease, error, needs_bytes)

    @ray.method(concurrency_group="io")
    def leave(self, card: WorkerCard) -> None:
        """A worker says goodbye."""
        self._pool.leave(card)

    @ray.method(concurrency_group="io")
    def jobs(self, chain_id: int | None, state: JobState | None, limit: int) -> list[JobInfo]:
        """Jobs, the newest first."""
        return self._pool.jobs(chain_id, state, limit)

    @ray.method(concurrency_group="io")
    def find(self, chain_id: int, batch_number: int) -> JobInfo:
        """The latest job of a batch."""
        return self._pool.find(chain_id, batch_number)

    @ray.method(concurrency_group="io")
    def why(self, job_id: int) -> Explanation:
        """Why a job runs, waits, or went before another."""
        return self._pool.why(job_id)

    @ray.method(concurrency_group="io")
    def cancel(self, chain_id: int, batch_number: int) -> JobInfo:
        """End a waiting or running job."""
        return self._pool.cancel(chain_id, batch_number)

    @ray.method(concurrency_group="io")
    def prioritise(self, chain_id: int, batch_number: int, urgent: bool, due_in_s: float | None) -> JobInfo:
        """Have a batch go before others."""
        return self._pool.prioritise(chain_id, batch_number, urgent=urgent, due_in_s=due_in_s)

    @ray.method(concurrency_group="io")
    def set_share(self, chain_id: int, weight: float | None, reserved: float | None, deadline_s: float | None) -> None:
        """Set what a chain gets of the pool."""
        self._pool.set_share(chain_id, weight, reserved, deadline_s)

    @ray.method(concurrency_group="io")
    def drain(self, worker: str) -> None:
        """Give a worker, or all, no more jobs."""
        self._pool.drain(worker)

    @ray.method(concurrency_group="io")
    def resume(self, worker: str) -> None:
        """Give a worker, or all, jobs again."""
        self._pool.resume(worker)

    @ray.method(concurrency_group="io")
    def create_token(self, name: str) -> str:
        """Let a prover join over HTTP."""
        return self._pool.create_token(name)

    @ray.method(concurrency_group="io")
    def revoke_token(self, name: str) -> None:
        """Shut a prover from outside out."""
        self._pool.revoke_token(name)

    @ray.method(concurrency_group="io")
    def outside(self) -> list[OutsideProver]:
        """Every prover that was ever given a token."""
        return self._pool.outside()

    @ray.method(concurrency_group="io")
    def outside_prover(self, token: str) -> OutsideProver:
        """Whose token it is."""
        return self._pool.outside_prover(token)

    @ray.method(concurrency_group="check")
    def finish_checked(self, card: WorkerCard, lease: int, proof: bytes, backend: str) -> None:
        """Check a proof from outside, and take it if it holds."""
        from cluster.workers.checking import check_for

        self._pool.finish_checked(card, lease, proof, check_for(backend))

    @ray.method(concurrency_group="io")
    def workers(self) -> list[WorkerInfo]:
        """Every worker that is alive."""
        return self._pool.workers()

    @ray.method(concurrency_group="io")
    def stats(self) -> PoolStats:
        """The pool in figures."""
        return self._pool.stats()
