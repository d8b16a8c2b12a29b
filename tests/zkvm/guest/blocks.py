"""The state over tries and the blocks of the batch program, driven through ``block_harness.c``."""

import ctypes
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import TracebackType

from chain_template.executor.interface import BlockContext, ChainRules
from chain_template.headers import BlockHeader
from chain_template.transactions.types import AccessListEntry
from tests.zkvm.guest.machine import HOST, Build
from tests.zkvm.guest.native import GUEST, HERE, SANITIZERS, shared_library, sources_of

#: What a block makes of a transaction; those of ``block.h``.
INCLUDED, GAS_USED_UP, PUBDATA_USED_UP, ABOVE_BLOCK_GAS, REFUSED, WRONG_PHASE, SYSTEM_FAILED = range(7)
#: Of ``base.h``.
MALFORMED, MISSING_NODE, OUT_OF_MEMORY = 2, 14, 17
ROOMS = ("base", "crypto", "evm", "state")
#: Of chain/, what blocks are made of.
CHAIN = ("block", "eip712", "header", "l2_logs", "ordered_root", "receipts", "rlp", "transactions", "unsigned")
#: Bytes of address space for a state and its blocks.
MEMORY = 1 << 33
_NO_LIMIT_32, _NO_LIMIT_64 = 2**32 - 1, 2**64 - 1
_WORD, _ADDRESS = ctypes.c_uint8 * 32, ctypes.c_uint8 * 20


class GivenUp(Exception):
    """The run ended with a reason of ``base.h``."""

    def __init__(self, reason: int) -> None:
        super().__init__(f"reason {reason}")
        self.reason = reason


def block_sources() -> list[Path]:
    """What the guest's blocks are made of, and blob transactions."""
    chain = [GUEST / "chain" / f"{name}.c" for name in CHAIN]
    return [*sources_of(*ROOMS), *chain, HERE / "blob_transaction.c"]


@cache
def library(build: Build) -> ctypes.CDLL:
    """The guest's blocks and their harness, compiled once."""
    flags = SANITIZERS if build.sanitized else ["-O2"]
    loaded = shared_library(
        [*block_sources(), HERE / "block_harness.c", HERE / "state_script.c"], limb_bits=build.limb_bits, flags=flags
    )
    loaded.blocks_open.restype = ctypes.c_void_p
    loaded.blocks_answer.restype = ctypes.c_void_p
    return loaded


@dataclass(frozen=True)
class EventLog:
    """One log: an address, topics, data."""

    address: bytes
    topics: list[bytes]
    data: bytes

    def fields(self) -> list[object]:
        """The log as RLP fields."""
        return [self.address, self.topics, self.data]


@dataclass(frozen=True)
class IncludedByGuest:
    """What became part of a block."""

    gas_used: int
    output: bytes
    receipt: bytes
    effective_gas_price: int
    created: bytes
    logs: list[EventLog]
    #: (is a message, transaction, key, value, message)
    l2_logs: list[tuple[bool, int, bytes, bytes, bytes]]


@dataclass(frozen=True)
class Verdict:
    """What a block makes of a transaction."""

    kind: int
    refusal: int
    nonce: int
    balance: int
    status: int
    block_gas_used: int
    included: IncludedByGuest | None


@dataclass(frozen=True)
class Sealed:
    """A block that is done."""

    touched: set[tuple[bytes, int | None]]
    new_nodes: dict[bytes, bytes]
    hash: bytes
    header: bytes


@dataclass(frozen=True)
class AccountChange:
    """What became of an account since the state was opened; code where it is new, slots with old and new values."""

    existed: bool
    old: tuple[int, int, bytes]
    storage_differs: bool
    exists: bool
    new: tuple[int, int, bytes]
    slots: list[tuple[int, int, int]]


class Answer:
    """Reads what the harness answered."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, size: int) -> bytes:
        """The next bytes."""
        taken = self._data[self._at : self._at + size]
        assert len(taken) == size
        self._at += size
        return taken

    def u32(self) -> int:
        """The next small number."""
        return int.from_bytes(self.take(4), "little")

    def u64(self) -> int:
        """The next larger one."""
        return int.from_bytes(self.take(8), "little")

    def word(self) -> int:
        """The next 32 bytes as a number."""
        return int.from_bytes(self.take(32), "big")

    def sized(self) -> bytes:
        """The next bytes behind their size."""
        return self.take(self.u32())

    def logs(self) -> list[EventLog]:
        """Logs behind their count."""
        return [
            EventLog(self.take(20), [self.take(32) for _ in range(self.u32())], self.sized()) for _ in range(self.u32())
        ]

    def end(self) -> None:
        """Nothing is left."""
        assert self._at == len(self._data)


class _Block(ctypes.Structure):
    _fields_ = (
        ("timestamp", ctypes.c_uint64),
        ("gas_limit", ctypes.c_uint64),
        ("max_pubdata", ctypes.c_uint64),
        ("fee_recipient", _ADDRESS),
        ("base_fee", _WORD),
        ("mix_hash", _WORD),
        ("blob_base_fee", _WORD),
        ("hash_count", ctypes.c_uint32),
        ("hashes", ctypes.c_char_p),
        ("extra_data", ctypes.c_char_p),
        ("extra_size", ctypes.c_uint32),
        ("parent_size", ctypes.c_uint32),
        ("parent", ctypes.c_char_p),
    )


class _Blob(ctypes.Structure):
    _fields_ = (
        ("sender", _ADDRESS),
        ("to", _ADDRESS),
        ("nonce", ctypes.c_uint64),
        ("gas_limit", ctypes.c_uint64),
        ("max_fee", _WORD),
        ("max_priority_fee", _WORD),
        ("value", _WORD),
        ("blob_fee_bound", _WORD),
        ("blob_fee", _WORD),
        ("data_size", ctypes.c_uint32),
        ("access_count", ctypes.c_uint32),
        ("blob_count", ctypes.c_uint32),
        ("data", ctypes.c_char_p),
        ("accesses", ctypes.c_char_p),
        ("blob_hashes", ctypes.c_char_p),
    )


@dataclass(frozen=True)
class BlobTransaction:
    """What of a blob transaction its execution needs; fees in wei."""

    sender: bytes
    to: bytes
    nonce: int
    gas_limit: int
    max_fee: int
    max_priority_fee: int
    value: int
    data: bytes
    access_list: tuple[AccessListEntry, ...]
    blob_hashes: Sequence[bytes]
    blob_fee_bound: int
    blob_fee: int


class GuestChain:
    """Blocks on one state; close it, or use it in a ``with`` statement."""

    def __init__(
        self,
        rules: ChainRules,
        nodes: Mapping[bytes, bytes],
        state_root: bytes,
        build: Build = HOST,
        memory: int = MEMORY,
    ) -> None:
        self._library = library(build)
        limit = _NO_LIMIT_32 if rules.max_transaction_pubdata is None else rules.max_transaction_pubdata
        self._handle = ctypes.c_void_p(
            self._library.blocks_open(
                ctypes.c_uint64(rules.chain_id),
                ctypes.c_bool(rules.base_fee_to_coinbase),
                ctypes.c_bool(rules.has_base_token_holder),
                ctypes.c_uint32(limit),
                ctypes.c_size_t(memory),
            )
        )
        for key, node in nodes.items():
            self._library.blocks_node(self._handle, key, node, ctypes.c_uint32(len(node)))
        try:
            self._run("state", state_root)
        except GivenUp:
            self.close()
            raise

    def __enter__(self) -> "GuestChain":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Give its memory back."""
        self._library.blocks_close(self._handle)

    def begin(self, context: BlockContext, blob_base_fee: int = 1) -> None:
        """Start the next block."""
        hashes, parent = b"".join(context.block_hashes[:256]), context.parent.encode()
        room = _NO_LIMIT_64 if context.max_pubdata_bytes is None else context.max_pubdata_bytes
        plain = _Block(
            timestamp=context.timestamp,
            gas_limit=context.gas_limit,
            max_pubdata=room,
            fee_recipient=_ADDRESS(*context.fee_recipient),
            base_fee=_word(context.base_fee_per_gas),
            mix_hash=_WORD(*context.mix_hash),
            blob_base_fee=_word(blob_base_fee),
            hash_count=len(hashes) // 32,
            hashes=hashes,
            extra_data=context.extra_data,
            extra_size=len(context.extra_data),
            parent_size=len(parent),
            parent=parent,
        )
        self._run("begin", ctypes.byref(plain))

    def apply(self, raw: bytes, sender: bytes | None = None) -> Verdict:
        """Try a transaction; its signature is looked at where no sender is given."""
        answer = self._run("apply", raw, ctypes.c_uint32(len(raw)), sender)
        kind, refusal, nonce, balance = answer.u32(), answer.u32(), answer.u64(), answer.word()
        status, gas_used = answer.u32(), answer.u64()
        included = _included(answer) if kind == INCLUDED else None
        answer.end()
        return Verdict(kind, refusal, nonce, balance, status, gas_used, included)

    def seal(self) -> Sealed:
        """Close the block."""
        answer = self._run("seal")
        touched: set[tuple[bytes, int | None]] = set()
        for _ in range(answer.u32()):
            address = answer.take(20)
            touched.add((address, answer.word() if answer.u32() else None))
        nodes: dict[bytes, bytes] = {}
        while any(key := answer.take(32)):
            nodes[key] = answer.sized()
        sealed = Sealed(touched, nodes, answer.take(32), answer.sized())
        answer.end()
        return sealed

    def block(self, context: BlockContext, raws: Sequence[bytes]) -> tuple[list[Verdict], Sealed, BlockHeader]:
        """A whole block; signatures are looked at."""
        self.begin(context)
        verdicts = [self.apply(raw) for raw in raws]
        sealed = self.seal()
        return verdicts, sealed, BlockHeader.decode(sealed.header)

    def changes(self) -> dict[bytes, AccountChange]:
        """Accounts that blocks wrote since the state was opened, in the guest's order."""
        answer = self._run("changes")
        found: dict[bytes, AccountChange] = {}
        for _ in range(answer.u32()):
            address, existed = answer.take(20), bool(answer.u32())
            old = answer.u64(), answer.word(), answer.take(32)
            storage_differs, exists = bool(answer.u32()), bool(answer.u32())
            new = answer.u64(), answer.word(), answer.sized()
            slots = [(answer.word(), answer.word(), answer.word()) for _ in range(answer.u32())]
            found[address] = AccountChange(existed, old, storage_differs, exists, new, slots)
        answer.end()
        return found

    def script(self, steps: bytes) -> Answer:
        """Steps on the state alone; see the harness."""
        return self._run("script", steps, ctypes.c_uint32(len(steps)))

    def read(self) -> set[bytes]:
        """Hashes of the nodes and codes that were asked for so far."""
        data = self._run_raw("read")
        return {data[at : at + 32] for at in range(0, len(data), 32)}

    def run_blob(self, tx: BlobTransaction) -> tuple[bool, list[EventLog], bytes]:
        """Run a blob transaction in the block that was begun: whether it could run, its logs, the state root."""
        accesses = b"".join(
            entry.address + len(entry.slots).to_bytes(4, "little") + b"".join(slot.to_bytes(32) for slot in entry.slots)
            for entry in tx.access_list
        )
        plain = _Blob(
            sender=_ADDRESS(*tx.sender),
            to=_ADDRESS(*tx.to),
            nonce=tx.nonce,
            gas_limit=tx.gas_limit,
            max_fee=_word(tx.max_fee),
            max_priority_fee=_word(tx.max_priority_fee),
            value=_word(tx.value),
            blob_fee_bound=_word(tx.blob_fee_bound),
            blob_fee=_word(tx.blob_fee),
            data_size=len(tx.data),
            access_count=len(tx.access_list),
            blob_count=len(tx.blob_hashes),
            data=tx.data,
            accesses=accesses,
            blob_hashes=b"".join(tx.blob_hashes),
        )
        answer = self._run("blob", ctypes.byref(plain))
        ran, logs, root = bool(answer.u32()), answer.logs(), answer.take(32)
        answer.end()
        return ran, logs, root

    def _run(self, what: str, *arguments: object) -> Answer:
        return Answer(self._run_raw(what, *arguments))

    def _run_raw(self, what: str, *arguments: object) -> bytes:
        reason = getattr(self._library, f"blocks_{what}")(self._handle, *arguments)
        if reason:
            raise GivenUp(reason)
        size = ctypes.c_uint64()
        data = self._library.blocks_answer(self._handle, ctypes.byref(size))
        return ctypes.string_at(data, size.value) if size.value else b""


def _included(answer: Answer) -> IncludedByGuest:
    return IncludedByGuest(
        gas_used=answer.u64(),
        output=answer.sized(),
        receipt=answer.sized(),
        effective_gas_price=answer.word(),
        created=answer.take(20),
        logs=answer.logs(),
        l2_logs=[
            (bool(answer.u32()), answer.u32(), answer.take(32), answer.take(32), answer.sized())
            for _ in range(answer.u32())
        ],
    )


def _word(value: int) -> ctypes.Array[ctypes.c_uint8]:
    return _WORD(*value.to_bytes(32, "big"))
