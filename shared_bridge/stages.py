"""Where a message is on its way.

====================  ==============================================================================
stage                 a deposit / a withdrawal / a transfer between chains
====================  ==============================================================================
sent                  handed in at its source, in no block yet
included              in L1's queue for the chain / in a block of the source (soft confirmation)
proven                (not for deposits) its batch is proven on L1
claimable             (not for deposits) its batch is executed on L1: anyone may claim it
claimed               the value is there
failed                its transaction reverted; a deposit's L2 half failed (see ``Status.refund``)
dead                  it can never happen: its nonce went to another transaction, or a relayer gave up
====================  ==============================================================================
"""

from enum import Enum
from typing import Final


class MessageStage(Enum):
    """Stage of a message."""

    SENT = "sent"
    INCLUDED = "included"
    PROVEN = "proven"
    CLAIMABLE = "claimable"
    CLAIMED = "claimed"
    FAILED = "failed"
    DEAD = "dead"

    def may_become(self, other: "MessageStage") -> bool:
        """Whether the table has this step."""
        return other in TRANSITIONS[self]

    def reaches(self, other: "MessageStage") -> bool:
        """Whether ``other`` is this stage, or was passed on the way here."""
        return self is other or (self in _WAY and other in _WAY and _WAY.index(self) > _WAY.index(other))

    @property
    def is_final(self) -> bool:
        """Whether nothing comes after it, unless a reorganisation undoes a claim."""
        return self in (MessageStage.CLAIMED, MessageStage.FAILED)


TRANSITIONS: Final[dict[MessageStage, frozenset[MessageStage]]] = {
    MessageStage.SENT: frozenset({MessageStage.INCLUDED, MessageStage.FAILED, MessageStage.DEAD}),
    # Back to sent: a block was reorganised away. Straight to claimed: a deposit, which needs no claim.
    MessageStage.INCLUDED: frozenset(
        {
            MessageStage.SENT,
            MessageStage.PROVEN,
            MessageStage.CLAIMABLE,
            MessageStage.CLAIMED,
            MessageStage.FAILED,
        }
    ),
    # Back to included: the batch was reverted before it was executed.
    MessageStage.PROVEN: frozenset({MessageStage.INCLUDED, MessageStage.CLAIMABLE, MessageStage.CLAIMED}),
    # Dead: a bundle whose calls revert however often they are tried.
    MessageStage.CLAIMABLE: frozenset({MessageStage.CLAIMED, MessageStage.DEAD}),
    # Back to claimable: the block of the claim was reorganised away.
    MessageStage.CLAIMED: frozenset({MessageStage.CLAIMABLE}),
    MessageStage.FAILED: frozenset(),
    # A relayer is told to try again.
    MessageStage.DEAD: frozenset({MessageStage.CLAIMABLE, MessageStage.CLAIMED}),
}
"""What may come next. Steps may be passed over between two looks."""

_WAY: Final = (
    MessageStage.SENT,
    MessageStage.INCLUDED,
    MessageStage.PROVEN,
    MessageStage.CLAIMABLE,
    MessageStage.CLAIMED,
)


class Refund(Enum):
    """What becomes of the money of a deposit whose L2 half failed."""

    NONE = "none"
    """Nothing to give back: the deposit did not fail, or the chain gave the value to its refund recipient."""
    LATER = "later"
    """It can be claimed back once the batch with the failure is executed on L1."""
    CLAIMABLE = "claimable"
    """It can be claimed back now."""
    CLAIMED = "claimed"
    """It was given back."""
