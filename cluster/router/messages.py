"""What the router keeps of a message. Its stages and their transitions are :mod:`shared_bridge.stages`'."""

import hashlib
from dataclasses import dataclass
from enum import StrEnum

from shared_bridge.stages import TRANSITIONS, MessageStage, Refund


class MessageKind(StrEnum):
    """What a message does."""

    DEPOSIT = "deposit"
    """From L1 to a chain; nobody has to claim it."""
    WITHDRAWAL = "withdrawal"
    """From a chain to L1, where it is claimed."""
    TRANSFER = "transfer"
    """From a chain to a chain, where its bundle is executed."""


@dataclass(frozen=True, slots=True)
class Order:
    """What somebody wants to move.

    Attributes:
        source, destination: ``l1`` or a chain's name.
        token: ``eth``, an address where the value leaves from, or an asset id.
        amount: In the token's smallest unit.
        sender: Address that pays.
        receiver: Address that is paid.
    """

    kind: MessageKind
    source: str
    destination: str
    token: str
    amount: int
    sender: str
    receiver: str


@dataclass(frozen=True, slots=True)
class Found:
    """A message that stands in a block of its source.

    Attributes:
        transaction_hash: The transaction that sent it.
        position: Which of that transaction's messages it is, from 0 on.
        handle: What the bridge needs to find it again; the router only keeps it.
    """

    order: Order
    transaction_hash: bytes
    position: int
    handle: str


@dataclass(frozen=True, slots=True)
class Look:
    """What the chains say of a message at one moment.

    Attributes:
        detail: What it waits for or why it failed, in words.
        refund: What becomes of the money of a deposit that failed.
    """

    stage: MessageStage
    detail: str = ""
    refund: Refund = Refund.NONE


@dataclass(frozen=True, slots=True)
class MessageInfo:
    """A message as everyone may see it. Times are seconds since the epoch.

    Attributes:
        id: Its name in this hub.
        request: The name its sender gave the order; empty for a message that was found on a chain.
        transaction_hash: None until its transaction is signed.
        position: Which of that transaction's messages it is.
        handle: What the bridge needs to find it again; empty while the transaction is in no block.
        relay: Whether the router claims it.
        times: Stage → when it was reached.
        attempts: Failed attempts to claim it.
        not_before: Earliest time of the next look.
        error: What went wrong last; empty when all is well.
        refund: What becomes of the money of a deposit that failed.
    """

    id: str
    order: Order
    request: str
    transaction_hash: bytes | None
    position: int
    handle: str
    stage: MessageStage
    times: dict[MessageStage, float]
    claim_transaction: bytes | None
    relay: bool
    attempts: int
    not_before: float
    error: str
    refund: Refund = Refund.NONE

    @property
    def is_refund_open(self) -> bool:
        """Whether its depositor's money is still to be claimed back."""
        return self.refund in (Refund.LATER, Refund.CLAIMABLE)

    @property
    def since(self) -> float:
        """When it reached the stage it is in."""
        return self.times[self.stage]

    @property
    def created_at(self) -> float:
        """When the router first heard of it."""
        return min(self.times.values())


def id_of_request(request: str) -> str:
    """The id of the message that an order with this name becomes."""
    return _digest("request", request)


def id_of_found(source: str, transaction_hash: bytes, position: int) -> str:
    """The id of a message that was found on a chain: the same whoever finds it, however often."""
    return _digest(source, transaction_hash.hex(), str(position))


def _digest(*parts: str) -> str:
    return "m" + hashlib.sha256("\0".join(parts).encode()).hexdigest()[:15]


def may_pass_to(old: MessageStage, new: MessageStage) -> bool:
    """Whether some steps of the stages' table lead from one to the other; a look may miss those in between."""
    reached: set[MessageStage] = {old}
    ahead = [old]
    while ahead:
        following = TRANSITIONS[ahead.pop()] - reached
        reached |= following
        ahead += following
    return new in reached
