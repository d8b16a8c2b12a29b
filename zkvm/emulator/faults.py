"""From the compiled emulator's fault numbers to typed errors."""

from typing import Final, NoReturn

from zkvm.emulator import errors
from zkvm.emulator.decode import RomRow
from zkvm.emulator.elf import NO_OUTPUT_SYMBOL, Program
from zkvm.emulator.opcodes import IN_LO, ZERO_LO

FAULT_JUMP, FAULT_UNALIGNED, FAULT_RANGE, FAULT_MEMORY = 16, 17, 18, 19
_REFUSALS_END: Final = 0x1000
"""Below lie the targets of jumps that say why a guest refused its input; the kit's guests have no code there."""
_FIELD: Final = 2**64 - 2**32 + 1
_CALL_FAULTS: Final = {
    20: errors.ZeroModulus,
    21: errors.QuotientTooLarge,
    22: errors.EqualPoints,
    23: errors.ZeroOrdinate,
    24: errors.PointersDiffer,
}


def raise_fault(
    program: Program, *, status: int, row: int, cycle: int, address: int, input_end: int, memory_limit: int
) -> NoReturn:
    """Raises the GuestError that ``status`` stands for, at ROM row number ``row``."""
    pc = program.rom[row].pc
    if status == FAULT_JUMP:
        _raise_jump(program, program.rom[row], address, cycle)
    if status == FAULT_UNALIGNED:
        raise errors.UnalignedAccess(address, pc=pc, cycle=cycle)
    if status == FAULT_RANGE and IN_LO <= address // 4 < ZERO_LO:
        raise errors.InputTooShort(address, input_end, pc=pc, cycle=cycle)
    if status == FAULT_RANGE:
        raise errors.OutOfRangeAccess(address, pc=pc, cycle=cycle)
    if status == FAULT_MEMORY:
        raise errors.GuestMemoryExceeded(memory_limit, pc=pc, cycle=cycle)
    raise _CALL_FAULTS[status](pc=pc, cycle=cycle)


def _raise_jump(program: Program, row: RomRow, answer: int, cycle: int) -> NoReturn:
    """``answer``: the target of a JALR, else c."""
    target = answer if row.f_jalr else (row.base + answer * row.delta) % _FIELD
    pc = row.pc
    if target == 0:
        no_output = program.find(NO_OUTPUT_SYMBOL)
        if no_output is not None and no_output.address == pc:
            raise errors.OutputNotWritten(pc=pc, cycle=cycle)
        raise errors.GuestTrap(pc=pc, cycle=cycle)
    word = program.code.get(target)
    if word is None and target < _REFUSALS_END and target % 4 == 0:
        raise errors.GuestTrap(target // 4, pc=pc, cycle=cycle)
    if word is None:
        raise errors.JumpOutsideProgram(target, pc=pc, cycle=cycle)
    # The jump was good; what it led to is no instruction.
    if word & 3 != 3:
        raise errors.CompressedInstruction(word & 0xFFFF, pc=target, cycle=cycle + 1)
    if word & 0x7F == 0x73:
        raise errors.UnsupportedInstruction(word, pc=target, cycle=cycle + 1)
    raise errors.IllegalInstruction(word, pc=target, cycle=cycle + 1)
