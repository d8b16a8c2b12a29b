"""What the store keeps, as the rest of the chain sees it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from chain_template.headers import BlockHeader
from chain_template.receipts import L2ToL1Log, Receipt
from chain_template.transactions.types import Transaction


@dataclass(frozen=True, slots=True)
class StoredBlock:
    """A block with its transactions.

    Attributes:
        transactions: Decoded one by one when they are first looked at.
        transaction_hashes: Known without decoding anything.
        size: Bytes of the block's RLP form, as clients expect it in ``size``.
        batch_number: The batch it belongs to, once that is sealed.
        first_tx_in_batch: Number in the batch of its first transaction, once batched.
    """

    header: BlockHeader
    hash: bytes
    transactions: Sequence[Transaction]
    transaction_hashes: tuple[bytes, ...]
    size: int
    batch_number: int | None
    first_tx_in_batch: int | None


@dataclass(frozen=True, slots=True)
class TransactionPosition:
    """Where a transaction stands.

    Attributes:
        tx_index: Its place in the block.
        tx_number_in_batch: Its place in the batch, once that is sealed.
    """

    block_number: int
    block_hash: bytes
    tx_index: int
    batch_number: int | None
    tx_number_in_batch: int | None


@dataclass(frozen=True, slots=True)
class StoredReceipt:
    """A receipt with everything a client wants to see next to it."""

    transaction: Transaction
    receipt: Receipt
    block_number: int
    block_hash: bytes
    tx_index: int
    first_log_index: int
    batch_number: int | None
    tx_number_in_batch: int | None
    l2_to_l1_logs: tuple[L2ToL1Log, ...]
    received_at_ms: int


@dataclass(frozen=True, slots=True)
class StoredLog:
    """A log found by a filter."""

    address: bytes
    topics: tuple[bytes, ...]
    data: bytes
    block_number: int
    block_hash: bytes
    transaction_hash: bytes
    transaction_index: int
    log_index: int
    batch_number: int | None


@dataclass(frozen=True, slots=True)
class LogFilter:
    """``eth_getLogs`` terms: any of the addresses (none = all); for each position any of the topics (None = all)."""

    from_block: int
    to_block: int
    addresses: tuple[bytes, ...] = ()
    topics: tuple[tuple[bytes, ...] | None, ...] = ()


def part_name(number: int, parts: int) -> str:
    """Under which name a batch's record has the L1 transaction of a part of its proof; ``number`` counts from 0."""
    return f"{_PART}{number + 1} of {parts}"


def part_of(name: str) -> tuple[int, int] | None:
    """What :func:`part_name` was given; None for another name."""
    if not name.startswith(_PART):
        return None
    number, _, parts = name.removeprefix(_PART).partition(" of ")
    return int(number) - 1, int(parts)


_PART = "part "


class BatchStage(StrEnum):
    """Where a batch stands on its way to L1; ``chain_template.store.stages`` has the transition table."""

    SEALED = "sealed"
    COMMITTED = "committed"
    PROVING = "proving"
    PROVED = "proved"
    VERIFIED = "verified"
    EXECUTED = "executed"
    REVERTED = "reverted"


@dataclass(frozen=True, slots=True)
class BatchRecord:
    """A sealed batch.

    Attributes:
        number: Counted from 1; batch 0 is genesis.
        prev_state_commitment / state_commitment: Hash of the last block of the batch before, and of this one.
        batch_output_hash / public_input: As protocol part 2 defines them.
        commit_info: JSON of the CommitBatchInfo that goes to L1 (without the DA input).
        stage_times_ms: Unix milliseconds at which each stage was reached.
        l1_transactions: Stage → hash of the L1 transaction that brought it there; so for each part of its proof, by
            :func:`part_name`.
        proof_mode: "none" in the labelled development mode, else "stark-" and the profile.
    """

    number: int
    stage: BatchStage
    first_block: int
    last_block: int
    l1_tx_count: int
    l2_tx_count: int
    tx_count: int
    prev_state_commitment: bytes
    state_commitment: bytes
    batch_output_hash: bytes
    public_input: bytes
    l2_logs_root: bytes
    pubdata_bytes: int
    seal_reason: str
    commit_info: str
    stage_times_ms: dict[str, int]
    l1_transactions: dict[str, str]
    proof_mode: str


@dataclass(frozen=True, slots=True)
class PriorityOperation:
    """An L1 request seen on L1, not necessarily included yet.

    Attributes:
        operation_id: Its index in the priority tree.
        canonical: ``abi.encode(L2CanonicalTransaction)``.
        l1_block_number / l1_block_hash / l1_tx_hash: Where L1 emitted it (to notice reorganisations).
        included_in: Block that included it, once it did.
    """

    operation_id: int
    hash: bytes
    canonical: bytes
    l1_block_number: int
    l1_block_hash: bytes
    l1_tx_hash: bytes
    included_in: int | None = None


@dataclass(frozen=True, slots=True)
class L1Cursor:
    """The last L1 block whose events are all in the store.

    Attributes:
        block_hash: Shows whether L1 has reorganised since.
    """

    block_number: int
    block_hash: bytes


class BlockExecution(NamedTuple):
    """What the execution of a block read and touched, for the batch's witness and state diff.

    Attributes:
        nodes_read: Hashes of the trie nodes and codes that were read from the state before the block.
        touched: (address, None) for accounts, (address, slot) for storage; a superset of what changed.
    """

    nodes_read: frozenset[bytes]
    touched: frozenset[tuple[bytes, int | None]]
