"""When a batch is sealed: the criteria, and the running totals they look at."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from chain_template.batcher.compression import MAX_COMPRESSED_BYTES
from chain_template.batcher.log_tree import MAX_LOGS
from chain_template.batcher.output import MAX_TRANSACTIONS
from chain_template.config import BatchSettings

#: Version, lengths and counts of pubdata, and the longest header.
FIXED_PUBDATA_BYTES: Final = 1 + 4 + 2 + 4 + 800
#: Address, fields, a nonce below 2^64, a balance below 2^128 (more does not exist), and the count of slots.
_ACCOUNT_BYTES: Final = 20 + 1 + 9 + 17 + 4
#: Key and the longest compressed value.
_SLOT_BYTES: Final = 32 + MAX_COMPRESSED_BYTES
_CODE_DEPOSIT_GAS: Final = 200
_TRANSACTION_GAS: Final = 21_000
#: Pairs of chain and asset in a batch. L1 moves two balances for each, in the one transaction that executes the batch.
#: One block cannot hold so many: each is published with the call that brings it, and a block's pubdata is bounded.
MAX_INTEROP_FLOWS: Final = 300
#: Message roots in a batch, each six words of calldata when it is executed.
MAX_INTEROP_ROOTS: Final = 200


def pubdata_bound(touched: Iterable[tuple[bytes, int | None]], gas_used: int, transactions: int) -> int:
    """Bytes that a block's state changes take at most, found without looking at them.

    Args:
        touched: Accounts (address, None) and slots (address, slot) that may have changed.
        gas_used: Of the block; what is not the transactions' own gas may have paid for new code (EIP-170's deposit).
        transactions: How many of them paid their own gas.
    """
    state = sum(_ACCOUNT_BYTES if slot is None else _SLOT_BYTES for _, slot in touched)
    return state + max(0, gas_used - _TRANSACTION_GAS * transactions) // _CODE_DEPOSIT_GAS


class SealReason(StrEnum):
    """Why a batch ended where it did."""

    AGE = "age"
    """Its first block is old enough."""
    BLOCKS = "blocks"
    GAS = "gas"
    PUBDATA = "pubdata"
    PROOF = "proof"
    """One proof holds no more."""
    LOGS = "logs"
    PRIORITY_OPERATIONS = "priority_operations"
    INTEROP_FLOWS = "interop_flows"
    """It sends so many assets to so many chains that L1 could hardly move them in one transaction."""
    INTEROP_ROOTS = "interop_roots"
    """L1 is told of every message root that a batch imports, in the one transaction that executes it."""
    TRANSACTIONS = "transactions"
    """Log leaves number transactions with 16 bits."""
    REQUEST = "request"
    """Someone asked for it: the chain is being halted, or a test cannot wait."""
    L1 = "l1"
    """L1 has this batch already, with these blocks; this store has lost it."""
    RECOVERED = "recovered"
    """It was taken from L1, which does not show its blocks."""


@dataclass(slots=True)
class MeasuredBlock:
    """What one block adds to a batch.

    Attributes:
        first_seen_ms: Unix milliseconds; when the batcher first saw it, or when its second ended if that is earlier.
        flows: Pairs of chain and asset that it sends value to and of.
        roots: Message roots that it imports.
        proof_share: How much of one proof it takes alone; 0 where nobody counts.
        pubdata_bound: Bytes it publishes at most.
        measure_pubdata: Finds how many it really publishes; slower, so asked only when the bound is too much.
    """

    number: int
    hash: bytes
    first_seen_ms: int
    gas: int
    transactions: int
    logs: int
    operations: int
    flows: frozenset[tuple[int, bytes]]
    roots: int
    proof_share: float
    pubdata_bound: int
    measure_pubdata: Callable[[], int]
    is_measured: bool = False

    def tighten(self) -> None:
        """Replace the bound by the measure."""
        if not self.is_measured:
            self.pubdata_bound, self.is_measured = self.measure_pubdata(), True


class OpenBatch:
    """The blocks that are in no batch yet, as far as they fit one."""

    def __init__(self, settings: BatchSettings) -> None:
        self._settings = settings
        self.blocks: list[MeasuredBlock] = []

    def refuses(self, block: MeasuredBlock) -> SealReason | None:
        """Why ``block`` cannot join, so that the batch must be sealed without it; None when it can.

        A first block always can: it must go somewhere.
        """
        if not self.blocks:
            return None
        settings = self._settings
        together = [*self.blocks, block]
        if len(together) > settings.max_blocks:
            return SealReason.BLOCKS
        if sum(item.gas for item in together) > settings.max_gas:
            return SealReason.GAS
        if sum(item.logs for item in together) > min(settings.max_l2_to_l1_logs, MAX_LOGS):
            return SealReason.LOGS
        if sum(item.operations for item in together) > settings.max_priority_operations:
            return SealReason.PRIORITY_OPERATIONS
        if len(frozenset().union(*(item.flows for item in together))) > MAX_INTEROP_FLOWS:
            return SealReason.INTEROP_FLOWS
        if sum(item.roots for item in together) > MAX_INTEROP_ROOTS:
            return SealReason.INTEROP_ROOTS
        if sum(item.transactions for item in together) > MAX_TRANSACTIONS:
            return SealReason.TRANSACTIONS
        if sum(item.proof_share for item in together) > 1:
            return SealReason.PROOF
        if not self._fits_pubdata(together):
            return SealReason.PUBDATA
        return None

    def add(self, block: MeasuredBlock) -> None:
        """Take a block that is not refused."""
        self.blocks.append(block)

    def without_last(self) -> "OpenBatch":
        """The same blocks but the last one."""
        shorter = OpenBatch(self._settings)
        shorter.blocks = self.blocks[:-1]
        return shorter

    def is_full(self) -> SealReason | None:
        """Why nothing more can follow, whatever it is."""
        if len(self.blocks) >= self._settings.max_blocks:
            return SealReason.BLOCKS
        return None

    def is_due(self, now_ms: int) -> bool:
        """Whether the first block has waited long enough."""
        return bool(self.blocks) and now_ms - self.blocks[0].first_seen_ms >= self._settings.max_age_ms

    def _fits_pubdata(self, blocks: list[MeasuredBlock]) -> bool:
        """Each block's own state diff is measured; together they publish no more, as a key is published once."""
        room = self._settings.max_pubdata_bytes - FIXED_PUBDATA_BYTES
        if sum(block.pubdata_bound for block in blocks) <= room:
            return True
        for block in blocks:
            block.tighten()
        return sum(block.pubdata_bound for block in blocks) <= room
