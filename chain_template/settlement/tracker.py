"""Keeping each batch's stage what L1 says it is: forwards when calls are included, backwards when L1 forgets them."""

from collections.abc import Callable
from typing import Final

import structlog

from chain_template.batcher.stages import STAGE_RANK
from chain_template.errors import L1Diverged
from chain_template.settlement.calls import stored_batch
from chain_template.settlement.on_l1 import ChainOnL1, Counters
from chain_template.store import Snapshot, Store
from chain_template.store.records import BatchRecord, BatchStage

log = structlog.get_logger(__name__)

#: The way of a batch; L1 may show it further along than this chain has seen it go.
_WAY: Final = (
    BatchStage.SEALED,
    BatchStage.COMMITTED,
    BatchStage.PROVING,
    BatchStage.PROVED,
    BatchStage.VERIFIED,
    BatchStage.EXECUTED,
)
#: Between commit and verification the prover says how far a batch is, not L1.
_PROVER_STAGES: Final = (BatchStage.COMMITTED, BatchStage.PROVING, BatchStage.PROVED)
_ON_L1: Final = (BatchStage.COMMITTED, BatchStage.VERIFIED, BatchStage.EXECUTED)


class StageTracker:
    """Compares L1 with the store and moves the store's batches.

    Args:
        store: The chain's store.
        chain: The chain's contracts.
        on_moved: Called with (batch number, stage) after each change is stored.
    """

    def __init__(self, store: Store, chain: ChainOnL1, on_moved: Callable[[int, BatchStage], None]) -> None:
        self._store = store
        self._chain = chain
        self._on_moved = on_moved
        self._last_block = 0

    def follow(self, counters: Counters) -> int | None:
        """Bring every batch to where L1 has it; returns the first that moved, if one did.

        Raises:
            L1Diverged: L1's last committed batch is not the one this chain has under that number.
        """
        with self._store.snapshot() as snapshot:
            require_same_batches(snapshot, counters)
            settled = min(snapshot.last_batch_at(BatchStage.EXECUTED), counters.executed)
            records = snapshot.batches(settled + 1, snapshot.last_batch_number())
        goals = [(record, _goal(record, counters)) for record in records]
        moves = [(record, goal) for record, goal in goals if goal is not record.stage]
        fallen = any(goal is BatchStage.SEALED for _, goal in moves)
        reverted = self._revert_event_since() if fallen else False
        for record, goal in moves:
            self._move(record, BatchStage.REVERTED if reverted and goal is BatchStage.SEALED else goal)
        self._last_block = counters.block.number
        return moves[0][0].number if moves else None

    def name_transactions(self, counters: Counters, first: int | None = None) -> None:
        """Look up the L1 transactions of batches that got somewhere without this process seeing how.

        Args:
            counters: How far L1 is.
            first: The first batch to look at; the latest few hundred where left out.
        """
        with self._store.snapshot() as snapshot:
            last = snapshot.last_batch_number()
            records = snapshot.batches(first or max(1, last - _LOOK_BACK), last)
        missing = [
            (record.number, stage)
            for record in records
            for stage in _ON_L1
            if STAGE_RANK[record.stage] >= STAGE_RANK[stage] and stage.value not in record.l1_transactions
        ]
        if not missing:
            return
        found = self._chain.settlement_transactions(counters.block.number)
        for number, stage in missing:
            if (number, stage) in found:
                self._store.update_batch(number, l1_transaction=(stage.value, found[number, stage]))

    def _revert_event_since(self) -> bool:
        """Whether batches fell back because they were reverted, not because L1 reorganised."""
        latest = self._chain.head().number
        return bool(self._chain.events(["BlocksRevert"], max(0, self._last_block - _LOOK_BACK), latest))

    def _move(self, record: BatchRecord, goal: BatchStage) -> None:
        here, there = STAGE_RANK[record.stage], STAGE_RANK[goal]
        forwards = [stage for stage in _WAY if here < STAGE_RANK[stage] <= there]
        for stage in forwards or [goal]:
            self._store.update_batch(record.number, stage=stage)
        if there < here:
            log.warning("batch fell back", batch=record.number, was=record.stage.value, now=goal.value)
        self._on_moved(record.number, goal)


#: Batches, and L1 blocks, that are looked back over.
_LOOK_BACK: Final = 256


def require_same_batches(snapshot: Snapshot, counters: Counters) -> None:
    """Refuse to go on when L1 has other batches than this chain.

    Raises:
        L1Diverged: Names the first batch that differs.
    """
    known = min(counters.committed, snapshot.last_batch_number())
    if known == counters.committed and stored_batch(snapshot, known).hash() != counters.committed_hash:
        raise L1Diverged(
            f"L1 has another batch {known} than this chain",
            hint="restore the chain's data directory, or stop it and run `zkhub chain recover`",
        )


def _goal(record: BatchRecord, counters: Counters) -> BatchStage:
    on_l1 = counters.stage_of(record.number)
    if on_l1 is None:
        is_ahead = counters.priority_mode and record.stage in (BatchStage.PROVING, BatchStage.PROVED)
        return record.stage if is_ahead else BatchStage.SEALED
    if on_l1 is not BatchStage.COMMITTED:
        return on_l1
    if record.stage in _PROVER_STAGES:
        return record.stage
    # Beyond: L1 forgot the verification, and the proof is still good. Below: the commit was included.
    return BatchStage.PROVED if STAGE_RANK[record.stage] > STAGE_RANK[BatchStage.PROVED] else BatchStage.COMMITTED
