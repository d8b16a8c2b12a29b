"""Precompiles called by programs: memory, time and the call meet the rest of the machine, overlaps included."""

import random

import pytest

from tests.zkvm.assembler import assemble
from tests.zkvm.machine.precompiles import PRIME, keccak_f, words
from zkvm.air.debug import check_trace
from zkvm.emulator.elf import Program
from zkvm.emulator.emulator import Execution, run
from zkvm.machine.key import all_fixed_columns
from zkvm.machine.machine import riscv
from zkvm.machine.program import parameters
from zkvm.machine.trace import build_trace


def assert_proven(program: Program, execution: Execution) -> None:
    """Every constraint of all 13 tables in every row and all buses."""
    trace = build_trace(program, execution.log)
    report = check_trace(
        riscv(),
        trace.main,
        fixed=all_fixed_columns(program),
        publics=execution.output,
        parameters=parameters(program),
        fill_aux=trace.fill_aux,
        logup=False,
    )
    assert report.ok, str(report)


def number(execution: Execution, at: int) -> int:
    """The number of 8 words that the run leaves at a byte address of the image."""
    image = {int(cell["address"]): int(cell["final"]) for cell in execution.log.image}
    return sum(image[at // 4 + i] << 32 * i for i in range(8))


def data(*numbers: int) -> str:
    return "\n".join(".word " + ", ".join(str(word) for word in words(value)) for value in numbers)


@pytest.mark.parametrize("into", ["b", "c", "m", "elsewhere"])
def test_product_over_its_own_operands(into: str) -> None:
    """The operands are read before the result is written, so a may be b, c or m."""
    rng = random.Random(into)
    b, c, m, other = (rng.getrandbits(256) for _ in range(4))
    values = {"b": b, "c": c, "m": m, "elsewhere": other}
    a = values[into]
    if a >= m and b >= m:
        b = values["b"] = b % m
        a = values[into]
    program = assemble(
        f"""
        la a0, {into}
        la a1, b
        mulmod a0, a1
        halt
        .data
        b: {data(values["b"])}
        c: {data(c)}
        m: {data(m)}
        elsewhere: {data(other)}
        """
    )
    execution = run(program)
    base = program_data(program)
    at = {name: base + 32 * i for i, name in enumerate(values)}
    expected = values | {into: (a * values["b"] + c) % m}
    assert {name: number(execution, where) for name, where in at.items()} == expected
    assert_proven(program, execution)


def program_data(program: Program) -> int:
    """Byte address of the first word of the image."""
    return 4 * int(program.image[0, 0])


@pytest.mark.parametrize("shift", [-32, 32, 64])
def test_sum_over_its_own_operands(shift: int) -> None:
    """The second point begins ``shift`` bytes after the first; 64 is no overlap. The formulas need no curve."""
    rng = random.Random(shift)
    values = [rng.randrange(PRIME) for _ in range(4)]
    first, second = (1, 0) if shift < 0 else (0, shift // 32)
    program = assemble(
        f"""
        la a0, numbers
        mv a1, a0
        addi a0, a0, {32 * first}
        addi a1, a1, {32 * second}
        ecadd a0, a1
        halt
        .data
        numbers: {data(*values)}
        """
    )
    x1, y1, x2, y2 = (*values[first : first + 2], *values[second : second + 2])
    slope = (y2 - y1) * pow(x2 - x1, -1, PRIME) % PRIME
    x3 = (slope * slope - x1 - x2) % PRIME
    values[first : first + 2] = [x3, (slope * (x1 - x3) - y1) % PRIME]
    execution = run(program)
    base = program_data(program)
    assert [number(execution, base + 32 * i) for i in range(4)] == values
    assert_proven(program, execution)


def test_permutation_between_other_accesses() -> None:
    """Words around and inside the state are used just before and after; the call has a second operand to ignore."""
    program = assemble(
        """
        li   s0, 0x20000100
        li   t0, 0x12345678
        sw   t0, 0(s0)
        sw   t0, 196(s0)
        sw   t0, 200(s0)
        keccak s0
        lw   a0, 0(s0)
        lw   a1, 196(s0)
        lw   a2, 200(s0)
        keccak s0
        keccak s0
        lbu  a3, 77(s0)
        halt
        """
    )
    execution = run(program)
    state = [0x12345678, *[0] * 23, 0x12345678 << 32]
    once = keccak_f(state)
    assert execution.output[:3] == (once[0] & 0xFFFFFFFF, once[24] >> 32, 0x12345678)
    thrice = keccak_f(keccak_f(once))
    assert execution.output[3] == thrice[9] >> 40 & 0xFF
    assert_proven(program, execution)
