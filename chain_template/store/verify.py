"""Checking all of a database: that everything in it is what its hashes say."""

import sqlite3
from itertools import count

import rlp

from chain_template.errors import InvalidBlock, TransactionError
from chain_template.headers import BlockHeader
from chain_template.primitives import ZERO_HASH, int_to_bytes, keccak
from chain_template.receipts import L2ToL1Log, logs_bloom, message_log, priority_result_log
from chain_template.state.roots import ordered_trie_root
from chain_template.store.faults import Faults
from chain_template.store.records import StoredReceipt
from chain_template.store.rows import Decoder
from chain_template.store.schema import first_tx_key
from chain_template.store.snapshot import Snapshot
from chain_template.store.writes import lost_blocks
from chain_template.transactions.stored import decode_block_transaction
from chain_template.transactions.types import PRIORITY_TYPE


def verify_database(db: sqlite3.Connection, faults: Faults) -> None:
    """Check structure, then blocks, state nodes, batches and L1 operations, in one read transaction of ``db``.

    Raises:
        StoreCorrupt: Names the first thing that is wrong.
    """
    try:
        problems = [row[0] for row in db.execute("PRAGMA integrity_check(5)")]
        if problems != ["ok"]:
            raise faults.corrupt("; ".join(problems))
        (chain_id,) = db.execute("SELECT chain_id FROM identity").fetchone()
        _verify_blocks(db, chain_id, faults)
        _verify_nodes(db, faults)
        _verify_batches(db, faults)
        _verify_operations(db, faults)
    except (InvalidBlock, TransactionError, ValueError, TypeError) as exc:
        raise faults.corrupt(str(exc)) from exc


def _verify_blocks(db: sqlite3.Connection, chain_id: int, faults: Faults) -> None:
    # A decoder of its own: the store's remembers what it decoded before the damage.
    snapshot = Snapshot(db, Decoder(chain_id), faults)
    parent_hash = ZERO_HASH
    recovered = _recovered_ranges(db)
    expected = 0
    for number, block_hash, encoded in db.execute("SELECT number, hash, header FROM blocks ORDER BY number"):
        header = BlockHeader.decode(encoded)
        is_recovered = recovered.get(number) == expected
        if (number != expected and not is_recovered) or header.number != number or header.hash != block_hash:
            raise faults.corrupt(f"the header of block {expected} is missing or altered")
        if number == expected and number > 0 and header.parent_hash != parent_hash:
            raise faults.corrupt(f"block {number} does not follow block {number - 1}")
        if number > 0 and not is_recovered:
            _verify_transactions(db, chain_id, header, faults)
            _verify_receipts(header, snapshot.receipts(number), faults)
        parent_hash, expected = block_hash, number + 1


def _recovered_ranges(db: sqlite3.Connection) -> dict[int, int]:
    """Last block → first block of each batch that was taken from L1: the only block of it that is here."""
    return {
        last_block: first_block
        for first, last in lost_blocks(db)
        for first_block, last_block in db.execute(
            "SELECT first_block, last_block FROM batches WHERE first_block >= ? AND last_block <= ?", (first, last)
        )
    }


def _verify_transactions(db: sqlite3.Connection, chain_id: int, header: BlockHeader, faults: Faults) -> None:
    rows = db.execute(
        "SELECT hash, raw, sender FROM transactions WHERE id >= ? AND id < ? ORDER BY id",
        (first_tx_key(header.number), first_tx_key(header.number + 1)),
    ).fetchall()
    if ordered_trie_root([row[1] for row in rows]) != header.transactions_root:
        raise faults.corrupt(f"the transactions of block {header.number} do not have the root its header says")
    for tx_hash, raw, sender in rows:
        transaction = decode_block_transaction(raw, chain_id)
        if transaction.hash != tx_hash or transaction.sender != sender:
            raise faults.corrupt(f"transaction 0x{tx_hash.hex()} is stored under another hash or sender than its own")


def _verify_receipts(header: BlockHeader, stored: list[StoredReceipt], faults: Faults) -> None:
    receipts = [entry.receipt for entry in stored]
    if ordered_trie_root([receipt.encode() for receipt in receipts]) != header.receipts_root:
        raise faults.corrupt(f"the receipts of block {header.number} do not have the root its header says")
    if any(receipt.logs_bloom != logs_bloom(receipt.logs) for receipt in receipts):
        raise faults.corrupt(f"a receipt of block {header.number} has another bloom than its logs")
    if any(entry.l2_to_l1_logs != _l2_to_l1_logs(entry) for entry in stored):
        raise faults.corrupt(f"the L2 to L1 logs of block {header.number} are not those of its transactions")
    _verify_what_follows(header, stored, faults)


def _verify_what_follows(header: BlockHeader, stored: list[StoredReceipt], faults: Faults) -> None:
    """What stands beside a receipt in its row, and follows from the transaction and the receipts before."""
    gas_before = logs_before = 0
    for entry in stored:
        receipt, tx = entry.receipt, entry.transaction
        follows = (
            receipt.cumulative_gas_used - gas_before,
            tx.effective_gas_price(header.base_fee_per_gas),
            keccak(rlp.encode([tx.sender, int_to_bytes(tx.nonce)]))[12:] if tx.to is None else None,
            logs_before,
        )
        shown = (receipt.gas_used, receipt.effective_gas_price, receipt.contract_address, entry.first_log_index)
        if shown != follows:
            raise faults.corrupt(f"a receipt of block {header.number} shows another gas, price or address than follows")
        gas_before = receipt.cumulative_gas_used
        logs_before += len(receipt.logs)


def _l2_to_l1_logs(entry: StoredReceipt) -> tuple[L2ToL1Log, ...]:
    """What the logs must be by the receipt: the result of an L1 operation, then the messages."""
    messages = (message_log(log, entry.tx_index) for log in entry.receipt.logs)
    found = tuple(message for message in messages if message is not None)
    if entry.transaction.type != PRIORITY_TYPE:
        return found
    return (priority_result_log(entry.transaction.hash, entry.receipt.status == 1, entry.tx_index), *found)


def _verify_nodes(db: sqlite3.Connection, faults: Faults) -> None:
    for node_hash, value in db.execute("SELECT hash, value FROM nodes"):
        if keccak(value) != node_hash:
            raise faults.corrupt(f"the state node 0x{node_hash.hex()} has other content than its hash says")


def _verify_batches(db: sqlite3.Connection, faults: Faults) -> None:
    last_block = 0
    for expected, (number, first, last, commitment) in zip(
        count(1),
        db.execute("SELECT number, first_block, last_block, state_commitment FROM batches ORDER BY number"),
    ):
        if number != expected or first != last_block + 1 or last < first:
            raise faults.corrupt(f"batch {expected} is missing or does not follow the one before")
        row = db.execute("SELECT hash, batch_number FROM blocks WHERE number = ?", (last,)).fetchone()
        if row != (commitment, number):
            raise faults.corrupt(f"batch {number} does not end with the block it says")
        if db.execute("SELECT 1 FROM batch_data WHERE batch_number = ?", (number,)).fetchone() is None:
            raise faults.corrupt(f"batch {number} has lost its data")
        last_block = last


def _verify_operations(db: sqlite3.Connection, faults: Faults) -> None:
    pending_seen = False
    for expected, (number, operation_hash, canonical, included_in) in zip(
        count(), db.execute("SELECT id, hash, canonical, included_in FROM priority_operations ORDER BY id")
    ):
        if number != expected or keccak(canonical) != operation_hash:
            raise faults.corrupt(f"L1 operation {expected} is missing or altered")
        if included_in is not None and pending_seen:
            raise faults.corrupt(f"L1 operation {number} is included before an earlier one")
        pending_seen = included_in is None
