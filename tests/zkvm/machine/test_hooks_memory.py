"""One fault for each constraint of MEMW and MEMB: wrong everywhere alike, so that only this constraint notices."""

import pytest

from tests.zkvm.machine.model import P, W
from tests.zkvm.machine.witness import Witness

HERE = 0x2000_0100
HALF = pow(2, -1, P)


def program(access: str, *, word: int = 0, value: int = 0) -> str:
    """``access`` through s0, with ``word`` in memory and ``value`` in t0; then the word is read again."""
    return (
        f"li s0, {HERE}\nli t1, {word}\nsw t1, 0(s0)\nsw t1, 8(s0)\nli t0, {value}\nhere: {access}\n"
        "lw a1, 0(s0)\nlw a2, 8(s0)\nadd a0, a0, a1"
    )


# -- MEMW -------------------------------------------------------------------------------------------------------------


def test_load_changes_the_word() -> None:
    assert Witness.lie(program("lw a0, 0(s0)", word=5), store=6).faults() == {"memw.keep"}


def test_store_of_another_word() -> None:
    witness = Witness.lie(program("sw t0, 0(s0)", word=5, value=6), store=7)
    witness.put_here("memw", y=6)
    assert witness.faults() == {"memw.y"}


@pytest.mark.parametrize(
    ("table", "access", "id"), [("memw", "lw a0, 0(s0)", "memw.k"), ("memb", "lbu a0, 0(s0)", "memb.k")]
)
def test_access_elsewhere(table: str, access: str, id: str) -> None:
    """With a carry of the right size any cell can be read for any address."""
    witness = Witness.lie(program(access, word=5), address=lambda word: word + 2)
    witness.put_here(table, k=(HERE - (HERE + 8)) * pow(W, -1, P))
    assert witness.faults() == {id}


def test_flags_of_memw() -> None:
    """The OP bus, too, leaves one way only to be LW or SW: 6 f_lw + 7 f_sw = op and f_lw + f_sw = 1."""
    witness = Witness.run(program("lw a0, 0(s0)", word=5))
    witness.put_here("memw", f_lw=2, f_sw=-1)
    assert witness.faults() >= {"memw.f_lw", "memw.f_sw", "memw.one", "OP"}
    witness.put_here("memw", f_lw=1, f_sw=1)
    assert witness.faults() >= {"memw.one", "OP", "MEM"}


def test_reads_what_is_written_later() -> None:
    """A cell's accesses in another order than that of time."""
    witness = Witness.run(f"li s0, {HERE}\nli t0, 9\nhere: lw a0, 0(s0)\nsw t0, 0(s0)")
    load, store = witness.at_here("memw"), witness.at_here("memw") + 1
    late = witness.get("memw", store, "ts")
    witness.put("memw", load, old=9, new=9, tp=late, lo=(witness.here - late - 1) & 0xFFFF)
    witness.put("memw", store, old=0, tp=0, lo=(late - 1) & 0xFFFF)
    witness.put("ram", witness.row("ram", addr=HERE // 4), tf=witness.here)
    witness.put_here("main", c=9)
    step = witness.row("main", ts=late)
    witness.put("main", step, c=0)
    assert witness.get("main", step, "rd") == 32
    for row in range(step + 1, witness.tables["main"].shape[1]):
        witness.put("main", row, old=0)
    witness.put("image", 10, vf=9)
    witness.output = (9, *witness.output[1:])
    assert witness.faults() == {"PAIR"}


# -- MEMB -------------------------------------------------------------------------------------------------------------


def test_half_at_an_odd_byte() -> None:
    source = program("sh t0, 1(s0)", value=0x0102)
    witness = Witness.lie(source, store=0x010200)
    witness.put_here("memb", g=1 << 8)
    assert witness.faults() == {"memb.align"}


def test_store_of_a_half_as_of_a_byte() -> None:
    """SB with the sign flag has SH's code."""
    witness = Witness.lie(program("sh t0, 0(s0)", word=0x0A0B0C0D, value=0x0102), store=0x0A0B0C02)
    witness.put_here("memb", f_sh=0, f_sb=1, f_sgn=1, s=0x0D, sg=0)
    assert witness.faults() == {"memb.sgn"}


def test_halves_exchanged() -> None:
    witness = Witness.lie(program("lhu a0, 0(s0)", word=0x0A0B0C0D), result=0x0A0B)
    witness.put_here("memb", p=0x0B, q=0x0A, oth=0x0C0D, s=0x0A)
    assert witness.faults() == {"memb.old"}


def test_other_byte_loaded() -> None:
    witness = Witness.lie(program("lbu a0, 0(s0)", word=0x0A0B0C0D), result=0x0C)
    witness.put_here("memb", s=0x0C)
    assert witness.faults() == {"memb.s"}


def test_byte_stored_elsewhere() -> None:
    witness = Witness.lie(program("sb t0, 0(s0)", value=0x77), store=0x770000)
    witness.put_here("memb", g=1 << 16)
    assert witness.faults() == {"memb.g"}


@pytest.mark.parametrize("access", ["sb t0, 3(s0)", "sh t0, 2(s0)", "lb a0, 1(s0)", "lhu a0, 0(s0)"])
def test_another_word_left(access: str) -> None:
    witness = Witness.lie(program(access, word=0x0A0B0C0D, value=5), store=lambda word: word ^ 1)
    assert witness.faults() == {"memb.new"}


@pytest.mark.parametrize("access", ["lb a0, 3(s0)", "lbu a0, 1(s0)", "lh a0, 2(s0)", "lhu a0, 0(s0)"])
def test_another_answer(access: str) -> None:
    assert Witness.lie(program(access, word=0x8A8B8C0D), result=lambda c: c ^ 1).faults() == {"memb.c"}


def test_half_number_two() -> None:
    """Half 2 of one word stands where half 0 of the next does."""
    source = f"li s0, {HERE}\nli t1, 7\nsw t1, 0(s0)\nsw zero, -4(s0)\nhere: lbu a0, 0(s0)"
    witness = Witness.lie(source, result=0, address=lambda word: word - 1)
    witness.put_here("memb", hs=2, g=1 + 2 * 65535, p=0, q=0, s=0)
    assert witness.faults() == {"memb.hs"}


def test_byte_number_two() -> None:
    """Byte 2 of the low half stands where byte 0 of the high half does."""
    witness = Witness.lie(program("lbu a0, 2(s0)", word=0x0A0B0501), result=9)
    witness.put_here("memb", hs=0, bs=2, g=1 + 2 * 255, p=1, q=5, oth=0x0A0B, s=9)
    assert witness.faults() == {"memb.bs"}


def test_fraction_of_a_sign() -> None:
    """The lookup of 2(s - 128 sg) alone would let sg be a fraction."""
    claim = 5 + 5 * ((1 << 25) - 2)
    witness = Witness.lie(program("lb a0, 0(s0)", word=5), result=claim)
    witness.put_here("memb", sg=5 * pow(128, -1, P))
    assert witness.faults() == {"memb.sg"}


def test_sign_twice() -> None:
    """LHU answered as LB with f_sgn = 2: the codes are the same."""
    witness = Witness.lie(program("lhu a0, 0(s0)", word=0x0A0B0C0D), result=0x0D)
    witness.put_here("memb", f_lh=0, f_lb=1, f_sgn=2, s=0x0D, sg=0)
    assert witness.faults() == {"memb.f_sgn"}


def test_half_a_load_and_half_a_store() -> None:
    """LHU's code is half of LBU's and half of SB's."""
    witness = Witness.lie(program("lhu a0, 0(s0)", word=0x0A0B0C04), result=2, store=0x0A0B0C02)
    witness.put_here("memb", f_lh=0, f_lb=HALF, f_sb=HALF, s=4, sg=0)
    assert witness.faults() == {"memb.f_lb", "memb.f_sb"}


def test_flags_of_halves() -> None:
    """The same with the flags of halves: they must add up to one, so two are wrong if one is."""
    witness = Witness.run(program("lbu a0, 0(s0)", word=5))
    witness.put_here("memb", f_lb=0, f_lh=2, f_sh=-1)
    assert witness.faults() >= {"memb.f_lh", "memb.f_sh"}


def test_one_flag() -> None:
    """memb.m is forced by the bus as well: a row answers once."""
    witness = Witness.run(program("lbu a0, 0(s0)", word=5))
    witness.put_here("memb", f_sb=1)
    assert witness.faults() >= {"memb.m", "OP", "MEM"}
