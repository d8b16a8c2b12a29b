"""Cutting the chain of blocks into batches.

The batcher only reads blocks and writes batches: what it decides follows from stored blocks, the settings and the
clock, and a batch is added in one commit, so it may be stopped anywhere and started again.
"""

import threading
import time
from collections.abc import Callable, Iterable, Mapping

import structlog

from chain_template.batcher.build import BuiltBatch, ExecutionTrace, batch_rules, build_batch
from chain_template.batcher.commit_info import StoredClaim
from chain_template.batcher.interop import imported_roots, interop_events, interop_flows
from chain_template.batcher.meter import CostMeter
from chain_template.batcher.output import BatchBlock
from chain_template.batcher.pubdata import encoded_size
from chain_template.batcher.sealing import MeasuredBlock, OpenBatch, SealReason, pubdata_bound
from chain_template.batcher.state_diff import state_diff
from chain_template.config import ChainConfig
from chain_template.errors import BatchError, L1Diverged
from chain_template.executor.pubdata_bound import log_bytes
from chain_template.headers import BlockHeader
from chain_template.receipts import L2ToL1Log
from chain_template.state import StateReader
from chain_template.store import Snapshot, Store
from chain_template.store.records import BatchRecord, BatchStage, StoredReceipt

log = structlog.get_logger(__name__)


class Batcher:
    """Seals batches of one chain.

    Args:
        config: The chain's settings.
        store: Where blocks come from and batches go.
        on_sealed: Called with each batch after it is stored.
        clock: Unix seconds.
        meter: Says what a proof would take; None where batches need not fit one.
    """

    def __init__(
        self,
        config: ChainConfig,
        store: Store,
        *,
        on_sealed: Callable[[BatchRecord], None] = lambda record: None,
        clock: Callable[[], float] = time.time,
        meter: CostMeter | None = None,
    ) -> None:
        self._meter = meter
        self._rules = batch_rules(config)
        self._settings = config.batch
        self._proof_mode = config.proof_mode
        self._store = store
        self._on_sealed = on_sealed
        self._clock = clock
        self._open = OpenBatch(self._settings)
        self._requested = False
        self._known_ends: Mapping[int, int] = {}
        #: Held while a batch is built and stored; a rollback takes it too, so that no batch outlives its blocks.
        self.lock = threading.RLock()

    def seal_now(self) -> None:
        """Let the next step seal whatever blocks there are."""
        self._requested = True

    def expect(self, last_blocks: Mapping[int, int]) -> None:
        """Cut these batches as L1 has them, batch number → last block: they were committed and lost here."""
        self._known_ends = dict(last_blocks)

    def step(self) -> bool:
        """Seal one batch if one is complete; returns whether it did.

        Raises:
            StoreError: The store cannot read or write.
        """
        with self.lock:
            with self._store.snapshot() as snapshot:
                number = snapshot.last_batch_number() + 1
                reason = self._decide(snapshot, number)
                if reason is None:
                    return False
                built, tx_count = self._build(snapshot, number)
                while not self._fits_proof(built, reason):
                    # Blocks that fit one by one and not together: the meter's sums are bounds, and this is the count.
                    self._open, reason = self._open.without_last(), SealReason.PROOF
                    built, tx_count = self._build(snapshot, number)
            record = self._record(number, built, tx_count, reason)
            self._store.add_batch(record, built.output.pubdata, built.batch_input, list(built.output.leaves))
            self._open = OpenBatch(self._settings)
        log.info("batch sealed", batch=number, blocks=record.last_block - record.first_block + 1, reason=reason.value)
        self._on_sealed(record)
        return True

    def _fits_proof(self, built: BuiltBatch, reason: SealReason) -> bool:
        """Whether a batch may be as long as it is. One block must go somewhere, and what L1 has is as L1 has it."""
        if self._meter is None or reason is SealReason.L1 or len(self._open.blocks) == 1:
            return True
        return self._meter.share_of_input(built.batch_input) <= 1

    # -- deciding ----------------------------------------------------------------------------------------------------

    def _decide(self, snapshot: Snapshot, number: int) -> SealReason | None:
        """Bring the open batch up to the head; returns why it is complete, if it is."""
        first = snapshot.first_unbatched_block()
        self._forget_if_gone(snapshot, first)
        if number in self._known_ends:
            return self._as_on_l1(snapshot, first, self._known_ends[number])
        for block_number in range(first + len(self._open.blocks), snapshot.head_number + 1):
            block = self._measure(snapshot, block_number)
            reason = self._open.refuses(block)
            if reason is not None:
                return reason
            self._open.add(block)
            reason = self._open.is_full()
            if reason is not None:
                return reason
        if self._requested:
            self._requested = False
            return SealReason.REQUEST if self._open.blocks else None
        if self._open.is_due(self._now_ms()) and not self._awaits_proof(snapshot, number):
            return SealReason.AGE
        return None

    def _awaits_proof(self, snapshot: Snapshot, number: int) -> bool:
        """Whether the batch before is still to be proven: one sealed now would wait for that, so it may as well grow.

        A proof costs far more by the batch than by the transaction; so an age makes batches no faster than they can be
        proven.
        """
        return self._proof_mode != "none" and snapshot.last_batch_at(BatchStage.PROVED) < number - 1

    def _as_on_l1(self, snapshot: Snapshot, first: int, last: int) -> SealReason | None:
        """Take exactly the blocks that L1 knows this batch by; None while they are not all here.

        Raises:
            L1Diverged: L1's batch ends before this one could begin.
        """
        if last < first:
            raise L1Diverged(f"L1's batch ends with block {last}; here the next batch begins with block {first}")
        if last > snapshot.head_number:
            return None
        self._open = OpenBatch(self._settings)
        for block_number in range(first, last + 1):
            self._open.add(self._measure(snapshot, block_number))
        return SealReason.L1

    def _forget_if_gone(self, snapshot: Snapshot, first: int) -> None:
        """A rollback may have taken blocks away, or another batch been added."""
        blocks = self._open.blocks
        if not blocks:
            return
        header = snapshot.header(blocks[-1].number)
        if blocks[0].number != first or header is None or header.hash != blocks[-1].hash:
            self._open = OpenBatch(self._settings)

    def _measure(self, snapshot: Snapshot, number: int) -> MeasuredBlock:
        header = _header(snapshot, number)
        receipts = snapshot.receipts(number)
        logs = _logs(receipts)
        events = interop_events(stored.receipt for stored in receipts)
        block = snapshot.block(number)
        assert block is not None
        touched = snapshot.block_execution(number).touched
        operations = sum(tx.priority is not None for tx in block.transactions)
        users = sum(tx.is_user for tx in block.transactions)
        parent_root = _header(snapshot, number - 1).state_root

        def exact() -> int:
            before = StateReader(self._store.nodes, parent_root)
            after = StateReader(self._store.nodes, header.state_root)
            return encoded_size(state_diff(touched, before, after)) + log_bytes(logs)

        return MeasuredBlock(
            number=number,
            hash=header.hash,
            first_seen_ms=min(self._now_ms(), header.timestamp * 1000 + 999),
            gas=header.gas_used,
            transactions=len(block.transaction_hashes),
            logs=len(logs),
            operations=operations,
            flows=frozenset((flow.destination_chain_id, flow.asset_id) for flow in interop_flows(events)),
            roots=len(imported_roots(events)),
            proof_share=self._proof_share(snapshot, number),
            pubdata_bound=pubdata_bound(touched, header.gas_used, users) + log_bytes(logs),
            measure_pubdata=exact,
        )

    def _proof_share(self, snapshot: Snapshot, number: int) -> float:
        if self._meter is None:
            return 0.0
        blocks, traces = self._blocks(snapshot, [number])
        return self._meter.share_of_blocks(_header(snapshot, number - 1), blocks, traces)

    # -- building ----------------------------------------------------------------------------------------------------

    def _build(self, snapshot: Snapshot, number: int) -> tuple[BuiltBatch, int]:
        numbers = [block.number for block in self._open.blocks]
        blocks, traces = self._blocks(snapshot, numbers)
        built = build_batch(
            self._rules,
            number,
            state=self._store.nodes,
            parent=_header(snapshot, numbers[0] - 1),
            blocks=blocks,
            traces=traces,
            # Of blocks that were recovered from L1 most headers are unknown.
            header_at=snapshot.header,
        )
        return built, sum(len(block.transactions) for block in blocks)

    def _blocks(self, snapshot: Snapshot, numbers: Iterable[int]) -> tuple[list[BatchBlock], list[ExecutionTrace]]:
        blocks, traces = [], []
        for number in numbers:
            block = snapshot.block(number)
            assert block is not None
            execution = snapshot.block_execution(number)
            receipts = snapshot.receipts(number)
            events = interop_events(stored.receipt for stored in receipts)
            blocks.append(BatchBlock(block.header, tuple(block.transactions), _logs(receipts), events))
            traces.append(ExecutionTrace(execution.nodes_read, execution.touched))
        return blocks, traces

    def _record(self, number: int, built: BuiltBatch, tx_count: int, reason: SealReason) -> BatchRecord:
        output, commit = built.output, built.output.commit
        return BatchRecord(
            number=number,
            stage=BatchStage.SEALED,
            first_block=commit.first_block_number,
            last_block=commit.last_block_number,
            l1_tx_count=commit.number_of_layer1_txs,
            l2_tx_count=commit.number_of_layer2_txs,
            tx_count=tx_count,
            prev_state_commitment=output.prev_state_commitment,
            state_commitment=commit.new_state_commitment,
            batch_output_hash=output.batch_output_hash,
            public_input=output.public_input,
            l2_logs_root=commit.l2_logs_tree_root,
            pubdata_bytes=len(output.pubdata),
            seal_reason=reason.value,
            commit_info=StoredClaim.of(output).to_json(),
            stage_times_ms={BatchStage.SEALED.value: self._now_ms()},
            l1_transactions={},
            proof_mode=self._proof_mode,
        )

    def _now_ms(self) -> int:
        return int(self._clock() * 1000)


def _header(snapshot: Snapshot, number: int) -> BlockHeader:
    header = snapshot.header(number)
    if header is None:
        raise BatchError(f"the store has no block {number}")
    return header


def _logs(receipts: Iterable[StoredReceipt]) -> tuple[L2ToL1Log, ...]:
    return tuple(entry for receipt in receipts for entry in receipt.l2_to_l1_logs)
