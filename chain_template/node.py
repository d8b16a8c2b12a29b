"""One chain, put together: everything a chain is, started and stopped as one, without Ray.

The embedded L1 is this node without a settlement layer; its watcher, batcher and settlement sender then do not exist.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import structlog

from chain_template.config import ChainConfig
from chain_template.errors import ChainError, TransactionError
from chain_template.events import EventBus, NewBlock, PendingTransaction, RolledBack
from chain_template.executor import make_chain_executor
from chain_template.executor.interface import BlockContext, Executor
from chain_template.genesis import build_genesis
from chain_template.headers import next_base_fee
from chain_template.interop_chains import InteropChains
from chain_template.interop_roots import InteropRoots
from chain_template.loops import Loop
from chain_template.lost_events import LostEvents
from chain_template.mempool import Mempool
from chain_template.primitives import EMPTY_CODE_HASH
from chain_template.rpc import RpcServer
from chain_template.rules import rules_of
from chain_template.sequencer import Sequencer
from chain_template.settlement.proofs import ProofService
from chain_template.state import ABSENT_ACCOUNT, Head, KnownHead, StateReader
from chain_template.store import Snapshot, Store
from chain_template.store.records import BatchStage

if TYPE_CHECKING:
    from chain_template.settlement.service import Settlement
from chain_template.transactions import Transaction, decode_transaction, decode_transactions

log = structlog.get_logger(__name__)


class ChainPaused(TransactionError):
    """The chain takes no transactions at the moment."""


@dataclass(frozen=True, slots=True)
class NodeStatus:
    """How a chain is doing.

    Attributes:
        batches: Highest batch number that reached each stage (0 = genesis), by stage name.
        errors: What each of the node's loops has been failing with for some time, by loop name; empty when all is well.
        priority_mode: L1 takes batches of L1 requests only, because one was not served in time.
        protocol_version: Which version the chain's contract is on, packed; None until L1 was looked at.
    """

    name: str
    chain_id: int
    head_number: int
    head_hash: bytes
    head_timestamp: int
    mempool_size: int
    paused: bool
    proofs: str
    data_availability: str
    batches: dict[str, int] = field(default_factory=dict)
    pending_priority_operations: int = 0
    unbatched_blocks: int = 0
    errors: dict[str, str] = field(default_factory=dict)
    priority_mode: bool = False
    protocol_version: int | None = None


class ChainNode:
    """A running chain.

    Args:
        config: The chain's settings.
        prover: Where proof jobs go; needed by a chain that settles on an L1.
        clock: Unix seconds; a test may bring its own.

    Raises:
        StoreError: From the constructor, when the database cannot be opened.
    """

    def __init__(
        self,
        config: ChainConfig,
        prover: ProofService | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.config = config
        self.rules = rules_of(config)
        self.events = EventBus()
        self.executor: Executor = make_chain_executor(config.executor, self.rules, config.shadow_share)
        self.store = Store.open(config.data_dir, config.chain_id, build_genesis(config), name=config.name)
        self.mempool = Mempool(
            config.mempool,
            config.chain_id,
            config.block.gas_limit,
            min_base_fee_wei=config.fees.min_base_fee_wei,
        )
        self.mempool.subscribe(lambda transaction: self.events.publish(PendingTransaction(transaction)))
        self._head = KnownHead(self._look_at_head)
        self.events.subscribe(self._on_new_head, NewBlock, RolledBack)
        self._clock = clock
        self._draining = False
        self.interop_roots = None
        self.interop_chains = None
        if config.l1 is not None:
            lost = LostEvents(self.store, self.executor)
            self.interop_chains = InteropChains(self.store, config.chain_id, lost)
            self.interop_roots = InteropRoots(self.store, config.chain_id, config.l1.l1_chain_id, lost)
        self.settlement = self._settlement(prover)
        meter = self.settlement.meter if self.settlement is not None else None
        self.sequencer = Sequencer(
            config,
            self.store,
            self.executor,
            self.mempool,
            self.events,
            l1_head=self.settlement.l1_head if self.settlement is not None else lambda: None,
            roots=self.interop_roots,
            chains=self.interop_chains,
            newest_root=self.settlement.newest_root if self.settlement is not None else lambda: None,
            proof_share=meter.share_of_new if meter is not None else None,
            clock=clock,
        )
        self.sequencer.l1_only = self.settlement is not None and self.settlement.sender.priority_mode
        self.rpc = RpcServer(self)
        self._loops: list[Loop] = []

    def _settlement(self, prover: ProofService | None) -> "Settlement | None":
        if self.config.l1 is None:
            return None
        if prover is None:
            raise ChainError(f"chain {self.config.name} settles on an L1 and needs a prover")
        # Imported here: an L1 has no use for it, and its start should not wait for it.
        from chain_template.settlement.service import Settlement

        assert self.interop_roots is not None and self.interop_chains is not None
        return Settlement(
            self.config,
            self.store,
            prover,
            self.events,
            rollback=self.rollback,
            roots=self.interop_roots,
            chains=self.interop_chains,
            on_priority_mode=self._set_priority_mode,
        )

    # -- life --------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Serve JSON-RPC, build blocks, and settle them. Everything continues where it stopped."""
        self._loops = [Loop("sequencer", self.sequencer.step, idle_s=0.05)]
        if self.settlement is not None:
            self._loops += self.settlement.loops()
        self.rpc.start()
        for loop in self._loops:
            loop.start()
        self.events.subscribe(lambda _: self._wake(), PendingTransaction)
        log.info("chain started", chain=self.config.name, chain_id=self.config.chain_id, rpc=self.rpc_url)

    def stop(self) -> None:
        """Finish what is being written, stop serving, close the database."""
        self.rpc.stop()
        for loop in self._loops:
            loop.stop()
        if self.settlement is not None:
            self.settlement.close()
        self.store.close()

    def pause(self) -> None:
        """Stop taking transactions and building blocks; batches go on settling."""
        self.sequencer.paused = True

    def drain(self) -> None:
        """Stop taking transactions; include what is pending, L1's requests too, and settle everything.

        :meth:`is_settled` says when nothing is left to do.
        """
        self._draining = True
        self.sequencer.paused = False
        self._wake()

    def resume(self) -> None:
        """Undo :meth:`pause` and :meth:`drain`."""
        self._draining = False
        self.sequencer.paused = False
        self._wake()

    # -- transactions and blocks -------------------------------------------------------------------------------------

    def submit(self, raw: bytes, sender: bytes | None = None) -> bytes:
        """Take a signed transaction into the pool; returns its hash. Its sender may have been recovered before.

        Raises:
            TransactionError: Why it is not acceptable; the pool is as before.
        """
        self._check_open()
        takes_eip712 = self.config.l1 is not None
        return self._take(decode_transaction(raw, self.config.chain_id, sender=sender, takes_eip712=takes_eip712))

    def submit_many(self, raws: Sequence[bytes]) -> list[bytes | ChainError]:
        """Take signed transactions into the pool, in this order; gives hashes, and errors for those not acceptable.

        Their senders are recovered together, without Python's lock.
        """
        self._check_open()
        taken: list[bytes | ChainError] = []
        for transaction in decode_transactions(raws, self.config.chain_id, takes_eip712=self.config.l1 is not None):
            try:
                taken.append(transaction if isinstance(transaction, ChainError) else self._take(transaction))
            except ChainError as exc:
                taken.append(exc)
        return taken

    def _check_open(self) -> None:
        if self.sequencer.paused:
            raise ChainPaused(f"chain {self.config.name} is paused", hint="try again when it is resumed")
        if self.sequencer.disagreement is not None:
            raise ChainPaused(f"chain {self.config.name} has stopped: {self.sequencer.disagreement.message}")
        if self.sequencer.l1_only:
            raise ChainPaused(
                f"chain {self.config.name} is in priority mode: it takes requests from L1 only",
                hint="send the request through the Bridgehub on L1",
            )
        if self._draining:
            raise ChainPaused(f"chain {self.config.name} is being drained", hint="it takes no more transactions")

    def _take(self, transaction: Transaction) -> bytes:
        head = self._head.get()
        account = head.state.account(transaction.sender) or ABSENT_ACCOUNT
        self.mempool.add(
            transaction,
            account_nonce=account.nonce,
            balance=account.balance,
            base_fee=head.base_fee,
            now_s=self._clock(),
            sender_has_code=account.code_hash != EMPTY_CODE_HASH,
        )
        return transaction.hash

    def _look_at_head(self) -> Head:
        with self.store.snapshot() as snapshot:
            header = snapshot.head
        base_fee = next_base_fee(header, self.config.fees.min_base_fee_wei)
        return Head(StateReader(self.store.nodes, header.state_root), base_fee)

    def _on_new_head(self, _: NewBlock | RolledBack) -> None:
        self._head.changed()

    def pending_context(self, snapshot: Snapshot) -> BlockContext:
        """The environment of the block that would come next."""
        return self.sequencer.next_context(snapshot)

    def rollback(self, block_number: int, before_resuming: Callable[[], None] = lambda: None) -> None:
        """Give up every block above ``block_number``; their users' transactions go back into the pool.

        Args:
            block_number: The last block that stays.
            before_resuming: Called before another block can be built: it forgets what L1 has dropped.

        Raises:
            StoreError: The block is below what L1 has executed.
        """
        with self.sequencer.lock:
            dropped = self.store.rollback_to(block_number)
            self._head.changed()
            log.warning("rolled back", chain=self.config.name, to_block=block_number, transactions=len(dropped))
            self.mempool.reinject(dropped, now_s=self._clock())
            if self.interop_roots is not None:
                self.interop_roots.reload()
            if self.interop_chains is not None:
                self.interop_chains.reload()
            before_resuming()
        self.events.publish(RolledBack(block_number))
        self._wake()

    def import_interop_root(self, l1_block: int, root: bytes) -> bool:
        """Import a message root of L1 with the next block, which is built for it alone if need be.

        Nothing is asked of L1 here; L1 refuses to execute a batch that imports a false one.

        Args:
            l1_block: The L1 block whose root it is.
            root: 32 bytes.

        Returns:
            Whether it was neither here nor on its way yet.

        Raises:
            ChainError: The chain has no L1.
            L1Diverged: Another root is known for that block.
        """
        if self.interop_roots is None:
            raise ChainError(f"chain {self.config.name} has no L1 whose message roots it could import")
        is_news = self.interop_roots.request(l1_block, root)
        if is_news:
            self._wake()
        return is_news

    def request_interop_root(self, l1_block: int) -> tuple[bytes, int | None]:
        """Import the message root that L1 remembers for a block, once.

        Returns:
            The root, and the chain's block that imported it; None while none has.

        Raises:
            ChainError: The chain has no L1.
            NoMessageRoot: L1 remembers no root for that block.
            L1Error: L1 does not answer.
        """
        if self.interop_roots is None or self.settlement is None:
            raise ChainError(f"chain {self.config.name} has no L1 whose message roots it could import")
        imported = self.interop_roots.imported(l1_block)
        if imported is not None:
            return imported.root, imported.block_number
        root = self.settlement.root_at(l1_block)
        self.import_interop_root(l1_block, root)
        return root, None

    def _set_priority_mode(self, is_on: bool) -> None:
        with self.sequencer.lock:
            self.sequencer.l1_only = is_on
        log.warning("priority mode", chain=self.config.name, is_on=is_on)
        self._wake()

    # -- views -------------------------------------------------------------------------------------------------------

    @property
    def rpc_url(self) -> str:
        """HTTP address of the JSON-RPC endpoint; known once started."""
        return f"http://{self.config.rpc.host}:{self.rpc.port}"

    @property
    def ws_url(self) -> str:
        """WebSocket address of the JSON-RPC endpoint."""
        return f"ws://{self.config.rpc.host}:{self.rpc.port}"

    def status(self) -> NodeStatus:
        """How the chain is doing right now."""
        with self.store.snapshot() as snapshot:
            head = snapshot.head
            batches = {stage.value: snapshot.last_batch_at(stage) for stage in _SHOWN_STAGES}
            pending = len(snapshot.pending_priority_operations(1_000))
            unbatched = head.number + 1 - snapshot.first_unbatched_block()
        return NodeStatus(
            name=self.config.name,
            chain_id=self.config.chain_id,
            head_number=head.number,
            head_hash=head.hash,
            head_timestamp=head.timestamp,
            mempool_size=len(self.mempool),
            paused=self.sequencer.paused,
            proofs=self.config.proofs,
            data_availability=self.config.data_availability.value,
            batches=batches if self.config.l1 is not None else {},
            pending_priority_operations=pending,
            unbatched_blocks=unbatched if self.config.l1 is not None else 0,
            errors=self._errors(),
            priority_mode=self.sequencer.l1_only,
            protocol_version=None if self.settlement is None else self.settlement.protocol_version,
        )

    def _errors(self) -> dict[str, str]:
        errors = {loop.name: error for loop in self._loops if (error := loop.lasting_error) is not None}
        if self.sequencer.disagreement is not None:
            errors["executors"] = self.sequencer.disagreement.message
        return errors

    def is_settled(self) -> bool:
        """Whether every block is in a batch that L1 has executed, and a draining chain has no more blocks to build."""
        if self._draining and self.sequencer.has_work():
            return False
        with self.store.snapshot() as snapshot:
            batched = snapshot.first_unbatched_block() > snapshot.head_number
            return batched and snapshot.last_batch_at(BatchStage.EXECUTED) == snapshot.last_batch_number()

    def _wake(self) -> None:
        for loop in self._loops:
            if loop.name == "sequencer":
                loop.wake()


_SHOWN_STAGES = (
    BatchStage.SEALED,
    BatchStage.COMMITTED,
    BatchStage.PROVED,
    BatchStage.VERIFIED,
    BatchStage.EXECUTED,
)
