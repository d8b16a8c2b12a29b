"""Deciding what the next block holds, having it executed, and committing it before anyone hears of it."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from chain_template.ancestors import AncestorHashes, hashes_before
from chain_template.config import ChainConfig
from chain_template.errors import (
    BatchInputError,
    ExecutorsDisagree,
    NonceTooHigh,
    SystemTransactionFailed,
    TransactionError,
)
from chain_template.events import EventBus, NewBlock
from chain_template.executor.interface import BlockBuilder, BlockContext, ExecutedBlock, Executor, Included, Rejected
from chain_template.headers import BlockHeader, next_base_fee
from chain_template.interop_chains import InteropChains
from chain_template.interop_roots import InteropRoots
from chain_template.mempool import Mempool
from chain_template.primitives import SYSTEM_CONTEXT_ADDRESS
from chain_template.store import Snapshot, Store
from chain_template.transactions import Transaction, priority_transaction, system_transaction
from contracts.abi import encode_call
from contracts.artifacts import load
from contracts.messages import InteropRoot

log = structlog.get_logger(__name__)

#: User transactions handed to the executor at once; between two of these the block's deadline is looked at.
_CHUNK = 100
#: A block is cut to this share of a proof when it was too much, and blocks may grow again when they take less.
_ROOMY = 0.8


@dataclass(frozen=True, slots=True)
class L1Head:
    """The newest L1 block the chain has seen; the sequencer tells the SystemContext contract of it.

    Attributes:
        base_fee: Wei per gas.
    """

    number: int
    timestamp: int
    base_fee: int


class Sequencer:
    """Builds blocks; one at a time, under :attr:`lock`, which a rollback takes too.

    Args:
        config: The chain's settings.
        store: Where blocks go.
        executor: Executes them.
        mempool: Users' transactions.
        events: Where blocks are announced.
        l1_head: The newest L1 block seen.
        roots: Message roots that somebody waits for; None on an L1.
        chains: Other chains of the hub that this one is told of; None on an L1.
        newest_root: The newest message root worth importing, as (L1 block, root).
        proof_share: How much of one proof a block would take; None where blocks need not fit one.
        clock: Unix seconds.
    """

    def __init__(
        self,
        config: ChainConfig,
        store: Store,
        executor: Executor,
        mempool: Mempool,
        events: EventBus,
        *,
        l1_head: Callable[[], L1Head | None] = lambda: None,
        roots: InteropRoots | None = None,
        chains: InteropChains | None = None,
        newest_root: Callable[[], tuple[int, bytes] | None] = lambda: None,
        proof_share: Callable[[BlockHeader, ExecutedBlock], float] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.lock = threading.RLock()
        self.paused = False
        #: The chain is in priority mode: blocks hold L1 operations only.
        self.l1_only = False
        #: Why no more blocks are built: the executors differ. Cleared by a restart alone.
        self.disagreement: ExecutorsDisagree | None = None
        self._config = config
        self._store = store
        self._executor = executor
        self._mempool = mempool
        self._events = events
        self._l1_head = l1_head
        self._roots = roots
        self._chains = chains
        self._newest_root = newest_root
        self._proof_share = proof_share
        #: How many users' transactions a block takes; fewer than the setting where a proof would not hold them.
        self._most_users = config.block.max_transactions
        self._clock = clock
        self._fee_recipient = bytes.fromhex(config.fee_recipient.removeprefix("0x"))
        self._waiting_since: float | None = None
        self._last_l1_block = 0

    def next_context(self, snapshot: Snapshot) -> BlockContext:
        """The environment of the block after the head; also that of calls on the pending block."""
        parent = snapshot.head
        return BlockContext(
            parent=parent,
            timestamp=max(int(self._clock()), parent.timestamp),
            fee_recipient=self._fee_recipient,
            gas_limit=self._config.block.gas_limit,
            base_fee_per_gas=next_base_fee(parent, self._config.fees.min_base_fee_wei),
            block_hashes=hashes_before(snapshot, parent.number + 1),
            max_pubdata_bytes=self._config.block.max_pubdata_bytes if self._config.l1 is not None else None,
        )

    def step(self) -> bool:
        """Build a block if it is time to; returns whether there may be more to do at once."""
        if self.paused or self.disagreement is not None or not self.has_work():
            self._waiting_since = None
            return False
        now = time.monotonic()
        if self._waiting_since is None:
            self._waiting_since = now
        left_s = self._waiting_since + self._config.block.interval_ms / 1000 - now
        if left_s > 0 and len(self._mempool) < self._config.block.max_transactions:
            time.sleep(min(left_s, 0.02))
            return True
        # What waits behind this block has waited since the block was begun.
        self._waiting_since = now
        try:
            return self.build_block() is not None
        except ExecutorsDisagree as exc:
            log.critical("stopped", chain=self._config.name, reason=exc.message)
            self.disagreement = exc
            return False

    def build_block(self) -> ExecutedBlock | None:
        """Build, commit and announce one block; None when nothing could be included."""
        with self.lock:
            with self._store.snapshot() as snapshot:
                context = self.next_context(snapshot)
                operations = snapshot.pending_priority_operations(self._config.batch.max_priority_operations)
                first_in_batch = snapshot.first_unbatched_block() == context.number
            if self.l1_only and not operations:
                return None
            news = self._news_of_l1() if first_in_batch else None
            first = [] if news is None else [self._tell_system_context(news, context.number)]
            chains = self._chains_to_register()
            first += [self._register(chain, context.number) for chain in chains]
            roots = self._roots_to_import(first_in_batch)
            first += [self._import(root, context.number) for root in roots]
            first += [priority_transaction(operation.canonical) for operation in operations]
            block = self._execute_provably(context, first, roots, chains)
            if block is None:
                return None
            self._store.commit_block(block, self._arrivals(block))
            self._mempool.on_block(block.transactions, now_s=self._clock())
            if self._roots is not None:
                self._roots.note(block)
            if self._chains is not None:
                self._chains.note(block)
            if news is not None:
                self._last_l1_block = news.number
        self._events.publish(NewBlock(block))
        return block

    def has_work(self) -> bool:
        """Whether there is anything that a block could be made of."""
        with self._store.snapshot() as snapshot:
            if snapshot.pending_priority_operations(1):
                return True
            base_fee = next_base_fee(snapshot.head, self._config.fees.min_base_fee_wei)
        if self.l1_only:
            return False
        if self._roots is not None and self._roots.has_requests():
            return True
        if self._chains_to_register():
            return True
        return self._mempool.has_ready(base_fee)

    def _execute_provably(
        self,
        context: BlockContext,
        first: list[Transaction],
        roots: list[InteropRoot],
        chains: list[tuple[int, bytes]],
    ) -> ExecutedBlock | None:
        """Execute a block with as many transactions as one proof holds."""
        self._most_users = max(1, self._most_users)
        while True:
            block = self._execute(context, first, roots, chains)
            if block is None or self._proof_share is None:
                return block
            share = self._proof_share(context.parent, block)
            if share <= 1:
                if share < _ROOMY:
                    self._most_users = min(2 * self._most_users, self._config.block.max_transactions)
                return block
            users = [tx for tx in block.transactions if tx.is_user]
            operations = [tx for tx in first if tx.priority is not None]
            if len(users) > 1:
                self._most_users = max(1, int(len(users) / share * _ROOMY))
            elif users and not operations:
                self._never(users[0])
            elif users:
                # It may fit the next block, without what L1 asks for.
                self._most_users = 0
            elif len(operations) > 1:
                first = [*(tx for tx in first if tx.priority is None), *operations[: len(operations) // 2]]
            else:
                log.error("a block is more than one proof holds", block=context.number, proofs=share)
                return block

    def _never(self, transaction: Transaction) -> None:
        """Throw out of the pool what no proof holds, even alone."""
        log.warning("dropping a transaction", hash=f"0x{transaction.hash.hex()}", reason="more than one proof holds")
        self._mempool.drop([transaction.hash])

    def _execute(
        self,
        context: BlockContext,
        first: Sequence[Transaction],
        roots: list[InteropRoot],
        chains: list[tuple[int, bytes]],
    ) -> ExecutedBlock | None:
        """Execute a block; None when it would hold nothing that anyone has asked for."""
        is_asked_for = bool(chains) or (self._roots is not None and self._roots.has_requests() and bool(roots))
        builder = self._executor.begin_block(context, self._store.nodes)
        try:
            included = self._apply_in_order(builder, first)
        except SystemTransactionFailed as exc:
            log.error("leaving out the system transactions", error=str(exc))
            if self._roots is not None:
                self._roots.discard(roots)
            if self._chains is not None:
                self._chains.discard(chains)
            is_asked_for = False
            builder = self._executor.begin_block(context, self._store.nodes)
            first = [tx for tx in first if tx.priority is not None]
            included = self._apply_in_order(builder, first)
        system = sum(1 for tx in first if tx.priority is None)
        if not self.l1_only:
            included += self._fill(builder, context, included)
        return builder.seal() if included > system or is_asked_for else None

    def _chains_to_register(self) -> list[tuple[int, bytes]]:
        """Chains of the hub that this one does not know yet; none in priority mode."""
        return [] if self._chains is None or self.l1_only else self._chains.due()

    def _register(self, chain: tuple[int, bytes], block_number: int) -> Transaction:
        assert self._chains is not None
        return self._chains.transaction(chain, block_number)

    def _roots_to_import(self, is_first_in_batch: bool) -> list[InteropRoot]:
        """Message roots that somebody asked for, and the newest one once a batch; none in priority mode."""
        if self._roots is None or self.l1_only:
            return []
        return self._roots.due(self._newest_root() if is_first_in_batch else None)

    def _import(self, root: InteropRoot, block_number: int) -> Transaction:
        assert self._roots is not None
        return self._roots.transaction(root, block_number)

    def _fill(self, builder: BlockBuilder, context: BlockContext, included: int) -> int:
        """Take from the pool, best first, until the block is full or its time is up; returns how many went in."""
        limits = self._config.block
        candidates = self._mempool.ready(
            context.base_fee_per_gas,
            min(limits.max_transactions - included, self._most_users),
            limits.gas_limit - builder.gas_used,
        )
        deadline = time.monotonic() + 4 * limits.interval_ms / 1000
        added = 0
        # One at a time where one may ask for the hash of a block that is not known here, and has to be left out.
        chunk = 1 if isinstance(context.block_hashes, AncestorHashes) else _CHUNK
        for start in range(0, len(candidates), chunk):
            added += self._apply(builder, candidates[start : start + chunk])
            if time.monotonic() > deadline:
                break
        return added

    def _apply_in_order(self, builder: BlockBuilder, first: Sequence[Transaction]) -> int:
        """Include what has a fixed order; one that does not fit this block keeps back all after it."""
        for included, transaction in enumerate(first):
            if not self._apply(builder, [transaction]):
                return included
        return len(first)

    def _apply(self, builder: BlockBuilder, transactions: Sequence[Transaction]) -> int:
        included = 0
        try:
            outcomes = builder.apply(transactions)
        except BatchInputError as exc:
            # It asks for the hash of a block that was not recovered; an L1 operation waits until that is out of reach.
            self._leave_out(transactions[0], exc)
            return 0
        for outcome in outcomes:
            match outcome:
                case Included():
                    included += 1
                case Rejected(transaction, error, retry):
                    self._reject(transaction, error, retry)
        return included

    def _leave_out(self, transaction: Transaction, error: BatchInputError) -> None:
        """Pass over what cannot be executed with what is known of older blocks."""
        log.warning("leaving out a transaction", hash=f"0x{transaction.hash.hex()}", reason=error.message)
        if transaction.is_user:
            self._mempool.drop([transaction.hash])

    def _reject(self, transaction: Transaction, error: TransactionError, retry: bool) -> None:
        """Throw out of the pool what can never run. A nonce gap is the fault of an earlier one that did not fit."""
        if retry or isinstance(error, NonceTooHigh) or not transaction.is_user:
            return
        log.info("dropping a transaction", hash=f"0x{transaction.hash.hex()}", reason=str(error))
        self._mempool.drop([transaction.hash])

    def _news_of_l1(self) -> L1Head | None:
        """The newest L1 block, if the chain has not been told of it."""
        head = self._l1_head()
        return head if head is not None and head.number > self._last_l1_block else None

    def _tell_system_context(self, head: L1Head, block_number: int) -> Transaction:
        data = encode_call(load("SystemContext"), "setL1Data", [head.number, head.timestamp, head.base_fee])
        return system_transaction(self._config.chain_id, block_number, SYSTEM_CONTEXT_ADDRESS, data)

    def _arrivals(self, block: ExecutedBlock) -> dict[bytes, int]:
        """When each user transaction of the block came in, Unix milliseconds."""
        arrived = ((tx.hash, self._mempool.arrived_s(tx.hash)) for tx in block.transactions if tx.is_user)
        return {tx_hash: int(at * 1000) for tx_hash, at in arrived if at is not None}
