"""Transactions of the hub that must happen once: they are recorded, signed, before they are sent."""

from contracts.client import L1Client
from contracts.errors import AlreadyKnown, NonceTooLow
from ecosystem.records import L1Payment


def is_under_way(client: L1Client, payment: L1Payment) -> bool:
    """Whether a recorded transaction is in a block, or can still get there; it is handed in again."""
    if client.get_receipt(payment.hash) is not None:
        return True
    try:
        client.send_raw(payment.raw)
    except AlreadyKnown:
        return True
    except NonceTooLow:
        # Something else took its nonce before it was sent, or it was included just now.
        return client.get_receipt(payment.hash) is not None
    return True
