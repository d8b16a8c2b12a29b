"""One fault for each constraint of MULDIV: wrong everywhere alike, so that only this constraint notices."""

import pytest

from tests.zkvm.machine.model import P, W
from tests.zkvm.machine.witness import Witness
from zkvm.machine.layout import M

NEGATIVE = 0x80000005


def program(name: str, x: int, y: int) -> str:
    """One operation, and one that depends on its result."""
    return f"li t0, {x}\nli t1, {y}\nhere: {name} a0, t0, t1\nadd a1, a0, a0\nj zkhub_halt"


def put_parts(witness: Witness, low: int | None = None, high: int | None = None) -> None:
    """Claim another G1 or G2."""
    if low is not None:
        witness.put_here("muldiv", a0=low & 0xFFFF, a1=low >> 16)
    if high is not None:
        witness.put_here("muldiv", b0=high & 0xFFFF, b1=high >> 16)


def request(witness: Witness, x: int, y: int) -> int:
    """The row of BINARY in which MULDIV asked "is x < y"."""
    cells = {f"u{i}": x >> 8 * i & 0xFF for i in range(4)} | {f"v{i}": y >> 8 * i & 0xFF for i in range(4)}
    return witness.row("binary", ts=witness.here, f_ltu=1, **cells)


def forget(witness: Witness, row: int) -> None:
    """Make a row of BINARY idle."""
    witness.tables["binary"][:, row] = 0


# -- products ---------------------------------------------------------------------------------------------------------


def test_wrong_product() -> None:
    witness = Witness.lie(program("mul", 6, 7), result=43)
    put_parts(witness, low=43)
    assert witness.faults() == {"md.mul"}


def test_the_other_way_to_write_a_product() -> None:
    """42 and 42 + p are the same element; the second has a high word of 2^32 - 1."""
    witness = Witness.lie(program("mulhu", 6, 7), result=M)
    put_parts(witness, low=43, high=M)
    assert witness.faults() == {"md.canon"}


@pytest.mark.parametrize(
    ("name", "id"),
    [
        ("mul", "md.clo"),
        ("mulh", "md.chi"),
        ("mulhu", "md.chi"),
        ("mulhsu", "md.chi"),
        ("div", "md.cq"),
        ("divu", "md.cq"),
        ("rem", "md.cr"),
        ("remu", "md.cr"),
    ],
)
@pytest.mark.parametrize("x", [0x12345678, 0xF2345678])
def test_another_answer(name: str, id: str, x: int) -> None:
    assert Witness.lie(program(name, x, 0x4321), result=lambda c: c + 1).faults() == {id}


@pytest.mark.parametrize("name", ["mulh", "div", "rem"])
def test_carry_of_any_size(name: str) -> None:
    """A fraction of 2^32 carried into the answer makes any answer."""
    witness = Witness.lie(program(name, 0x12345678, 0x4321), result=lambda c: c ^ 1)
    row = witness.at_here("muldiv")
    truth = (witness.get("muldiv", row, "c") ^ 1) - W * witness.get("muldiv", row, "k")
    witness.put("muldiv", row, k=(witness.get("muldiv", row, "c") - truth) * pow(W, -1, P))
    assert witness.faults() == {"md.k"}


def test_carry_where_there_is_none() -> None:
    """md.k0 is redundant: MUL does not read k."""
    witness = Witness.run(program("mul", 6, 7))
    witness.put_here("muldiv", k=1)
    assert witness.faults() == {"md.k0"}


# -- divisions --------------------------------------------------------------------------------------------------------


def test_quotient_too_large() -> None:
    witness = Witness.lie(program("divu", 100, 7), result=15)
    put_parts(witness, low=15)
    assert witness.faults() == {"md.div"}


def test_remainder_not_below_the_divisor() -> None:
    """100 = 13 * 7 + 9: BINARY will not say that 9 < 7."""
    witness = Witness.lie(program("remu", 100, 7), result=9)
    put_parts(witness, low=13, high=9)
    witness.ask_binary(request(witness, 2, 7), 9, 7, 1)
    assert witness.faults() == {"R16"}


def test_quotient_by_zero() -> None:
    witness = Witness.lie(program("divu", 100, 0), result=0)
    put_parts(witness, low=0)
    witness.put_here("muldiv", k=0)
    assert witness.faults() == {"md.q0"}


def test_remainder_by_zero() -> None:
    """md.r0 only fixes a quotient that nobody reads."""
    witness = Witness.run(program("remu", 100, 0))
    put_parts(witness, low=1)
    assert witness.faults() == {"md.r0"}


def test_division_by_zero_denied() -> None:
    """Then the remainder must be below 0, which BINARY will not say."""
    witness = Witness.lie(program("divu", 100, 0), result=5)
    put_parts(witness, low=5)
    witness.put_here("muldiv", dz=0, k=0)
    witness.ask_binary(witness.row("binary", ts=0), 100, 0, 1)
    assert witness.faults() == {"md.dz1", "R16"}


def test_division_by_zero_claimed() -> None:
    """100 mod 7 = 100, if 7 counts as zero."""
    witness = Witness.lie(program("remu", 100, 7), result=100)
    put_parts(witness, low=0, high=100)
    witness.put_here("muldiv", dz=1, inv=0)
    forget(witness, request(witness, 2, 7))
    assert witness.faults() == {"md.dz0"}


def test_division_by_zero_in_a_product() -> None:
    """The row would answer a comparison, but none is asked at its time."""
    witness = Witness.run(program("mul", 100, 0))
    witness.put_here("muldiv", dz=1)
    assert witness.faults() == {"md.dzd", "OP"}


# -- signs ------------------------------------------------------------------------------------------------------------


def test_sign_of_the_dividend_ignored() -> None:
    x = NEGATIVE
    honest_remainder = (W - x) % 7
    witness = Witness.lie(program("div", x, 7), result=W - x // 7)
    put_parts(witness, low=x // 7, high=x % 7)
    witness.put_here("muldiv", ax=x, k=1)
    witness.ask_binary(request(witness, honest_remainder, 7), x % 7, 7, 1)
    assert witness.faults() == {"md.ax"}


def test_sign_of_the_divisor_ignored() -> None:
    """5 / -3 with |-3| taken for 2^32 - 3."""
    y = W - 3
    witness = Witness.lie(program("rem", 5, y), result=5)
    put_parts(witness, low=0, high=5)
    witness.put_here("muldiv", ay=y)
    witness.ask_binary(request(witness, 2, 3), 5, y, 1)
    assert witness.faults() == {"md.ay"}


@pytest.mark.parametrize(("name", "id"), [("div", "md.negq"), ("rem", "md.negr")])
def test_sign_of_the_answer_flipped(name: str, id: str) -> None:
    witness = Witness.lie(program(name, 100, 7), result=lambda c: W - c)
    witness.put_here("muldiv", neg=1, k=1)
    assert witness.faults() == {id}


def test_sign_of_a_product() -> None:
    """md.neg0 is redundant: products do not read neg."""
    witness = Witness.run(program("mul", 6, 7))
    witness.put_here("muldiv", neg=1)
    assert witness.faults() == {"md.neg0"}


@pytest.mark.parametrize(("flag", "other", "id"), [("sx", 7, "md.sx0"), ("sy", 6, "md.sy0")])
def test_sign_of_an_unsigned_operand(flag: str, other: int, id: str) -> None:
    witness = Witness.lie(program("mulhu", 6, 7), result=W - other)
    moved = {"sx": {"ax": W - 6}, "sy": {"ay": W - 7}}[flag]
    witness.put_here("muldiv", k=1, **{flag: 1}, **moved)
    assert witness.faults() == {id}


def test_the_other_operand_signed() -> None:
    """MULHSU of exchanged operands has the same code."""
    x, y = 6, NEGATIVE
    witness = Witness.lie(program("mulhsu", x, y), result=lambda c: (c - x) % W)
    carry = int((x * y >> 32) < x)
    witness.put_here("muldiv", s_x=0, s_y=1, sy=1, ay=W - y, k=carry)
    witness.ask_binary(request(witness, (1 << 31) - 1, x), (1 << 31) - 1, y, 1)
    assert witness.faults() == {"md.sysx"}


def test_one_signed_operand_of_a_division() -> None:
    """md.sdiv is redundant: no operation has the code."""
    witness = Witness.run(program("div", 100, 7))
    witness.put_here("muldiv", s_x=1, s_y=0)
    assert witness.faults() == {"md.sdiv", "OP"}


def test_signed_nothing() -> None:
    """An idle row could ask for signs, but nothing comes of it."""
    witness = Witness.run(program("mul", 6, 7))
    row = witness.row("muldiv", ts=0)
    witness.put("muldiv", row, ts=witness.here, s_x=1)
    witness.ask_binary(witness.row("binary", ts=0), (1 << 31) - 1, 0, 0)
    assert witness.faults() == {"md.sxm"}


@pytest.mark.parametrize(("cell", "ids"), [("s_x", {"md.s_x"}), ("s_y", {"md.s_y"})])
def test_signs_are_bits(cell: str, ids: set[str]) -> None:
    witness = Witness.run(program("mulh", 6, 7))
    witness.put_here("muldiv", **{cell: 2})
    assert witness.faults() >= ids | {"OP"}


@pytest.mark.parametrize(("cell", "id"), [("sx", "md.sx"), ("sy", "md.sy")])
def test_signs_are_as_binary_says(cell: str, id: str) -> None:
    """What makes sx and sy bits is BINARY's answer; the constraints say it again where nothing is asked."""
    witness = Witness.run(program("mulh", 6, 7))
    witness.put_here("muldiv", **{cell: 2})
    assert witness.faults() >= {id, "OP"}


def test_fraction_of_a_division_by_zero() -> None:
    """dz is a bit by dz * y and by the other rule for y = 0."""
    witness = Witness.run(program("divu", 100, 7))
    witness.put_here("muldiv", dz=2)
    assert witness.faults() >= {"md.dz", "md.dz0"}


def test_fraction_of_a_sign() -> None:
    """neg is a bit, being a formula of the signs."""
    witness = Witness.run(program("div", 100, 7))
    witness.put_here("muldiv", neg=2)
    assert witness.faults() >= {"md.neg", "md.negq"}


def test_product_of_four() -> None:
    """MUL's code is 2 MUL - MULHU - DIVU + REMU; where all agree the answer is right, so the flags are redundant."""
    witness = Witness.run(program("mul", 0, 0))
    witness.put_here("muldiv", f_lo=2, f_hi=-1, f_q=-1, f_r=1)
    assert witness.faults() == {"md.f_lo", "md.f_hi", "md.f_q"}


def test_remainder_of_four() -> None:
    """REMU's code is 2 REMU - DIVU - MULHU + MUL."""
    witness = Witness.run(program("remu", 0, 5))
    witness.put_here("muldiv", f_lo=1, f_hi=-1, f_q=-1, f_r=2)
    assert "md.f_r" in witness.faults()


def test_one_operation() -> None:
    """md.m is forced by the bus as well: a row answers once."""
    witness = Witness.run(program("mul", 6, 7))
    witness.put_here("muldiv", f_hi=1)
    assert witness.faults() >= {"md.m", "OP"}
