"""What the meter counts, and how it is shared among functions."""

import random

import pytest

from tests.zkvm.assembler import assemble
from tests.zkvm.emulator.programs import random_source
from zkvm.emulator.cost import CELLS_A_ROW, Cost, Limits
from zkvm.emulator.emulator import measure, run
from zkvm.emulator.opcodes import Op
from zkvm.emulator.profile import FunctionProfile, Profile, profile
from zkvm.guest_kit.examples import example
from zkvm.machine.machine import riscv

CALLS = """
_start:
    lui  sp, 0x20001
    li   a0, 3
    call twice
    call twice
    call tail
    halt
twice:
    addi sp, sp, -4
    sw   ra, 0(sp)
    call leaf
    call leaf
    lw   ra, 0(sp)
    addi sp, sp, 4
    ret
tail:
    addi a0, a0, 1
    j    leaf
leaf:
    mul  a0, a0, a0
    ret
"""

RECURSION = """
_start:
    lui  sp, 0x20001
    li   a0, 5
    call down
    halt
down:
    beqz a0, out
    addi a0, a0, -1
    addi sp, sp, -4
    sw   ra, 0(sp)
    call down
    lw   ra, 0(sp)
    addi sp, sp, 4
out:
    ret
"""


def by_name(profiled: Profile) -> dict[str, FunctionProfile]:
    return {function.name: function for function in profiled.functions}


def test_calls_and_tail_calls() -> None:
    found = by_name(profile(assemble(CALLS)))
    assert found["leaf"].calls == 5
    assert found["leaf"].own == found["leaf"].total == Cost(main=10, muldiv=5)
    assert found["twice"].calls == 2
    assert found["twice"].own == Cost(main=14, memw=4)
    assert found["twice"].total == Cost(main=22, memw=4, muldiv=4)
    assert found["tail"].calls == 1
    assert found["tail"].own == Cost(main=2)
    assert found["_start"].total.main == profile(assemble(CALLS)).cost.main == 33


def test_recursion_counts_once() -> None:
    source = RECURSION.replace("out:", "nop\nout:")
    found = by_name(profile(assemble(source)))
    assert found["down"].calls == 6
    assert found["down"].total.main <= 5 * 9 + 2
    assert found["_start"].total.main == sum(function.own.main for function in found.values())


@pytest.mark.parametrize("seed", range(6))
def test_own_costs_add_up(seed: int) -> None:
    program = assemble(random_source(random.Random(seed), 200))
    profiled, execution = profile(program), run(program)
    total = sum((function.own for function in profiled.functions), start=Cost(ram=profiled.cost.ram))
    assert total == profiled.cost == execution.cost
    assert profiled.output == execution.output


def test_cost_counts_the_rows_that_the_log_asks_for() -> None:
    """BINARY also answers comparisons for SRA, signed products and divisions; dividing by zero asks for one less."""
    for seed in range(20):
        program = assemble(random_source(random.Random(seed), 300))
        execution = run(program)
        binary = len(execution.log.binary)
        for row, a, b, *_ in execution.log.steps.tolist():
            instruction = program.rom[row]
            y = b + instruction.immy
            del a
            op = instruction.op
            binary += op == Op.SRA
            binary += op in (Op.MULHSU, Op.MULH, Op.DIV, Op.REM)  # sign of x
            binary += op in (Op.MULH, Op.DIV, Op.REM)  # sign of y
            binary += op in (Op.DIV, Op.DIVU, Op.REM, Op.REMU) and y != 0  # remainder below divisor
        assert execution.cost.binary == binary


def test_ram_counts_different_words() -> None:
    source = "lui t0, 0x20000\nli a0, 1\nsw a0, 0(t0)\nsb a0, 1(t0)\nsh a0, 6(t0)\nlui t1, 0x10000\nlw a1, 0(t1)\nhalt"
    program = assemble(source)
    # Two words of zero memory, the first of them always there; the first of the input; the last of all.
    assert measure(program).cost.ram == run(program).cost.ram == len(run(program).log.ram) == 4
    nothing = assemble("li a0, 1\nhalt")
    assert measure(nothing).cost.ram == len(run(nothing).log.ram) == 3


def test_cells_and_limits() -> None:
    cost = Cost(main=10, memw=4, keccak=800, arith256=128)
    assert cost.cells == 10 * CELLS_A_ROW["main"] + 4 * CELLS_A_ROW["memw"] + 800 * 79 + 128 * 31
    assert (cost.permutations, cost.operations) == (1, 2)
    assert cost.fits()
    assert cost.over(Limits(main=9, memw=4, keccak=799)) == ("main", "keccak")
    assert not cost.fits(Limits(main=9))
    assert (cost + cost).main == 20


def test_precompiles_in_the_profile_of_a_guest() -> None:
    profiled = profile(example("keccak"), bytes(136))
    found = by_name(profiled)
    assert found["guest_main"].total.permutations == 2
    assert sum(function.own.permutations for function in profiled.functions) == 2
    assert found["_start"].total.keccak == profiled.cost.keccak == 1600
    text = profiled.render()
    assert "guest_main" in text and "calls" in text.splitlines()[0]
    assert profiled.render(most=1).endswith("more")


def test_cells_a_row_are_the_machines() -> None:
    """The meter does not import the machine, so that it can run where nothing is proven; it has the same widths."""
    widths = {table.name: len(table.main) + 3 * len(table.aux) for table in riscv().tables if not table.fixed}
    assert widths == CELLS_A_ROW
