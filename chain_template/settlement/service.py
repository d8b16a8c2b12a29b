"""Everything between one chain and its L1, put together: the batcher, the watcher and the sender, a loop each."""

import threading
from collections.abc import Callable

import structlog

from chain_template.batcher.batcher import Batcher
from chain_template.batcher.meter import meter_of
from chain_template.config import ChainConfig
from chain_template.errors import L1Diverged, NoMessageRoot, RollbackNeeded
from chain_template.events import BatchMoved, EventBus
from chain_template.interop_chains import InteropChains
from chain_template.interop_roots import InteropRoots
from chain_template.loops import Loop
from chain_template.sequencer import L1Head
from chain_template.settlement.message_root import BatchProof, MessageRootMirror
from chain_template.settlement.on_l1 import ChainOnL1, L1Block
from chain_template.settlement.proofs import ProofJob, ProofResult, ProofService
from chain_template.settlement.sender import SettlementSender
from chain_template.settlement.watcher import L1Watcher
from chain_template.store import Store
from chain_template.store.records import BatchStage
from contracts.artifacts import load
from contracts.client import L1Client

__all__ = ["ProofJob", "ProofResult", "ProofService", "Settlement"]

log = structlog.get_logger(__name__)

_BATCHER_IDLE_S = 0.05


class Settlement:
    """Settles one chain on its L1.

    Args:
        config: The chain's settings, with ``l1`` and ``operator_keys``.
        store: The chain's store.
        prover: The prover pool.
        events: Where stage changes are announced.
        rollback: Gives up every block above a number, and calls its second argument before new blocks are built.
        roots: The chain's queue of message roots.
        chains: What the chain knows of the hub's other chains.
        on_priority_mode: Told when L1 switches the chain to priority mode, and back.
    """

    def __init__(
        self,
        config: ChainConfig,
        store: Store,
        prover: ProofService,
        events: EventBus,
        *,
        rollback: Callable[[int, Callable[[], None]], None],
        roots: InteropRoots,
        chains: InteropChains,
        on_priority_mode: Callable[[bool], None] = lambda is_on: None,
    ) -> None:
        assert config.l1 is not None
        self._client = L1Client(config.l1.url)
        self._poll_s = config.settlement.poll_interval_ms / 1000
        self._events = events
        self._node_rollback = rollback
        self._store = store
        self._chain_id = config.chain_id
        self._confirmations = config.settlement.confirmations
        self._roots = roots
        self._chains = chains
        # L1 may have reorganised while this process was not there to see it.
        self._must_compare_roots = True
        self._is_checked = False
        self._check_lock = threading.Lock()
        self.chain = ChainOnL1(self._client, config.l1)
        #: Says what proofs would take; None where blocks and batches need not fit one.
        self.meter = meter_of(config, store)
        self.batcher = Batcher(
            config, store, on_sealed=lambda record: self._moved(record.number, record.stage), meter=self.meter
        )
        self.watcher = L1Watcher(config, store, self.chain)
        self.message_root = MessageRootMirror(self.chain)
        self.sender = SettlementSender(
            config,
            store,
            self.chain,
            prover,
            rollback=self._rollback,
            on_moved=self._moved,
            on_lost_batches=self.batcher.expect,
            on_priority_mode=on_priority_mode,
        )

    def loops(self) -> list[Loop]:
        """The loops to run; each of their steps may also be called by a test."""
        return [
            Loop("batcher", self.seal, idle_s=_BATCHER_IDLE_S),
            Loop("l1-watcher", self.watch, idle_s=self._poll_s),
            Loop("settlement", self.settle, idle_s=self._poll_s),
        ]

    def close(self) -> None:
        """Close the connections to L1."""
        self._client.close()

    @property
    def protocol_version(self) -> int | None:
        """Which version the chain's contract is on, packed; None until L1 was looked at."""
        return self.sender.protocol_version

    def l1_head(self) -> L1Head | None:
        """The newest confirmed L1 block the watcher has seen."""
        head = self.watcher.head
        return None if head is None else L1Head(head.number, head.timestamp, head.base_fee)

    # -- message roots -----------------------------------------------------------------------------------------------

    def newest_root(self) -> tuple[int, bytes] | None:
        """The newest message root that other chains had a part in, as (L1 block, root), as far as L1 was read."""
        found = self.message_root.newest_of_others(self._chain_id)
        return None if found is None else (found.block_number, found.root)

    def root_at(self, l1_block: int) -> bytes:
        """The message root that L1 remembers for a block.

        Raises:
            NoMessageRoot: It remembers none, or the block has too few confirmations.
            L1Error: L1 does not answer.
        """
        root = self.message_root.root_at(l1_block)
        if root is None:
            self._follow_message_root()
            root = self.message_root.root_at(l1_block)
        if root is None:
            raise NoMessageRoot(l1_block)
        return root

    def message_root_proof(self, batch_number: int, l1_block: int | None) -> BatchProof | None:
        """Proof that an executed batch of this chain is under the message root of an L1 block.

        Args:
            batch_number: The batch.
            l1_block: The block; None for the one in which the batch was executed.

        Raises:
            L1Error: L1 does not answer.
        """
        found = self.message_root.proof(self._chain_id, batch_number, l1_block)
        if found is not None:
            return found
        self._follow_message_root()
        return self.message_root.proof(self._chain_id, batch_number, l1_block)

    def _learn_chains(self) -> None:
        """Ask L1 for the base tokens of chains that are new."""
        new = [chain_id for chain_id in self.message_root.chain_ids() if not self._chains.is_known(chain_id)]
        if new:
            hub, address = load("Bridgehub"), self.chain.link.bridgehub
            self._chains.learn({each: self._client.read(hub, address, "baseTokenAssetId", [each]) for each in new})

    def _follow_message_root(self) -> None:
        self._check_link()
        self._must_compare_roots |= self.message_root.follow(self.chain.head(self._confirmations))

    def _compare_roots(self, head: L1Block) -> None:
        """At the start and after a reorganisation of L1, until everything could be compared.

        Raises:
            RollbackNeeded: A block imported a root that L1 no longer has.
        """
        # L1 says what is final: a reorganisation may have dropped what the store still takes to be executed.
        counters = self.chain.counters(head)
        with self._store.snapshot() as snapshot:
            executed = snapshot.batch(counters.executed)
        final_block = 0 if executed is None else executed.last_block
        self._must_compare_roots = not self._roots.check(self.message_root.root_at, head.number, final_block)

    # -- operator's requests -----------------------------------------------------------------------------------------

    def seal_now(self) -> None:
        """Seal whatever blocks there are, whatever the criteria say."""
        self.batcher.seal_now()

    def revert_batches(self, to_batch: int) -> None:
        """Take back all batches after ``to_batch``, on L1 and here; see :meth:`SettlementSender.revert_batches`."""
        self.sender.revert_batches(to_batch)

    # -- steps -------------------------------------------------------------------------------------------------------

    def seal(self) -> bool:
        """One step of the batcher. It begins when L1 was asked: batches that L1 has must be cut as L1 has them."""
        return self.sender.has_looked and self.batcher.step()

    def watch(self) -> bool:
        """One step of the watcher; asks for a rollback when L1 dropped what a block includes."""
        self._check_link()
        if self.sender.rollback_wanted is not None:
            # The rollback drops what L1 dropped; until then there is nothing to add to.
            return False
        try:
            busy = self.watcher.step()
            head = self.watcher.head
            if head is not None:
                self._must_compare_roots |= self.message_root.follow(head)
                if self._must_compare_roots:
                    self._compare_roots(head)
                self._learn_chains()
            return busy
        except RollbackNeeded as exc:
            log.warning("rollback needed", reason=exc.message)
            self.sender.request_rollback(exc.to_block)
            return True

    def settle(self) -> bool:
        """One step of the sender."""
        self._check_link()
        return self.sender.step()

    def _check_link(self) -> None:
        """Once, as soon as L1 answers: is it the right one?"""
        with self._check_lock:
            if not self._is_checked:
                self.chain.check_link()
                self._is_checked = True

    def _rollback(self, to_block: int) -> None:
        with self.batcher.lock:
            self.batcher.expect({})
            self._node_rollback(to_block, self._drop_what_is_gone)

    def _drop_what_is_gone(self) -> None:
        """Before the next block could include it again."""
        try:
            while self.watcher.step():
                pass
            head = self.chain.head(self._confirmations)
            self.message_root.follow(head)
            # What stays may rely on a root that is gone too; the rollback was perhaps for something else.
            self._must_compare_roots = True
            self._roots.drop_false(self.message_root.root_at, head.number)
        except (RollbackNeeded, L1Diverged) as exc:
            log.warning("L1 goes on changing", reason=exc.message)

    def _moved(self, batch_number: int, stage: BatchStage) -> None:
        self._events.publish(BatchMoved(batch_number, stage))
