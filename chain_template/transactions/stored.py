"""Reading a transaction of any type back from where its sender is already known: the store, and the block log."""

from chain_template.transactions.decode import decode_transaction
from chain_template.transactions.priority import decode_priority_transaction
from chain_template.transactions.system import decode_system_transaction
from chain_template.transactions.types import PRIORITY_TYPE, SYSTEM_TYPE, Transaction


def decode_block_transaction(raw: bytes, chain_id: int, *, sender: bytes | None = None) -> Transaction:
    """Decode a transaction as it stands in a block, whatever its type.

    Args:
        raw: EIP-2718 bytes.
        chain_id: The chain the block belongs to.
        sender: Its sender where that is known; otherwise it is recovered.

    Raises:
        TransactionError: The bytes are not a transaction of this chain.
    """
    kind = raw[0] if raw else None
    if kind == PRIORITY_TYPE:
        return decode_priority_transaction(raw)
    if kind == SYSTEM_TYPE:
        return decode_system_transaction(raw, chain_id)
    return decode_transaction(raw, chain_id, sender=sender)
