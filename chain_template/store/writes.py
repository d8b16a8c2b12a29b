"""The statements that change a chain's database. Each function runs inside a transaction that its caller opened."""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, islice
from typing import Final

from chain_template.errors import L1Diverged, OutOfOrder, RollbackRefused
from chain_template.executor.interface import ExecutedBlock
from chain_template.headers import BlockHeader
from chain_template.primitives import int_to_bytes
from chain_template.receipts import Receipt
from chain_template.store.block_log import Tail
from chain_template.store.records import BatchRecord, BatchStage, L1Cursor, PriorityOperation, part_of
from chain_template.store.rows import Row, batch_row, pack_hashes, pack_touched
from chain_template.store.schema import SCHEMA_VERSION, first_log_key, first_tx_key
from chain_template.store.stages import STAGE_RANK, check_transition, has_reached
from chain_template.transactions.types import PRIORITY_TYPE, Transaction

_UNKNOWN_HASH: Final = bytes(32)
#: Where the meta table says which blocks' contents are not here.
_LOST_BLOCKS_KEY: Final = "store/lost-blocks"
#: Rows of one INSERT; with the columns that there are, far fewer values than a statement may have.
_ROWS_TOGETHER: Final = 64
#: RLP's form of a list without items: the ommers, and the withdrawals, of every block.
_EMPTY_LIST_BYTES: Final = 1


def _insert(db: sqlite3.Connection, into: str, columns: int, rows: Iterable[Row]) -> None:
    """Add rows, many with one statement.

    SQLite's statements run without Python's lock and take it back at their end: row by row, a writer would wait at
    every one of them for the threads that answer requests, and they for it.
    """
    row = f"({','.join('?' * columns)})"
    together = f"{into} VALUES {','.join([row] * _ROWS_TOGETHER)}"
    waiting = iter(rows)
    while len(some := list(islice(waiting, _ROWS_TOGETHER))) == _ROWS_TOGETHER:
        db.execute(together, tuple(chain.from_iterable(some)))
    db.executemany(f"{into} VALUES {row}", some)


def insert_identity(db: sqlite3.Connection, chain_id: int, genesis_hash: bytes, tail: Tail) -> None:
    """Say whose database this is."""
    db.execute("INSERT INTO identity VALUES (1, ?, ?, ?)", (SCHEMA_VERSION, chain_id, genesis_hash))
    db.execute("INSERT INTO log_tail VALUES (1, ?, ?, ?)", tail)


def update_log_tail(db: sqlite3.Connection, tail: Tail) -> None:
    """Note which record of the block log belongs to this commit."""
    db.execute("UPDATE log_tail SET start = ?, end = ?, crc = ?", tail)


def insert_nodes(db: sqlite3.Connection, nodes: Mapping[bytes, bytes]) -> None:
    """Add trie nodes and codes; those that are there already stay."""
    _insert(db, "INSERT OR IGNORE INTO nodes (hash, value)", 2, nodes.items())


def insert_header(db: sqlite3.Connection, header: BlockHeader, transactions: tuple[Transaction, ...]) -> None:
    """Add the block itself."""
    db.execute(
        "INSERT INTO blocks (number, hash, header, size, tx_count) VALUES (?, ?, ?, ?, ?)",
        (header.number, header.hash, header.encode(), block_size(header, transactions), len(transactions)),
    )


def insert_block(db: sqlite3.Connection, block: ExecutedBlock, received_at_ms: Mapping[bytes, int]) -> None:
    """Add an executed block with everything that belongs to it.

    Raises:
        OutOfOrder: Its L1 operations are not the next ones.
    """
    number = block.header.number
    insert_header(db, block.header, block.transactions)
    _insert(db, "INSERT INTO transactions", 13, _transaction_rows(block, received_at_ms))
    _insert(db, "INSERT INTO logs", 8, _log_rows(number, block.receipts))
    first_log = first_log_key(number)
    db.executemany(
        "INSERT INTO l2_to_l1_logs VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            (
                first_log + at,
                log.tx_index_in_block,
                int(log.is_service),
                log.sender,
                log.key,
                log.value,
                log.message,
            )
            for at, log in enumerate(block.l2_to_l1_logs)
        ),
    )
    db.execute(
        "INSERT INTO executions VALUES (?, ?, ?)",
        (number, pack_hashes(block.nodes_read), pack_touched(block.touched)),
    )
    insert_nodes(db, block.new_nodes)
    for transaction in block.transactions:
        if transaction.type == PRIORITY_TYPE:
            _include_operation(db, transaction, number)


def _transaction_rows(block: ExecutedBlock, received_at_ms: Mapping[bytes, int]) -> Iterator[Row]:
    key = first_tx_key(block.header.number)
    default_ms = block.header.timestamp * 1000
    log_index = 0
    for at, (transaction, receipt) in enumerate(zip(block.transactions, block.receipts, strict=True)):
        yield (
            key + at,
            transaction.hash,
            transaction.raw,
            transaction.sender,
            received_at_ms.get(transaction.hash, default_ms),
            receipt.status,
            receipt.gas_used,
            receipt.cumulative_gas_used,
            int_to_bytes(receipt.effective_gas_price),
            receipt.contract_address,
            receipt.logs_bloom if receipt.logs else None,
            log_index,
            len(receipt.logs),
        )
        log_index += len(receipt.logs)


def _log_rows(number: int, receipts: Iterable[Receipt]) -> Iterator[Row]:
    key = first_log_key(number)
    for tx_index, receipt in enumerate(receipts):
        for log in receipt.logs:
            topics = (*log.topics, None, None, None, None)[:4]
            yield (key, tx_index, log.address, *topics, log.data)
            key += 1


def _include_operation(db: sqlite3.Connection, transaction: Transaction, block_number: int) -> None:
    """Mark an L1 operation as included; one that L1 has not shown yet (a rebuild) is added from the block."""
    assert transaction.priority is not None
    operation_id = transaction.priority.operation_id
    expected = next_priority_id(db)
    if operation_id != expected:
        raise OutOfOrder(f"block {block_number} includes L1 operation {operation_id}; the next one is {expected}")
    row = db.execute("SELECT hash FROM priority_operations WHERE id = ?", (operation_id,)).fetchone()
    if row is None:
        db.execute(
            "INSERT INTO priority_operations VALUES (?, ?, ?, 0, ?, ?, ?)",
            (operation_id, transaction.hash, transaction.raw[1:], _UNKNOWN_HASH, _UNKNOWN_HASH, block_number),
        )
        return
    if row[0] != transaction.hash:
        raise OutOfOrder(f"block {block_number} includes another L1 operation {operation_id} than L1 requested")
    db.execute("UPDATE priority_operations SET included_in = ? WHERE id = ?", (block_number, operation_id))


def next_priority_id(db: sqlite3.Connection) -> int:
    """Id of the first L1 operation that no block includes."""
    row = db.execute(
        "SELECT coalesce((SELECT min(id) FROM priority_operations WHERE included_in IS NULL), "
        "(SELECT max(id) + 1 FROM priority_operations), 0)"
    ).fetchone()
    return int(row[0])


def delete_above(db: sqlite3.Connection, number: int) -> None:
    """Drop every block above ``number`` and the batches that reach above it.

    State nodes stay: they are right wherever they are referred to, and the block that comes instead mostly needs them.
    """
    db.execute("DELETE FROM transactions WHERE id >= ?", (first_tx_key(number + 1),))
    db.execute("DELETE FROM logs WHERE id >= ?", (first_log_key(number + 1),))
    db.execute("DELETE FROM l2_to_l1_logs WHERE id >= ?", (first_log_key(number + 1),))
    db.execute("DELETE FROM executions WHERE block_number > ?", (number,))
    db.execute("DELETE FROM blocks WHERE number > ?", (number,))
    db.execute("UPDATE priority_operations SET included_in = NULL WHERE included_in > ?", (number,))
    row = db.execute("SELECT min(number) FROM batches WHERE last_block > ?", (number,)).fetchone()
    if row[0] is not None:
        db.execute("DELETE FROM batches WHERE number >= ?", row)
        db.execute("DELETE FROM batch_data WHERE batch_number >= ?", row)
        db.execute("UPDATE blocks SET batch_number = NULL, first_tx_in_batch = NULL WHERE batch_number >= ?", row)
    lost = lost_blocks(db)
    if lost:
        _set_lost_blocks(db, [(first, min(last, number)) for first, last in lost if first <= number])


def insert_batch(
    db: sqlite3.Connection,
    record: BatchRecord,
    pubdata: bytes,
    batch_input: bytes,
    l2_log_leaves: list[bytes],
) -> None:
    """Add a sealed batch and number the transactions of its blocks."""
    row = batch_row(record)
    columns = (
        "number, stage, first_block, last_block, l1_tx_count, l2_tx_count, tx_count, prev_state_commitment, "
        "state_commitment, batch_output_hash, public_input, l2_logs_root, pubdata_bytes, seal_reason, commit_info, "
        "stage_times_ms, l1_transactions, proof_mode, stage_rank"
    )
    db.execute(f"INSERT INTO batches ({columns}) VALUES ({','.join('?' * len(row))})", row)
    db.execute(
        "INSERT INTO batch_data VALUES (?, ?, ?, ?)",
        (record.number, pubdata, batch_input, b"".join(l2_log_leaves)),
    )
    first_tx = 0
    blocks = db.execute(
        "SELECT number, tx_count FROM blocks WHERE number BETWEEN ? AND ? ORDER BY number",
        (record.first_block, record.last_block),
    ).fetchall()
    for number, tx_count in blocks:
        db.execute(
            "UPDATE blocks SET batch_number = ?, first_tx_in_batch = ? WHERE number = ?",
            (record.number, first_tx, number),
        )
        first_tx += tx_count


def adopt_batch(
    db: sqlite3.Connection,
    record: BatchRecord,
    header: BlockHeader,
    nodes: Mapping[bytes, bytes],
    pubdata: bytes,
    l2_log_leaves: list[bytes],
    operations: list[PriorityOperation],
) -> None:
    """Add a batch of which L1 shows the last header and the state, and nothing of what its blocks hold.

    Raises:
        OutOfOrder: Its L1 operations are not the next ones.
        L1Diverged: L1 shows another operation under a known id.
    """
    first = next_priority_id(db)
    if [operation.operation_id for operation in operations] != list(range(first, first + record.l1_tx_count)):
        raise OutOfOrder(f"batch {record.number} needs {record.l1_tx_count} L1 operations from number {first} on")
    upsert_operations(db, operations)
    db.execute(
        "UPDATE priority_operations SET included_in = ? WHERE id >= ? AND id < ?",
        (record.last_block, first, first + record.l1_tx_count),
    )
    insert_header(db, header, ())
    insert_nodes(db, nodes)
    insert_batch(db, record, pubdata, b"", l2_log_leaves)
    _set_lost_blocks(db, [*lost_blocks(db), (record.first_block, record.last_block)])


def lost_blocks(db: sqlite3.Connection) -> list[tuple[int, int]]:
    """First and last of each stretch of blocks whose content is not here; the last one's header is."""
    row = db.execute("SELECT value FROM meta WHERE key = ?", (_LOST_BLOCKS_KEY,)).fetchone()
    return [] if row is None else [(first, last) for first, last in json.loads(row[0])]


def _set_lost_blocks(db: sqlite3.Connection, stretches: Iterable[tuple[int, int]]) -> None:
    """Neighbours become one: what a chain has lost is mostly one stretch."""
    joined: list[tuple[int, int]] = []
    for first, last in stretches:
        if joined and joined[-1][1] + 1 == first:
            joined[-1] = (joined[-1][0], last)
        else:
            joined.append((first, last))
    db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (_LOST_BLOCKS_KEY, json.dumps(joined).encode()))


def move_batch(db: sqlite3.Connection, record: BatchRecord, stage: BatchStage, at_ms: int) -> None:
    """Take a batch to another stage. A step back forgets when and how the later stages were reached.

    Raises:
        IllegalBatchTransition: The table has no such step.
    """
    if stage == record.stage:
        return
    check_transition(record.number, record.stage, stage)
    times = {s: t for s, t in record.stage_times_ms.items() if _survives(s, stage)} | {stage.value: at_ms}
    sent = {s: t for s, t in record.l1_transactions.items() if _survives(s, stage)}
    db.execute(
        "UPDATE batches SET stage = ?, stage_rank = ?, stage_times_ms = ?, l1_transactions = ? WHERE number = ?",
        (stage.value, STAGE_RANK[stage], json.dumps(times), json.dumps(sent), record.number),
    )


def _survives(reached: str, stage: BatchStage) -> bool:
    """Whether what is known of the stage ``reached`` still holds for a batch that is in ``stage`` now."""
    # A proof is handed in, part by part, when there is one.
    needed = BatchStage.PROVED if part_of(reached) is not None else BatchStage(reached)
    return stage is BatchStage.REVERTED or has_reached(stage, needed)


def note_l1_transaction(db: sqlite3.Connection, record: BatchRecord, name: str, tx_hash: str) -> None:
    """Remember which L1 transaction took a batch to a stage, or handed in a part of its proof."""
    part, sent = part_of(name), record.l1_transactions
    if part is None:
        name = BatchStage(name).value
    elif part[0] == 0:
        # The proof is handed in from its beginning: what was said of another time is over.
        sent = {other: known for other, known in sent.items() if part_of(other) is None}
    sent = sent | {name: tx_hash}
    db.execute("UPDATE batches SET l1_transactions = ? WHERE number = ?", (json.dumps(sent), record.number))


def upsert_operations(db: sqlite3.Connection, operations: list[PriorityOperation]) -> None:
    """Add L1 operations; one that is known already only gets its place on L1.

    Raises:
        OutOfOrder: An operation in between is missing.
        L1Diverged: L1 shows another operation under a known id.
    """
    known = {row[0]: row[1] for row in _known_operations(db, operations)}
    (following,) = db.execute("SELECT coalesce(max(id) + 1, 0) FROM priority_operations").fetchone()
    for operation in operations:
        place = (operation.l1_block_number, operation.l1_block_hash, operation.l1_tx_hash)
        if operation.operation_id in known:
            if known[operation.operation_id] != operation.hash:
                raise L1Diverged(f"L1 shows another operation {operation.operation_id} than the one stored")
            db.execute(
                "UPDATE priority_operations SET l1_block_number = ?, l1_block_hash = ?, l1_tx_hash = ? WHERE id = ?",
                (*place, operation.operation_id),
            )
            continue
        if operation.operation_id != following:
            raise OutOfOrder(f"L1 operation {operation.operation_id} does not follow {following - 1}")
        db.execute(
            "INSERT INTO priority_operations VALUES (?, ?, ?, ?, ?, ?, NULL)",
            (operation.operation_id, operation.hash, operation.canonical, *place),
        )
        following += 1


def _known_operations(db: sqlite3.Connection, operations: list[PriorityOperation]) -> list[Row]:
    if not operations:
        return []
    first = min(operation.operation_id for operation in operations)
    return db.execute("SELECT id, hash FROM priority_operations WHERE id >= ?", (first,)).fetchall()


def delete_operations_from(db: sqlite3.Connection, operation_id: int) -> None:
    """Drop the L1 operations from an id on.

    Raises:
        RollbackRefused: A block includes one of them.
    """
    row = db.execute(
        "SELECT id, included_in FROM priority_operations WHERE id >= ? AND included_in IS NOT NULL ORDER BY id LIMIT 1",
        (operation_id,),
    ).fetchone()
    if row is not None:
        raise RollbackRefused(
            f"L1 operation {row[0]} is in block {row[1]}",
            hint=f"Roll the chain back to block {row[1] - 1} first.",
        )
    db.execute("DELETE FROM priority_operations WHERE id >= ?", (operation_id,))


def set_l1_cursor(db: sqlite3.Connection, cursor: L1Cursor) -> None:
    """Note up to where L1 was read."""
    db.execute("INSERT OR REPLACE INTO l1_cursor VALUES (1, ?, ?)", (cursor.block_number, cursor.block_hash))


def block_size(header: BlockHeader, transactions: Iterable[Transaction]) -> int:
    """Bytes of the block's RLP form: header, transactions, no ommers, no withdrawals."""
    body = sum(_list_item_bytes(transaction.raw) for transaction in transactions)
    return _framed(len(header.encode()) + _framed(body) + 2 * _EMPTY_LIST_BYTES)


def _list_item_bytes(raw: bytes) -> int:
    """A legacy transaction is a list and stands as it is; a typed one stands as a byte string."""
    return len(raw) if raw[0] >= 0xC0 else _framed(len(raw))


def _framed(length: int) -> int:
    """Bytes of an RLP list, or string of two bytes and more, with a payload of this many bytes."""
    return length + 1 + (0 if length < 56 else (length.bit_length() + 7) // 8)
