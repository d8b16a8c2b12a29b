"""Building one block with the C sources."""

from collections.abc import Sequence
from typing import Any, Final

from chain_template.errors import InvalidBlock, SystemTransactionFailed
from chain_template.executor.interface import (
    BlockContext,
    ChainRules,
    ExecutedBlock,
    Included,
    Outcome,
    Rejected,
)
from chain_template.executor.native.words import describe, error_of
from chain_template.executor.refusals import block_gas_error, block_pubdata_error, state_error, static_error
from chain_template.headers import BlockHeader
from chain_template.transactions.types import Transaction
from zkvm import _evm

_NO_LIMIT: Final = (1 << 32) - 1
_NO_BOUND: Final = (1 << 64) - 1
#: zk_verdict_kind of zkvm/guest/chain/block.h, for what is not included.
_BLOCK_GAS_USED_UP, _BLOCK_PUBDATA_USED_UP, _ABOVE_BLOCK_GAS, _REFUSED, _WRONG_PHASE = 1, 2, 3, 4, 5
#: evm_refusal of zkvm/guest/evm/transaction.h.
_SENDER_HAS_CODE: Final = 8


class NativeBlockBuilder:
    """A block being executed; see :class:`~chain_template.executor.interface.BlockBuilder`."""

    def __init__(self, engine: _evm.Engine, nodes: _evm.Nodes, rules: ChainRules, context: BlockContext) -> None:
        if context.timestamp < context.parent.timestamp:
            raise InvalidBlock(f"timestamp {context.timestamp} is before the parent's {context.parent.timestamp}")
        limit, bound = rules.max_transaction_pubdata, context.max_pubdata_bytes
        self._context = context
        self._included: list[Included] = []
        self._block = _evm.Block(
            engine,
            nodes,
            (
                rules.chain_id,
                rules.base_fee_to_coinbase,
                rules.has_base_token_holder,
                _NO_LIMIT if limit is None else limit,
            ),
            (
                context.parent.encode(),
                context.parent.hash,
                context.timestamp,
                context.fee_recipient,
                context.gas_limit,
                context.base_fee_per_gas.to_bytes(32, "big"),
                context.extra_data,
                context.mix_hash,
                _NO_BOUND if bound is None else bound,
                context.block_hashes,
            ),
        )

    @property
    def gas_used(self) -> int:
        """Gas of what is included so far."""
        return self._block.gas_used

    @property
    def block(self) -> _evm.Block:
        """What executes; for tracers."""
        return self._block

    def apply(self, transactions: Sequence[Transaction], *, most_steps: int = 0) -> list[Outcome]:
        """Execute in order; each is included or rejected on its own.

        Args:
            transactions: In the order of the block.
            most_steps: For the message when a trace has more.

        Raises:
            InvalidBlock: System transactions, L1 operations and user transactions are not in this order.
            SystemTransactionFailed: A system transaction reverted.
            MissingStateNode: The state view lacks a node.
        """
        gas_used = self._block.gas_used
        try:
            outcomes = self._block.apply(transactions)
        except _evm.Failure as failure:
            raise error_of(failure, most_steps) from None
        for at, outcome in enumerate(outcomes):
            if type(outcome) is tuple:
                before = outcomes[at - 1] if at else None
                gas_used = before.receipt.cumulative_gas_used if isinstance(before, Included) else gas_used
                outcomes[at] = self._rejected(transactions[at], outcome, gas_used)
        self._included += [outcome for outcome in outcomes if type(outcome) is Included]
        return outcomes

    def _rejected(self, tx: Transaction, verdict: tuple[Any, ...], gas_used: int) -> Rejected:
        kind, refusal, nonce, balance, *ending = verdict
        if kind == _WRONG_PHASE:
            raise InvalidBlock("system transactions come first in a block, then L1 operations, then users'")
        if kind in (_BLOCK_GAS_USED_UP, _ABOVE_BLOCK_GAS):
            full = block_gas_error(tx, gas_used, self._context.gas_limit)
            assert full is not None
            return Rejected(tx, full, retry=kind == _BLOCK_GAS_USED_UP)
        if kind == _BLOCK_PUBDATA_USED_UP:
            return Rejected(tx, block_pubdata_error(), retry=True)
        if kind != _REFUSED:
            assert tx.to is not None
            raise SystemTransactionFailed(f"system transaction to 0x{tx.to.hex()} failed: {describe(*ending)}")
        error = static_error(tx, self._context.base_fee_per_gas) or state_error(
            tx, nonce=nonce, has_code=refusal == _SENDER_HAS_CODE, balance=balance
        )
        assert error is not None, f"refusal {refusal} has no reason"
        return Rejected(tx, error)

    def seal(self) -> ExecutedBlock:
        """Close the block: write the tries, compute the header."""
        try:
            sealed = self._block.seal()
        except _evm.Failure as failure:
            raise error_of(failure) from None
        _, state_root, transactions_root, receipts_root, bloom, gas_used, new_nodes, nodes_read, touched = sealed
        context, included = self._context, self._included
        header = BlockHeader(
            parent_hash=context.parent.hash,
            coinbase=context.fee_recipient,
            state_root=state_root,
            transactions_root=transactions_root,
            receipts_root=receipts_root,
            logs_bloom=bloom,
            number=context.number,
            gas_limit=context.gas_limit,
            gas_used=gas_used,
            timestamp=context.timestamp,
            base_fee_per_gas=context.base_fee_per_gas,
            extra_data=context.extra_data,
            mix_hash=context.mix_hash,
        )
        return ExecutedBlock(
            header=header,
            transactions=tuple(item.transaction for item in included),
            receipts=tuple(item.receipt for item in included),
            l2_to_l1_logs=tuple(log for item in included for log in item.l2_to_l1_logs),
            new_nodes=new_nodes,
            nodes_read=nodes_read,
            touched=touched,
        )
