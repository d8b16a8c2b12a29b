"""Every instruction on boundary values, and random streams, against a model and against another emulator."""

import random
import struct

import pytest
from unicorn import UC_ARCH_RISCV, UC_MODE_RISCV32, Uc
from unicorn.riscv_const import UC_RISCV_REG_PC, UC_RISCV_REG_X0

from tests.zkvm.assembler import BRANCHES, I_TYPE, LOADS, R_TYPE, SHIFTS, STORES, assemble
from tests.zkvm.emulator.model import M32, Model, alu, extend, taken
from tests.zkvm.emulator.programs import EDGES, WINDOW, random_source
from zkvm.emulator.elf import Program
from zkvm.emulator.emulator import Guest, measure, run

IMMEDIATES = [-2048, -2047, -1, 0, 1, 2, 1023, 2046, 2047]


def last_registers(source: str) -> tuple[int, ...]:
    guest = Guest(assemble(source))
    guest.go(0, 1 << 16)
    return guest.registers


def results_of(pieces: list[str]) -> list[int]:
    """Each piece leaves its result in a2; all run in one program that stores them one after another."""
    body = "\n".join(f"{piece}\nsw a2, 0(s0)\naddi s0, s0, 4" for piece in pieces)
    guest = Guest(assemble(f"li s0, {WINDOW}\n{body}\nhalt", data_at=0x0800_0000))
    guest.go(0, 1 << 20)
    return guest.peek(WINDOW, len(pieces))


@pytest.mark.parametrize("name", R_TYPE)
def test_register_operations(name: str) -> None:
    pairs = [(x, y) for x in EDGES for y in EDGES]
    found = results_of([f"li a0, {x}\nli a1, {y}\n{name} a2, a0, a1" for x, y in pairs])
    assert found == [alu(*R_TYPE[name], x, y) for x, y in pairs]


@pytest.mark.parametrize("name", I_TYPE)
def test_immediate_operations(name: str) -> None:
    pairs = [(x, y) for x in EDGES for y in IMMEDIATES]
    found = results_of([f"li a0, {x}\n{name} a2, a0, {y}" for x, y in pairs])
    assert found == [alu(0, I_TYPE[name], x, y & M32) for x, y in pairs]


@pytest.mark.parametrize("name", SHIFTS)
def test_immediate_shifts(name: str) -> None:
    pairs = [(x, shamt) for x in EDGES for shamt in range(32)]
    found = results_of([f"li a0, {x}\n{name} a2, a0, {shamt}" for x, shamt in pairs])
    assert found == [alu(*SHIFTS[name], x, shamt) for x, shamt in pairs]


@pytest.mark.parametrize("upper", [0, 1, 0x7FFFF, 0x80000, 0xFFFFF])
def test_upper_immediates(upper: int) -> None:
    registers = last_registers(f"lui a0, {upper}\nauipc a1, {upper}\nhalt")
    assert registers[10] == upper << 12
    assert registers[11] == (0x1004 + (upper << 12)) & M32


@pytest.mark.parametrize("name", BRANCHES)
def test_branches(name: str) -> None:
    pairs = [(x, y) for x in EDGES for y in EDGES]
    pieces = [
        f"li a0, {x}\nli a1, {y}\nli a2, 1\n{name} a0, a1, t{i}\nli a2, 0\nt{i}:" for i, (x, y) in enumerate(pairs)
    ]
    assert results_of(pieces) == [int(taken(BRANCHES[name], x, y)) for x, y in pairs]


@pytest.mark.parametrize("name", BRANCHES)
def test_branches_backwards(name: str) -> None:
    x, y = {"beq": (5, 5), "bne": (5, 6), "blt": (-5, 5), "bge": (5, -5), "bltu": (5, 6), "bgeu": (6, 5)}[name]
    registers = last_registers(
        f"li a0, {x}\nli a1, {y}\nj start\nback: li a2, 1\nhalt\nstart: {name} a0, a1, back\nli a2, 2\nhalt"
    )
    assert registers[12] == 1


@pytest.mark.parametrize("name", LOADS)
def test_loads(name: str) -> None:
    words = [0x8081_7F01, 0xFFFF_FFFF, 0, 0x0180_FF7F, 0x7FFF_8000]
    size = {"b": 1, "h": 2, "w": 4}[name[1]]
    offsets = list(range(0, 4 * len(words), size))
    data = ".data\ntable: .word " + ", ".join(map(str, words))
    body = "\n".join(f"{name} a2, {offset - 8}(a0)\nsw a2, {4 * i}(s0)" for i, offset in enumerate(offsets))
    guest = Guest(assemble(f"li s0, {WINDOW}\nla a0, table + 8\n{body}\nhalt\n{data}"))
    guest.go(0, 1 << 16)
    raw = struct.pack(f"<{len(words)}I", *words)
    values = [int.from_bytes(raw[offset : offset + size], "little") for offset in offsets]
    expected = values if name.endswith("u") else [extend(value, 8 * size) for value in values]
    assert guest.peek(WINDOW, len(offsets)) == expected


@pytest.mark.parametrize("name", STORES)
@pytest.mark.parametrize("value", [0x8081_7F01, 0xFFFF_FFFF, 0])
def test_stores_change_only_their_bytes(name: str, value: int) -> None:
    size = {"b": 1, "h": 2, "w": 4}[name[1]]
    offsets = list(range(0, 8, size))
    for offset in offsets:
        guest = Guest(
            assemble(
                f"la a0, table + 4\nli a1, {value}\n{name} a1, {offset - 4}(a0)\nhalt\n"
                ".data\ntable: .word 0x11223344, 0x55667788"
            )
        )
        guest.go(0, 100)
        memory = bytearray(struct.pack("<2I", 0x11223344, 0x55667788))
        memory[offset : offset + size] = value.to_bytes(4, "little")[:size]
        assert guest.peek(0x0010_0000, 2) == list(struct.unpack("<2I", memory))


def test_x0_stays_zero() -> None:
    source = "li a0, 7\nadd zero, a0, a0\nlui zero, 1\nlw zero, 0(s0)\njal zero, on\non: mul zero, a0, a0\nhalt"
    assert last_registers(f"li s0, {WINDOW}\n{source}")[0] == 0


def test_jalr_clears_bit_0_and_links_after_reading() -> None:
    registers = last_registers("la a0, there\njalr a0, 1(a0)\nli a1, 1\nhalt\nthere: li a1, 2\nhalt")
    assert registers[11] == 2
    assert registers[10] == 0x100C


def test_jalr_wraps_around_the_address_space() -> None:
    assert last_registers("la a0, there + 2047\njalr ra, -2047(a0)\nthere: li a1, 2\nhalt")[11] == 2


def test_fence_does_nothing() -> None:
    assert last_registers("li a0, 5\nfence\nhalt")[10] == 5


@pytest.mark.parametrize("seed", range(12))
def test_random_streams_agree_with_the_model(seed: int) -> None:
    program = assemble(random_source(random.Random(seed), 300))
    model = Model(program.code, program.entry)
    guest = Guest(program)
    for cycle in range(1, 2000):
        if model.pc == program.halt_pc:
            break
        assert not guest.step(cycle)
        model.step()
        assert list(guest.registers) == model.x, f"after cycle {cycle}"
    assert model.pc == program.halt_pc
    assert guest.step(cycle + 1)
    assert [model.load(WINDOW + 4 * i, 4) for i in range(32)] == guest.peek(WINDOW, 32)


class _Unicorn:
    """The other emulator, with the same program."""

    def __init__(self, program: Program) -> None:
        self.uc = Uc(UC_ARCH_RISCV, UC_MODE_RISCV32)
        self.pc = program.entry
        low = min(program.code)
        code = b"".join(program.code[pc].to_bytes(4, "little") for pc in sorted(program.code))
        self.uc.mem_map(low & ~0xFFF, 0x10000)
        self.uc.mem_write(low, code)
        self.uc.mem_map(WINDOW, 0x1000)

    def step(self) -> list[int]:
        self.uc.emu_start(self.pc, 0xFFFF_FFFF, count=1)
        self.pc = self.uc.reg_read(UC_RISCV_REG_PC)
        return [self.uc.reg_read(UC_RISCV_REG_X0 + i) & M32 for i in range(32)]

    def words(self) -> list[int]:
        return list(struct.unpack("<32I", self.uc.mem_read(WINDOW, 128)))


@pytest.mark.parametrize("seed", range(100, 112))
def test_random_streams_agree_with_unicorn(seed: int) -> None:
    program = assemble(random_source(random.Random(seed), 300))
    guest, other = Guest(program), _Unicorn(program)
    for cycle in range(1, 2000):
        if other.pc == program.halt_pc:
            break
        guest.step(cycle)
        assert list(guest.registers) == other.step(), f"after cycle {cycle}"
        assert guest.peek(WINDOW, 32) == other.words(), f"after cycle {cycle}"
    assert other.pc == program.halt_pc


def test_logging_and_counting_agree() -> None:
    for seed in range(200, 220):
        program = assemble(random_source(random.Random(seed), 200))
        execution, counted = run(program), measure(program)
        assert execution.output == counted.output
        assert execution.cost == counted.cost
