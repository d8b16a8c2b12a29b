"""The batch program: re-execute a batch from its input alone and compute what it may claim.

This is the reference of what will be proven. It reads one byte string, does no I/O, and trusts nothing: senders are
recovered, L1 operations hashed, headers rebuilt, base fees checked, and every state read goes through nodes whose
hashes lead back to the parent's header. The prover pool's ``unproven`` worker runs it, and the C program must agree
with it on the public input and on the reason of every refusal.
"""

from typing import Final

from eth_utils.exceptions import ValidationError as NotAValue
from rlp.exceptions import RLPException
from trie.exceptions import InvalidNibbles, InvalidNode, ValidationError

from chain_template.ancestors import AncestorHashes
from chain_template.batcher.batch_input import BatchInput, BlockInput, decode_batch_input
from chain_template.batcher.interop import MalformedEvent
from chain_template.batcher.output import BatchBlock, BatchOutput, BatchTooLarge, batch_output
from chain_template.batcher.reasons import Reason, input_error
from chain_template.batcher.state_diff import Overlay, state_diff
from chain_template.batcher.witness import index_by_hash
from chain_template.errors import (
    BatchInputError,
    InvalidBlock,
    MissingStateNode,
    SystemTransactionFailed,
    TransactionError,
)
from chain_template.executor import make_executor
from chain_template.executor.interface import (
    BlockContext,
    ChainRules,
    ExecutedBlock,
    Executor,
    Rejected,
)
from chain_template.headers import BlockHeader, next_base_fee
from chain_template.state import StateReader
from chain_template.transactions.stored import decode_block_transaction
from chain_template.transactions.types import PRIORITY_TYPE, SYSTEM_TYPE, Transaction
from contracts.messages import DA_CALLDATA, DA_VALIDIUM

_GAS_LIMIT_BOUND: Final = 1 << 63
_NUMBER_BOUND: Final = 1 << 63
#: Beyond this a base fee could not be followed by another in 256 bits.
_BASE_FEE_BOUND: Final = 1 << 192
#: What reading raises when the parent's header names a root under which something lies that is no state.
_NO_STATE: Final = (
    RLPException,
    InvalidNode,
    InvalidNibbles,
    ValidationError,
    NotAValue,
    ValueError,
    TypeError,
    IndexError,
)


def run(data: bytes, executor: str = "native", batch_number: int = 0) -> BatchOutput:
    """Re-execute a batch.

    Args:
        data: A batch input (``chain_template.batcher.batch_input``).
        executor: Name of the executor to run it with.
        batch_number: Copied into the output's commit; L1 counts by itself, so it is no part of what is proven.

    Raises:
        BatchInputError: The input is malformed or not a valid batch; ``reason`` says in what way.
    """
    given = decode_batch_input(data)
    if given.da_scheme not in (DA_CALLDATA, DA_VALIDIUM):
        raise input_error(Reason.DA_SCHEME, f"DA scheme {given.da_scheme} is unknown")
    try:
        return _Run(given, make_executor(executor, ChainRules(given.chain_id))).output(batch_number)
    except BatchInputError:
        raise
    except MissingStateNode as exc:
        raise input_error(Reason.MISSING_NODE, exc.message) from exc
    except BatchTooLarge as exc:
        raise input_error(Reason.LIMIT, exc.message) from exc
    except (MalformedEvent, *_NO_STATE) as exc:
        raise input_error(Reason.MISSING_NODE, f"the witness is not a state: {exc}") from exc


class _Run:
    """One re-execution."""

    def __init__(self, given: BatchInput, executor: Executor) -> None:
        self._given = given
        self._executor = executor
        self._state = Overlay(index_by_hash((*given.nodes, *given.codes)))
        self._hashes = AncestorHashes(given.parent, given.ancestors)
        self._touched: set[tuple[bytes, int | None]] = set()
        self._next_operation: int | None = None

    def output(self, batch_number: int) -> BatchOutput:
        """Execute all blocks and assemble the output."""
        given, parent, blocks = self._given, self._given.parent, []
        for block_input in given.blocks:
            block = self._execute(parent, block_input)
            blocks.append(BatchBlock.of(block))
            self._state.nodes.update(block.new_nodes)
            self._touched |= block.touched
            self._hashes = self._hashes.after(block.header)
            parent = block.header
        before = StateReader(self._state, given.parent.state_root)
        after = StateReader(self._state, parent.state_root)
        return batch_output(
            batch_number=batch_number,
            chain_id=given.chain_id,
            settlement_chain_id=given.settlement_chain_id,
            da_scheme=given.da_scheme,
            parent=given.parent,
            blocks=blocks,
            accounts=state_diff(self._touched, before, after),
        )

    def _execute(self, parent: BlockHeader, block: BlockInput) -> ExecutedBlock:
        number = parent.number + 1
        self._check_block(parent, block)
        context = BlockContext(
            parent=parent,
            timestamp=block.timestamp,
            fee_recipient=block.fee_recipient,
            gas_limit=block.gas_limit,
            base_fee_per_gas=block.base_fee_per_gas,
            block_hashes=self._hashes,
            extra_data=block.extra_data,
        )
        transactions = [self._decode(raw, number) for raw in block.transactions]
        try:
            builder = self._executor.begin_block(context, self._state)
            for outcome in builder.apply(transactions):
                if isinstance(outcome, Rejected):
                    what = f"block {number}, transaction 0x{outcome.transaction.hash.hex()}"
                    raise input_error(Reason.REJECTED, f"{what}: {outcome.error.message}")
            return builder.seal()
        except SystemTransactionFailed as exc:
            raise input_error(Reason.SYSTEM_TRANSACTION, f"block {number}: {exc.message}") from exc
        except InvalidBlock as exc:
            raise input_error(Reason.INVALID_BLOCK, f"block {number}: {exc.message}") from exc

    def _check_block(self, parent: BlockHeader, block: BlockInput) -> None:
        number = parent.number + 1
        if block.timestamp < parent.timestamp:
            raise input_error(Reason.INVALID_BLOCK, f"block {number} is older than the one before")
        if block.gas_limit >= _GAS_LIMIT_BOUND:
            raise input_error(Reason.INVALID_BLOCK, f"block {number} has gas limit {block.gas_limit}")
        if number >= _NUMBER_BOUND:
            raise input_error(Reason.INVALID_BLOCK, f"no block has number {number}")
        if max(block.base_fee_per_gas, parent.base_fee_per_gas) >= _BASE_FEE_BOUND:
            raise input_error(Reason.BASE_FEE, f"block {number} or its parent has a base fee of 2^192 wei or more")
        expected = next_base_fee(parent, self._given.min_base_fee_wei)
        if block.base_fee_per_gas != expected:
            raise input_error(
                Reason.BASE_FEE, f"block {number} has base fee {block.base_fee_per_gas}; expected {expected}"
            )

    def _decode(self, raw: bytes, block_number: int) -> Transaction:
        try:
            tx = decode_block_transaction(raw, self._given.chain_id)
        except TransactionError as exc:
            raise input_error(Reason.TRANSACTION, f"block {block_number}: {exc.message}") from exc
        if tx.type == SYSTEM_TYPE and tx.nonce != block_number:
            what = f"a system transaction for block {tx.nonce} stands in block {block_number}"
            raise input_error(Reason.SYSTEM_TRANSACTION, what)
        if tx.type == PRIORITY_TYPE:
            self._check_order(tx)
        return tx

    def _check_order(self, tx: Transaction) -> None:
        """L1 compares the operations with its tree; an order that cannot fit is refused here already."""
        if self._next_operation not in (None, tx.nonce):
            what = f"L1 operation {tx.nonce} stands where {self._next_operation} is due"
            raise input_error(Reason.PRIORITY_ORDER, what)
        self._next_operation = tx.nonce + 1
