"""Rows and the records they stand for, both ways."""

import json
from collections.abc import Iterable, Sequence
from typing import Any, Final, overload

from chain_template.headers import BlockHeader
from chain_template.primitives import to_int
from chain_template.receipts import L2ToL1Log, Log
from chain_template.store.lru import ByteLru
from chain_template.store.records import BatchRecord, BatchStage, PriorityOperation, StoredLog
from chain_template.store.schema import LOG_INDEX_BITS
from chain_template.store.stages import STAGE_RANK
from chain_template.transactions.stored import decode_block_transaction
from chain_template.transactions.types import Transaction

Row = tuple[Any, ...]

_HEADER_CACHE_BYTES: Final = 8 << 20
_TRANSACTION_CACHE_BYTES: Final = 32 << 20
#: What a decoded object costs on top of its bytes, roughly.
_OBJECT_BYTES: Final = 1_000

_LOG_INDEX_MASK: Final = (1 << LOG_INDEX_BITS) - 1
_HASH_BYTES: Final = 32
_ADDRESS_BYTES: Final = 20
LEAF_BYTES: Final = 88


class Decoder:
    """Decodes headers and transactions, and remembers them by hash: what a hash names never changes."""

    def __init__(self, chain_id: int) -> None:
        self.chain_id = chain_id
        self._headers: ByteLru[BlockHeader] = ByteLru(_HEADER_CACHE_BYTES)
        self._transactions: ByteLru[Transaction] = ByteLru(_TRANSACTION_CACHE_BYTES)

    def header(self, block_hash: bytes, encoded: bytes) -> BlockHeader:
        """The header with this hash."""
        header = self._headers.get(block_hash)
        if header is None:
            header = BlockHeader.decode(encoded)
            self.remember_header(header)
        return header

    def transaction(self, tx_hash: bytes, raw: bytes, sender: bytes) -> Transaction:
        """The transaction with this hash."""
        transaction = self._transactions.get(tx_hash)
        if transaction is None:
            transaction = decode_block_transaction(raw, self.chain_id, sender=sender)
            self.remember_transaction(transaction)
        return transaction

    def remember_header(self, header: BlockHeader) -> None:
        """Save decoding it again."""
        self._headers.put(header.hash, header, 2 * _OBJECT_BYTES)

    def remember_transaction(self, transaction: Transaction) -> None:
        """Save decoding it again."""
        self._transactions.put(transaction.hash, transaction, _OBJECT_BYTES + 2 * len(transaction.raw))


class StoredTransactions(Sequence[Transaction]):
    """The transactions of a block, each decoded when it is looked at.

    Args:
        rows: (hash, raw, sender) of each.
    """

    def __init__(self, rows: list[Row], decoder: Decoder) -> None:
        self._rows = rows
        self._decoder = decoder

    @overload
    def __getitem__(self, index: int) -> Transaction: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Transaction]: ...
    def __getitem__(self, index: int | slice) -> Transaction | Sequence[Transaction]:
        if isinstance(index, slice):
            return tuple(self._decoder.transaction(*row) for row in self._rows[index])
        return self._decoder.transaction(*self._rows[index])

    def __len__(self) -> int:
        return len(self._rows)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(row[0] for row in self._rows))


TRANSACTION_COLUMNS: Final = (
    "t.id, t.hash, t.raw, t.sender, t.received_at_ms, t.status, t.gas_used, t.cumulative_gas_used, "
    "t.effective_gas_price, t.contract_address, t.logs_bloom, t.first_log_index, t.log_count"
)
LOG_COLUMNS: Final = "l.id, l.tx_index, l.address, l.topic0, l.topic1, l.topic2, l.topic3, l.data"
L2_LOG_COLUMNS: Final = "id, tx_index, is_service, sender, key, value, message"


def log_of(row: Row) -> Log:
    """A receipt's log from ``LOG_COLUMNS``."""
    return Log(row[2], _topics(row), row[7])


def stored_log(row: Row) -> StoredLog:
    """A filter's find from ``LOG_COLUMNS``, block hash, transaction hash and batch number."""
    return StoredLog(
        address=row[2],
        topics=_topics(row),
        data=row[7],
        block_number=row[0] >> LOG_INDEX_BITS,
        block_hash=row[8],
        transaction_hash=row[9],
        transaction_index=row[1],
        log_index=row[0] & _LOG_INDEX_MASK,
        batch_number=row[10],
    )


def _topics(row: Row) -> tuple[bytes, ...]:
    return tuple(topic for topic in row[3:7] if topic is not None)


def l2_to_l1_log(row: Row) -> L2ToL1Log:
    """From ``L2_LOG_COLUMNS``."""
    return L2ToL1Log(bool(row[2]), row[1], row[3], row[4], row[5], row[6])


BATCH_COLUMNS: Final = (
    "number, stage, first_block, last_block, l1_tx_count, l2_tx_count, tx_count, prev_state_commitment, "
    "state_commitment, batch_output_hash, public_input, l2_logs_root, pubdata_bytes, seal_reason, commit_info, "
    "stage_times_ms, l1_transactions, proof_mode"
)


def batch_record(row: Row) -> BatchRecord:
    """From ``BATCH_COLUMNS``."""
    fields: list[Any] = [*row[:1], BatchStage(row[1]), *row[2:15], json.loads(row[15]), json.loads(row[16]), row[17]]
    return BatchRecord(*fields)


def batch_row(record: BatchRecord) -> Row:
    """``BATCH_COLUMNS`` and the rank of the stage."""
    return (
        record.number,
        record.stage.value,
        record.first_block,
        record.last_block,
        record.l1_tx_count,
        record.l2_tx_count,
        record.tx_count,
        record.prev_state_commitment,
        record.state_commitment,
        record.batch_output_hash,
        record.public_input,
        record.l2_logs_root,
        record.pubdata_bytes,
        record.seal_reason,
        record.commit_info,
        json.dumps(record.stage_times_ms),
        json.dumps(record.l1_transactions),
        record.proof_mode,
        STAGE_RANK[record.stage],
    )


PRIORITY_COLUMNS: Final = "id, hash, canonical, l1_block_number, l1_block_hash, l1_tx_hash, included_in"


def priority_operation(row: Row) -> PriorityOperation:
    """From ``PRIORITY_COLUMNS``."""
    return PriorityOperation(*row)


def pack_hashes(hashes: Iterable[bytes]) -> bytes:
    """Hashes of 32 bytes as one string, sorted."""
    return b"".join(sorted(hashes))


def unpack_hashes(packed: bytes) -> frozenset[bytes]:
    """Undo :func:`pack_hashes`."""
    return frozenset(packed[at : at + _HASH_BYTES] for at in range(0, len(packed), _HASH_BYTES))


def pack_touched(touched: Iterable[tuple[bytes, int | None]]) -> bytes:
    """Touched accounts (address ‖ 00) and slots (address ‖ 01 ‖ slot of 32 bytes) as one string."""
    return b"".join(
        address + (b"\x00" if slot is None else b"\x01" + slot.to_bytes(32, "big")) for address, slot in touched
    )


def unpack_touched(packed: bytes) -> frozenset[tuple[bytes, int | None]]:
    """Undo :func:`pack_touched`."""
    touched: set[tuple[bytes, int | None]] = set()
    at = 0
    while at < len(packed):
        flag = at + _ADDRESS_BYTES
        address, at = packed[at:flag], flag + 1
        if packed[flag] == 0:
            touched.add((address, None))
        else:
            touched.add((address, to_int(packed[at : at + 32])))
            at += 32
    return frozenset(touched)


def unpack_leaves(packed: bytes) -> list[bytes]:
    """The 88-byte leaves of a batch's log tree."""
    return [packed[at : at + LEAF_BYTES] for at in range(0, len(packed), LEAF_BYTES)]
