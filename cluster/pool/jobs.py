"""What the pool keeps: jobs with their states, workers, and figures about both."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from chain_template.settlement.proofs import ProofJob
from cluster.errors import IllegalJobTransition


class JobState(StrEnum):
    """Where a job stands; :data:`TRANSITIONS` says how it may move."""

    PENDING = "pending"
    """Waits until it may start: a failed attempt's delay runs, or no worker has the memory it needs."""
    READY = "ready"
    """Waits for a worker."""
    RUNNING = "running"
    """A worker has it."""
    DONE = "done"
    """Its proof waits to be settled on L1."""
    SETTLED = "settled"
    """L1 has taken the proof; only the record is left."""
    FAILED = "failed"
    """Every attempt failed; waits for someone to retry it."""
    REFUSED = "refused"
    """The batch is wrong: no proof of it can exist."""
    CANCELLED = "cancelled"
    """Its batch was reverted."""


#: Job state machine. A worker's death and a time-out lead from running back to ready, a failed attempt to pending.
#: Submitting a batch again, after a revert or a reorganisation of L1, leads through cancelled.
TRANSITIONS: dict[JobState, frozenset[JobState]] = {
    JobState.PENDING: frozenset({JobState.READY, JobState.CANCELLED}),
    JobState.READY: frozenset({JobState.RUNNING, JobState.PENDING, JobState.CANCELLED}),
    JobState.RUNNING: frozenset(
        {JobState.DONE, JobState.REFUSED, JobState.READY, JobState.PENDING, JobState.FAILED, JobState.CANCELLED}
    ),
    JobState.DONE: frozenset({JobState.SETTLED, JobState.CANCELLED}),
    JobState.SETTLED: frozenset({JobState.CANCELLED}),
    JobState.FAILED: frozenset({JobState.READY, JobState.CANCELLED}),
    JobState.REFUSED: frozenset({JobState.READY, JobState.CANCELLED}),
    JobState.CANCELLED: frozenset({JobState.READY}),
}
#: Jobs in these states wait, for a worker or for what keeps them from one.
WAITING = frozenset({JobState.PENDING, JobState.READY})


def check_transition(job_id: int, old: JobState, new: JobState) -> None:
    """Refuse a step that the state machine does not have.

    Raises:
        IllegalJobTransition: There is no such step.
    """
    if new not in TRANSITIONS[old]:
        allowed = ", ".join(sorted(TRANSITIONS[old])) or "nothing"
        raise IllegalJobTransition(f"job {job_id} is {old} and cannot become {new}; it can become {allowed}")


@dataclass(frozen=True, slots=True)
class JobKey:
    """What a job is about: one batch of one chain, by one version of the batch program."""

    chain_id: int
    batch_number: int
    program_id: bytes

    @classmethod
    def of(cls, job: ProofJob) -> Self:
        """The key of a job."""
        return cls(job.chain_id, job.batch_number, job.program_id)


@dataclass(frozen=True, slots=True)
class JobInfo:
    """A job as everyone may see it. Times are seconds since the epoch.

    Attributes:
        id: Number in this pool, in order of first submission.
        lease: Number of the attempt that runs, unique in this pool; None when none does.
        attempts: Attempts begun and not given back.
        not_before: Earliest time of the next attempt.
        queued_at: When it last began to wait for a first attempt.
        started_at, finished_at: Of the latest attempt.
        worker: Who has it, or had it last.
        error: Last error, in words.
        proof_bytes: Size of the proof; 0 when there is none.
        cycles: Instructions the batch program takes, as its chain says; 0: not known.
        memory_bytes: What its proof is known to need; 0: not known.
        urgent: Whether someone asked for it to go first.
        deadline: When its proof is wanted at the latest; None: no deadline.
        head_at: Since when it has been the first of its chain; None: others are before it.
        estimate_s: Prover seconds its latest attempt was expected to take.
        share: Its chain's part of the pool at the latest start.
    """

    id: int
    key: JobKey
    chain_name: str
    public_input: bytes
    input_digest: str
    input_bytes: int
    state: JobState
    lease: int | None
    attempts: int
    not_before: float
    queued_at: float
    started_at: float | None
    finished_at: float | None
    worker: str | None
    error: str | None
    proof_digest: str | None
    proof_bytes: int
    cycles: int = 0
    memory_bytes: int = 0
    urgent: bool = False
    deadline: float | None = None
    head_at: float | None = None
    estimate_s: float = 0.0
    share: float = 1.0


@dataclass(frozen=True, slots=True)
class Assignment:
    """A job in a worker's hands, until its lease is finished, given back or taken away."""

    lease: int
    key: JobKey
    chain_name: str
    public_input: bytes
    batch_input: bytes
    attempt: int


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an attempt is, as its worker says.

    Attributes:
        stage: What it is at, in words.
        number: Which stage that is, from 1.
        stages: How many there are.
        fraction: How much of this stage is done, 0 to 1.
    """

    stage: str
    number: int
    stages: int
    fraction: float


@dataclass(frozen=True, slots=True)
class WorkerCard:
    """What a worker says of itself, with every call.

    Attributes:
        incarnation: Random name of this life of the worker's process.
        memory_bytes: What one of its proofs may take; None: as much as the job wants.
        gpu: The GPU it proves on, in words; empty: none.
    """

    name: str
    incarnation: str
    backend: str
    pid: int
    node_id: str
    memory_bytes: int | None = None
    gpu: str = ""


@dataclass(frozen=True, slots=True)
class WorkerInfo:
    """A worker as the pool knows it. Times are seconds since the epoch.

    Attributes:
        progress: How far it is with its job; None when it has none, or did not say.
        busy_s: Seconds it has had a job, since it was first seen.
        memory_bytes, gpu: As its card says.
        draining: Whether it is given no more jobs.
        refused_proofs: Wrong proofs it handed in.
    """

    name: str
    backend: str
    pid: int
    node_id: str
    first_seen: float
    last_seen: float
    lease: int | None
    job: JobKey | None
    jobs_done: int
    progress: Progress | None = None
    busy_s: float = 0.0
    memory_bytes: int | None = None
    gpu: str = ""
    draining: bool = False
    refused_proofs: int = 0


@dataclass(frozen=True, slots=True)
class Durations:
    """Seconds, over the last finished jobs."""

    count: int
    p50: float
    p99: float


@dataclass(frozen=True, slots=True)
class ChainShare:
    """One chain's part of the pool.

    Attributes:
        oldest_waiting_s: Seconds since its oldest waiting job was queued.
        weight, reserved, deadline_s: As its account says.
        share: The part of the pool due to it now; 0 when it has no work.
        used_s: Prover seconds of its attempts that have ended.
        behind_s: Prover seconds of the pool by which it is behind its share; negative: ahead.
    """

    chain_id: int
    chain_name: str
    by_state: dict[JobState, int]
    oldest_waiting_s: float
    weight: float = 1.0
    reserved: float = 0.0
    share: float = 0.0
    used_s: float = 0.0
    behind_s: float = 0.0
    deadline_s: float = 0.0


@dataclass(frozen=True, slots=True)
class PoolStats:
    """The pool in figures.

    Attributes:
        draining: Whether no worker is given a job.
        backlog_s: Prover seconds that all waiting jobs are expected to take.
    """

    by_state: dict[JobState, int]
    chains: tuple[ChainShare, ...]
    workers: int
    busy_workers: int
    requeues: int
    worker_deaths: int
    waited: Durations
    ran: Durations
    draining: bool = False
    backlog_s: float = 0.0
