"""The store: everything a chain keeps, one SQLite database and one block log in one directory."""

from chain_template.store.records import (
    BatchRecord,
    BatchStage,
    BlockExecution,
    L1Cursor,
    LogFilter,
    PriorityOperation,
    StoredBlock,
    StoredLog,
    StoredReceipt,
    TransactionPosition,
)
from chain_template.store.snapshot import Snapshot
from chain_template.store.store import GenesisBlock, Store

__all__ = [
    "BatchRecord",
    "BatchStage",
    "BlockExecution",
    "GenesisBlock",
    "L1Cursor",
    "LogFilter",
    "PriorityOperation",
    "Snapshot",
    "Store",
    "StoredBlock",
    "StoredLog",
    "StoredReceipt",
    "TransactionPosition",
]
