"""What the router acts through, as a protocol: :mod:`cluster.router.bridge` is the real one, tests have fakes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from cluster.router.messages import Found, Look, MessageInfo, Order

Record = Callable[[bytes, bytes], None]
"""Takes hash and signed transaction before that is handed in."""


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where the L1 and the chains are reached.

    Attributes:
        chains: Chain name → JSON-RPC URL.
    """

    l1_url: str
    chains: Mapping[str, str]


class Bridge(Protocol):
    """Moves messages; keeps nothing, so every call may be repeated.

    Every method may raise :class:`shared_bridge.errors.BridgeError`; ``RpcLost`` means that trying again is right.
    """

    def submit(self, order: Order, private_key: bytes, record: Record) -> Found:
        """Sign and hand in an order's transaction and wait for its block; returns what it sent."""

    def resend(self, source: str, raw: bytes) -> None:
        """Hand a signed transaction in again; nothing happens if the node has it."""

    def find(self, source: str, transaction_hash: bytes) -> Sequence[Found]:
        """What a transaction sent; raises :class:`shared_bridge.errors.UnknownMessage`."""

    def look(self, message: MessageInfo) -> Look:
        """Where a message is."""

    def claim(self, message: MessageInfo) -> bytes | None:
        """Bring a message to its destination, or a deposit that failed back to its sender, and wait for the block.

        Returns the transaction's hash.

        Raises:
            NotClaimable: Not yet; what it takes (a root on the destination) has been asked for.
            AlreadyClaimed: Somebody did.
        """

    def head(self, chain: str) -> int:
        """Number of a chain's latest block."""

    def sent(self, chain: str, first: int, last: int) -> Sequence[Found]:
        """Everything users sent from a chain in these blocks."""
