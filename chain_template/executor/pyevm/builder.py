"""Building one block on py-evm."""

from collections.abc import Sequence

from eth.typing import JournalDBCheckpoint
from eth.vm.execution_context import ExecutionContext
from eth.vm.interrupt import EVMMissingData
from trie.exceptions import MissingTrieNode

from chain_template.errors import InvalidBlock, MissingStateNode, SystemTransactionFailed, TransactionError
from chain_template.executor.interface import (
    BlockContext,
    ChainRules,
    ExecutedBlock,
    Included,
    Outcome,
    Rejected,
    StateView,
)
from chain_template.executor.pyevm.effects import Effects, exact_pubdata_bytes, measured
from chain_template.executor.pyevm.errors import describe
from chain_template.executor.pyevm.nodes import WitnessDb, atomic
from chain_template.executor.pyevm.state import Changed, HubState
from chain_template.executor.pyevm.transactions import (
    Applied,
    apply_priority,
    apply_system,
    apply_user,
    apply_without_call,
    created_address,
)
from chain_template.executor.refusals import block_gas_error, block_pubdata_error, state_error, static_error
from chain_template.headers import BlockHeader
from chain_template.primitives import EMPTY_CODE_HASH
from chain_template.receipts import Receipt, logs_bloom
from chain_template.state.roots import ordered_trie_root
from chain_template.transactions.types import PRIORITY_TYPE, SYSTEM_TYPE, Transaction


def open_state(rules: ChainRules, context: BlockContext, state_root: bytes, db: WitnessDb) -> HubState:
    """py-evm's state for the block ``context``, on ``state_root``."""
    execution = ExecutionContext(
        coinbase=context.fee_recipient,
        timestamp=context.timestamp,
        block_number=context.number,
        difficulty=0,
        mix_hash=context.mix_hash,
        gas_limit=context.gas_limit,
        prev_hashes=context.block_hashes,
        chain_id=rules.chain_id,
        base_fee_per_gas=context.base_fee_per_gas,
        excess_blob_gas=0,
    )
    state = HubState(atomic(db), execution, state_root)
    state.base_fee_to_coinbase = rules.base_fee_to_coinbase
    return state


class PyEvmBlockBuilder:
    """A block being executed; see :class:`~chain_template.executor.interface.BlockBuilder`."""

    def __init__(self, rules: ChainRules, context: BlockContext, view: StateView) -> None:
        if context.timestamp < context.parent.timestamp:
            raise InvalidBlock(f"timestamp {context.timestamp} is before the parent's {context.parent.timestamp}")
        self._rules = rules
        self._context = context
        self._db = WitnessDb(view)
        self._state = open_state(rules, context, context.parent.state_root, self._db)
        self._included: list[Included] = []
        self._touched: set[Changed] = set()
        self._gas_used = 0
        self._pubdata_bytes = 0
        self._phase = 0

    @property
    def gas_used(self) -> int:
        """Gas of what is included so far."""
        return self._gas_used

    @property
    def state(self) -> HubState:
        """The state as it stands after what is included; for tracers."""
        return self._state

    def apply(self, transactions: Sequence[Transaction]) -> list[Outcome]:
        """Execute in order; each is included or rejected on its own.

        Raises:
            InvalidBlock: System transactions, L1 operations and user transactions are not in this order.
            SystemTransactionFailed: A system transaction reverted.
            MissingStateNode: The state view lacks a node.
        """
        try:
            return [self._apply_one(tx) for tx in transactions]
        except (EVMMissingData, MissingTrieNode) as exc:
            raise MissingStateNode(f"the state view lacks a node: {exc}") from exc

    def _apply_one(self, tx: Transaction) -> Outcome:
        error = self._error(tx)
        if error is not None:
            return error
        self._enter_phase(tx)
        accounts = self._state.accounts
        checkpoint = accounts.record()
        effects = measured(self._state, tx, self._execute(tx), len(self._included))
        limit = self._rules.max_transaction_pubdata
        if limit is not None and effects.pubdata_bytes > limit:
            effects, checkpoint = self._over_pubdata(tx, effects, checkpoint, limit)
        room = self._context.max_pubdata_bytes
        if room is not None and self._included and self._pubdata_bytes + effects.pubdata_bytes > room:
            accounts.discard(checkpoint)
            return Rejected(tx, block_pubdata_error(), retry=True)
        accounts.commit(checkpoint)
        self._state.lock_changes()
        return self._include(tx, effects)

    def _over_pubdata(
        self, tx: Transaction, effects: Effects, checkpoint: JournalDBCheckpoint, limit: int
    ) -> tuple[Effects, JournalDBCheckpoint]:
        """Hold a transaction whose pubdata may be too much to its exact state diff; fail it if that is too much."""
        exact = exact_pubdata_bytes(self._state, effects, checkpoint)
        fresh = self._state.accounts.record()
        applied = self._execute(tx) if exact <= limit else apply_without_call(self._state, tx, self._rules)
        return measured(self._state, tx, applied, len(self._included)), fresh

    def _error(self, tx: Transaction) -> Rejected | None:
        full = block_gas_error(tx, self._gas_used, self._context.gas_limit)
        if full is not None:
            return Rejected(tx, full, retry=tx.gas_limit <= self._context.gas_limit)
        if not tx.is_user:
            return None
        error = static_error(tx, self._context.base_fee_per_gas) or self._state_error(tx)
        return None if error is None else Rejected(tx, error)

    def _state_error(self, tx: Transaction) -> TransactionError | None:
        state = self._state
        return state_error(
            tx,
            nonce=state.get_nonce(tx.sender),
            has_code=state.get_code_hash(tx.sender) != EMPTY_CODE_HASH,
            balance=state.get_balance(tx.sender),
        )

    def _enter_phase(self, tx: Transaction) -> None:
        phase = {SYSTEM_TYPE: 0, PRIORITY_TYPE: 1}.get(tx.type, 2)
        if phase < self._phase:
            raise InvalidBlock("system transactions come first in a block, then L1 operations, then users'")
        self._phase = phase

    def _execute(self, tx: Transaction) -> Applied:
        if tx.type == PRIORITY_TYPE:
            return apply_priority(self._state, tx, from_holder=self._rules.has_base_token_holder)
        if tx.type != SYSTEM_TYPE:
            return apply_user(self._state, tx)
        applied = apply_system(self._state, tx)
        if not applied.success:
            assert applied.computation is not None and tx.to is not None
            raise SystemTransactionFailed(
                f"system transaction to 0x{tx.to.hex()} failed: {describe(applied.computation.error)}"
            )
        return applied

    def _include(self, tx: Transaction, effects: Effects) -> Included:
        applied = effects.applied
        self._gas_used += applied.gas_used
        self._pubdata_bytes += effects.pubdata_bytes
        self._touched |= effects.touched
        receipt = Receipt(
            type=tx.type,
            status=int(applied.success),
            gas_used=applied.gas_used,
            cumulative_gas_used=self._gas_used,
            effective_gas_price=tx.effective_gas_price(self._context.base_fee_per_gas),
            logs=effects.logs,
            logs_bloom=logs_bloom(effects.logs),
            contract_address=created_address(tx.sender, tx.nonce) if tx.to is None else None,
        )
        output = applied.computation.output if applied.computation is not None else b""
        included = Included(tx, receipt, output, effects.l2_to_l1_logs)
        self._included.append(included)
        return included

    def seal(self) -> ExecutedBlock:
        """Close the block: write the tries, compute the header."""
        try:
            self._state.persist()
        except (EVMMissingData, MissingTrieNode) as exc:
            raise MissingStateNode(f"the state view lacks a node: {exc}") from exc
        transactions = tuple(item.transaction for item in self._included)
        receipts = tuple(item.receipt for item in self._included)
        bloom = 0
        for receipt in receipts:
            bloom |= int.from_bytes(receipt.logs_bloom, "big")
        header = BlockHeader(
            parent_hash=self._context.parent.hash,
            coinbase=self._context.fee_recipient,
            state_root=self._state.state_root,
            transactions_root=ordered_trie_root([tx.raw for tx in transactions]),
            receipts_root=ordered_trie_root([receipt.encode() for receipt in receipts]),
            logs_bloom=bloom.to_bytes(256, "big"),
            number=self._context.number,
            gas_limit=self._context.gas_limit,
            gas_used=self._gas_used,
            timestamp=self._context.timestamp,
            base_fee_per_gas=self._context.base_fee_per_gas,
            extra_data=self._context.extra_data,
            mix_hash=self._context.mix_hash,
        )
        return ExecutedBlock(
            header=header,
            transactions=transactions,
            receipts=receipts,
            l2_to_l1_logs=tuple(log for item in self._included for log in item.l2_to_l1_logs),
            new_nodes=self._db.new,
            nodes_read=frozenset(self._db.read),
            touched=frozenset(self._touched),
        )
