"""Whatever cannot be proven is refused with a typed error that names the program counter."""

import pytest

from tests.zkvm.assembler import assemble
from zkvm.emulator import errors
from zkvm.emulator.emulator import Guest, measure, run
from zkvm.emulator.opcodes import MAX_CYCLES
from zkvm.emulator.profile import profile

SEVEN = "li a0, 7\n"

CASES = [
    ("lw a0, 1(zero)", errors.UnalignedAccess, 0x1000, {"address": 1}),
    ("li t0, 0x20000002\nlw a0, 0(t0)", errors.UnalignedAccess, 0x1008, {"address": 0x20000002}),
    ("li t0, 0x20000001\nlh a0, 0(t0)", errors.UnalignedAccess, 0x1008, {"address": 0x20000001}),
    ("li t0, 0x20000003\nsh a0, 0(t0)", errors.UnalignedAccess, 0x1008, {"address": 0x20000003}),
    ("li t0, 0x20000003\nsw a0, 0(t0)", errors.UnalignedAccess, 0x1008, {"address": 0x20000003}),
    ("lw a0, 16(zero)", errors.OutOfRangeAccess, 0x1000, {"address": 16}),
    ("lui t0, 1\nlw a0, 0(t0)", errors.OutOfRangeAccess, 0x1004, {"address": 0x1000}),
    ("la t0, table\nlb a0, 4(t0)\n.data\ntable: .word 1", errors.OutOfRangeAccess, 0x1008, {"address": 0x100004}),
    ("la t0, table\nsb a0, -1(t0)\n.data\ntable: .word 1", errors.OutOfRangeAccess, 0x1008, {"address": 0xFFFFF}),
    ("lui t0, 0x10000\nlw a0, 8(t0)", errors.InputTooShort, 0x1004, {"address": 0x10000008, "end": 0x10000008}),
    ("lui t0, 0x10000\nlw a0, 0x10(t0)", errors.InputTooShort, 0x1004, {"address": 0x10000010}),
    ("lui t0, 0x20000\nlw a0, -4(t0)", errors.InputTooShort, 0x1004, {"address": 0x1FFFFFFC}),
    ("trap", errors.GuestTrap, 0x1000, {}),
    ("nop\nj zero_page\n.equ zero_page, 0", errors.GuestTrap, 0x1004, {}),
    ("zkhub_no_output: trap", errors.OutputNotWritten, 0x1000, {}),
    ("li t0, 5\nhalt", errors.OutputNotWritten, 0x1008, {}),
    ("lui t0, 4\njalr ra, 0(t0)", errors.JumpOutsideProgram, 0x1004, {"target": 0x4000}),
    ("la t0, there\njalr ra, 2(t0)\nthere: nop", errors.JumpOutsideProgram, 0x1008, {"target": 0x100E}),
    ("beqz zero, away\n.equ away, 0x1ff0", errors.JumpOutsideProgram, 0x1000, {"target": 0x1FF0}),
    ("bnez zero, 0x1ff0\nbnez sp, 0x1ff0\nli a0, 1\nbnez a0, 0x1ff0", errors.JumpOutsideProgram, 0x100C, {}),
    (SEVEN + "ecall", errors.UnsupportedInstruction, 0x1004, {"word": 0x73}),
    (SEVEN + "ebreak", errors.UnsupportedInstruction, 0x1004, {"word": 0x100073}),
    (SEVEN + ".word 0xc0002573", errors.UnsupportedInstruction, 0x1004, {"word": 0xC0002573}),  # rdcycle a0
    (SEVEN + ".word 0x00010001", errors.CompressedInstruction, 0x1004, {"word": 0x0001}),
    (SEVEN + ".word 0", errors.CompressedInstruction, 0x1004, {"word": 0}),
    (SEVEN + ".word 0xffffffff", errors.IllegalInstruction, 0x1004, {"word": 0xFFFFFFFF}),
    (SEVEN + ".word 0x0000100f", errors.IllegalInstruction, 0x1004, {}),  # fence.i
    (SEVEN + ".word 0x02051513", errors.IllegalInstruction, 0x1004, {}),  # slli a0, a0, 32
    (SEVEN + ".word 0x0000400b", errors.IllegalInstruction, 0x1004, {}),  # custom-0, no such precompile
    (SEVEN + ".word 0x0200000b", errors.IllegalInstruction, 0x1004, {}),  # custom-0 with funct7
    (SEVEN + ".word 0x00003003", errors.IllegalInstruction, 0x1004, {}),  # ld
    (SEVEN + ".word 0x00003023", errors.IllegalInstruction, 0x1004, {}),  # sd
    (SEVEN + ".word 0x00002063", errors.IllegalInstruction, 0x1004, {}),  # branch, funct3 2
    (SEVEN + ".word 0x00001067", errors.IllegalInstruction, 0x1004, {}),  # jalr, funct3 1
    (SEVEN + ".word 0x40001033", errors.IllegalInstruction, 0x1004, {}),  # sll with funct7 0x20
    (SEVEN + ".word 0x00000043", errors.IllegalInstruction, 0x1004, {}),  # fmadd
    ("loop: j loop", errors.CycleLimitExceeded, 0x1000, {"cycle": 1000}),
    ("li t0, 0x20000002\nkeccak t0", errors.UnalignedAccess, 0x1008, {}),
    ("keccak zero", errors.OutOfRangeAccess, 0x1000, {"address": 0}),
    ("li t0, -8\nkeccak t0", errors.OutOfRangeAccess, 0x1004, {}),
    ("lui t0, 0x10000\nkeccak t0", errors.InputTooShort, 0x1004, {"address": 0x10000008}),
    ("lui t0, 0x20000\nmulmod t0, t0", errors.ZeroModulus, 0x1004, {}),
    ("lui t0, 0x20000\nlui t1, 0x30000\necadd t0, t1", errors.EqualPoints, 0x1008, {}),
    ("lui t0, 0x20000\necdbl t0", errors.ZeroOrdinate, 0x1004, {}),
    ("lui t0, 0x20000\naddi t1, t0, 64\necdbl t0, t1", errors.PointersDiffer, 0x1008, {}),
]


@pytest.mark.parametrize(("source", "error", "pc", "fields"), CASES, ids=range(len(CASES)))
def test_refused(source: str, error: type[errors.GuestError], pc: int, fields: dict[str, int]) -> None:
    program = assemble(source)
    for execute in (run, measure, profile):
        with pytest.raises(error) as caught:
            execute(program, b"abc", max_cycles=1000)
        assert caught.value.pc == pc
        assert f"pc {pc:#010x}" in str(caught.value)
        for name, value in fields.items():
            assert getattr(caught.value, name) == value


def test_quotient_of_more_than_256_bits() -> None:
    store = "\n".join(f"sw a0, {4 * i}(t0)" for i in range(16))
    source = f"lui t0, 0x20000\nli a0, -1\n{store}\nli a0, 2\nsw a0, 96(t0)\naddi t1, t0, 32\nmulmod t0, t1"
    with pytest.raises(errors.QuotientTooLarge):
        run(assemble(source))


def test_cycle_of_an_error_counts_what_ran() -> None:
    with pytest.raises(errors.GuestTrap) as caught:
        run(assemble("nop\nnop\nnop\ntrap"))
    assert caught.value.cycle == 3


def test_the_halt_row_is_a_cycle() -> None:
    program = assemble("li a0, 1\nhalt")
    assert run(program, max_cycles=3).cycles == 3
    with pytest.raises(errors.CycleLimitExceeded):
        run(program, max_cycles=2)


@pytest.mark.parametrize("limit", [0, -1, MAX_CYCLES + 1])
def test_cycle_limits_that_no_proof_has(limit: int) -> None:
    with pytest.raises(ValueError, match="max_cycles"):
        run(assemble("li a0, 1\nhalt"), max_cycles=limit)


def test_measuring_goes_beyond_one_proof() -> None:
    program = assemble(f"li a0, {MAX_CYCLES}\nloop: addi a0, a0, -1\nbnez a0, loop\nhalt")
    assert measure(program, max_cycles=1 << 30).cost.main > 2 * MAX_CYCLES
    assert not measure(program, max_cycles=1 << 30).cost.fits()
    with pytest.raises(errors.CycleLimitExceeded):
        run(program)


def test_guest_memory_has_a_limit() -> None:
    source = "lui t0, 0x20000\nlui t1, 1\nloop: sw t0, 0(t0)\nadd t0, t0, t1\nj loop"
    with pytest.raises(errors.GuestMemoryExceeded) as caught:
        run(assemble(source), memory_limit=1 << 20)
    assert caught.value.limit == 1 << 20


def test_stores_into_the_input_stay_in_the_input() -> None:
    program = assemble("lui t0, 0x10000\nli a0, 9\nsw a0, 4(t0)\nlw a1, 4(t0)\nhalt")
    assert run(program, b"abcd").output[:2] == (9, 9)
    with pytest.raises(errors.InputTooShort):
        run(program, b"")


def test_too_large_an_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zkvm.emulator.emulator.ZERO_LO", 0x1000_0000 // 4 + 4)
    program = assemble("li a0, 1\nhalt")
    assert run(program, bytes(12)).output[0] == 1
    with pytest.raises(errors.InputTooLarge):
        run(program, bytes(13))
    with pytest.raises(errors.InputTooLarge):
        run(program, bytes(12), [1])


def test_hints_are_words() -> None:
    with pytest.raises(ValueError, match="no word"):
        run(assemble("li a0, 1\nhalt"), b"", [1 << 32])


def test_peek_where_there_is_no_memory() -> None:
    guest = Guest(assemble("li a0, 1\nhalt"))
    for address in (0, 2, 0x1000, 0x0FFF_FFFC, 0x1000_0004, 0xFFFF_FFFC):
        with pytest.raises(ValueError, match="no 2 words"):
            guest.peek(address, 2)
