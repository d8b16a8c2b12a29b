"""The EVM in C on a state in memory, driven through ``evm_harness.c``."""

import ctypes
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from chain_template.genesis import genesis_block
from chain_template.transactions.types import PRIORITY_TYPE, SYSTEM_TYPE, Transaction
from contracts.genesis import GenesisAccount
from tests.zkvm.guest.native import HERE, SANITIZERS, shared_library, sources_of

USER, SYSTEM, PRIORITY = 0, 1, 2
_WORD = ctypes.c_uint8 * 32
_ADDRESS = ctypes.c_uint8 * 20
_BYTES = ctypes.POINTER(ctypes.c_uint8)
_SEE_ACCOUNT = ctypes.CFUNCTYPE(None, _BYTES, _BYTES, ctypes.c_uint64, _BYTES, ctypes.c_uint32)
_SEE_SLOT = ctypes.CFUNCTYPE(None, _BYTES, _BYTES)
_SEE_LOG = ctypes.CFUNCTYPE(None, _BYTES, ctypes.c_uint32, _BYTES, _BYTES, ctypes.c_uint32)


class _Transaction(ctypes.Structure):
    _fields_ = (
        ("kind", ctypes.c_uint32),
        ("is_creation", ctypes.c_uint32),
        ("from_holder", ctypes.c_uint32),
        ("sender", _ADDRESS),
        ("to", _ADDRESS),
        ("refund_recipient", _ADDRESS),
        ("nonce", ctypes.c_uint64),
        ("gas_limit", ctypes.c_uint64),
        ("max_fee", _WORD),
        ("max_priority_fee", _WORD),
        ("value", _WORD),
        ("minted", _WORD),
    )


class _Outcome(ctypes.Structure):
    _fields_ = (
        ("reason", ctypes.c_uint32),
        ("refusal", ctypes.c_uint32),
        ("status", ctypes.c_uint32),
        ("was_called", ctypes.c_uint32),
        ("gas_used", ctypes.c_uint64),
        ("output_size", ctypes.c_uint32),
        ("output", ctypes.c_void_p),
    )


@dataclass(frozen=True)
class Outcome:
    """How a transaction ended; the numbers are those of ``base.h``, ``evm.h`` and ``transaction.h``."""

    reason: int
    refusal: int
    status: int
    was_called: bool
    gas_used: int
    output: bytes


@dataclass(frozen=True)
class Environment:
    """What a block's transactions see."""

    coinbase: bytes = bytes(20)
    number: int = 1
    timestamp: int = 1
    gas_limit: int = 30_000_000
    base_fee: int = 7
    blob_base_fee: int = 1
    chain_id: int = 1
    randao: bytes = bytes(32)
    block_hashes: Sequence[bytes] = field(default=())
    fee_to_coinbase: bool = False


@dataclass(frozen=True)
class Build:
    """How the EVM is compiled; with sanitizers it needs their library loaded before Python."""

    limb_bits: int = 64
    sanitized: bool = False


#: As the host runs it.
HOST = Build()


@cache
def library(build: Build) -> ctypes.CDLL:
    """The EVM and its harness, compiled once."""
    own = [HERE / "evm_harness.c", HERE / "memory_state.c"]
    flags = SANITIZERS if build.sanitized else ["-O2"]
    loaded = shared_library([*sources_of("base", "crypto", "evm"), *own], limb_bits=build.limb_bits, flags=flags)
    loaded.harness_open.restype = ctypes.c_void_p
    return loaded


class Machine:
    """One machine with its state; close it, or use it in a ``with`` statement."""

    def __init__(self, accounts: Sequence[GenesisAccount], environment: Environment, build: Build = HOST) -> None:
        self._library = library(build)
        self._handle = ctypes.c_void_p(self._library.harness_open())
        self._set_block(environment)
        for account in accounts:
            self._set_account(account)
        self._library.harness_begin(self._handle)

    def __enter__(self) -> "Machine":
        return self

    def __exit__(self, *_: object) -> None:
        self._library.harness_close(self._handle)

    def _set_block(self, env: Environment) -> None:
        hashes = b"".join(env.block_hashes).ljust(256 * 32, b"\0")
        self._library.harness_block(
            self._handle,
            env.coinbase,
            ctypes.c_uint64(env.number),
            ctypes.c_uint64(env.timestamp),
            ctypes.c_uint64(env.gas_limit),
            _word(env.base_fee),
            _word(env.blob_base_fee),
            ctypes.c_uint64(env.chain_id),
            env.randao,
            hashes,
            ctypes.c_bool(env.fee_to_coinbase),
        )

    def _set_account(self, account: GenesisAccount) -> None:
        self._library.harness_account(
            self._handle,
            account.address,
            _word(account.balance),
            ctypes.c_uint64(account.nonce),
            account.code,
            ctypes.c_uint32(len(account.code)),
        )
        for slot, value in account.storage.items():
            self._library.harness_slot(self._handle, account.address, _word(slot), _word(value))

    def transact(self, tx: Transaction, *, from_holder: bool = False, charge_all: bool = False) -> Outcome:
        """Check and run one transaction."""
        plain = _Transaction(
            kind={SYSTEM_TYPE: SYSTEM, PRIORITY_TYPE: PRIORITY}.get(tx.type, USER),
            is_creation=tx.to is None,
            from_holder=from_holder,
            sender=_ADDRESS(*tx.sender),
            to=_ADDRESS(*(tx.to or bytes(20))),
            nonce=tx.nonce,
            gas_limit=tx.gas_limit,
            max_fee=_WORD(*_word(tx.max_fee_per_gas)),
            max_priority_fee=_WORD(*_word(tx.max_priority_fee_per_gas)),
            value=_WORD(*_word(tx.value)),
        )
        if tx.priority is not None:
            plain.refund_recipient = _ADDRESS(*tx.priority.refund_recipient)
            plain.minted = _WORD(*_word(tx.priority.mint_value))
        accesses = b"".join(
            entry.address + len(entry.slots).to_bytes(4, "little") + b"".join(map(_word, entry.slots))
            for entry in tx.access_list
        )
        outcome = _Outcome()
        self._library.harness_transact(
            self._handle,
            ctypes.byref(plain),
            tx.data,
            ctypes.c_uint32(len(tx.data)),
            accesses,
            ctypes.c_uint32(len(tx.access_list)),
            ctypes.c_bool(charge_all),
            ctypes.byref(outcome),
        )
        output = ctypes.string_at(outcome.output, outcome.output_size) if outcome.output_size else b""
        return Outcome(
            outcome.reason, outcome.refusal, outcome.status, bool(outcome.was_called), outcome.gas_used, output
        )

    def accounts(self) -> list[GenesisAccount]:
        """Every account there is, with its storage."""
        found: list[tuple[bytes, int, int, bytes, dict[int, int]]] = []

        def see_account(address: Any, balance: Any, nonce: int, code: Any, size: int) -> None:
            found.append((bytes(address[:20]), _number(balance), nonce, bytes(code[:size]), {}))

        def see_slot(key: Any, value: Any) -> None:
            found[-1][4][_number(key)] = _number(value)

        self._library.harness_dump(self._handle, _SEE_ACCOUNT(see_account), _SEE_SLOT(see_slot))
        return [
            GenesisAccount(address, code, storage, balance, nonce) for address, balance, nonce, code, storage in found
        ]

    def state_root(self) -> bytes:
        """Root of the accounts' trie."""
        return genesis_block(self.accounts(), timestamp=0, gas_limit=1, base_fee_per_gas=1).header.state_root

    def logs(self) -> list[list[Any]]:
        """The logs so far, as RLP wants them: address, topics, data."""
        found: list[list[Any]] = []

        def see(address: Any, topics: int, topic: Any, data: Any, size: int) -> None:
            found.append(
                [bytes(address[:20]), [bytes(topic[32 * i : 32 * i + 32]) for i in range(topics)], bytes(data[:size])]
            )

        self._library.harness_logs(self._handle, _SEE_LOG(see))
        return found[::-1]


def accounts_of(pre: Mapping[str, Any]) -> list[GenesisAccount]:
    """The accounts of a state test's pre-state."""
    return [
        GenesisAccount(
            _hex(address),
            _hex(fields["code"]),
            {int(slot, 16): int(value, 16) for slot, value in fields["storage"].items()},
            int(fields["balance"], 16),
            int(fields["nonce"], 16),
        )
        for address, fields in pre.items()
    ]


def _hex(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


def _word(value: int) -> bytes:
    return value.to_bytes(32, "big")


def _number(pointer: Any) -> int:
    return int.from_bytes(bytes(pointer[:32]), "big")
