"""Pubdata: what a batch publishes so that anyone who has L1 can rebuild the chain's state.

State differences, not transactions: only final values, each once. All integers are big-endian. Version 1::

    version           u8    1
    header            u32 length, RLP of the batch's last block header
    log count         u16   at most 16,384; then the L2→L1 logs in the order of the batch, each:
      kind            u8    0 user message, 1 result of an L1 operation
      tx number       u16   number of the transaction in the batch
      kind 0:  sender 20 bytes, u32 length, message
      kind 1:  canonical hash 32 bytes, u8 success (0 or 1)
    account count     u32   then the changed accounts, ascending by address, each:
      address         20 bytes
      fields          u8    bits: 1 nonce, 2 balance, 4 code, 8 storage, or 16 deleted alone; never 0
      nonce           compressed value (``chain_template.batcher.compression``), if its bit is set
      balance         likewise
      code            u32 length, code (not empty), if its bit is set
      slots           u32 count (not 0), then (key 32 bytes, compressed value), ascending by key, if the bit is set

Every log leaf follows from its entry (both senders are system contracts, the value is keccak of the message or the
success flag), the state root follows from the state before and the accounts, and the header names that root: whoever
applies a batch's pubdata knows whether it was complete. A deleted account takes its storage with it (EIP-161: it was
empty but for the balance it sent away).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntFlag
from itertools import pairwise
from typing import Final

from chain_template.batcher.compression import CompressedValue, decode_compressed
from chain_template.batcher.cursor import Cursor, sized
from chain_template.batcher.log_tree import MAX_LOGS
from chain_template.errors import BatchError, InvalidBlock
from chain_template.headers import BlockHeader
from chain_template.primitives import BOOTLOADER_ADDRESS, L1_MESSENGER_ADDRESS, keccak, to_int
from chain_template.receipts import L2ToL1Log, priority_result_log

PUBDATA_VERSION: Final = 1
_MESSAGE_KIND: Final = 0
_RESULT_KIND: Final = 1


class Field(IntFlag):
    """Which fields of an account changed."""

    NONCE = 1
    BALANCE = 2
    CODE = 4
    STORAGE = 8
    DELETED = 16


@dataclass(frozen=True, slots=True)
class AccountDiff:
    """What a batch changed of one account; None (or nothing) for what stayed.

    Attributes:
        code: The code of a contract that is new.
        slots: (slot, change of its value), ascending.
        deleted: The account is gone; then nothing else is set.
    """

    address: bytes
    nonce: CompressedValue | None = None
    balance: CompressedValue | None = None
    code: bytes | None = None
    slots: tuple[tuple[int, CompressedValue], ...] = ()
    deleted: bool = False

    @property
    def fields(self) -> Field:
        """The bits of what is set."""
        if self.deleted:
            return Field.DELETED
        bits = Field(0)
        bits |= Field.NONCE if self.nonce is not None else Field(0)
        bits |= Field.BALANCE if self.balance is not None else Field(0)
        bits |= Field.CODE if self.code is not None else Field(0)
        return bits | (Field.STORAGE if self.slots else Field(0))


@dataclass(frozen=True, slots=True)
class BatchLog:
    """An L2→L1 log with the number of its transaction in the batch."""

    log: L2ToL1Log
    tx_number: int

    @property
    def leaf(self) -> bytes:
        """The 88 packed bytes of the log tree's leaf."""
        return self.log.leaf(self.tx_number)


@dataclass(frozen=True, slots=True)
class Pubdata:
    """Decoded pubdata of one batch."""

    header: BlockHeader
    logs: tuple[BatchLog, ...]
    accounts: tuple[AccountDiff, ...]

    def encode(self) -> bytes:
        """The bytes whose keccak is the batch's DA commitment.

        Raises:
            BatchError: There are more logs than a batch's tree holds, or a log is not one the system contracts make.
        """
        if len(self.logs) > MAX_LOGS:
            raise BatchError(f"{len(self.logs)} logs do not fit a batch; at most {MAX_LOGS} do")
        parts = [bytes([PUBDATA_VERSION]), sized(self.header.encode()), len(self.logs).to_bytes(2, "big")]
        parts.extend(_encode_log(entry) for entry in self.logs)
        parts.append(len(self.accounts).to_bytes(4, "big"))
        parts.extend(_encode_account(account) for account in self.accounts)
        return b"".join(parts)


def decode_pubdata(data: bytes) -> Pubdata:
    """Read pubdata; what it accepts encodes back to the same bytes.

    Raises:
        BatchError: The bytes break a rule of the format.
    """
    cursor = Cursor(data, lambda message: BatchError(f"pubdata: {message}"))
    version = cursor.uint(1, "version")
    if version != PUBDATA_VERSION:
        raise cursor.fail(f"version {version} is unknown; this program reads version {PUBDATA_VERSION}")
    try:
        header = BlockHeader.decode(cursor.sized("header"))
    except InvalidBlock as exc:
        raise cursor.fail(exc.message) from exc
    log_count = cursor.uint(2, "log count")
    if log_count > MAX_LOGS:
        raise cursor.fail(f"{log_count} logs do not fit a batch")
    logs = tuple(_decode_log(cursor) for _ in range(log_count))
    accounts = tuple(_decode_account(cursor) for _ in range(cursor.uint(4, "account count")))
    cursor.finish()
    _check_ascending((account.address for account in accounts), "accounts", cursor)
    return Pubdata(header, logs, accounts)


def encoded_size(accounts: Iterable[AccountDiff]) -> int:
    """Bytes that changed accounts take in pubdata."""
    return sum(len(_encode_account(account)) for account in accounts)


def _encode_log(entry: BatchLog) -> bytes:
    log, number = entry.log, entry.tx_number.to_bytes(2, "big")
    if log.sender == BOOTLOADER_ADDRESS:
        return bytes([_RESULT_KIND]) + number + log.key + log.value[-1:]
    if log.message is None or keccak(log.message) != log.value or any(log.key[:12]):
        raise BatchError(f"the log of sender 0x{log.sender.hex()} is not one that the system contracts make")
    return bytes([_MESSAGE_KIND]) + number + log.key[12:] + sized(log.message)


def _decode_log(cursor: Cursor) -> BatchLog:
    kind, number = cursor.uint(1, "log kind"), cursor.uint(2, "transaction number")
    if kind == _RESULT_KIND:
        key, success = cursor.take(32, "canonical hash"), cursor.uint(1, "success")
        if success > 1:
            raise cursor.fail(f"success is {success}; expected 0 or 1")
        return BatchLog(priority_result_log(key, bool(success), 0), number)
    if kind != _MESSAGE_KIND:
        raise cursor.fail(f"log kind {kind} is unknown")
    sender, message = cursor.take(20, "message sender"), cursor.sized("message")
    log = L2ToL1Log(True, 0, L1_MESSENGER_ADDRESS, bytes(12) + sender, keccak(message), message)
    return BatchLog(log, number)


def _encode_account(account: AccountDiff) -> bytes:
    parts = [account.address, bytes([account.fields])]
    parts.extend(value.encode() for value in (account.nonce, account.balance) if value is not None)
    if account.code is not None:
        parts.append(sized(account.code))
    if account.slots:
        parts.append(len(account.slots).to_bytes(4, "big"))
        parts.extend(slot.to_bytes(32, "big") + value.encode() for slot, value in account.slots)
    return b"".join(parts)


def _decode_account(cursor: Cursor) -> AccountDiff:
    address, bits = cursor.take(20, "address"), cursor.uint(1, "fields")
    if bits == 0 or bits > Field.DELETED:
        raise cursor.fail(f"account 0x{address.hex()} has impossible field bits 0x{bits:02x}")
    return AccountDiff(
        address=address,
        nonce=_decode_value(cursor) if bits & Field.NONCE else None,
        balance=_decode_value(cursor) if bits & Field.BALANCE else None,
        code=_decode_code(cursor) if bits & Field.CODE else None,
        slots=_decode_slots(cursor) if bits & Field.STORAGE else (),
        deleted=bits == Field.DELETED,
    )


def _decode_value(cursor: Cursor) -> CompressedValue:
    value, cursor.at = decode_compressed(cursor.data, cursor.at)
    return value


def _decode_code(cursor: Cursor) -> bytes:
    code = cursor.sized("code")
    if not code:
        raise cursor.fail("a new code is empty")
    return code


def _decode_slots(cursor: Cursor) -> tuple[tuple[int, CompressedValue], ...]:
    count = cursor.uint(4, "slot count")
    if count == 0:
        raise cursor.fail("an account's list of slots is empty")
    slots = []
    for _ in range(count):
        key = to_int(cursor.take(32, "slot"))
        slots.append((key, _decode_value(cursor)))
    _check_ascending((slot for slot, _ in slots), "slots", cursor)
    return tuple(slots)


def _check_ascending(keys: Iterable[bytes | int], what: str, cursor: Cursor) -> None:
    """Keys of one list are all of one type."""
    if any(not first < second for first, second in pairwise(keys)):  # type: ignore[operator]
        raise cursor.fail(f"{what} are not in ascending order")
