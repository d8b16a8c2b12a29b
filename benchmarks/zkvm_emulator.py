"""How fast guests run, with and without a log, beside unicorn on the same program; and what the example guests cost.

Rates are by processor time, so that a busy machine does not show. Unicorn translates to machine code and writes no log.
"""

import struct
import time
from collections.abc import Callable

from eth_keys import keys
from unicorn import UC_ARCH_RISCV, UC_MODE_RISCV32, Uc

from benchmarks.measure import Figure, in_turn, median
from zkvm.emulator.elf import Program
from zkvm.emulator.emulator import input_words, measure, run
from zkvm.emulator.opcodes import IN_LO, ZERO_LO
from zkvm.guest_kit.examples import example

RUNS = 5
MESSAGE = bytes(range(256)) * 200
_PAGE = 1 << 12
_ZERO_BYTES = 1 << 20


def _rate(work: Callable[[], object], cycles: int) -> Callable[[], float]:
    """Millions of cycles in a second of processor time."""

    def once() -> float:
        began = time.process_time()
        work()
        return cycles / (time.process_time() - began) / 1e6

    return once


def _map(uc: Uc, address: int, data: bytes) -> None:
    start = address // _PAGE * _PAGE
    uc.mem_map(start, -(-(address + len(data) - start) // _PAGE) * _PAGE)
    uc.mem_write(address, data)


def _unicorn(program: Program, data: bytes) -> None:
    """The same run in the other emulator. The stack is mapped below 0x3000_0000, where the kit puts it."""
    uc = Uc(UC_ARCH_RISCV, UC_MODE_RISCV32)
    low = min(program.code)
    _map(uc, low, b"".join(program.code[pc].to_bytes(4, "little") for pc in sorted(program.code)))
    if len(program.image):
        _map(uc, 4 * int(program.image[0, 0]), program.image[:, 1].astype("<u4").tobytes())
    _map(uc, 4 * IN_LO, input_words(data).tobytes())
    _map(uc, 4 * ZERO_LO, bytes(_ZERO_BYTES))
    _map(uc, 0x3000_0000 - _ZERO_BYTES, bytes(_ZERO_BYTES))
    uc.emu_start(program.entry, program.halt_pc)


def _speeds() -> list[Figure]:
    program = example("sha256")
    first = run(program, MESSAGE)
    figures = []
    for name, work in (
        ("emulator with a log", lambda: run(program, MESSAGE)),
        ("emulator, counting", lambda: measure(program, MESSAGE)),
    ):
        ours, peer = in_turn(_rate(work, first.cycles), _rate(lambda: _unicorn(program, MESSAGE), first.cycles), RUNS)
        samples = {"ours": ours, "peer": peer}
        figures.append(Figure(name, "MHz", "higher", median(ours), median(peer), "unicorn, no log", samples))
    size = round(first.log.nbytes / first.cycles, 1)
    cells = round(first.cost.cells / first.cycles, 1)
    figures.append(Figure("log of an instruction, sha256", "bytes", "lower", size))
    figures.append(Figure("cells of an instruction, sha256, no quotient", "cells", "lower", cells))
    return figures


def _signature() -> bytes:
    digest = bytes(range(100, 132))
    signed = keys.PrivateKey(bytes(range(1, 33))).sign_msg_hash(digest)
    return digest + signed.r.to_bytes(32, "big") + signed.s.to_bytes(32, "big") + bytes([signed.v])


def _costs() -> list[Figure]:
    recovery = measure(example("ecrecover"), _signature()).cost
    calls = 31 * recovery.arith256 + 32 * 16 * recovery.operations
    hashes = {name: measure(example(name), bytes(100)).cost for name in ("keccak", "keccak_software")}
    ratio = hashes["keccak"].cells, hashes["keccak_software"].cells
    fibonacci = measure(example("fibonacci"), struct.pack("<I", 100_000)).cost
    return [
        Figure("ecrecover", "cycles", "lower", recovery.main),
        Figure("ecrecover, precompiles", "cells", "lower", calls, notes="ARITH256 and its words of memory"),
        Figure("keccak-256 of 100 bytes", "cells", "lower", ratio[0], ratio[1], "the same in software"),
        Figure("fibonacci, an instruction", "cells", "lower", round(fibonacci.cells / fibonacci.main, 1)),
    ]


def figures() -> list[Figure]:
    """All figures of the emulator."""
    return [*_speeds(), *_costs()]
