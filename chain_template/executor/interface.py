"""The seam between a chain and whatever executes its blocks.

An executor is pure with respect to a :class:`StateView`: it reads trie nodes and codes by hash and returns what it
would write. ``pyevm`` is the reference; the proven program compiled for the host will be the second one behind the
same door, and both must agree bit for bit.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from chain_template.errors import TransactionError
from chain_template.headers import BlockHeader
from chain_template.receipts import L2ToL1Log, Receipt
from chain_template.transactions.types import AccessListEntry, Transaction


class StateView(Protocol):
    """Trie nodes and contract codes by their keccak hash."""

    def __getitem__(self, key: bytes, /) -> bytes:
        """The node or code with this hash; ``KeyError`` when there is none."""
        ...

    def __contains__(self, key: object, /) -> bool: ...


@dataclass(frozen=True, slots=True)
class ChainRules:
    """What a chain's blocks must obey, the same for every block.

    Attributes:
        base_fee_to_coinbase: The whole fee goes to the block's fee recipient, as on ZK chains; false burns the base
            fee as Ethereum does (the embedded L1, and the public test suites).
        has_base_token_holder: Deposits move out of the holder contract (0x10011); false on an L1.
        max_transaction_pubdata: Bytes of state diff and messages one transaction may cause; one that causes more fails
            with all its gas used, so that every block fits a batch and every batch an L1 transaction. None on an L1.
    """

    chain_id: int
    base_fee_to_coinbase: bool = True
    has_base_token_holder: bool = True
    max_transaction_pubdata: int | None = 80_000


@dataclass(frozen=True, slots=True)
class BlockContext:
    """The environment of one block.

    Attributes:
        parent: Header of the block before.
        timestamp: Unix seconds, not below the parent's.
        fee_recipient: COINBASE, 20 bytes.
        block_hashes: Hashes of up to 256 blocks before this one, latest first (BLOCKHASH).
        mix_hash: PREVRANDAO; zero on chains, where no one could prove that it was random.
        max_pubdata_bytes: Where the sequencer stops filling the block (an upper bound is counted); not a block rule,
            so None when a block is re-executed.
    """

    parent: BlockHeader
    timestamp: int
    fee_recipient: bytes
    gas_limit: int
    base_fee_per_gas: int
    block_hashes: Sequence[bytes]
    extra_data: bytes = b""
    mix_hash: bytes = bytes(32)
    max_pubdata_bytes: int | None = None

    @property
    def number(self) -> int:
        """Number of the block being built."""
        return self.parent.number + 1


@dataclass(frozen=True, slots=True)
class Included:
    """A transaction that is now part of the block."""

    transaction: Transaction
    receipt: Receipt
    output: bytes
    l2_to_l1_logs: tuple[L2ToL1Log, ...] = ()


@dataclass(frozen=True, slots=True)
class Rejected:
    """A transaction that cannot be part of the block; nothing changed.

    Attributes:
        error: Why.
        retry: True when it may fit a later block (block gas is used up, nonce too high).
    """

    transaction: Transaction
    error: TransactionError
    retry: bool = False


Outcome = Included | Rejected


@dataclass(frozen=True)
class ExecutedBlock:
    """A sealed block and everything that must be written with it.

    Attributes:
        new_nodes: Trie nodes and codes to add, by hash.
        nodes_read: Hashes of nodes and codes that were read from the state view: the witness of this block.
        touched: (address, None) for accounts and (address, slot) for storage that may differ from the parent's state;
            a superset, sorted out when the batch's state diff is made.
    """

    header: BlockHeader
    transactions: tuple[Transaction, ...]
    receipts: tuple[Receipt, ...]
    l2_to_l1_logs: tuple[L2ToL1Log, ...]
    new_nodes: Mapping[bytes, bytes]
    nodes_read: frozenset[bytes]
    touched: frozenset[tuple[bytes, int | None]]


@dataclass(frozen=True, slots=True)
class CallRequest:
    """A message call that leaves no trace (``eth_call``, ``eth_estimateGas``).

    Attributes:
        gas_limit: None for as much as the block allows.
        gas_price: Wei per gas shown to GASPRICE and charged to the sender; 0 charges nothing and checks no balance
            for gas.
        max_fee_per_gas: As the caller named it; used for the affordability check only.
    """

    sender: bytes
    to: bytes | None
    data: bytes = b""
    value: int = 0
    gas_limit: int | None = None
    gas_price: int = 0
    access_list: tuple[AccessListEntry, ...] = ()


@dataclass(frozen=True)
class StateOverride:
    """Geth's state overrides of one account for a call: None leaves a field as it is."""

    balance: int | None = None
    nonce: int | None = None
    code: bytes | None = None
    state: Mapping[int, int] | None = None
    state_diff: Mapping[int, int] | None = None


@dataclass(frozen=True, slots=True)
class CallResult:
    """How a call ended.

    Attributes:
        output: Return data, or revert data when ``reverted``.
        gas_used: After refunds.
        error: None on success; else the EVM's reason in the words clients know ("execution reverted", "out of gas",
            "invalid opcode: …", "stack underflow").
        created: Address of the created contract.
    """

    output: bytes
    gas_used: int
    error: str | None = None
    reverted: bool = False
    created: bytes | None = None


class Tracer(Protocol):
    """Watches one transaction from inside; see ``chain_template.executor.pyevm.tracing`` for the two there are."""

    def result(self) -> Any:
        """What ``debug_traceTransaction`` returns for it, JSON-ready."""
        ...


class BlockBuilder(Protocol):
    """A block being executed."""

    def apply(self, transactions: Sequence[Transaction]) -> list[Outcome]:
        """Execute in order; each is included or rejected on its own."""
        ...

    @property
    def gas_used(self) -> int:
        """Gas of what is included so far."""
        ...

    def seal(self) -> ExecutedBlock:
        """Close the block. The builder is spent afterwards."""
        ...


class Executor(Protocol):
    """Executes blocks and calls of one chain."""

    def begin_block(self, context: BlockContext, state: StateView) -> BlockBuilder:
        """Start the block after ``context.parent`` on its state."""
        ...

    def call(
        self,
        context: BlockContext,
        state_root: bytes,
        state: StateView,
        request: CallRequest,
        overrides: Mapping[bytes, StateOverride] = ...,
        tracer: Tracer | None = None,
    ) -> CallResult:
        """Run a call in the block ``context`` on the given state, and throw its effects away.

        ``tracer`` watches it, and may stop it by raising when its time is up.
        """
        ...

    def trace(
        self,
        context: BlockContext,
        state: StateView,
        transactions: Sequence[Transaction],
        make_tracer: Callable[[Transaction], Tracer | None],
    ) -> list[Any]:
        """Re-execute a block's transactions with tracers; returns one result a transaction that had a tracer."""
        ...


@dataclass
class AccountState:
    """An account read from the trie.

    Attributes:
        storage_root: Root of its storage trie.
        code_hash: Keccak of its code.
    """

    nonce: int = 0
    balance: int = 0
    storage_root: bytes = field(default=b"")
    code_hash: bytes = field(default=b"")
