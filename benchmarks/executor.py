"""Transfers a second through the executors, of ether and of an ERC-20 token: ours, py-evm's, and pyrevm.

The state is in memory, and who signed is known before the clock starts, on every side. Ours are blocks of 1,000: what
is *executed* ends with a receipt for each transaction, what is *sealed* also with the state root, the roots of
transactions and receipts, the header, and the witness that a proof needs. pyrevm executes one message after the other,
and makes none of these.
"""

import time
from collections.abc import Sequence
from functools import cache

import pyrevm
from eth_account import Account

from benchmarks.evm import CALLEE, Program
from benchmarks.evm import PROGRAMS as LOOPS
from benchmarks.measure import Figure, median
from chain_template.executor import make_executor
from chain_template.executor.interface import ChainRules, Executor
from chain_template.transactions import Transaction, decode_transaction
from contracts.genesis import GenesisAccount
from tests.support import CHAIN_ID, Bench, address_of, sign

SENDERS, ACCOUNTS = 200, 10_000
TRANSFERS, BLOCK, REFERENCE_TRANSFERS = 4_000, 1_000, 200
RUNS = 7
ETHER_GAS, TOKEN_GAS = 21_000, 100_000
_WEALTH = 10**24
_KEYS = [Account.from_key(number.to_bytes(32, "big")) for number in range(1, SENDERS + 1)]
_HOLDERS = [(10**30 + number * 7919**5).to_bytes(20, "big") for number in range(ACCOUNTS)]


def _token() -> bytes:
    program: Program = next(loop for loop in LOOPS if loop.name == "token")
    return program.callee


def _transfer_data(to: bytes) -> bytes:
    return bytes.fromhex("a9059cbb") + to.rjust(32, b"\0") + (1).to_bytes(32, "big")


_MINT = bytes.fromhex("40c10f19").ljust(68, b"\0")


class _Ours:
    """A chain of blocks of transfers, on one of our executors."""

    def __init__(self, name: str, *, is_token: bool) -> None:
        accounts = [GenesisAccount(address_of(key), b"", balance=_WEALTH, nonce=0) for key in _KEYS]
        accounts += [GenesisAccount(holder, b"", balance=1, nonce=0) for holder in _HOLDERS]
        accounts.append(GenesisAccount(CALLEE, _token(), nonce=1))
        self._bench = Bench(ChainRules(CHAIN_ID), accounts)
        if is_token:
            self._bench.run(*(sign(key, 0, to=CALLEE, data=_MINT, gas=TOKEN_GAS) for key in _KEYS))
        self._is_token, self._done = is_token, 0
        self._executor: Executor = make_executor(name, ChainRules(CHAIN_ID))

    def rates(self, count: int) -> tuple[float, float]:
        """The next so many transfers a second: executed, and sealed."""
        bench, executed, sealed = self._bench, 0.0, 0.0
        transactions = [_transaction(number, self._is_token) for number in range(self._done, self._done + count)]
        self._done += count
        for start in range(0, count, BLOCK):
            began = time.perf_counter()
            builder = self._executor.begin_block(bench.context(), bench.nodes)
            builder.apply(transactions[start : start + BLOCK])
            applied = time.perf_counter()
            block = builder.seal()
            ended = time.perf_counter()
            if not all(receipt.status for receipt in block.receipts) or len(block.receipts) != min(BLOCK, count):
                raise RuntimeError("a transfer failed: the figure would lie")
            bench.add(block)
            executed, sealed = executed + applied - began, sealed + ended - began
        return count / executed, count / sealed


@cache
def _recipient(number: int) -> bytes:
    return _HOLDERS[number * 7 % ACCOUNTS]


def _transaction(number: int, is_token: bool) -> Transaction:
    key, to = _KEYS[number % SENDERS], _recipient(number)
    nonce = is_token + number // SENDERS
    if is_token:
        raw = sign(key, nonce, to=CALLEE, data=_transfer_data(to), gas=TOKEN_GAS)
    else:
        raw = sign(key, nonce, to=to, value=1, gas=ETHER_GAS)
    return decode_transaction(raw, CHAIN_ID)


class _Revm:
    """The same transfers as messages of pyrevm."""

    def __init__(self, *, is_token: bool) -> None:
        self._is_token = is_token
        self._evm = pyrevm.EVM()
        self._token = "0x" + CALLEE.hex()
        self._senders = ["0x" + address_of(key).hex() for key in _KEYS]
        self._holders = ["0x" + _recipient(number).hex() for number in range(TRANSFERS)]
        self._data = [_transfer_data(_recipient(number)) for number in range(TRANSFERS)]
        for sender in self._senders:
            self._evm.insert_account_info(sender, pyrevm.AccountInfo(balance=_WEALTH))
        for holder in _HOLDERS:
            self._evm.insert_account_info("0x" + holder.hex(), pyrevm.AccountInfo(balance=1))
        self._evm.insert_account_info(self._token, pyrevm.AccountInfo(nonce=1, code=_token()))
        if is_token:
            for sender in self._senders:
                self._evm.message_call(sender, self._token, calldata=_MINT, gas=TOKEN_GAS)

    def rate(self) -> float:
        """Transfers a second."""
        call, senders = self._evm.message_call, self._senders
        began = time.perf_counter()
        if self._is_token:
            for number, data in enumerate(self._data):
                call(senders[number % SENDERS], self._token, calldata=data, gas=TOKEN_GAS)
        else:
            for number, holder in enumerate(self._holders):
                call(senders[number % SENDERS], holder, value=1, gas=ETHER_GAS)
        return TRANSFERS / (time.perf_counter() - began)


def _figure(name: str, ours: Sequence[float], peer: Sequence[float], peer_name: str, notes: str) -> Figure:
    return Figure(
        name=name,
        unit="transfers/s",
        better="higher",
        ours=median(ours),
        peer=median(peer),
        peer_name=peer_name,
        samples={"ours": list(ours), "peer": list(peer)},
        notes=notes,
    )


def _of_kind(kind: str, *, is_token: bool) -> list[Figure]:
    native = _Ours("native", is_token=is_token)
    reference = _Ours("pyevm", is_token=is_token)
    revm = _Revm(is_token=is_token)
    # pyrevm was given every account; a chain that runs has met them.
    native.rates(ACCOUNTS)
    ours: list[tuple[float, float]] = []
    theirs: list[float] = []
    slow: list[tuple[float, float]] = []
    for _ in range(RUNS):
        ours.append(native.rates(TRANSFERS))
        theirs.append(revm.rate())
        slow.append(reference.rates(REFERENCE_TRANSFERS))
    size = f"{ACCOUNTS} accounts, blocks of {BLOCK}"
    return [
        _figure(f"{kind} executed", [run[0] for run in ours], theirs, "pyrevm", f"{size}; receipts, no roots"),
        _figure(f"{kind} sealed", [run[1] for run in ours], theirs, "pyrevm", f"{size}; pyrevm makes no roots"),
        *(
            _figure(
                f"{kind} {what}",
                [run[at] for run in ours],
                [run[at] for run in slow],
                "py-evm, behind the same seam",
                f"{size}; of {REFERENCE_TRANSFERS} there",
            )
            for at, what in enumerate(("executed", "sealed"))
        ),
    ]


def figures() -> list[Figure]:
    return [*_of_kind("transfers", is_token=False), *_of_kind("ERC-20 transfers", is_token=True)]
