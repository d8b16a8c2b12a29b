"""What the registry keeps, as the rest of the hub sees it."""

from dataclasses import dataclass, field

from ecosystem.settings import ChainSettings
from ecosystem.states import Goal, OperationKind, OperationStatus, Phase, StepStatus


@dataclass(frozen=True, slots=True)
class ChainFacts:
    """What became of a chain's settings; filled in by the steps of its creation.

    Attributes:
        genesis_timestamp: Unix seconds of block 0; chosen once, as the genesis hash depends on it.
        port: JSON-RPC port, fixed before the first start so that a restart serves the same URL.
        zk_chain: Address of its L1 contract.
        create_block: L1 block of its creation.
        base_token_name: As the token says it; empty for ether.
        base_token_symbol: Likewise.
        base_token_origin_chain_id: Chain where the base token was born; None for L1.
        base_token_origin: Its address there; empty for ether, and for a chain made before this was kept.
        funded: Whether the development accounts' deposits have arrived.
    """

    genesis_timestamp: int | None = None
    port: int | None = None
    zk_chain: str | None = None
    create_block: int | None = None
    base_token_name: str = ""
    base_token_symbol: str = ""
    base_token_origin_chain_id: int | None = None
    base_token_origin: str = ""
    funded: bool = False


@dataclass(frozen=True, slots=True)
class ChainRecord:
    """A chain of the hub: the goal, and the facts.

    Attributes:
        settings: As its creator gave them, without secrets (those are in ``keys/``).
        error: Why its creation failed.
    """

    name: str
    chain_id: int
    goal: Goal
    phase: Phase
    settings: ChainSettings
    facts: ChainFacts
    created_at_ms: int
    error: str = ""


@dataclass(frozen=True, slots=True)
class StepRecord:
    """One step of an operation.

    Attributes:
        detail: What it did or waits for, in words.
    """

    name: str
    status: StepStatus = StepStatus.PENDING
    started_at_ms: int | None = None
    ended_at_ms: int | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class OperationRecord:
    """Something the hub does in named steps.

    Attributes:
        chain: The chain it is about; empty for the hub itself.
        error: Why it failed; ``hint`` what to do about it.
    """

    id: str
    kind: OperationKind
    chain: str
    status: OperationStatus
    created_at_ms: int
    ended_at_ms: int | None
    error: str
    hint: str
    steps: tuple[StepRecord, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Event:
    """A change of an operation or of one of its steps.

    Attributes:
        seq: Counts from 1 over the whole hub, without gaps.
        step: Name of the step; empty when the operation itself changed.
        status: The new status.
    """

    seq: int
    at_ms: int
    operation_id: str
    kind: str
    chain: str
    step: str
    status: str
    detail: str


@dataclass(frozen=True, slots=True)
class L1Payment:
    """A transaction of the hub on L1 that must happen once, recorded before it is sent.

    Attributes:
        key: What it is for, such as ``alpha/deposit/0x…``.
        raw: The signed transaction.
    """

    key: str
    hash: bytes
    raw: bytes
