"""A chain's store: one SQLite database and one block log in one directory."""

import os
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import Protocol, Self

from chain_template.errors import OutOfOrder, RollbackRefused, StoreClosed, StoreError
from chain_template.executor.interface import ExecutedBlock
from chain_template.headers import BlockHeader
from chain_template.store import writes
from chain_template.store.block_log import BlockLog, LogIdentity, RecordKind, Tail
from chain_template.store.faults import Faults
from chain_template.store.logged import LoggedRecovery, encode_batch, encode_block, encode_recovery
from chain_template.store.opening import lock_directory, open_files
from chain_template.store.readers import NodeStore, ReaderPool
from chain_template.store.records import BatchRecord, BatchStage, L1Cursor, PriorityOperation
from chain_template.store.rows import BATCH_COLUMNS, LEAF_BYTES, Decoder, batch_record
from chain_template.store.schema import DATABASE_FILE, first_tx_key
from chain_template.store.snapshot import Snapshot
from chain_template.store.stages import STAGE_RANK
from chain_template.store.verify import verify_database
from chain_template.transactions.types import Transaction


class GenesisBlock(Protocol):
    """What the store needs of a chain's genesis."""

    @property
    def header(self) -> BlockHeader:
        """Header of block 0."""
        ...

    @property
    def nodes(self) -> Mapping[bytes, bytes]:
        """Trie nodes and codes of the state after it, by hash."""
        ...


class Store:
    """Everything a chain keeps. Safe to share between threads; one process at a time has a directory open.

    Every change is one commit: it is on the disk in full when the call returns, or not at all when it raises. Calls
    that write raise :class:`StoreFull` when the disk refuses, and work again once it does not.

    Attributes:
        nodes: Trie nodes and codes by hash, as an executor wants them.
    """

    def __init__(self, directory: Path, lock_fd: int, db: sqlite3.Connection, log: BlockLog, faults: Faults) -> None:
        self._directory = directory
        self._lock_fd = lock_fd
        self._db = db
        self._log = log
        self._faults = faults
        self._lock = RLock()
        self._closed = False
        self._readers = ReaderPool(directory / DATABASE_FILE)
        self._decoder = Decoder(log.identity.chain_id)
        self.nodes = NodeStore(self._readers, faults)

    @classmethod
    def open(cls, directory: Path, chain_id: int, genesis: GenesisBlock, *, name: str = "") -> Self:
        """Open a chain's store; creates one, with the genesis block in it, where there is none.

        Args:
            directory: Made when it does not exist.
            chain_id: The chain that must be in it.
            genesis: The block 0 that must be in it.
            name: The chain's name, for error messages; the directory's name when empty.

        Raises:
            StoreCorrupt: The database is damaged or missing beside a block log; nothing was changed.
            WrongChainStore: It is another chain's.
            StoreVersionMismatch: Another version of the program wrote it.
            StoreLocked: Another process has it open.
            StoreFull: There is no room to create it.
        """
        faults = Faults(directory, name or directory.name)
        with faults.translate():
            directory.mkdir(parents=True, exist_ok=True)
            lock_fd = lock_directory(directory, faults)
        try:
            identity = LogIdentity(chain_id, genesis.header.hash)
            db, log = open_files(directory, identity, genesis.header, genesis.nodes, faults)
        except BaseException:
            os.close(lock_fd)
            raise
        return cls(directory, lock_fd, db, log, faults)

    def close(self) -> None:
        """Finish what is being written and close; calling it twice does no harm."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._readers.close()
            self._db.close()
            self._log.close()
            os.close(self._lock_fd)

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """A consistent view of the store as it is now.

        Raises:
            StoreClosed: The store was closed.
        """
        with self._readers.connection() as db:
            with self._faults.translate():
                db.execute("BEGIN")
            try:
                yield Snapshot(db, self._decoder, self._faults)
            finally:
                db.execute("ROLLBACK")

    def verify(self) -> None:
        """Check the whole database: SQLite's own structure, and every hash and root of every block.

        Takes about as long as reading the file.

        Raises:
            StoreCorrupt: Says what is wrong first.
        """
        with self._faults.translate(), self._readers.connection() as db:
            db.execute("BEGIN")
            try:
                verify_database(db, self._faults)
            finally:
                db.execute("ROLLBACK")

    # Blocks

    def commit_block(self, block: ExecutedBlock, received_at_ms: Mapping[bytes, int]) -> None:
        """Append a block. When this returns it is confirmed: no crash undoes it.

        Args:
            block: The child of the head.
            received_at_ms: Transaction hash → Unix milliseconds of its arrival; the block's time where it is missing.

        Raises:
            OutOfOrder: It is not the child of the head, or its L1 operations are not the next ones.
            StoreFull: The disk refused; nothing of it is stored.
        """
        header = block.header
        if len(block.transactions) != len(block.receipts):
            raise OutOfOrder(f"block {header.number} has not one receipt for each transaction")
        with self._lock:
            number, head_hash = self._head()
            if header.number != number + 1 or header.parent_hash != head_hash:
                raise OutOfOrder(
                    f"block {header.number} on parent 0x{header.parent_hash.hex()} does not follow the head, "
                    f"block {number} (0x{head_hash.hex()})"
                )
            payload = encode_block(header, block.transactions, received_at_ms)
            with self._logged(RecordKind.BLOCK, header.number, payload) as db:
                writes.insert_block(db, block, received_at_ms)
        self.nodes.remember(block.new_nodes)
        self._decoder.remember_header(header)
        for transaction in block.transactions:
            self._decoder.remember_transaction(transaction)

    def rollback_to(self, block_number: int) -> list[Transaction]:
        """Drop every block above ``block_number``, and the batches that reach above it.

        Returns:
            The users' transactions that were dropped, in order. L1 operations wait for a block again.

        Raises:
            OutOfOrder: There is no such block, or its batch was recovered from L1 and ends later.
            RollbackRefused: The block is below the end of an executed batch.
        """
        with self._lock:
            number, _ = self._head()
            if not 0 <= block_number <= number:
                raise OutOfOrder(f"cannot roll back to block {block_number}: the head is block {number}")
            if not self._has_header(block_number):
                raise OutOfOrder(f"cannot roll back to block {block_number}: the store does not know it")
            executed = self._last_executed_block()
            if block_number < executed:
                raise RollbackRefused(
                    f"cannot roll back to block {block_number}: L1 has executed everything up to block {executed}"
                )
            if block_number == number:
                return []
            dropped = self._user_transactions_above(block_number)
            with self._logged(RecordKind.ROLLBACK, block_number, b"") as db:
                writes.delete_above(db, block_number)
            return dropped

    # Batches

    def add_batch(self, record: BatchRecord, pubdata: bytes, batch_input: bytes, l2_log_leaves: list[bytes]) -> None:
        """Add the next batch, just sealed.

        Raises:
            OutOfOrder: Its number or its blocks do not follow the last batch, or it has another stage than sealed.
        """
        with self._lock:
            self._check_next_batch(record, l2_log_leaves)
            sealed_at_ms = record.stage_times_ms.get(BatchStage.SEALED.value, 0)
            payload = encode_batch(record.first_block, record.last_block, record.seal_reason, sealed_at_ms)
            with self._logged(RecordKind.BATCH, record.number, payload) as db:
                writes.insert_batch(db, record, pubdata, batch_input, l2_log_leaves)

    def adopt_batch(
        self,
        record: BatchRecord,
        header: BlockHeader,
        nodes: Mapping[bytes, bytes],
        pubdata: bytes,
        l2_log_leaves: list[bytes],
        operations: list[PriorityOperation],
    ) -> None:
        """Add the next batch as L1 shows it, with the state after it: its last block becomes the head.

        Nothing is known of what its blocks hold; :meth:`Snapshot.lost_blocks` says so of them.

        Args:
            record: The batch, at the stage that L1 has it at.
            header: Header of its last block.
            nodes: Trie nodes and codes that the state after it adds, by hash.
            pubdata: What it published.
            l2_log_leaves: The leaves of its log tree, 88 bytes each.
            operations: The L1 operations in it, ascending.

        Raises:
            OutOfOrder: It does not follow the head and the last batch, or its header or operations are not its own.
            L1Diverged: L1 shows another operation under a known id.
            StoreFull: The disk refused; nothing of it is stored.
        """
        with self._lock:
            self._check_adopted(record, header, l2_log_leaves)
            logged = LoggedRecovery(record, header, pubdata, b"".join(l2_log_leaves), tuple(operations))
            with self._logged(RecordKind.RECOVERED, record.number, encode_recovery(logged)) as db:
                writes.adopt_batch(db, record, header, nodes, pubdata, l2_log_leaves, operations)
        self.nodes.remember(nodes)

    def update_batch(
        self,
        number: int,
        *,
        stage: BatchStage | None = None,
        at_ms: int | None = None,
        l1_transaction: tuple[str, str] | None = None,
    ) -> None:
        """Note how a batch got on.

        Args:
            number: The batch.
            stage: Where it is now; the stage it has already is no change.
            at_ms: When it got there, Unix milliseconds; now when left out.
            l1_transaction: (stage, hash) of the L1 transaction that took it there, or (part, hash) of one that handed
                in a part of its proof, by ``part_name``.

        Raises:
            StoreError: There is no such batch.
            IllegalBatchTransition: The state machine has no such step.
        """
        with self._write() as db:
            if stage is not None:
                moved_at_ms = time.time_ns() // 1_000_000 if at_ms is None else at_ms
                writes.move_batch(db, self._batch(number), stage, moved_at_ms)
            if l1_transaction is not None:
                writes.note_l1_transaction(db, self._batch(number), *l1_transaction)

    def batch_pubdata(self, number: int) -> bytes:
        """The pubdata of a batch.

        Raises:
            StoreError: There is no such batch.
        """
        return self._batch_bytes(number, "pubdata")

    def batch_input(self, number: int) -> bytes:
        """The batch program's input for a batch.

        Raises:
            StoreError: There is no such batch.
        """
        return self._batch_bytes(number, "batch_input")

    # L1

    def add_priority_operations(self, operations: list[PriorityOperation], cursor: L1Cursor) -> None:
        """Add operations that L1 requested, ascending, and note up to where L1 was read.

        Raises:
            OutOfOrder: One in between is missing.
            L1Diverged: L1 shows another operation under a known id.
        """
        with self._write() as db:
            writes.upsert_operations(db, operations)
            writes.set_l1_cursor(db, cursor)

    def drop_priority_operations_from(self, operation_id: int, cursor: L1Cursor) -> None:
        """Forget the operations from an id on, which L1 has forgotten too, and go back to ``cursor``.

        Raises:
            RollbackRefused: A block includes one of them; the chain has to be rolled back first.
        """
        with self._write() as db:
            writes.delete_operations_from(db, operation_id)
            writes.set_l1_cursor(db, cursor)

    # Small values

    def get_meta(self, key: str) -> bytes | None:
        """A small value that another part of the chain left here."""
        with self._faults.translate(), self._readers.connection() as db:
            row = db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
            return None if row is None else bytes(row[0])

    def set_meta(self, key: str, value: bytes) -> None:
        """Leave a small value here."""
        with self._write() as db:
            db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    # Pieces

    @contextmanager
    def _write(self) -> Iterator[sqlite3.Connection]:
        """One commit of the database, or none."""
        with self._lock, self._faults.translate():
            self._check_open()
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                # SQLite has rolled back by itself after some errors, a full disk among them.
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    @contextmanager
    def _logged(self, kind: RecordKind, number: int, payload: bytes) -> Iterator[sqlite3.Connection]:
        """One commit of log and database: the record first, and cut off again when the database refuses."""
        with self._lock, self._faults.translate():
            self._check_open()
            before = Tail(*self._db.execute("SELECT start, end, crc FROM log_tail").fetchone())
            after = self._log.append(before, kind, number, payload)
            try:
                with self._write() as db:
                    yield db
                    writes.update_log_tail(db, after)
            except BaseException:
                self._log.try_cut(before.end)
                raise
            self._log.confirm(after)

    def _check_open(self) -> None:
        if self._closed:
            raise StoreClosed(f"the store in {self._directory} is closed")

    def _head(self) -> tuple[int, bytes]:
        self._check_open()
        with self._faults.translate():
            row = self._db.execute("SELECT number, hash FROM blocks ORDER BY number DESC LIMIT 1").fetchone()
            return int(row[0]), bytes(row[1])

    def _has_header(self, number: int) -> bool:
        with self._faults.translate():
            return self._db.execute("SELECT 1 FROM blocks WHERE number = ?", (number,)).fetchone() is not None

    def _last_executed_block(self) -> int:
        with self._faults.translate():
            row = self._db.execute(
                "SELECT coalesce(max(last_block), 0) FROM batches WHERE stage_rank = ?",
                (STAGE_RANK[BatchStage.EXECUTED],),
            ).fetchone()
            return int(row[0])

    def _user_transactions_above(self, block_number: int) -> list[Transaction]:
        with self._faults.translate():
            rows = self._db.execute(
                "SELECT hash, raw, sender FROM transactions WHERE id >= ? ORDER BY id",
                (first_tx_key(block_number + 1),),
            ).fetchall()
        transactions = (self._decoder.transaction(*row) for row in rows)
        return [transaction for transaction in transactions if transaction.is_user]

    def _batch(self, number: int) -> BatchRecord:
        row = self._db.execute(f"SELECT {BATCH_COLUMNS} FROM batches WHERE number = ?", (number,)).fetchone()
        if row is None:
            raise StoreError(f"there is no batch {number}")
        return batch_record(row)

    def _batch_bytes(self, number: int, column: str) -> bytes:
        with self._faults.translate(), self._readers.connection() as db:
            row = db.execute(f"SELECT {column} FROM batch_data WHERE batch_number = ?", (number,)).fetchone()
        if row is None:
            raise StoreError(f"there is no batch {number}")
        return bytes(row[0])

    def _check_next_batch(self, record: BatchRecord, l2_log_leaves: list[bytes]) -> None:
        head, _ = self._head()
        self._check_follows(record, l2_log_leaves)
        if not record.first_block <= record.last_block <= head:
            raise OutOfOrder(f"batch {record.number} ends with block {record.last_block}; the head is block {head}")
        if record.stage is not BatchStage.SEALED:
            raise OutOfOrder(f"batch {record.number} is {record.stage}; a new batch is sealed")

    def _check_adopted(self, record: BatchRecord, header: BlockHeader, l2_log_leaves: list[bytes]) -> None:
        head, _ = self._head()
        self._check_follows(record, l2_log_leaves)
        if record.first_block != head + 1 or record.last_block < record.first_block:
            raise OutOfOrder(f"batch {record.number} from block {record.first_block} does not follow block {head}")
        if header.number != record.last_block or header.hash != record.state_commitment:
            raise OutOfOrder(f"block {header.number} is not the end of batch {record.number}")
        if record.stage not in (BatchStage.COMMITTED, BatchStage.VERIFIED, BatchStage.EXECUTED):
            raise OutOfOrder(f"batch {record.number} is {record.stage}; L1 shows committed batches only")

    def _check_follows(self, record: BatchRecord, l2_log_leaves: list[bytes]) -> None:
        with self._faults.translate():
            last, last_block = self._db.execute(
                "SELECT coalesce(max(number), 0), coalesce(max(last_block), 0) FROM batches"
            ).fetchone()
        if record.number != last + 1 or record.first_block != last_block + 1:
            raise OutOfOrder(
                f"batch {record.number} from block {record.first_block} does not follow batch {last}, "
                f"which ends with block {last_block}"
            )
        if any(len(leaf) != LEAF_BYTES for leaf in l2_log_leaves):
            raise OutOfOrder(f"batch {record.number} has a log leaf that is not {LEAF_BYTES} bytes long")
