"""What a batch claims: its output hash and public input, from the blocks it is made of.

The sequencer's side computes it from stored blocks, the batch program from blocks it re-executed; both with this code,
and L1 a third time in Solidity. Protocol part 2.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from chain_template.batcher.interop import imported_roots, interop_events, interop_flows
from chain_template.batcher.log_tree import MAX_LOGS, LogTree
from chain_template.batcher.pubdata import AccountDiff, BatchLog, Pubdata
from chain_template.errors import BatchError
from chain_template.executor.interface import ExecutedBlock
from chain_template.headers import BlockHeader
from chain_template.primitives import keccak
from chain_template.receipts import L2ToL1Log, Log
from chain_template.transactions.types import PRIORITY_TYPE, Transaction
from contracts.messages import (
    CommitBatchInfo,
    InteropRoot,
    dependency_roots_rolling_hash,
    priority_operations_hash,
    public_input,
)

#: txNumberInBatch is a u16 in every log leaf.
MAX_TRANSACTIONS: Final = 1 << 16
_UINT256_MAX: Final = (1 << 256) - 1


@dataclass(frozen=True, slots=True)
class BatchBlock:
    """A block of a batch.

    Attributes:
        logs: L2→L1 logs of its transactions, in order.
        events: What its receipts say of other chains (:func:`~chain_template.batcher.interop.interop_events`).
    """

    header: BlockHeader
    transactions: tuple[Transaction, ...]
    logs: tuple[L2ToL1Log, ...]
    events: tuple[Log, ...] = ()

    @classmethod
    def of(cls, block: ExecutedBlock) -> "BatchBlock":
        """The block that was just executed."""
        return cls(block.header, block.transactions, block.l2_to_l1_logs, interop_events(block.receipts))


@dataclass(frozen=True, slots=True)
class BatchOutput:
    """Everything a batch claims.

    Attributes:
        prev_state_commitment: Hash of the last block before the batch.
        commit: What goes to L1, without the operator's DA input.
        pubdata: The bytes that ``commit.da_commitment`` is the keccak of.
        leaves: The log tree's leaves, 88 bytes each.
        dependency_roots: Message roots that were imported, in order; L1 checks each at execution.
        batch_output_hash / public_input: As protocol part 2 defines them.
    """

    prev_state_commitment: bytes
    commit: CommitBatchInfo
    pubdata: bytes
    leaves: tuple[bytes, ...]
    dependency_roots: tuple[InteropRoot, ...]
    batch_output_hash: bytes
    public_input: bytes


class BatchTooLarge(BatchError):
    """More transactions or logs than a batch can number, or more of an asset leaves than a number can say."""


def batch_output(
    *,
    batch_number: int,
    chain_id: int,
    settlement_chain_id: int,
    da_scheme: int,
    parent: BlockHeader,
    blocks: Sequence[BatchBlock],
    accounts: tuple[AccountDiff, ...],
) -> BatchOutput:
    """Assemble what a batch of at least one block claims.

    Args:
        batch_number: Told to L1 with the batch; not part of the public input, L1 counts by itself.
        chain_id: The chain.
        settlement_chain_id: Chain id of the L1.
        da_scheme: ``DA_CALLDATA`` or ``DA_VALIDIUM``.
        parent: Header before the first block.
        blocks: The blocks in order.
        accounts: The state difference from ``parent`` to the last block.

    Raises:
        BatchTooLarge: It cannot be one batch.
    """
    transactions = [tx for block in blocks for tx in block.transactions]
    logs = number_logs(blocks)
    if len(transactions) > MAX_TRANSACTIONS or len(logs) > MAX_LOGS:
        raise BatchTooLarge(f"{len(transactions)} transactions with {len(logs)} logs do not fit a batch")
    last = blocks[-1].header
    pubdata = Pubdata(last, logs, accounts).encode()
    leaves = tuple(entry.leaf for entry in logs)
    events = [event for block in blocks for event in block.events]
    roots, flows = imported_roots(events), interop_flows(events)
    if any(flow.amount > _UINT256_MAX for flow in flows):
        raise BatchTooLarge("more of an asset leaves for one chain than 2^256 - 1")
    priority_hashes = [tx.hash for tx in transactions if tx.type == PRIORITY_TYPE]
    commit = CommitBatchInfo(
        batch_number=batch_number,
        new_state_commitment=last.hash,
        number_of_layer1_txs=len(priority_hashes),
        number_of_layer2_txs=sum(tx.is_user for tx in transactions),
        priority_operations_hash=priority_operations_hash(priority_hashes),
        dependency_roots_rolling_hash=dependency_roots_rolling_hash(roots),
        l2_logs_tree_root=LogTree(leaves).chain_batch_root,
        da_commitment_scheme=da_scheme,
        da_commitment=keccak(pubdata),
        first_block_timestamp=blocks[0].header.timestamp,
        first_block_number=blocks[0].header.number,
        last_block_timestamp=last.timestamp,
        last_block_number=last.number,
        chain_id=chain_id,
        operator_da_input=b"",
        sl_chain_id=settlement_chain_id,
        interop_flows=flows,
    )
    output_hash = commit.batch_output_hash()
    return BatchOutput(
        prev_state_commitment=parent.hash,
        commit=commit,
        pubdata=pubdata,
        leaves=leaves,
        dependency_roots=roots,
        batch_output_hash=output_hash,
        public_input=public_input(parent.hash, last.hash, output_hash),
    )


def number_logs(blocks: Sequence[BatchBlock]) -> tuple[BatchLog, ...]:
    """The logs of a batch with their transactions' numbers in it."""
    numbered: list[BatchLog] = []
    first = 0
    for block in blocks:
        numbered.extend(BatchLog(log, first + log.tx_index_in_block) for log in block.logs)
        first += len(block.transactions)
    return tuple(numbered)
