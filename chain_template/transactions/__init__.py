"""Transactions of a chain: what they are, how they are read from bytes, and how an L1 operation becomes one."""

from chain_template.transactions.decode import decode_transaction, decode_transactions, what_was_signed
from chain_template.transactions.intrinsic import intrinsic_gas
from chain_template.transactions.priority import decode_priority_transaction, priority_transaction
from chain_template.transactions.system import decode_system_transaction, system_transaction
from chain_template.transactions.types import (
    PRIORITY_TYPE,
    SYSTEM_TYPE,
    AccessListEntry,
    PriorityFields,
    Signature,
    Transaction,
)

__all__ = [
    "PRIORITY_TYPE",
    "SYSTEM_TYPE",
    "AccessListEntry",
    "PriorityFields",
    "Signature",
    "Transaction",
    "decode_priority_transaction",
    "decode_system_transaction",
    "decode_transaction",
    "decode_transactions",
    "intrinsic_gas",
    "priority_transaction",
    "system_transaction",
    "what_was_signed",
]
