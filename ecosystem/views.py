"""What the hub shows of itself: the API's answers and the CLI's ``--json`` are these, field by field.

Amounts of wei are decimal strings, as JSON numbers lose digits beyond 2^53; times are Unix milliseconds.
"""

from dataclasses import dataclass

from ecosystem.records import Event, OperationRecord, StepRecord


@dataclass(frozen=True, slots=True)
class NodeView:
    """What the process of a chain, or of the embedded L1, says of itself.

    Attributes:
        head: Number of the latest block.
        head_at_ms: Its timestamp.
        batches: Stage → highest batch number that has reached it, 0 for none; empty for an L1.
        mempool: Transactions waiting.
        last_error: What went wrong last; empty when all is well.
    """

    rpc_url: str
    ws_url: str
    pid: int
    restarts: int
    head: int
    head_at_ms: int
    batches: dict[str, int]
    mempool: int
    paused: bool
    last_error: str


@dataclass(frozen=True, slots=True)
class HubView:
    """The hub at a glance.

    Attributes:
        state: ``starting``, ``ready``, ``degraded`` (something that should run does not) or ``stopping``.
        proofs: ``none`` is the development mode: batches are re-executed, not proven.
        chains: Chain state → how many chains are in it.
        operations: Ids of the operations at work.
        pid: Process id of the controller.
    """

    name: str
    version: str
    state: str
    proofs: str
    started_at_ms: int
    uptime_s: float
    data_dir: str
    chains: dict[str, int]
    operations: list[str]
    pid: int


@dataclass(frozen=True, slots=True)
class L1View:
    """The settlement layer.

    Attributes:
        kind: ``embedded`` or ``external``.
        head: Latest block; None when it does not answer.
        contracts: Name → address of what all chains share.
        pid: Process id of the embedded one.
    """

    kind: str
    url: str
    ws_url: str
    chain_id: int
    healthy: bool
    head: int | None
    contracts: dict[str, str]
    pid: int | None
    error: str


@dataclass(frozen=True, slots=True)
class ChainView:
    """A chain.

    Attributes:
        goal: What its owner wants: ``running``, ``paused`` or ``removed``.
        state: What is: see :class:`ecosystem.states.ChainState`.
        head: Latest block; None while its process does not answer.
        batches: Stage → highest batch number that has reached it, 0 for none.
        contract: Address of its L1 contract; empty until it is created there.
        operation: Id of the operation at work on it; empty for none.
        restarts: How often its process was started again after a death.
        error: What went wrong last; empty when all is well.
    """

    name: str
    id: int
    goal: str
    state: str
    rpc_url: str
    ws_url: str
    base_token: str
    data_availability: str
    proofs: str
    executor: str
    head: int | None
    head_at_ms: int | None
    batches: dict[str, int]
    mempool: int
    contract: str
    operation: str
    pid: int | None
    restarts: int
    created_at_ms: int
    error: str


@dataclass(frozen=True, slots=True)
class StepView:
    """A step of an operation."""

    name: str
    status: str
    started_at_ms: int | None
    ended_at_ms: int | None
    detail: str

    @classmethod
    def of(cls, step: StepRecord) -> "StepView":
        """The view of a record."""
        return cls(step.name, step.status.value, step.started_at_ms, step.ended_at_ms, step.detail)


@dataclass(frozen=True, slots=True)
class OperationView:
    """Something the hub does in named steps.

    Attributes:
        chain: The chain it is about; empty for the hub itself.
        error: Why it failed, ``hint`` what to do about it.
    """

    id: str
    kind: str
    chain: str
    status: str
    created_at_ms: int
    ended_at_ms: int | None
    error: str
    hint: str
    steps: list[StepView]

    @classmethod
    def of(cls, operation: OperationRecord) -> "OperationView":
        """The view of a record."""
        return cls(
            id=operation.id,
            kind=operation.kind.value,
            chain=operation.chain,
            status=operation.status.value,
            created_at_ms=operation.created_at_ms,
            ended_at_ms=operation.ended_at_ms,
            error=operation.error,
            hint=operation.hint,
            steps=[StepView.of(step) for step in operation.steps],
        )


@dataclass(frozen=True, slots=True)
class EventView:
    """A change of an operation (``step`` is empty) or of one of its steps."""

    seq: int
    at_ms: int
    operation: str
    kind: str
    chain: str
    step: str
    status: str
    detail: str

    @classmethod
    def of(cls, event: Event) -> "EventView":
        """The view of a record."""
        return cls(
            seq=event.seq,
            at_ms=event.at_ms,
            operation=event.operation_id,
            kind=event.kind,
            chain=event.chain,
            step=event.step,
            status=event.status,
            detail=event.detail,
        )


@dataclass(frozen=True, slots=True)
class BatchView:
    """A batch of a chain on its way to L1.

    Attributes:
        stage: ``sealed``, ``committed``, ``proving``, ``proved``, ``verified``, ``executed`` or ``reverted``.
        proof: ``none`` in the development mode: re-executed, not proven.
        stage_times_ms: Stage → when it was reached.
        l1_transactions: Stage → hash of the L1 transaction that brought it there.
    """

    chain: str
    number: int
    stage: str
    first_block: int
    last_block: int
    transactions: int
    l1_transactions_included: int
    pubdata_bytes: int
    seal_reason: str
    proof: str
    state_commitment: str
    batch_output_hash: str
    public_input: str
    stage_times_ms: dict[str, int]
    l1_transactions: dict[str, str]


@dataclass(frozen=True, slots=True)
class WorkerView:
    """A prover worker.

    Attributes:
        state: ``idle``, ``busy`` or ``lost`` (no sign of life).
        job: What it works on, ``CHAIN/BATCH``; empty for nothing.
    """

    name: str
    backend: str
    state: str
    job: str
    jobs_done: int
    last_seen_ms: int | None
    pid: int


@dataclass(frozen=True, slots=True)
class ProversView:
    """The prover pool.

    Attributes:
        jobs: Job state → how many there are.
        queue: Chain name → jobs waiting.
        healthy: Whether the pool answered.
    """

    healthy: bool
    workers: list[WorkerView]
    jobs: dict[str, int]
    queue: dict[str, int]


@dataclass(frozen=True, slots=True)
class JobView:
    """A proof job."""

    chain: str
    batch: int
    state: str
    attempts: int
    worker: str
    error: str
    queued_at_ms: int
    started_at_ms: int | None
    ended_at_ms: int | None


@dataclass(frozen=True, slots=True)
class AccountView:
    """A development account.

    Attributes:
        balances: ``l1`` or a chain's name → wei as a decimal string; a chain that does not answer is left out.
    """

    address: str
    balances: dict[str, str]


@dataclass(frozen=True, slots=True)
class HealthView:
    """Whether the hub does its work: ``ok``, ``starting``, ``degraded`` or ``stopping``, and what is amiss."""

    status: str
    problems: list[str]
