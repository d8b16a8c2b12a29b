"""One fault for each constraint of MAIN, RAM and IMAGE: wrong everywhere alike, so that only this one notices."""

from dataclasses import replace

import numpy as np
import pytest

from tests.zkvm.assembler import assemble
from tests.zkvm.machine.model import Model, P, W
from tests.zkvm.machine.witness import CORE, Witness
from zkvm.emulator.opcodes import IN_LO, MEMORY_END, ZERO_LO
from zkvm.machine.layout import M
from zkvm.machine.machine import riscv


def sums(name: str, x: int, y: int) -> str:
    """A sum whose result is used afterwards."""
    return f"li a1, {x}\nli a2, {y}\nhere: {name} a0, a1, a2\nadd a3, a0, a0\nj zkhub_halt"


def test_carry() -> None:
    witness = Witness.lie(sums("add", 5, 6), result=4)
    witness.put("main", witness.at_here("main"), carry=(5 + 6 - 4) * pow(W, -1, P))
    assert witness.faults() == {"main.carry"}


@pytest.mark.parametrize(("name", "id"), [("add", "main.add"), ("sub", "main.sub")])
def test_sums(name: str, id: str) -> None:
    assert Witness.lie(sums(name, 5, 6), result=lambda c: (c + 0x10000) & M).faults() == {id}


@pytest.mark.parametrize(("name", "y", "carry"), [("add", 1, 0), ("sub", 0xFFFFFFFF, 1)])
def test_sums_are_words(name: str, y: int, carry: int) -> None:
    """0 and 2^32 are the same sum with another carry; the range check tells them apart."""
    witness = Witness.run(f"li a1, 0xffffffff\nli a2, {y}\nhere: {name} a0, a1, a2")
    witness.put_here("main", c=W, carry=carry)
    witness.put("image", 10, vf=W)
    witness.output = (W, *witness.output[1:])
    assert witness.faults() == {"R16"}


EQUAL = "li a1, 7\nli a2, {y}\nhere: beq a1, a2, equal\nli a0, 1\nj zkhub_halt\nequal: li a0, 2"


def test_equal_operands_found_unequal() -> None:
    assert Witness.lie(EQUAL.format(y=7), result=0).faults() == {"main.eq1"}


def test_unequal_operands_found_equal() -> None:
    witness = Witness.lie(EQUAL.format(y=8), result=1)
    witness.put_here("main", q=0)
    assert witness.faults() == {"main.eq0"}


JUMP = "la a1, target\nhere: jalr a2, 0(a1)\nli a0, 1\ntarget: addi a3, a3, 1\naddi a0, a0, 5\nadd a0, a0, a2"


def test_wrong_link() -> None:
    assert Witness.lie(JUMP, result=lambda c: c + 8).faults() == {"main.link"}


def test_target_moved_by_its_lowest_bit() -> None:
    witness = Witness.lie(JUMP, jump=lambda pc: pc + 4)
    witness.put_here("main", q=-4)
    assert witness.faults() == {"main.lsb"}


def test_goes_on_elsewhere() -> None:
    source = "li a0, 1\nhere: addi a0, a0, 1\naddi a0, a0, 2\naddi a0, a0, 4"
    assert Witness.lie(source, jump=lambda pc: pc + 4).faults() == {"main.pc"}


def retime(witness: Witness, start: int, by: int) -> None:
    """Move all times from ``start`` on."""
    gaps = {"main": [("l1", "t1", 0), ("l2", "t2", 1), ("l3", "t3", 3)], "memw": [("lo", "tp", 0)]}
    gaps["memb"] = gaps["memw"]
    for name in CORE:
        for time in ("ts", "tp", "t1", "t2", "t3", "tf"):
            if time in riscv().table(name).main:
                column = witness.column(name, time)
                column[column >= start] += np.uint64(by)
        for low, before, offset in gaps.get(name, []):
            now = witness.column(name, "ts")
            used = now > 0
            gap = now + np.uint64(offset) - witness.column(name, before) - np.uint64(1)
            witness.column(name, low)[used] = gap[used] & np.uint64(0xFFFF)


TIMED = "li a1, 0x20000100\nsw a1, 0(a1)\nlw a0, 0(a1)\nmul a0, a0, a1\nlbu a2, 1(a1)\nslli a0, a0, 3"


def test_time_jumps() -> None:
    witness = Witness.run(TIMED)
    retime(witness, 4 * 3 + 1, 4)
    assert witness.faults() == {"main.ts"}


def test_time_starts_late() -> None:
    witness = Witness.run(TIMED)
    retime(witness, 1, 4)
    assert witness.faults() == {"main.ts0"}


def test_starts_one_instruction_later() -> None:
    program = assemble("li a0, 1\nli a0, 2\naddi a0, a0, 3")
    witness = Witness.of(Model(replace(program, entry=program.entry + 4)).run())
    witness.program = program
    assert witness.faults() == {"main.entry"}


def test_stops_before_the_end() -> None:
    program = assemble("loop: addi a0, a0, 1\nj loop")
    witness = Witness.of(Model(program).run(64, unfinished=True))
    assert witness.tables["main"].shape[1] == 64
    assert witness.faults() == {"main.halt"}


@pytest.mark.parametrize("flag", ["f_add", "f_sub", "f_eq", "f_jalr"])
def test_flags_are_the_roms(flag: str) -> None:
    """MAIN has no constraint on its flags: ROM fixes them."""
    witness = Witness.run(sums("xor", 5, 6))
    row = witness.at_here("main")
    witness.put("main", row, **{flag: 1})
    assert "ROM" in witness.faults()


# -- RAM and IMAGE ----------------------------------------------------------------------------------------------------

PLAIN = "li a1, 0x20000100\nsw a1, 0(a1)\nlw a0, 0(a1)"


def ram(source: str = PLAIN) -> Witness:
    """A witness with no input words but the first."""
    witness = Witness.run(source)
    assert witness.get("ram", 0, "addr") == IN_LO
    assert witness.get("ram", 1, "addr") == ZERO_LO
    return witness


def move(witness: Witness, row: int, address: int) -> None:
    """Give a row of RAM another address."""
    addresses = witness.column("ram", "addr")
    addresses[row] = address
    distances = (addresses[1:] - addresses[:-1] - np.uint64(1)) & np.uint64(0xFFFF)
    witness.column("ram", "dl")[:-1] = distances


def test_first_address() -> None:
    witness = ram()
    move(witness, 0, IN_LO + 1)
    assert witness.faults() == {"ram.first"}


def test_last_address() -> None:
    witness = ram()
    move(witness, -1, MEMORY_END - 2)
    assert witness.faults() == {"ram.last"}


def test_addresses_increase() -> None:
    """An address twice would give a cell two initial values."""
    witness = ram()
    move(witness, 3, witness.get("ram", 2, "addr"))
    assert "R16" in witness.faults()


def test_zero_region_starts_first() -> None:
    witness = ram()
    witness.put("ram", 0, z=1)
    assert witness.faults() == {"ram.z0"}


def test_zero_region_never_starts() -> None:
    witness = ram()
    witness.column("ram", "z")[:] = 0
    assert witness.faults() == {"ram.zl"}


def test_zero_memory_is_not_zero() -> None:
    witness = Witness.of(Model(assemble("li a1, 0x20000100\nlw a0, 0(a1)"), initial={ZERO_LO + 64: 7}).run())
    assert witness.faults() == {"ram.zero"}


def test_zero_region_starts_late() -> None:
    witness = ram()
    witness.put("ram", 1, z=0)
    assert witness.faults() == {"ram.switch"}


def test_zero_region_ends() -> None:
    """ram.mono says no more than ram.switch on increasing addresses: where z falls, the other fails too."""
    witness = ram()
    witness.put("ram", 5, z=0)
    assert witness.faults() == {"ram.mono", "ram.switch"}


def test_zero_region_by_halves() -> None:
    """ram.z likewise: z is 0 at first, 1 at last, and changes at one address only."""
    witness = ram()
    witness.put("ram", 5, z=2)
    assert witness.faults() >= {"ram.z", "ram.switch"}


def test_input_words_are_words() -> None:
    program = assemble("li a1, 0x10000000\nlw a0, 0(a1)")
    witness = Witness.of(Model(program).run())
    row = witness.row("ram", addr=IN_LO)
    witness.put("ram", row, vi=W, vf=W)
    witness.put("memw", 0, old=W, new=W)
    step = witness.row("main", ts=witness.get("memw", 0, "ts"))
    witness.put("main", step, c=W)
    witness.put("image", 10, vf=W)
    witness.output = (W, *witness.output[1:])
    assert witness.faults() == {"R16"}


def test_another_public_word() -> None:
    witness = ram()
    witness.output = (witness.output[0] + 1, *witness.output[1:])
    assert witness.faults() == {"img.out"}
