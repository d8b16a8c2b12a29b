"""Loops of EVM code on the EVM in C, against pyrevm (revm behind Python): gas a second, state in memory.

Ours is the batch program's EVM compiled for this machine, as the chains run it; its state here is the tests' state in
memory, so that only the EVM is compared. Both run the same code with the same gas in the same process, in turn.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

import pyrevm

from benchmarks.measure import Figure, in_turn, median
from chain_template.transactions.types import Transaction
from contracts.genesis import GenesisAccount
from tests.zkvm.guest.machine import Environment, Machine

RUNS = 7
GAS = 30_000_000
CALLER, LOOP, CALLEE = (bytes([byte]) * 20 for byte in (0xC1, 0xC2, 0xC3))

_NAMES = {
    **{f"DUP{n}": 0x7F + n for n in range(1, 17)},
    **{f"SWAP{n}": 0x8F + n for n in range(1, 17)},
}
for _start, _words in {
    0x00: "STOP ADD MUL SUB DIV SDIV MOD SMOD ADDMOD MULMOD EXP",
    0x10: "LT GT SLT SGT EQ ISZERO AND OR XOR NOT BYTE SHL SHR SAR",
    0x20: "KECCAK256",
    0x33: "CALLER CALLVALUE CALLDATALOAD CALLDATASIZE",
    0x50: "POP MLOAD MSTORE MSTORE8 SLOAD SSTORE JUMP JUMPI PC MSIZE GAS JUMPDEST",
    0xA0: "LOG0 LOG1 LOG2 LOG3 LOG4",
    0xF0: "CREATE CALL CALLCODE RETURN DELEGATECALL",
    0xFA: "STATICCALL",
}.items():
    _NAMES.update({name: _start + n for n, name in enumerate(_words.split())})


def assemble(text: str) -> bytes:
    """Code from names of opcodes and numbers, which are pushed; ``:name`` is a jump's target, ``@name`` pushes it."""
    code, places, uses = bytearray(), {}, []
    for word in text.split():
        if word.startswith(":"):
            places[word[1:]] = len(code)
            code.append(_NAMES["JUMPDEST"])
        elif word.startswith("@"):
            uses.append((len(code) + 1, word[1:]))
            code += b"\x61\0\0"
        elif word in _NAMES:
            code.append(_NAMES[word])
        else:
            data = int(word, 0).to_bytes(max(1, (int(word, 0).bit_length() + 7) // 8), "big")
            code += bytes([0x5F + len(data)]) + data
    for at, name in uses:
        code[at : at + 2] = places[name].to_bytes(2, "big")
    return bytes(code)


def loop(body: str, start: str = "") -> bytes:
    """The body over and over, until gas runs low; a counter lies on top of the stack between rounds."""
    return assemble(f"{start} 1000000000 :again {body} 1 SWAP1 SUB GAS 100000 LT @again JUMPI STOP")


_ROTATE = "DUP{at} DUP1 {left} SHL SWAP1 {right} SHR OR 0xffffffff AND"
_SHA = " ".join(
    [
        "SWAP1",
        *(_ROTATE.format(at=at, left=32 - by, right=by) for at, by in ((1, 6), (2, 11), (3, 25))),
        "XOR XOR ADD 0xffffffff AND 0x428a2f98 ADD 0xffffffff AND SWAP1",
    ]
)
_NAME = f"0x{CALLEE.hex()}"
_ECHO = "0 CALLDATALOAD 0 MSTORE 32 0 RETURN"
_TOKEN = """
0 CALLDATALOAD 224 SHR DUP1 0xa9059cbb EQ @transfer JUMPI DUP1 0x70a08231 EQ @balance JUMPI
0x40c10f19 EQ @mint JUMPI 0 0 RETURN
:transfer POP CALLER 0 MSTORE 0 32 MSTORE 64 0 KECCAK256 DUP1 SLOAD 36 CALLDATALOAD DUP1 DUP3 LT @poor JUMPI
SWAP1 SUB SWAP1 SSTORE 4 CALLDATALOAD 0 MSTORE 64 0 KECCAK256 DUP1 SLOAD 36 CALLDATALOAD ADD SWAP1 SSTORE
36 CALLDATALOAD 0 MSTORE 4 CALLDATALOAD CALLER 0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef
32 0 LOG3 1 0 MSTORE 32 0 RETURN
:mint CALLER 0 MSTORE 0 32 MSTORE 64 0 KECCAK256 1000000000000 SWAP1 SSTORE STOP
:balance POP 4 CALLDATALOAD 0 MSTORE 0 32 MSTORE 64 0 KECCAK256 SLOAD 0 MSTORE 32 0 RETURN
:poor 0 0 RETURN
"""
_TRANSFER = "0xa9059cbb 224 SHL 0 MSTORE 0x1234 4 MSTORE 1 36 MSTORE 32 0 68 0 0 {token} GAS CALL POP"
_MINT = "0x40c10f19 224 SHL 0 MSTORE 0 0 4 0 0 {token} GAS CALL POP"


@dataclass(frozen=True)
class Program:
    """A loop, and the contract that it calls."""

    name: str
    code: bytes
    callee: bytes = b""

    def accounts(self) -> list[GenesisAccount]:
        """Who there is."""
        return [
            GenesisAccount(CALLER, b"", {}, 10**24, 0),
            GenesisAccount(LOOP, self.code, {}, 0, 1),
            GenesisAccount(CALLEE, self.callee, {}, 0, 1),
        ]


PROGRAMS = [
    Program("arithmetic", loop("DUP1 DUP1 MUL 7 ADD DUP2 3 SUB SWAP1 DIV DUP2 ADD 1000003 SWAP1 MOD POP")),
    Program(
        "wide arithmetic",
        loop(
            "SWAP1 DUP1 DUP1 MUL DUP4 ADD SWAP1 DUP4 SWAP1 DUP3 MULMOD ADD SWAP1",
            "0xfffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f 0x9876543 255 SHL NOT",
        ),
    ),
    Program("sha-like", loop(_SHA, "0x6a09e667")),
    Program("memory", loop("DUP1 0x3ff AND 5 SHL DUP1 MLOAD DUP3 ADD SWAP1 MSTORE DUP1 DUP1 0xfff AND MSTORE8")),
    Program("keccak", loop("DUP1 0 MSTORE 64 0 KECCAK256 32 MSTORE")),
    Program("storage", loop("DUP1 0xf AND DUP1 SLOAD DUP3 ADD SWAP1 SSTORE")),
    Program("calls", loop(f"32 0 32 0 {_NAME} GAS STATICCALL POP"), assemble(_ECHO)),
    Program("token", loop(_TRANSFER.format(token=_NAME), _MINT.format(token=_NAME)), assemble(_TOKEN)),
]


def native(program: Program, gas: int = GAS) -> tuple[int, float]:
    """Gas and seconds of one run on the EVM in C."""
    with Machine(program.accounts(), Environment(base_fee=0, gas_limit=gas)) as machine:
        tx = Transaction(2, bytes(32), b"", CALLER, LOOP, 0, 1, gas, 0, 0, 0, b"")
        began = time.perf_counter()
        outcome = machine.transact(tx)
        seconds = time.perf_counter() - began
    if (outcome.reason, outcome.refusal, outcome.status) != (0, 0, 0):
        raise RuntimeError(f"the loop {program.name} failed: {outcome}")
    return outcome.gas_used, seconds


def revm(program: Program, gas: int = GAS) -> tuple[int, float]:
    """The same on revm."""
    machine = pyrevm.EVM(spec_id="CANCUN", gas_limit=gas)
    for account in program.accounts():
        address = f"0x{account.address.hex()}"
        info = pyrevm.AccountInfo(nonce=account.nonce, balance=account.balance, code=account.code or None)
        machine.insert_account_info(address, info)
    began = time.perf_counter()
    machine.message_call(f"0x{CALLER.hex()}", f"0x{LOOP.hex()}", gas=gas)
    seconds = time.perf_counter() - began
    if not machine.result.is_success:
        raise RuntimeError(f"the loop {program.name} failed on revm")
    return machine.result.gas_used, seconds


def figure(program: Program) -> Figure:
    """One loop on both."""
    if native(program)[0] != revm(program)[0]:
        raise RuntimeError(f"the loop {program.name} does not cost the same on both")

    def rate(of: Callable[[Program], tuple[int, float]]) -> float:
        gas, seconds = of(program)
        return round(gas / seconds / 1e6, 1)

    ours, peer = in_turn(lambda: rate(native), lambda: rate(revm), RUNS)
    return Figure(
        name=f"EVM in C: {program.name}",
        unit="million gas/s",
        better="higher",
        ours=median(ours),
        peer=median(peer),
        peer_name="pyrevm",
        samples={"ours": ours, "peer": peer},
        notes=f"one transaction of {GAS} gas that runs the loop; state in memory on both sides",
    )


def figures() -> list[Figure]:
    return [figure(program) for program in PROGRAMS]
