"""A second emulator, in Python: runs ROM rows as the machine's reference states them and writes the same log.

It is slow and knows no precompiles, but it can be told to lie: ``faults`` replaces the result of chosen instructions,
and the run goes on with the wrong value, so that a witness is consistent everywhere but at the one lie.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from zkvm.emulator.decode import RomRow
from zkvm.emulator.elf import Program
from zkvm.emulator.log import ARITH256_CALL, BYTE_ACCESS, CELL, KECCAK_CALL, STEP, WORD_ACCESS, Log
from zkvm.emulator.opcodes import IN_LO, MEMORY_END, REGISTER_BASE, REGISTER_CELLS, ZERO_LO, Op

W = 1 << 32
P = 2**64 - 2**32 + 1

Fault = Callable[[int], int]
"""From the right result to the one that is claimed."""


def signed(word: int) -> int:
    """The word in two's complement."""
    return word - W if word >> 31 else word


def _truly(value: int) -> int:
    return value


def _divide(x: int, y: int) -> int:
    quotient = abs(x) // abs(y)
    return quotient if (x < 0) == (y < 0) else -quotient


ALU: dict[int, Callable[[int, int], int]] = {
    Op.AND: lambda x, y: x & y,
    Op.OR: lambda x, y: x | y,
    Op.XOR: lambda x, y: x ^ y,
    Op.SLTU: lambda x, y: int(x < y),
    Op.SLT: lambda x, y: int(signed(x) < signed(y)),
    Op.SLL: lambda x, y: x << (y & 31),
    Op.SRL: lambda x, y: x >> (y & 31),
    Op.SRA: lambda x, y: signed(x) >> (y & 31),
    Op.MUL: lambda x, y: x * y,
    Op.MULHU: lambda x, y: x * y >> 32,
    Op.MULHSU: lambda x, y: signed(x) * y >> 32,
    Op.MULH: lambda x, y: signed(x) * signed(y) >> 32,
    Op.DIVU: lambda x, y: x // y if y else -1,
    Op.DIV: lambda x, y: _divide(signed(x), signed(y)) if y else -1,
    Op.REMU: lambda x, y: x % y if y else x,
    Op.REM: lambda x, y: signed(x) - signed(y) * _divide(signed(x), signed(y)) if y else x,
}
"""What each operation of BINARY, SHIFT and MULDIV gives, mod 2^32."""

BINARY = (Op.AND, Op.OR, Op.XOR, Op.SLTU, Op.SLT)
SHIFT = (Op.SLL, Op.SRL, Op.SRA)
BYTE_OPS = {Op.LBU: 1, Op.LB: 1, Op.LHU: 2, Op.LH: 2, Op.SB: 1, Op.SH: 2}


@dataclass
class Cell:
    """A word of memory or a register."""

    initial: int
    value: int
    time: int = 0

    def access(self, now: int, value: int | None = None) -> tuple[int, int]:
        """Read, or write ``value``; return what was there and since when."""
        before = (self.value, self.time)
        self.time = now
        if value is not None:
            self.value = value
        return before


@dataclass
class Model:
    """One run."""

    program: Program
    input: bytes = b""
    faults: Mapping[int, Fault] = field(default_factory=dict)
    store_faults: Mapping[int, Fault] = field(default_factory=dict)
    """By step: what an access leaves in memory instead of the right word."""
    address_faults: Mapping[int, Fault] = field(default_factory=dict)
    """By step: which word (its address) is accessed instead of the right one."""
    jump_faults: Mapping[int, Fault] = field(default_factory=dict)
    """By step: where the run goes on instead of the right pc."""
    initial: Mapping[int, int] = field(default_factory=dict)
    """Words of memory that start with another value than they should."""
    registers: list[Cell] = field(default_factory=lambda: [Cell(0, 0) for _ in range(REGISTER_CELLS)])
    memory: dict[int, Cell] = field(default_factory=dict)
    steps: list[tuple[int, ...]] = field(default_factory=list)
    words: list[tuple[int, ...]] = field(default_factory=list)
    bytes: list[tuple[int, ...]] = field(default_factory=list)
    asks: dict[str, list[int]] = field(default_factory=lambda: {"binary": [], "shift": [], "muldiv": []})

    def run(self, limit: int = 1 << 16, *, unfinished: bool = False, until: int = -1) -> "Model":
        """Run until the halt row or the pc ``until``; if ``unfinished``, for ``limit`` steps."""
        index = {row.pc: i for i, row in enumerate(self.program.rom)}
        for address, value in self.program.image.tolist():
            self.memory[address] = Cell(value, value)
        data = len(self.input).to_bytes(4, "little") + self.input + bytes(-len(self.input) % 4)
        for i in range(0, len(data), 4):
            word = int.from_bytes(data[i : i + 4], "little")
            self.memory[IN_LO + i // 4] = Cell(word, word)
        self.memory |= {address: Cell(value, value) for address, value in self.initial.items()}
        pc = self.program.entry
        while len(self.steps) < limit:
            row = self.program.rom[index[pc]]
            pc = self._step(index[pc], row)
            pc = self.jump_faults.get(len(self.steps) - 1, _truly)(pc)
            if row.pc == self.program.halt_pc or pc == until:
                return self
        assert unfinished, "the program does not halt"
        return self

    def _step(self, number: int, row: RomRow) -> int:
        i = len(self.steps)
        ts = 4 * i + 1
        a, t1 = self.registers[row.rs1].access(ts)
        b, t2 = self.registers[row.rs2].access(ts + 1)
        x, y = a + row.immx, b + row.immy
        c = self._result(row, ts, x, y)
        c = self.faults.get(i, _truly)(c)
        old, t3 = self.registers[row.rd].access(ts + 3, c)
        self.steps.append((number, a, b, c, old, t1, t2, t3))
        if row.f_jalr:
            return x % W & ~1
        return (row.base + c * row.delta) % P

    def _result(self, row: RomRow, ts: int, x: int, y: int) -> int:
        if row.f_add:
            return (x + y) % W
        if row.f_sub:
            return (x - y) % W
        if row.f_eq:
            return int(x == y)
        if row.f_jalr:
            return y
        if row.op in (Op.LW, Op.SW):
            return self._word(row.op, ts, x, y)
        if row.op in BYTE_OPS:
            return self._byte(row.op, ts, x, y)
        table = "binary" if row.op in BINARY else "shift" if row.op in SHIFT else "muldiv"
        self.asks[table].append(len(self.steps))
        return ALU[row.op](x, y) % W

    def _cell(self, address: int) -> Cell:
        if address not in self.memory:
            assert ZERO_LO <= address < MEMORY_END, hex(4 * address)
            self.memory[address] = Cell(0, 0)
        return self.memory[address]

    def _word(self, op: int, ts: int, x: int, y: int) -> int:
        assert x % 4 == 0
        step = len(self.steps)
        address = self.address_faults.get(step, _truly)(x % W // 4)
        cell = self._cell(address)
        new = self.store_faults.get(step, _truly)(y if op == Op.SW else cell.value)
        old, before = cell.access(ts, new)
        self.words.append((ts, address, old, new, before, op + 256 * (x // W)))
        return old

    def _byte(self, op: int, ts: int, x: int, y: int) -> int:
        address, size, step = x % W, BYTE_OPS[Op(op)], len(self.steps)
        assert address % size == 0 or step in self.store_faults
        shift, mask = 8 * (address % 4), (1 << 8 * size) - 1
        address = 4 * self.address_faults.get(step, _truly)(address // 4) + address % 4
        cell = self._cell(address // 4)
        found = cell.value >> shift & mask
        stores = op in (Op.SB, Op.SH)
        new = cell.value & ~(mask << shift) | (y & mask) << shift if stores else cell.value
        new = self.store_faults.get(step, _truly)(new)
        old, before = cell.access(ts, new)
        self.bytes.append((ts, address, old, new, before, y, op + 256 * (x // W)))
        if stores:
            return 0
        if op in (Op.LB, Op.LH) and found >> (8 * size - 1):
            found -= 1 << 8 * size
        return found % W

    @property
    def output(self) -> tuple[int, ...]:
        """What the registers a0 to a7 hold."""
        return tuple(self.registers[10 + i].value for i in range(8))

    def log(self) -> Log:
        """The run as the prover gets it."""
        for address in (IN_LO, ZERO_LO, MEMORY_END - 1):
            self.memory.setdefault(address, Cell(0, 0))
        cells = sorted(self.memory.items())
        image = [item for item in cells if item[0] < IN_LO]
        ram = [
            item for item in cells if item[0] >= IN_LO and (item[1].time or item[0] in (IN_LO, ZERO_LO, MEMORY_END - 1))
        ]
        registers = [(REGISTER_BASE + r, cell) for r, cell in enumerate(self.registers)]
        return Log(
            steps=np.array(self.steps, dtype=STEP),
            memw=np.array(self.words, dtype=WORD_ACCESS),
            memb=np.array(self.bytes, dtype=BYTE_ACCESS),
            **{name: np.array(steps, dtype=np.uint32) for name, steps in self.asks.items()},
            arith256=np.zeros(0, dtype=ARITH256_CALL),
            keccak=np.zeros(0, dtype=KECCAK_CALL),
            registers=_cells(registers),
            image=_cells(image),
            ram=_cells(ram),
        )


def _cells(cells: list[tuple[int, Cell]]) -> np.ndarray:
    return np.array([(address, cell.initial, cell.value, cell.time) for address, cell in cells], dtype=CELL)
