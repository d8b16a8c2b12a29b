"""From executed blocks to a batch: what it claims, and the input from which that can be re-executed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import takewhile

from chain_template.batcher.batch_input import MAX_ANCESTORS, BatchInput, BlockInput
from chain_template.batcher.output import BatchBlock, BatchOutput, batch_output
from chain_template.batcher.state_diff import state_diff
from chain_template.batcher.witness import RecordingView, collect_witness, may_read_block_hashes
from chain_template.config import ChainConfig, DataAvailability
from chain_template.errors import BatchError
from chain_template.executor.interface import StateView
from chain_template.headers import BlockHeader
from chain_template.state import StateReader
from contracts.messages import DA_CALLDATA, DA_VALIDIUM


@dataclass(frozen=True, slots=True)
class BatchRules:
    """What is the same for every batch of a chain.

    Attributes:
        settlement_chain_id: Chain id of the L1.
        da_scheme: ``contracts.messages.DA_CALLDATA`` or ``DA_VALIDIUM``.
        min_base_fee_wei: Floor of the base fee, per gas.
    """

    chain_id: int
    settlement_chain_id: int
    da_scheme: int
    min_base_fee_wei: int


def batch_rules(config: ChainConfig) -> BatchRules:
    """What is the same for every batch of a chain.

    Raises:
        BatchError: The chain has no settlement layer, so it has no batches.
    """
    if config.l1 is None:
        raise BatchError(f"chain {config.name} has no settlement layer, so it has no batches")
    return BatchRules(
        chain_id=config.chain_id,
        settlement_chain_id=config.l1.l1_chain_id,
        da_scheme=DA_CALLDATA if config.data_availability is DataAvailability.ROLLUP else DA_VALIDIUM,
        min_base_fee_wei=config.fees.min_base_fee_wei,
    )


@dataclass(frozen=True, slots=True)
class ExecutionTrace:
    """What executing a block left behind for its batch (see ``ExecutedBlock``)."""

    nodes_read: frozenset[bytes]
    touched: frozenset[tuple[bytes, int | None]]


@dataclass(frozen=True, slots=True)
class BuiltBatch:
    """A batch ready to be stored, committed and proven."""

    output: BatchOutput
    batch_input: bytes


def build_batch(
    rules: BatchRules,
    batch_number: int,
    *,
    state: StateView,
    parent: BlockHeader,
    blocks: Sequence[BatchBlock],
    traces: Sequence[ExecutionTrace],
    header_at: Callable[[int], BlockHeader | None],
) -> BuiltBatch:
    """Build a batch of consecutive blocks.

    Args:
        rules: The chain's constants.
        batch_number: Its number.
        state: Holds the states before and after it.
        parent: Header of the block before it.
        blocks: Its blocks, at least one.
        traces: What each block's execution read and touched.
        header_at: Header of an older block, asked for only when the batch may look back (BLOCKHASH); None where it is
            not known, then only blocks after that one can be looked at.

    Raises:
        MissingStateNode: ``state`` is incomplete.
        BatchTooLarge: The blocks cannot be one batch.
    """
    recording = RecordingView(state)
    before = StateReader(recording, parent.state_root)
    after = StateReader(recording, blocks[-1].header.state_root)
    accounts = state_diff({key for trace in traces for key in trace.touched}, before, after)
    output = batch_output(
        batch_number=batch_number,
        chain_id=rules.chain_id,
        settlement_chain_id=rules.settlement_chain_id,
        da_scheme=rules.da_scheme,
        parent=parent,
        blocks=blocks,
        accounts=accounts,
    )
    read = recording.read.union(*(trace.nodes_read for trace in traces))
    witness = collect_witness(state, parent.state_root, read)
    looks_back = may_read_block_hashes(witness.codes, (tx for block in blocks for tx in block.transactions))
    batch_input = BatchInput(
        chain_id=rules.chain_id,
        settlement_chain_id=rules.settlement_chain_id,
        da_scheme=rules.da_scheme,
        min_base_fee_wei=rules.min_base_fee_wei,
        parent=parent,
        ancestors=_ancestors(parent, header_at) if looks_back else (),
        nodes=witness.nodes,
        codes=witness.codes,
        blocks=tuple(BlockInput.of(block.header, tuple(tx.raw for tx in block.transactions)) for block in blocks),
    )
    return BuiltBatch(output, batch_input.encode())


def _ancestors(parent: BlockHeader, header_at: Callable[[int], BlockHeader | None]) -> tuple[BlockHeader, ...]:
    oldest = max(0, parent.number - MAX_ANCESTORS)
    found = (header_at(number) for number in range(parent.number - 1, oldest - 1, -1))
    return tuple(takewhile(lambda header: header is not None, found))  # type: ignore[arg-type]
