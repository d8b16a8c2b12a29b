"""What the records of the block log say, and which of its blocks still stand after its rollbacks."""

import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Final

import rlp

from chain_template.errors import InvalidBlock, StoreCorrupt, TransactionError
from chain_template.headers import BlockHeader
from chain_template.primitives import int_to_bytes, keccak, to_int
from chain_template.store.block_log import Record, RecordKind
from chain_template.store.records import BatchRecord, BatchStage, PriorityOperation
from chain_template.transactions.stored import decode_block_transaction
from chain_template.transactions.types import Transaction

_LENGTH: Final = struct.Struct(">I")
_ARRIVAL: Final = struct.Struct(">QI")


@dataclass(frozen=True, slots=True)
class LoggedBlock:
    """A block as the log holds it: enough to execute it again.

    Attributes:
        received_at_ms: Transaction hash → Unix milliseconds of its arrival.
    """

    header: BlockHeader
    transactions: tuple[Transaction, ...]
    received_at_ms: Mapping[bytes, int]


@dataclass(frozen=True, slots=True)
class LoggedBatch:
    """Over which blocks a batch was sealed, and when (Unix milliseconds)."""

    number: int
    first_block: int
    last_block: int
    seal_reason: str
    sealed_at_ms: int


@dataclass(frozen=True, slots=True)
class LoggedRecovery:
    """A batch that was taken from L1: enough to take it in again without asking L1.

    Attributes:
        header: Of its last block, the one that is known.
        l2_log_leaves: Leaves of its log tree, 88 bytes each, joined.
        operations: The L1 operations in it.
    """

    record: BatchRecord
    header: BlockHeader
    pubdata: bytes
    l2_log_leaves: bytes
    operations: tuple[PriorityOperation, ...]


@dataclass
class LogIndex:
    """Where the blocks that still stand lie in the log.

    Attributes:
        blocks: Number → offset of its record, ascending.
        batches: Number → the batch as it was last sealed.
        recovered: Last block of a batch taken from L1 → offset of its record, ascending.
    """

    blocks: dict[int, int] = field(default_factory=dict)
    batches: dict[int, LoggedBatch] = field(default_factory=dict)
    recovered: dict[int, int] = field(default_factory=dict)

    def add(self, record: Record) -> None:
        """Take the next record into account."""
        if record.kind is RecordKind.BLOCK:
            self.blocks[record.number] = record.tail.start
        elif record.kind is RecordKind.BATCH:
            self.batches[record.number] = decode_batch(record.number, record.payload)
        elif record.kind is RecordKind.RECOVERED:
            self.recovered[decode_recovery(record.payload).record.last_block] = record.tail.start
        else:
            self.recovered = {n: at for n, at in self.recovered.items() if n <= record.number}
            self.blocks = {n: at for n, at in self.blocks.items() if n <= record.number}
            self.batches = {n: b for n, b in self.batches.items() if b.last_block <= record.number}


def encode_block(
    header: BlockHeader, transactions: Sequence[Transaction], received_at_ms: Mapping[bytes, int]
) -> bytes:
    """Payload of a block's record; a transaction without a time of arrival gets the block's."""
    default_ms = header.timestamp * 1000
    return encode_rows(
        header.encode(),
        [tx.raw for tx in transactions],
        [received_at_ms.get(tx.hash, default_ms) for tx in transactions],
    )


def encode_rows(header: bytes, raw_transactions: list[bytes], received_at_ms: list[int]) -> bytes:
    """As :func:`encode_block`, from encoded parts.

    The header behind its length (u32), then each transaction behind its time of arrival (u64) and length (u32).
    """
    parts = [_LENGTH.pack(len(header)), header]
    for raw, time_ms in zip(raw_transactions, received_at_ms, strict=True):
        parts += (_ARRIVAL.pack(time_ms, len(raw)), raw)
    return b"".join(parts)


def decode_block(payload: bytes, chain_id: int) -> LoggedBlock:
    """Read a block's payload, recovering the senders of its transactions.

    Raises:
        StoreCorrupt: Its checksum was right and its content is not: it was not written by this program.
    """
    try:
        (header_bytes,) = _LENGTH.unpack_from(payload)
        at = _LENGTH.size + header_bytes
        header = BlockHeader.decode(payload[_LENGTH.size : at])
        received: dict[bytes, int] = {}
        transactions = []
        while at < len(payload):
            time_ms, length = _ARRIVAL.unpack_from(payload, at)
            at += _ARRIVAL.size + length
            transactions.append(decode_block_transaction(payload[at - length : at], chain_id))
            received[transactions[-1].hash] = time_ms
    except (struct.error, InvalidBlock, TransactionError) as exc:
        raise StoreCorrupt(f"a block in the block log is not well-formed: {exc}") from exc
    return LoggedBlock(header, tuple(transactions), received)


def encode_batch(first_block: int, last_block: int, seal_reason: str, sealed_at_ms: int) -> bytes:
    """Payload of a batch's record."""
    fields: list[Any] = [int_to_bytes(value) for value in (first_block, last_block, sealed_at_ms)]
    return bytes(rlp.encode([*fields, seal_reason.encode()]))


def decode_batch(number: int, payload: bytes) -> LoggedBatch:
    """Read a batch's payload.

    Raises:
        StoreCorrupt: It was not written by this program.
    """
    try:
        first, last, sealed_at, reason = rlp.decode(payload, rlp.sedes.List([rlp.sedes.binary] * 4))
        return LoggedBatch(number, to_int(first), to_int(last), reason.decode(), to_int(sealed_at))
    except (rlp.exceptions.RLPException, ValueError) as exc:
        raise StoreCorrupt(f"a batch in the block log is not well-formed: {exc}") from exc


def encode_recovery(logged: LoggedRecovery) -> bytes:
    """Payload of the record of a batch taken from L1."""
    operations = [
        [
            int_to_bytes(each.operation_id),
            each.canonical,
            int_to_bytes(each.l1_block_number),
            each.l1_block_hash,
            each.l1_tx_hash,
        ]
        for each in logged.operations
    ]
    shown = {item.name: _plain(getattr(logged.record, item.name)) for item in fields(BatchRecord)}
    record = json.dumps(shown, separators=(",", ":")).encode()
    return bytes(rlp.encode([record, logged.header.encode(), logged.pubdata, logged.l2_log_leaves, operations]))


def decode_recovery(payload: bytes) -> LoggedRecovery:
    """Undo :func:`encode_recovery`.

    Raises:
        StoreCorrupt: It was not written by this program.
    """
    try:
        record, header, pubdata, leaves, operations = rlp.decode(payload)
        content = json.loads(record)
        typed: dict[str, Any] = {
            item.name: bytes.fromhex(content[item.name]) if item.type is bytes else content[item.name]
            for item in fields(BatchRecord)
        }
        return LoggedRecovery(
            BatchRecord(**typed | {"stage": BatchStage(typed["stage"])}),
            BlockHeader.decode(header),
            pubdata,
            leaves,
            tuple(
                PriorityOperation(to_int(number), keccak(canonical), canonical, to_int(block), block_hash, tx_hash)
                for number, canonical, block, block_hash, tx_hash in operations
            ),
        )
    except (rlp.exceptions.RLPException, InvalidBlock, ValueError, KeyError, TypeError) as exc:
        raise StoreCorrupt(f"a batch from L1 in the block log is not well-formed: {exc!r}") from exc


def _plain(value: Any) -> Any:
    return value.hex() if isinstance(value, bytes) else value
