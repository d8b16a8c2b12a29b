"""What the endpoint asks of a node."""

from typing import Protocol

from chain_template.config import ChainConfig
from chain_template.events import EventBus
from chain_template.executor.interface import BlockContext, Executor
from chain_template.mempool import Mempool
from chain_template.store import Snapshot, Store


class L1HeadLike(Protocol):
    """The newest L1 block a chain has seen."""

    @property
    def base_fee(self) -> int:
        """Wei per gas."""
        ...


class SettlementLike(Protocol):
    """The part of a node that watches L1."""

    def l1_head(self) -> L1HeadLike | None:
        """The newest L1 block seen, or None before the first."""
        ...


class RpcBackend(Protocol):
    """A running chain, as its JSON-RPC endpoint sees it; :class:`~chain_template.node.ChainNode` is one."""

    config: ChainConfig
    store: Store
    executor: Executor
    mempool: Mempool
    events: EventBus

    @property
    def settlement(self) -> SettlementLike | None:
        """None on a chain without a settlement layer."""
        ...

    def submit(self, raw: bytes) -> bytes:
        """Take a signed transaction into the pool; returns its hash.

        Raises:
            TransactionError: Why it is not acceptable.
        """
        ...

    def pending_context(self, snapshot: Snapshot) -> BlockContext:
        """The environment of the block that would come after the snapshot's head."""
        ...
