"""One fault for each constraint of BINARY and SHIFT: wrong everywhere alike, so that only this constraint notices."""

import pytest

from tests.zkvm.machine.model import P, W
from tests.zkvm.machine.witness import Witness

HALF = pow(2, -1, P)
TOP = 1 << 31


def program(name: str, x: int, y: int, *, used: bool = True) -> str:
    """One operation, and one that depends on its result."""
    then = "add a1, a0, a0\nj zkhub_halt" if used else "j zkhub_halt"
    return f"li t0, {x}\nli t1, {y}\nhere: {name} a0, t0, t1\n{then}"


def idle(witness: Witness) -> int:
    """An unused row of BINARY."""
    return witness.row("binary", ts=0)


# -- BINARY -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "id"), [("and", "bin.cand"), ("or", "bin.cor"), ("xor", "bin.cxor")])
def test_wrong_logic(name: str, id: str) -> None:
    assert Witness.lie(program(name, 12, 10), result=lambda c: c ^ 1).faults() == {id}


@pytest.mark.parametrize("name", ["slt", "sltu"])
@pytest.mark.parametrize("y", [3, 5, 0x80000001])
def test_wrong_comparison(name: str, y: int) -> None:
    """The difference is no word then."""
    assert Witness.lie(program(name, 3, y), result=lambda c: 1 - c).faults() == {"R16"}


def test_comparison_gives_a_fraction() -> None:
    """c = (y - x)/2^32 makes the difference zero."""
    witness = Witness.run(program("sltu", 3, 5, used=False))
    claim = (5 - 3) * pow(W, -1, P) % P
    for table in ("main", "binary"):
        witness.put_here(table, c=claim)
    witness.put_here("binary", lo=0)
    witness.put("image", 10, vf=claim)
    witness.output = (claim, *witness.output[1:])
    assert witness.faults() == {"bin.ccmp"}


@pytest.mark.parametrize(("flag", "id"), [("sx", "bin.sx0"), ("sy", "bin.sy0")])
def test_sign_of_an_unsigned_operand(flag: str, id: str) -> None:
    """Without bin.sx0 an operand moved by 2^32 would be answered; no caller has one, hence OP."""
    witness = Witness.run(program("sltu", 3, 5))
    witness.put_here("binary", **{flag: 1})
    assert witness.faults() == {id, "OP"}


@pytest.mark.parametrize(("flag", "x", "y", "id"), [("sx", 0xFFFFFFFF, 1, "bin.sx"), ("sy", 1, 0xFFFFFFFF, "bin.sy")])
def test_half_a_sign(flag: str, x: int, y: int, id: str) -> None:
    """sx = 1/2 leaves x where it is: a negative number counts as large."""
    witness = Witness.lie(program("slt", x, y), result=lambda c: 1 - c)
    left, right = (word if word == 0xFFFFFFFF else word ^ TOP for word in (x, y))
    row = witness.at_here("binary")
    witness.ask_binary(row, left, right, int(left < right))
    witness.put("binary", row, f_ltu=0, f_lt=1, **{flag: HALF})
    assert witness.faults() == {id}


def test_xor_of_and_and_or() -> None:
    """XOR's code is 2 OR - AND; of equal operands both give the operand."""
    witness = Witness.lie(program("xor", 6, 6), result=6)
    witness.put_here("binary", f_xor=0, f_and=-1, f_or=2)
    assert witness.faults() == {"bin.f_and", "bin.f_or"}


def test_comparison_of_xor_and_or() -> None:
    """SLTU's code is 2 XOR - OR; of disjoint operands both give their sum."""
    witness = Witness.lie(program("sltu", 1, 0), result=1)
    witness.put_here("binary", f_ltu=0, f_xor=2, f_or=-1, lo=0)
    assert witness.faults() == {"bin.f_xor", "bin.f_or"}


def test_xor_of_comparisons() -> None:
    """XOR's code is 2 SLTU - SLT, of operands moved by 2^31."""
    x, y = TOP + 5, TOP + 9
    witness = Witness.lie(program("xor", x, y), result=1)
    row = witness.at_here("binary")
    witness.ask_binary(row, x - TOP, y - TOP, 1)
    witness.put("binary", row, f_xor=0, f_ltu=2, f_lt=-1)
    assert witness.faults() == {"bin.f_ltu", "bin.f_lt"}


def test_one_flag() -> None:
    """bin.m is forced by the bus as well: a row answers once."""
    witness = Witness.run(program("and", 6, 6))
    witness.put_here("binary", f_or=1)
    assert witness.faults() == {"bin.m", "OP"}


# -- SHIFT ------------------------------------------------------------------------------------------------------------


def put_product(witness: Witness, value: int) -> None:
    """Make ``value`` the shifted operand."""
    limbs = {name: value >> 16 * i & 0xFFFF for i, name in enumerate(("l0", "l1", "h0", "h1"))}
    inverse = pow(W - 1 - (value >> 32), -1, P) if value >> 32 != W - 1 else 0
    witness.put_here("shift", inv=inverse, **limbs)


def test_left_shift_of_another_operand() -> None:
    witness = Witness.lie(program("sll", 5, 3), result=6 << 3)
    put_product(witness, 6 << 3)
    assert witness.faults() == {"sh.left"}


@pytest.mark.parametrize("name", ["srl", "sra"])
def test_right_shift_of_another_operand(name: str) -> None:
    witness = Witness.lie(program(name, 80, 3), result=88 >> 3)
    put_product(witness, 88 << 29)
    assert witness.faults() == {"sh.right"}


def test_the_other_way_to_write_a_product() -> None:
    """V and V + p are the same element; the second has a high word of 2^32 - 1."""
    witness = Witness.lie(program("sll", 5, 3), result=41)
    put_product(witness, 40 + P)
    assert witness.faults() == {"sh.canon"}


def test_the_other_way_to_write_a_shifted_word() -> None:
    witness = Witness.lie(program("srl", 0, 3), result=W - 1)
    put_product(witness, P)
    assert witness.faults() == {"sh.canon"}


@pytest.mark.parametrize(("name", "id"), [("sll", "sh.csll"), ("srl", "sh.csrl"), ("sra", "sh.csra")])
@pytest.mark.parametrize("x", [80, 0x80000050])
def test_another_answer(name: str, id: str, x: int) -> None:
    assert Witness.lie(program(name, x, 3), result=lambda c: c ^ 1).faults() == {id}


def test_sign_ignored() -> None:
    """SRA asks BINARY for the sign."""
    witness = Witness.lie(program("sra", 0x80000050, 3), result=0x80000050 >> 3)
    witness.put_here("shift", sx=0)
    witness.put("binary", witness.at_here("binary"), c=0)
    assert witness.faults() == {"R16"}


def test_sign_of_an_unsigned_shift() -> None:
    """sh.sx is redundant: where it could fail, nothing reads sx."""
    witness = Witness.run(program("srl", 0x80000050, 3))
    witness.put_here("shift", sx=1)
    assert witness.faults() == {"sh.sx"}


def test_right_shift_of_three() -> None:
    """SRL's code is SLL - SRL + SRA; sh.f_srl is needed only where all three agree, and there the answer is right."""
    witness = Witness.run(program("srl", 0, 3))
    witness.put_here("shift", f_sll=1, f_srl=-1, f_sra=1)
    witness.ask_binary(idle(witness), TOP - 1, 0, 0)
    assert witness.faults() == {"sh.f_srl"}


def test_shift_by_halves() -> None:
    """Half SLL and half SRA, shifting 0: half a request for the sign, which nobody answers."""
    witness = Witness.run(program("srl", 0, 3))
    witness.put_here("shift", f_sll=HALF, f_srl=0, f_sra=HALF)
    assert witness.faults() == {"sh.f_sll", "sh.f_sra", "OP"}


def test_one_shift() -> None:
    """sh.m is forced by the bus as well: a row answers once."""
    witness = Witness.run(program("srl", 0, 3))
    witness.put_here("shift", f_sll=1)
    assert witness.faults() >= {"sh.m", "OP"}
