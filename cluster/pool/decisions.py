"""Why a job runs, waits, or went before another: decisions as they were recorded, and in words."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from cluster.pool.jobs import JobInfo, JobState
from cluster.pool.scheduler import Rule

#: Jobs that a decision's record names beside the chosen one.
MOST_OTHERS = 15
#: Decisions that are kept.
KEEP_DECISIONS = 10_000


@dataclass(frozen=True, slots=True)
class Considered:
    """A job that was looked at, with the figures that decided.

    Attributes:
        level_s: Its chain's virtual time; the lowest goes first by the rule ``fair``.
        share: The part of the pool due to its chain.
        cost_s: Prover seconds it was expected to take.
        waited_s: Seconds it had been its chain's first.
        due_in_s: Seconds to its deadline; None: it has none.
    """

    job_id: int
    chain_id: int
    batch_number: int
    level_s: float
    share: float
    cost_s: float
    waited_s: float
    urgent: bool
    due_in_s: float | None


@dataclass(frozen=True, slots=True)
class Decision:
    """One job was given to one worker.

    Attributes:
        lease: Number of the attempt it began.
        at: Seconds since the epoch.
        clock_s: The pool's clock.
        others: Those that were not chosen, the nearest first; at most 15.
    """

    lease: int
    at: float
    worker: str
    rule: Rule
    clock_s: float
    chosen: Considered
    others: tuple[Considered, ...]

    def figures(self) -> str:
        """The jobs that were looked at, as JSON; :func:`from_figures` reads it."""
        return json.dumps([asdict(considered) for considered in (self.chosen, *self.others)])


def from_figures(text: str) -> list[Considered]:
    """Undo :meth:`Decision.figures`."""
    return [Considered(**kept) for kept in json.loads(text)]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is round a job now.

    Attributes:
        before: Waiting jobs of its chain with lower batches.
        share: The part of the pool due to its chain.
        level_s, clock_s: Its chain's virtual time, and the pool's clock.
        workers, idle: How many there are, and how many have no job.
        draining: Whether no worker is given a job.
        largest: Memory of the largest worker; None: no limit is known.
        ageing_s: The bound on waiting at the head of a chain.
        input_path: Where its input is kept.
    """

    now: float
    before: int
    share: float
    level_s: float
    clock_s: float
    workers: int
    idle: int
    draining: bool
    largest: int | None
    ageing_s: float
    input_path: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a job is where it is.

    Attributes:
        sentences: In words, the most important one first.
        own: The decision that began its latest attempt, if it is still on record.
        passed_by: The latest decisions for other chains' jobs while it waited, the latest first.
    """

    job: JobInfo
    sentences: tuple[str, ...]
    own: Decision | None
    passed_by: tuple[Decision, ...]


def in_words(job: JobInfo, around: Surroundings, own: Decision | None, passed_by: Sequence[Decision]) -> list[str]:
    """The sentences of an explanation."""
    name = f"job {job.id} (batch {job.key.batch_number} of {job.chain_name})"
    match job.state:
        case JobState.PENDING:
            said = [_why_pending(name, job, around)]
        case JobState.READY:
            said = [*_why_ready(name, job, around), *(_why_passed(decision) for decision in passed_by[:3])]
        case JobState.RUNNING:
            said = [f"{name} runs on {job.worker}, attempt {job.attempts}"]
        case JobState.FAILED | JobState.REFUSED:
            said = [f"{name} is {job.state}: {job.error}", f"its input is kept in {around.input_path}"]
        case _:
            said = [f"{name} is {job.state}"]
    if own is not None and job.state is not JobState.READY:
        said.append(_why_chosen(own))
    if job.error and job.state in {JobState.PENDING, JobState.READY, JobState.RUNNING}:
        said.append(f"an earlier attempt ended: {job.error}")
    return said


def _why_pending(name: str, job: JobInfo, around: Surroundings) -> str:
    if around.largest is not None and job.memory_bytes > around.largest:
        needs, most = job.memory_bytes / 1e9, around.largest / 1e9
        return f"{name} waits for a worker with {needs:.1f} GB; the largest there is has {most:.1f} GB"
    return f"{name} waits {max(0.0, job.not_before - around.now):.1f} s more after a failed attempt"


def _why_ready(name: str, job: JobInfo, around: Surroundings) -> list[str]:
    if around.draining:
        return [f"{name} may start, but the pool is being drained: `zkhub prover resume`"]
    if around.workers == 0:
        return [f"{name} may start, but there is no worker"]
    if around.before:
        return [f"{name} may start after {around.before} earlier batches of its chain"]
    waited = 0.0 if job.head_at is None else around.now - job.head_at
    behind = around.clock_s - around.level_s
    place = f"{behind:.1f} s behind" if behind >= 0 else f"{-behind:.1f} s ahead of"
    return [
        f"{name} is the first of its chain since {waited:.1f} s; {around.idle} of {around.workers} workers are idle",
        f"its chain, due {around.share:.1%} of the pool, is {place} its share; after {around.ageing_s:.0f} s it is"
        " passed over no more",
    ]


def _why_chosen(decision: Decision) -> str:
    return f"decision {decision.lease} gave it to {decision.worker} by the rule {decision.rule}: {_figures(decision)}"


def _why_passed(decision: Decision) -> str:
    chosen = decision.chosen
    job = f"batch {chosen.batch_number} of chain {chosen.chain_id}"
    return f"decision {decision.lease} took {job} by the rule {decision.rule}: {_figures(decision)}"


def _figures(decision: Decision) -> str:
    chosen, others = decision.chosen, decision.others
    if not others:
        return "no other chain had a job for this worker"
    rivals = ", ".join(_figure(decision.rule, other) for other in others[:3])
    return f"{_figure(decision.rule, chosen)}, against {rivals}"


def _figure(rule: Rule, considered: Considered) -> str:
    who = f"chain {considered.chain_id}"
    if rule is Rule.OVERDUE:
        return f"{who} waited {considered.waited_s:.1f} s"
    if rule is Rule.URGENT:
        due = "urgent" if considered.urgent else "not urgent"
        return f"{who} {due}" if considered.due_in_s is None else f"{who} {due}, due in {considered.due_in_s:.0f} s"
    return f"{who} at {considered.level_s:.1f} s with a share of {considered.share:.1%}"
