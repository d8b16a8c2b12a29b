"""Following the L1: requests become priority operations in the store, in order, each once, and only while L1 has them.

The watcher keeps a cursor, the last L1 block whose requests are all in the store, and moves it in the same commit that
stores them. When the cursor's block is no longer on L1, it looks for the newest operation whose block still is, reads
L1 again from there and compares: what came back in another block is only moved, what is gone is dropped, and when a
block of the chain already includes what is gone, the chain has to be rolled back first.
"""

import time
from collections.abc import Sequence
from typing import Final

import structlog

from chain_template.config import ChainConfig
from chain_template.errors import L1Diverged, RollbackNeeded
from chain_template.primitives import ZERO_HASH
from chain_template.settlement.on_l1 import MAX_LOG_RANGE, ChainOnL1, L1Block
from chain_template.store import Store
from chain_template.store.records import L1Cursor, PriorityOperation
from contracts.client import Log
from contracts.deposits import priority_request

log = structlog.get_logger(__name__)

_REQUEST: Final = "NewPriorityRequest"
_PAGE: Final = 1_000
#: Seconds that a shorter L1 may take to grow back before what it lacks is given up here.
_GRACE_S: Final = 3.0


class L1Watcher:
    """Brings L1's requests into one chain's store.

    Attributes:
        head: The newest confirmed L1 block seen; None before the first step.
    """

    def __init__(self, config: ChainConfig, store: Store, chain: ChainOnL1) -> None:
        self.head: L1Block | None = None
        self._confirmations = config.settlement.confirmations
        self._start_block = chain.link.start_block
        self._store = store
        self._chain = chain
        self._missing_since: float | None = None

    def step(self) -> bool:
        """Read one stretch of L1; returns whether there may be more to read at once.

        Raises:
            RollbackNeeded: L1 dropped an operation that a block includes. Nothing was changed; after the rollback the
                next step drops it.
            L1Diverged: L1's requests have a gap.
            L1Error: L1 does not answer.
        """
        head = self._chain.head(self._confirmations)
        with self._store.snapshot() as snapshot:
            cursor = snapshot.l1_cursor()
        if cursor is not None and cursor.block_hash != head.hash and not self._is_on_l1(cursor):
            return self._follow_reorganisation(cursor, head)
        self._missing_since = None
        self.head = head
        first = self._start_block if cursor is None else cursor.block_number + 1
        if first > head.number:
            return False
        last = head if head.number < first + MAX_LOG_RANGE else self._block(first + MAX_LOG_RANGE - 1)
        operations = self._operations(first, last)
        self._store.add_priority_operations(operations, L1Cursor(last.number, last.hash))
        if operations:
            log.info("L1 requests", count=len(operations), last=operations[-1].operation_id, l1_block=last.number)
        return last.number < head.number or bool(operations)

    # -- reading -----------------------------------------------------------------------------------------------------

    def _operations(self, first: int, last: L1Block) -> list[PriorityOperation]:
        """The requests in a range of blocks.

        Raises:
            L1Diverged: L1 changed while it was read; the next step sees one or the other.
        """
        logs = self._chain.events([_REQUEST], first, last.number)
        if self._block(last.number).hash != last.hash:
            raise L1Diverged(f"L1 reorganised at block {last.number} while it was read", hint="it is read again")
        return [operation_of(entry) for entry in logs]

    def _block(self, number: int) -> L1Block:
        block = self._chain.block(number)
        if block is None:
            raise L1Diverged(f"L1 reorganised: block {number} is gone", hint="it is read again")
        return block

    def _is_on_l1(self, cursor: L1Cursor) -> bool:
        block = self._chain.block(cursor.block_number)
        return block is not None and block.hash == cursor.block_hash

    # -- reorganisations ---------------------------------------------------------------------------------------------

    def _follow_reorganisation(self, cursor: L1Cursor, head: L1Block) -> bool:
        """Make the store agree with L1 again; returns False while it is too early to tell."""
        known = self._known_operations()
        ancestor, following = self._common_ancestor(cursor, known)
        log.warning("L1 reorganised", cursor=cursor.block_number, common=ancestor.block_number, l1_head=head.number)
        now = self._operations(ancestor.block_number + 1, head) if head.number > ancestor.block_number else []
        gone = _first_gone(following, now)
        if gone is not None:
            if gone.included_in is not None:
                if self._may_come_back(cursor, head):
                    return False
                what = f"L1 dropped operation {gone.operation_id}, which block {gone.included_in} includes"
                raise RollbackNeeded(gone.included_in - 1, what)
            self._store.drop_priority_operations_from(gone.operation_id, ancestor)
        place = L1Cursor(head.number, head.hash) if head.number > ancestor.block_number else ancestor
        self._store.add_priority_operations(now, place)
        self._missing_since, self.head = None, head
        return True

    def _may_come_back(self, cursor: L1Cursor, head: L1Block) -> bool:
        """Whether L1 is perhaps still on its way to its new head: it is shorter than it was, and only just."""
        if head.number >= cursor.block_number:
            return False
        now = time.monotonic()
        if self._missing_since is None:
            self._missing_since = now
        return now - self._missing_since < _GRACE_S

    def _known_operations(self) -> list[PriorityOperation]:
        """All of them, ascending; a reorganisation is rare enough to read them all."""
        known: list[PriorityOperation] = []
        with self._store.snapshot() as snapshot:
            at = 0
            while page := snapshot.priority_operations(at, at + _PAGE - 1):
                known += page
                at += len(page)
        return known

    def _common_ancestor(
        self, cursor: L1Cursor, known: Sequence[PriorityOperation]
    ) -> tuple[L1Cursor, Sequence[PriorityOperation]]:
        """The place of the newest operation whose block is still on L1, and the operations after it."""
        gone = {ZERO_HASH, cursor.block_hash}
        for at in range(len(known) - 1, -1, -1):
            place = L1Cursor(known[at].l1_block_number, known[at].l1_block_hash)
            if place.block_hash not in gone and self._is_on_l1(place):
                return place, known[at + 1 :]
            gone.add(place.block_hash)
        before = self._block(max(0, self._start_block - 1))
        return L1Cursor(before.number, before.hash), known


def _first_gone(known: Sequence[PriorityOperation], now: Sequence[PriorityOperation]) -> PriorityOperation | None:
    """The first operation that L1 no longer has as it was; one whose place was never known is not judged."""
    on_l1 = {operation.operation_id: operation.hash for operation in now}
    for operation in known:
        if operation.l1_block_hash != ZERO_HASH and on_l1.get(operation.operation_id) != operation.hash:
            return operation
    return None


def operation_of(entry: Log) -> PriorityOperation:
    """The operation that a ``NewPriorityRequest`` event asks for.

    Raises:
        L1Diverged: It is another event.
    """
    request = priority_request(entry)
    if request is None:
        raise L1Diverged(f"L1 gave another event than asked for, in transaction 0x{entry.transaction_hash.hex()}")
    return PriorityOperation(
        operation_id=request.priority_id,
        hash=request.canonical_hash,
        canonical=request.transaction.encode(),
        l1_block_number=request.l1_block_number,
        l1_block_hash=request.l1_block_hash,
        l1_tx_hash=request.l1_transaction_hash,
    )
