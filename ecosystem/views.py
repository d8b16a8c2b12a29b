"""What the hub shows of itself: the API's answers and the CLI's ``--json`` are these, field by field.

Amounts of wei are decimal strings, as JSON numbers lose digits beyond 2^53; times are Unix milliseconds.
"""

from dataclasses import dataclass
from typing import Any

from cluster.router.messages import MessageInfo
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
        protocol_version: Of its L1 contract, such as 0.29.0; empty until it looked, and for an L1.
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
    protocol_version: str = ""


@dataclass(frozen=True, slots=True)
class HubView:
    """The hub at a glance.

    Attributes:
        state: ``starting``, ``ready``, ``degraded`` (something that should run does not) or ``stopping``.
        proofs: ``stark``, or ``none``, the development mode: batches are re-executed, not proven.
        profile: Parameters of the proofs; empty where there are none.
        chains: Chain state → how many chains are in it.
        operations: Ids of the operations at work.
        pid: Process id of the controller.
    """

    name: str
    version: str
    state: str
    proofs: str
    profile: str
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
        protocol_version: Which version that is on, such as 0.29.0; empty until its process has looked.
        operation: Id of the operation at work on it; empty for none.
        restarts: How often its process was started again after a death.
        error: What went wrong last; empty when all is well.
        settings: As it was created with, secrets left out.
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
    protocol_version: str
    operation: str
    pid: int | None
    restarts: int
    created_at_ms: int
    error: str
    settings: dict[str, Any]


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
class ProgressView:
    """How far a prover is with a batch.

    Attributes:
        stage: What it is at.
        number: Which stage that is, from 1.
        stages: How many there are.
        fraction: How much of this stage is done, 0 to 1.
    """

    stage: str
    number: int
    stages: int
    fraction: float


@dataclass(frozen=True, slots=True)
class BatchView:
    """A batch of a chain on its way to L1.

    Attributes:
        stage: ``sealed``, ``committed``, ``proving``, ``proved``, ``verified``, ``executed`` or ``reverted``.
        proof: ``none`` in the development mode: re-executed, not proven; else ``stark-`` and the profile.
        parts_submitted: Parts of its proof that L1 has accepted.
        parts: How many the proof has; 0 before the first is on L1.
        progress: How far its prover is; None when none is at work on it.
        stage_times_ms: Stage → when it was reached.
        l1_transactions: Stage, or ``part 1 of 3`` → hash of the L1 transaction that brought it there.
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
    parts_submitted: int
    parts: int
    progress: ProgressView | None
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
        progress: How far it is with that; None when it has nothing, or did not say.
        busy_s, known_s: Seconds it has had a job, of those since the pool first heard of it.
        memory_bytes: What one of its proofs may take; None: no limit is set.
        gpu: The GPU it proves on, in words; empty: none.
        draining: Whether it is given no more jobs.
        refused_proofs: Wrong proofs it handed in.
    """

    name: str
    backend: str
    state: str
    job: str
    jobs_done: int
    last_seen_ms: int | None
    pid: int
    progress: ProgressView | None
    busy_s: float = 0.0
    known_s: float = 0.0
    memory_bytes: int | None = None
    gpu: str = ""
    draining: bool = False
    refused_proofs: int = 0


@dataclass(frozen=True, slots=True)
class ProversView:
    """The prover pool.

    Attributes:
        jobs: Job state → how many there are.
        queue: Chain name → jobs waiting.
        healthy: Whether the pool answered.
        draining: Whether no worker is given a job.
        requeues, worker_deaths: Since the pool was started.
        waited_p50_s, waited_p99_s, ran_p50_s, ran_p99_s: Of the latest proved jobs.
    """

    healthy: bool
    workers: list[WorkerView]
    jobs: dict[str, int]
    queue: dict[str, int]
    draining: bool = False
    requeues: int = 0
    worker_deaths: int = 0
    waited_p50_s: float = 0.0
    waited_p99_s: float = 0.0
    ran_p50_s: float = 0.0
    ran_p99_s: float = 0.0


@dataclass(frozen=True, slots=True)
class JobView:
    """A proof job.

    Attributes:
        progress: How far its worker is; None when none is at work on it.
        id: Its number in the pool.
        urgent: Whether someone asked for it to go first.
        deadline_ms: When its proof is wanted at the latest.
        memory_bytes: What its proof is known to need; 0: not known.
    """

    chain: str
    batch: int
    state: str
    attempts: int
    worker: str
    error: str
    queued_at_ms: int
    started_at_ms: int | None
    ended_at_ms: int | None
    progress: ProgressView | None = None
    id: int = 0
    urgent: bool = False
    deadline_ms: int | None = None
    memory_bytes: int = 0


@dataclass(frozen=True, slots=True)
class AccountView:
    """A development account.

    Attributes:
        balances: ``l1`` or a chain's name → wei as a decimal string; a chain that does not answer is left out.
    """

    address: str
    balances: dict[str, str]


@dataclass(frozen=True, slots=True)
class MessageView:
    """A message on its way over the bridge.

    Attributes:
        kind: ``deposit``, ``withdrawal`` or ``transfer``.
        source, destination: ``l1`` or a chain's name.
        stage: ``sent``, ``included``, ``proven``, ``claimable``, ``claimed``, ``failed`` or ``dead``.
        stage_times_ms: Stage → when it was reached.
        age_s: Seconds since the hub first heard of it.
        stage_age_s: Seconds in the stage it is in.
        amount: In the token's smallest unit.
        transaction: Hash at its source; empty while it is being sent.
        claim_transaction: Hash at its destination, if the hub claimed it.
        relay: Whether the hub claims it.
        attempts: Failed attempts to claim it.
        next_attempt_at_ms: When it is looked at again; None when nothing more happens by itself.
        error: What went wrong last; empty when all is well.
        refund: What becomes of a failed deposit's money: ``none``, ``later``, ``claimable`` or ``claimed`` back.
        request: The name its sender gave it; empty for one that was found on a chain.
    """

    id: str
    kind: str
    source: str
    destination: str
    stage: str
    stage_times_ms: dict[str, int]
    age_s: float
    stage_age_s: float
    token: str
    amount: str
    sender: str
    receiver: str
    transaction: str
    claim_transaction: str
    relay: bool
    attempts: int
    next_attempt_at_ms: int | None
    error: str
    refund: str
    request: str

    @classmethod
    def of(cls, message: MessageInfo, now_s: float) -> "MessageView":
        """The view of what the router keeps."""
        order = message.order
        moves = not message.stage.is_final and message.stage.value != "dead"
        moves = moves or (message.relay and message.is_refund_open)
        return cls(
            id=message.id,
            kind=order.kind.value,
            source=order.source,
            destination=order.destination,
            stage=message.stage.value,
            stage_times_ms={stage.value: int(at_s * 1000) for stage, at_s in message.times.items()},
            age_s=round(max(0.0, now_s - message.created_at), 3),
            stage_age_s=round(max(0.0, now_s - message.since), 3),
            token=order.token,
            amount=str(order.amount),
            sender=order.sender,
            receiver=order.receiver,
            transaction=_hash(message.transaction_hash),
            claim_transaction=_hash(message.claim_transaction),
            relay=message.relay,
            attempts=message.attempts,
            next_attempt_at_ms=int(message.not_before * 1000) if moves else None,
            error=message.error,
            refund=message.refund.value,
            request=message.request,
        )


def _hash(found: bytes | None) -> str:
    return "" if found is None else "0x" + found.hex()


@dataclass(frozen=True, slots=True)
class TokenView:
    """A token that the hub deployed for development.

    Attributes:
        origin: ``l1`` or the name of the chain it was born on.
        supply: What was made for ``owner``, in the smallest unit.
        addresses: Layer → address there, on every layer that knows it.
    """

    symbol: str
    name: str
    decimals: int
    origin: str
    asset_id: str
    owner: str
    supply: str
    addresses: dict[str, str]


@dataclass(frozen=True, slots=True)
class BookView:
    """The sums of one asset; amounts in its smallest unit, decimal.

    Attributes:
        symbol: What the hub calls it; empty when it does not know.
        held: What its home's vault holds of it.
        booked: What L1's books say all chains have of it; None for one that was born on a chain.
        supplies: Layer → what exists there.
        in_flight: What is on its way.
        faults: A sentence for every sum that does not come out.
    """

    asset_id: str
    symbol: str
    held: str
    booked: str | None
    supplies: dict[str, str]
    in_flight: str
    faults: list[str]


@dataclass(frozen=True, slots=True)
class HealthView:
    """Whether the hub does its work: ``ok``, ``starting``, ``degraded`` or ``stopping``, and what is amiss."""

    status: str
    problems: list[str]
