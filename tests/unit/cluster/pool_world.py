"""A prover pool with a clock that the test winds, and workers that do what the test says."""

import itertools
from pathlib import Path

from chain_template.settlement.proofs import ProofJob
from cluster.pool import Assignment, ProverPool, WorkerCard
from cluster.settings import PoolSettings

PROGRAM = b"\x07" * 32
SETTINGS = PoolSettings(
    heartbeat_timeout_s=10, job_timeout_s=100, max_attempts=3, retry_delay_s=1, max_retry_delay_s=8, ageing_s=30
)


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


class FakeWorker:
    """Speaks to the pool as a worker does; the test decides what and when."""

    _lives = itertools.count()

    def __init__(self, pool: ProverPool, name: str = "w0", memory_bytes: int | None = None) -> None:
        self.pool = pool
        self.name = name
        self.memory_bytes = memory_bytes
        self.sequence = 0
        self.card = self._new_card()

    def _new_card(self) -> WorkerCard:
        return WorkerCard(self.name, f"life-{next(self._lives)}", "unproven", 4242, "node", self.memory_bytes)

    def die_and_restart(self) -> None:
        self.card = self._new_card()
        self.sequence = 0

    def take(self) -> Assignment | None:
        self.sequence += 1
        return self.pool.take(self.card, self.sequence)

    def must_take(self) -> Assignment:
        assignment = self.take()
        assert assignment is not None
        return assignment


def job(chain_id: int, batch: int, content: bytes | None = None) -> ProofJob:
    content = content or b"input of %d/%d" % (chain_id, batch)
    return ProofJob(chain_id, f"chain{chain_id}", batch, PROGRAM, content, public_input(content))


def public_input(content: bytes) -> bytes:
    return (content * 32)[:32]


def open_pool(directory: Path, clock: Clock, settings: PoolSettings = SETTINGS) -> ProverPool:
    return ProverPool(directory, settings, clock=clock)
