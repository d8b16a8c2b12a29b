"""What the hub tells of its provers, beyond :mod:`ecosystem.views`."""

from dataclasses import dataclass

from ecosystem.views import JobView


@dataclass(frozen=True, slots=True)
class ChainQueueView:
    """One chain's part of the prover pool.

    Attributes:
        waiting, running: Jobs.
        oldest_waiting_s: Seconds since its oldest waiting job was queued.
        weight: How much it gets in proportion to the others.
        reserved: The part of the pool it gets at least while it has work, 0 to 1.
        deadline_s: Seconds from a batch's submission to when its proof is wanted; 0: no deadline.
        share: The part due to it now; 0 while it has no work.
        used_s: Prover seconds it has had.
        used_share: The part of all prover seconds that is.
        behind_s: Prover seconds by which it is behind its share; negative: ahead.
        seal_to_verified_p50_s, seal_to_verified_p99_s: Of its latest batches; None: none is verified yet.
    """

    chain: str
    waiting: int
    running: int
    oldest_waiting_s: float
    weight: float
    reserved: float
    deadline_s: float
    share: float
    used_s: float
    used_share: float
    behind_s: float
    seal_to_verified_p50_s: float | None
    seal_to_verified_p99_s: float | None


@dataclass(frozen=True, slots=True)
class ConsideredView:
    """A job that a decision looked at, with the figures that decided.

    Attributes:
        level_s: Its chain's virtual time; by the rule ``fair`` the lowest goes first.
        cost_s: Prover seconds it was expected to take.
        waited_s: Seconds it had been its chain's first.
        due_in_s: Seconds to its deadline; None: it has none.
    """

    chain: str
    batch: int
    level_s: float
    share: float
    cost_s: float
    waited_s: float
    urgent: bool
    due_in_s: float | None


@dataclass(frozen=True, slots=True)
class DecisionView:
    """One job was given to one worker.

    Attributes:
        rule: ``overdue``, ``urgent`` or ``fair``.
        clock_s: The pool's clock.
        others: Those that were not chosen.
    """

    number: int
    at_ms: int
    worker: str
    rule: str
    clock_s: float
    chosen: ConsideredView
    others: list[ConsideredView]


@dataclass(frozen=True, slots=True)
class WhyView:
    """Why a job is where it is.

    Attributes:
        sentences: In words.
        own: The decision that began its latest attempt; None: none is on record.
        passed_by: The latest decisions for other chains while it waited.
    """

    job: JobView
    sentences: list[str]
    own: DecisionView | None
    passed_by: list[DecisionView]


@dataclass(frozen=True, slots=True)
class ScaleView:
    """How many workers there shall be, and how many there are."""

    wanted: int
    running: int


@dataclass(frozen=True, slots=True)
class OutsideProverView:
    """A prover that may join over HTTP.

    Attributes:
        revoked_at_ms: Since when its token is worth nothing; None: it is good.
        proofs_taken, proofs_refused: Proofs of its that held, and that did not.
    """

    name: str
    created_at_ms: int
    revoked_at_ms: int | None
    proofs_taken: int
    proofs_refused: int


@dataclass(frozen=True, slots=True)
class NewTokenView:
    """A token, shown once."""

    name: str
    token: str


@dataclass(frozen=True, slots=True)
class OutsideJobView:
    """A job for a prover from outside.

    Attributes:
        lease: Number of the attempt; what is handed in names it.
        program_id, public_input: 0x-hex.
        input_base64: The batch input.
    """

    lease: int
    chain: str
    chain_id: int
    batch: int
    attempt: int
    program_id: str
    public_input: str
    input_base64: str


@dataclass(frozen=True, slots=True)
class OutsideAnswer:
    """What a prover from outside is told.

    Attributes:
        go_on: False: what it does is not wanted any more.
        backend: What makes the proofs that are wanted here.
    """

    go_on: bool
    backend: str
