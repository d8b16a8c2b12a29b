"""What a refusal by L1's contracts means for the sender."""

from enum import Enum
from typing import Final

from contracts.errors import TransactionReverted


class Verdict(Enum):
    """What to do about a refused call."""

    WAIT = "wait"
    """Its time has not come; nothing is wrong."""
    RETRY = "retry"
    """It was made for another state than L1's; look again and make a new one."""
    REFUSED = "refused"
    """It will be refused again until someone changes something."""


_VERDICTS: Final = {
    "TimeNotReached": Verdict.WAIT,
    # L1 moved on (or back) between looking and sending, or several nodes answer behind one URL.
    "IncorrectBatchBounds": Verdict.RETRY,
    "BatchHashMismatch": Verdict.RETRY,
    "BatchNumberMismatch": Verdict.RETRY,
    "VerifiedBatchesExceedsCommittedBatches": Verdict.RETRY,
    "CantExecuteUnprovenBatches": Verdict.RETRY,
    "RevertedBatchNotAfterNewLastBatch": Verdict.RETRY,
    "UnprovenBatch": Verdict.RETRY,
    "AlreadyVerified": Verdict.RETRY,
    "WrongPart": Verdict.RETRY,
}


def verdict(error: TransactionReverted) -> Verdict:
    """What a revert means; what is not known to pass by itself is a refusal."""
    return _VERDICTS.get(error.error_name, Verdict.REFUSED)
