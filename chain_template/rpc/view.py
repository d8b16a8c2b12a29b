"""What one request sees: one snapshot of the chain, opened when first needed and the same for a whole batch array."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from chain_template.ancestors import hashes_before
from chain_template.executor.interface import BlockContext
from chain_template.headers import BlockHeader
from chain_template.rpc.backend import RpcBackend
from chain_template.rpc.errors import HistoryLost, RequestTimeout, ServerError
from chain_template.rpc.params import BlockId
from chain_template.state import StateReader
from chain_template.store import Snapshot
from chain_template.store.records import BatchStage, StoredBlock

if TYPE_CHECKING:
    from chain_template.rpc.filters import FilterBook

#: Tags that mean the head on every chain; what is pending on top of it is each method's own business.
_HEAD_TAGS = frozenset({"latest", "pending", "committed"})
_STAGE_OF_TAG = {
    "safe": BatchStage.COMMITTED,
    "l1_committed": BatchStage.COMMITTED,
    "finalized": BatchStage.EXECUTED,
}


@dataclass(frozen=True)
class Services:
    """What outlives a request.

    Attributes:
        filters: The polling filters of all clients.
    """

    backend: RpcBackend
    filters: "FilterBook"


class View:
    """One consistent look at the chain.

    Args:
        services: What outlives the request.
        deadline: ``time.monotonic()`` value after which work on it stops.
        sender: Of the transaction that the request brings, where it was recovered before.
    """

    def __init__(self, services: Services, deadline: float, sender: bytes | None = None) -> None:
        self.services = services
        self.backend = services.backend
        self.config = services.backend.config
        self.deadline = deadline
        self.sender = sender
        self._opened: AbstractContextManager[Snapshot] | None = None
        self._states: dict[bytes, StateReader] = {}

    def __enter__(self) -> "View":
        return self

    def __exit__(self, *exc: object) -> None:
        if self._opened is not None:
            self._opened.__exit__(None, None, None)
            self._opened = None

    @cached_property
    def snapshot(self) -> Snapshot:
        """The chain as it was when this was first asked for."""
        opening = self.backend.store.snapshot()
        snapshot = opening.__enter__()
        self._opened = opening
        return snapshot

    @property
    def has_l1(self) -> bool:
        """Whether the chain settles on an L1, and so has batches."""
        return self.config.l1 is not None

    def check_time(self) -> None:
        """Stop when the request's time is up.

        Raises:
            RequestTimeout: It is.
        """
        if time.monotonic() > self.deadline:
            raise RequestTimeout("request timed out")

    # -- blocks ------------------------------------------------------------------------------------------------------

    def number_of(self, block: BlockId) -> int | None:
        """Number of the block a client names; None when a hash is unknown. A number may lie above the head."""
        if block.hash is not None:
            header = self.snapshot.header_by_hash(block.hash)
            return None if header is None else header.number
        if block.number is not None:
            return block.number
        if block.tag in _HEAD_TAGS:
            return self.snapshot.head_number
        if block.tag == "earliest":
            return 0
        assert block.tag is not None
        return self._settled_number(_STAGE_OF_TAG[block.tag])

    def header(self, block: BlockId) -> BlockHeader:
        """Header of the block a client names; that of the head for "pending".

        Raises:
            ServerError: There is none.
        """
        number = self.number_of(block)
        if number == self.snapshot.head_number:
            return self.snapshot.head
        found = None if number is None else self.snapshot.header(number)
        if found is None:
            if number is not None:
                self.require_history(number, number)
            raise ServerError(f"header not found: there is no block {block}")
        return found

    def block(self, block: BlockId) -> StoredBlock | None:
        """The block a client names, or None; without its transactions where only its header was recovered from L1.

        Raises:
            HistoryLost: Not even its header was.
        """
        number = self.number_of(block)
        found = None if number is None else self.snapshot.block(number)
        if found is None and number is not None:
            self.require_history(number, number)
        return found

    def require_history(self, first: int, last: int) -> None:
        """Refuse to speak of what blocks ``first`` … ``last`` hold, where that is not known.

        Raises:
            HistoryLost: One of them was recovered from L1.
        """
        for lost_first, lost_last in self.snapshot.lost_blocks():
            if first <= lost_last and last >= lost_first:
                raise HistoryLost(
                    f"pruned history unavailable: blocks {lost_first} to {lost_last} were recovered from L1",
                    hint="L1 shows the state after them, not their transactions, receipts and logs",
                )

    def _settled_number(self, stage: BatchStage) -> int:
        """Last block of the last batch at ``stage``: genesis before the first, the head where nothing settles."""
        if not self.has_l1:
            return self.snapshot.head_number
        number = self.snapshot.last_batch_at(stage)
        batch = self.snapshot.batch(number) if number else None
        return 0 if batch is None else batch.last_block

    # -- state -------------------------------------------------------------------------------------------------------

    def state(self, block: BlockId) -> StateReader:
        """The state after the block a client names.

        Raises:
            ServerError: There is no such block.
        """
        return self.state_at(self.header(block).state_root)

    def state_at(self, root: bytes) -> StateReader:
        """The state with this root."""
        if root not in self._states:
            self._states[root] = StateReader(self.backend.store.nodes, root)
        return self._states[root]

    def context(self, block: BlockId) -> BlockContext:
        """The environment in which a call on that block runs: the block's own, or the next one's for "pending".

        Raises:
            ServerError: There is no such block.
        """
        if block.tag == "pending":
            return self.backend.pending_context(self.snapshot)
        return self.context_of(self.header(block))

    def context_of(self, header: BlockHeader) -> BlockContext:
        """The environment in which the block with this header was executed."""
        parent = self.snapshot.header(header.number - 1) if header.number else None
        if parent is None:
            # Genesis has no parent; a call on it only needs the number to come out as 0.
            parent = replace(header, number=header.number - 1)
        return BlockContext(
            parent=parent,
            timestamp=header.timestamp,
            fee_recipient=header.coinbase,
            gas_limit=header.gas_limit,
            base_fee_per_gas=header.base_fee_per_gas,
            block_hashes=hashes_before(self.snapshot, header.number),
            extra_data=header.extra_data,
        )

    def fresh(self, read: Callable[[Snapshot], Any]) -> Any:
        """Read from a snapshot opened just now, beside the request's own."""
        with self.backend.store.snapshot() as snapshot:
            return read(snapshot)
