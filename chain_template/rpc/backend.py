"""What the endpoint asks of a node."""

from collections.abc import Sequence
from typing import Protocol

from chain_template.config import ChainConfig
from chain_template.errors import ChainError
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


class KnownRootLike(Protocol):
    """A message root that L1 remembers."""

    @property
    def block_number(self) -> int:
        """The L1 block."""
        ...

    @property
    def root(self) -> bytes:
        """32 bytes."""
        ...


class MessageRootProofLike(Protocol):
    """A way from a batch's root to a message root."""

    @property
    def root(self) -> KnownRootLike:
        """Where it ends."""
        ...

    def with_log(self, log_words: Sequence[bytes]) -> list[bytes]:
        """The words of the whole proof, from those of the log's own path."""
        ...


class SettlementLike(Protocol):
    """The part of a node that watches L1."""

    @property
    def protocol_version(self) -> int | None:
        """Which version the chain's contract is on, packed; None until L1 was looked at."""
        ...

    def l1_head(self) -> L1HeadLike | None:
        """The newest L1 block seen, or None before the first."""
        ...

    def message_root_proof(self, batch_number: int, l1_block: int | None) -> MessageRootProofLike | None:
        """Proof that an executed batch is under the message root of an L1 block (None: of its execution).

        Raises:
            L1Error: L1 does not answer.
        """
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

    def submit(self, raw: bytes, sender: bytes | None = None) -> bytes:
        """Take a signed transaction into the pool; returns its hash. Its sender may have been recovered before.

        Raises:
            TransactionError: Why it is not acceptable.
        """
        ...

    def submit_many(self, raws: Sequence[bytes]) -> list[bytes | ChainError]:
        """The same for many, in this order; gives an error for each that is not acceptable."""
        ...

    def request_interop_root(self, l1_block: int) -> tuple[bytes, int | None]:
        """Import the message root of an L1 block; returns it, and the chain's block that imported it, if one has.

        Raises:
            NoMessageRoot: L1 has none for that block.
            L1Error: L1 does not answer.
        """
        ...

    def pending_context(self, snapshot: Snapshot) -> BlockContext:
        """The environment of the block that would come after the snapshot's head."""
        ...
