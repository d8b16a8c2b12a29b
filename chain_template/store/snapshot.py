"""A consistent view of everything a chain has stored, for as long as it is held."""

import sqlite3
from typing import Any, Final

from chain_template.errors import StoreError, TooManyResults
from chain_template.headers import BlockHeader
from chain_template.primitives import to_int
from chain_template.receipts import Log, Receipt
from chain_template.store.faults import Faults
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
from chain_template.store.rows import (
    BATCH_COLUMNS,
    L2_LOG_COLUMNS,
    LOG_COLUMNS,
    PRIORITY_COLUMNS,
    TRANSACTION_COLUMNS,
    Decoder,
    Row,
    StoredTransactions,
    batch_record,
    l2_to_l1_log,
    log_of,
    priority_operation,
    stored_log,
    unpack_hashes,
    unpack_leaves,
    unpack_touched,
)
from chain_template.store.schema import LOG_INDEX_BITS, TX_INDEX_BITS, first_log_key, first_tx_key
from chain_template.store.stages import STAGE_RANK
from chain_template.store.writes import lost_blocks
from chain_template.transactions.types import Transaction

_EMPTY_BLOOM: Final = bytes(256)
_TX_INDEX_MASK: Final = (1 << TX_INDEX_BITS) - 1
#: SQLite takes at most 32,766 parameters in one statement.
_MAX_FILTER_TERMS: Final = 10_000
#: An EVM log has no more.
_MAX_TOPICS: Final = 4
_BLOCK_COLUMNS: Final = "number, hash, header, size, batch_number, first_tx_in_batch"
_RECEIPT_QUERY: Final = (
    f"SELECT {TRANSACTION_COLUMNS}, b.hash, b.batch_number, b.first_tx_in_batch FROM transactions t "
    f"JOIN blocks b ON b.number = t.id >> {TX_INDEX_BITS} "
)


class Snapshot:
    """One read transaction: what is committed after it began does not show.

    Get one from :meth:`Store.snapshot`, use it in one thread at a time and do not keep it: while it is held, the
    database cannot shrink its write-ahead log.

    Attributes:
        head: Header of the last block.
        head_number: Its number.
    """

    def __init__(self, db: sqlite3.Connection, decoder: Decoder, faults: Faults) -> None:
        self._db = db
        self._decoder = decoder
        self._faults = faults
        row = self._one("SELECT hash, header FROM blocks ORDER BY number DESC LIMIT 1")
        if row is None:
            raise faults.corrupt("it has no block")
        self.head: BlockHeader = decoder.header(*row)
        self.head_number: int = self.head.number

    # Blocks and transactions

    def header(self, number: int) -> BlockHeader | None:
        """Header of block ``number``."""
        row = self._one("SELECT hash, header FROM blocks WHERE number = ?", sql_integer(number))
        return self._decoder.header(*row) if row else None

    def header_by_hash(self, block_hash: bytes) -> BlockHeader | None:
        """Header of the block with this hash."""
        row = self._one("SELECT hash, header FROM blocks WHERE hash = ?", block_hash)
        return self._decoder.header(*row) if row else None

    def block(self, number: int) -> StoredBlock | None:
        """Block ``number`` with its transactions."""
        return self._block(self._one(f"SELECT {_BLOCK_COLUMNS} FROM blocks WHERE number = ?", sql_integer(number)))

    def block_by_hash(self, block_hash: bytes) -> StoredBlock | None:
        """The block with this hash."""
        return self._block(self._one(f"SELECT {_BLOCK_COLUMNS} FROM blocks WHERE hash = ?", block_hash))

    def block_hashes_before(self, number: int, count: int = 256) -> list[bytes]:
        """Hashes of up to ``count`` blocks below ``number``, latest first, as far as they are known without a gap.

        Of what was recovered from L1 only the ends of batches are known, and the block before each.
        """
        rows = self._all(
            "SELECT number, hash FROM blocks WHERE number < ? AND number >= ? ORDER BY number DESC",
            sql_integer(number),
            sql_integer(number) - count,
        )
        known = [row[1] for at, row in enumerate(rows, start=1) if row[0] == number - at]
        if known and len(known) < min(count, number):
            oldest = self.header(number - len(known))
            assert oldest is not None
            known.append(oldest.parent_hash)
        return known

    def transaction(self, tx_hash: bytes) -> tuple[Transaction, TransactionPosition] | None:
        """The transaction with this hash, and where it stands."""
        row = self._one(_RECEIPT_QUERY + "WHERE t.hash = ?", tx_hash)
        if row is None:
            return None
        return self._decoder.transaction(row[1], row[2], row[3]), _position(row)

    def receipt(self, tx_hash: bytes) -> StoredReceipt | None:
        """The receipt of the transaction with this hash."""
        row = self._one(_RECEIPT_QUERY + "WHERE t.hash = ?", tx_hash)
        if row is None:
            return None
        first = first_log_key(row[0] >> TX_INDEX_BITS) + row[11]
        return self._receipts([row], self._logs_between(first, first + row[12]))[0]

    def receipts(self, block_number: int) -> list[StoredReceipt]:
        """All receipts of a block, in order; none for a block that does not exist."""
        rows = self._all(
            _RECEIPT_QUERY + "WHERE t.id >= ? AND t.id < ? ORDER BY t.id",
            first_tx_key(block_number),
            first_tx_key(block_number + 1),
        )
        logs = self._logs_between(first_log_key(block_number), first_log_key(block_number + 1))
        return self._receipts(rows, logs)

    def logs(self, query: LogFilter, limit: int) -> list[StoredLog]:
        """The logs that a filter finds, in chain order.

        Raises:
            TooManyResults: There are more than ``limit``.
            StoreError: The filter has more terms than a query can hold.
        """
        if len(query.topics) > _MAX_TOPICS:
            return []
        terms, values, index = _log_terms(query)
        if len(values) > _MAX_FILTER_TERMS:
            raise StoreError(f"the filter names {len(values)} addresses and topics; the most is {_MAX_FILTER_TERMS}")
        rows = self._all(
            f"SELECT {LOG_COLUMNS}, b.hash, t.hash, b.batch_number FROM logs l {index} "
            f"CROSS JOIN blocks b ON b.number = l.id >> {LOG_INDEX_BITS} "
            f"CROSS JOIN transactions t ON t.id = ((l.id >> {LOG_INDEX_BITS}) << {TX_INDEX_BITS}) | l.tx_index "
            f"WHERE l.id >= ? AND l.id < ?{terms} ORDER BY l.id LIMIT ?",
            first_log_key(max(query.from_block, 0)),
            first_log_key(query.to_block + 1),
            *values,
            limit + 1,
        )
        if len(rows) > limit:
            raise TooManyResults(limit)
        return [stored_log(row) for row in rows]

    def block_execution(self, number: int) -> BlockExecution:
        """What the execution of a block read and touched.

        Raises:
            StoreError: There is no such block, or it is genesis, which was not executed.
        """
        row = self._one("SELECT nodes_read, touched FROM executions WHERE block_number = ?", sql_integer(number))
        if row is None:
            raise StoreError(f"the store knows no execution of block {number}")
        return BlockExecution(unpack_hashes(row[0]), unpack_touched(row[1]))

    def lost_blocks(self) -> list[tuple[int, int]]:
        """First and last of each stretch of blocks whose content is not here: L1 shows only what came of them."""
        with self._faults.translate():
            return lost_blocks(self._db)

    # Batches

    def batch(self, number: int) -> BatchRecord | None:
        """Batch ``number``."""
        found = self.batches(number, number)
        return found[0] if found else None

    def batches(self, first: int, last: int) -> list[BatchRecord]:
        """Those of the batches ``first`` … ``last`` that exist, ascending."""
        rows = self._all(
            f"SELECT {BATCH_COLUMNS} FROM batches WHERE number BETWEEN ? AND ? ORDER BY number",
            sql_integer(first),
            sql_integer(last),
        )
        return [batch_record(row) for row in rows]

    def last_batch_number(self) -> int:
        """Number of the last sealed batch; 0 when there is none."""
        return self._integer("SELECT coalesce(max(number), 0) FROM batches")

    def last_batch_at(self, stage: BatchStage) -> int:
        """The highest batch that has reached ``stage`` together with all batches before it; 0 for genesis alone."""
        return self._integer(
            "SELECT coalesce((SELECT min(number) - 1 FROM batches WHERE stage_rank < ?), "
            "(SELECT max(number) FROM batches), 0)",
            STAGE_RANK[stage],
        )

    def first_unbatched_block(self) -> int:
        """Number of the first block that is in no batch; it may not exist yet."""
        return self._integer("SELECT coalesce(max(last_block), 0) + 1 FROM batches")

    def l2_log_leaves(self, batch_number: int) -> list[bytes]:
        """The leaves of a batch's log tree; none for a batch that does not exist."""
        row = self._one("SELECT l2_log_leaves FROM batch_data WHERE batch_number = ?", sql_integer(batch_number))
        return unpack_leaves(row[0]) if row else []

    # Priority operations

    def priority_operation(self, operation_id: int) -> PriorityOperation | None:
        """The operation with this index in the priority tree."""
        found = self.priority_operations(operation_id, operation_id)
        return found[0] if found else None

    def priority_operations(self, first: int, last: int) -> list[PriorityOperation]:
        """Those of the operations ``first`` … ``last`` that are known, ascending."""
        rows = self._all(
            f"SELECT {PRIORITY_COLUMNS} FROM priority_operations WHERE id BETWEEN ? AND ? ORDER BY id",
            sql_integer(first),
            sql_integer(last),
        )
        return [priority_operation(row) for row in rows]

    def next_priority_id(self) -> int:
        """Id of the first operation that no block includes yet; it may not be known yet."""
        return self._integer(
            "SELECT coalesce((SELECT min(id) FROM priority_operations WHERE included_in IS NULL), "
            "(SELECT max(id) + 1 FROM priority_operations), 0)"
        )

    def pending_priority_operations(self, limit: int) -> list[PriorityOperation]:
        """Up to ``limit`` operations that wait for a block, ascending."""
        rows = self._all(
            f"SELECT {PRIORITY_COLUMNS} FROM priority_operations WHERE included_in IS NULL ORDER BY id LIMIT ?",
            limit,
        )
        return [priority_operation(row) for row in rows]

    def l1_cursor(self) -> L1Cursor | None:
        """The last L1 block whose events are all here; None before the first."""
        row = self._one("SELECT block_number, block_hash FROM l1_cursor")
        return L1Cursor(*row) if row else None

    # Pieces

    def _block(self, row: Row | None) -> StoredBlock | None:
        if row is None:
            return None
        number, block_hash, header, size, batch_number, first_tx_in_batch = row
        rows = self._all(
            "SELECT hash, raw, sender FROM transactions WHERE id >= ? AND id < ? ORDER BY id",
            first_tx_key(number),
            first_tx_key(number + 1),
        )
        return StoredBlock(
            header=self._decoder.header(block_hash, header),
            hash=block_hash,
            transactions=StoredTransactions(rows, self._decoder),
            transaction_hashes=tuple(tx[0] for tx in rows),
            size=size,
            batch_number=batch_number,
            first_tx_in_batch=first_tx_in_batch,
        )

    def _logs_between(self, first_key: int, end_key: int) -> list[Row]:
        if first_key == end_key:
            return []
        return self._all(f"SELECT {LOG_COLUMNS} FROM logs l WHERE id >= ? AND id < ? ORDER BY id", first_key, end_key)

    def _receipts(self, rows: list[Row], logs: list[Row]) -> list[StoredReceipt]:
        """Receipts of one block's transactions ``rows``, whose logs are ``logs`` in the same order."""
        if not rows:
            return []
        number = rows[0][0] >> TX_INDEX_BITS
        messages = self._all(
            f"SELECT {L2_LOG_COLUMNS} FROM l2_to_l1_logs WHERE id >= ? AND id < ? ORDER BY id",
            first_log_key(number),
            first_log_key(number + 1),
        )
        found = []
        at = 0
        for row in rows:
            position = _position(row)
            transaction = self._decoder.transaction(row[1], row[2], row[3])
            found.append(
                StoredReceipt(
                    transaction=transaction,
                    receipt=_receipt(row, transaction.type, tuple(log_of(log) for log in logs[at : at + row[12]])),
                    block_number=number,
                    block_hash=position.block_hash,
                    tx_index=position.tx_index,
                    first_log_index=row[11],
                    batch_number=position.batch_number,
                    tx_number_in_batch=position.tx_number_in_batch,
                    l2_to_l1_logs=tuple(l2_to_l1_log(m) for m in messages if m[1] == position.tx_index),
                    received_at_ms=row[4],
                )
            )
            at += row[12]
        return found

    def _all(self, query: str, *values: Any) -> list[Row]:
        with self._faults.translate():
            return self._db.execute(query, values).fetchall()

    def _one(self, query: str, *values: Any) -> Row | None:
        with self._faults.translate():
            row: Row | None = self._db.execute(query, values).fetchone()
            return row

    def _integer(self, query: str, *values: Any) -> int:
        row = self._one(query, *values)
        assert row is not None
        return int(row[0])


def sql_integer(number: int) -> int:
    """A number that SQLite can compare with a stored one: what is out of its range is out of every table."""
    return min(max(number, -(1 << 62)), 1 << 62)


def _position(row: Row) -> TransactionPosition:
    """From ``TRANSACTION_COLUMNS``, block hash, batch number and the block's first number in the batch."""
    tx_index = row[0] & _TX_INDEX_MASK
    return TransactionPosition(
        block_number=row[0] >> TX_INDEX_BITS,
        block_hash=row[13],
        tx_index=tx_index,
        batch_number=row[14],
        tx_number_in_batch=None if row[15] is None else row[15] + tx_index,
    )


def _receipt(row: Row, tx_type: int, logs: tuple[Log, ...]) -> Receipt:
    return Receipt(
        type=tx_type,
        status=row[5],
        gas_used=row[6],
        cumulative_gas_used=row[7],
        effective_gas_price=to_int(row[8]),
        logs=logs,
        logs_bloom=row[10] if row[10] is not None else _EMPTY_BLOOM,
        contract_address=row[9],
    )


def _log_terms(query: LogFilter) -> tuple[str, list[bytes], str]:
    """The filter's WHERE terms, their values, and the index that narrows most."""
    terms = ""
    values: list[bytes] = []
    if query.addresses:
        terms += _any_of("address", query.addresses)
        values += query.addresses
    for position, topics in enumerate(query.topics):
        # A position that takes any topic still asks for a log that has one there.
        terms += _any_of(f"topic{position}", topics) if topics else f" AND l.topic{position} IS NOT NULL"
        values += topics or ()
    if query.addresses:
        return terms, values, "INDEXED BY logs_by_address"
    if query.topics and query.topics[0]:
        return terms, values, "INDEXED BY logs_by_topic"
    return terms, values, "NOT INDEXED"


def _any_of(column: str, options: tuple[bytes, ...]) -> str:
    return f" AND l.{column} IN ({','.join('?' * len(options))})"
