"""How many bytes of pubdata a transaction can cause at most.

The bound is over the format of ``chain_template.batcher.pubdata``: an account or slot is counted with its longest form,
once for each transaction that changes it, though a batch carries only final values.
"""

from collections.abc import Iterable
from typing import Final

from chain_template.receipts import L2ToL1Log

#: Address, flags, nonce and balance uncompressed, code length, and the header of its group of slots.
ACCOUNT_BYTES: Final = 20 + 1 + 33 + 33 + 4 + 24
#: Slot key and an uncompressed value with its metadata byte.
SLOT_BYTES: Final = 32 + 33
#: Kind, transaction number, sender or hash, and length or status.
LOG_BYTES: Final = 1 + 2 + 32 + 4


def state_bytes(changed: Iterable[tuple[bytes, int | None]], new_code_bytes: int) -> int:
    """Bytes for changed accounts ``(address, None)``, changed slots ``(address, slot)`` and created code."""
    return sum(ACCOUNT_BYTES if slot is None else SLOT_BYTES for _, slot in changed) + new_code_bytes


def log_bytes(logs: Iterable[L2ToL1Log]) -> int:
    """Bytes for L2→L1 logs and their messages."""
    return sum(LOG_BYTES + len(log.message or b"") for log in logs)
