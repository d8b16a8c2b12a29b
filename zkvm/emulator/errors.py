"""What can be wrong with a program, or go wrong while it runs.

::

    ZkvmError
    └── EmulatorError
        ├── ProgramError            the file is no program of this machine
        │   ├── NotElf
        │   ├── WrongElf            an ELF for another machine: .what says which property
        │   ├── CompressedProgram   built with the C extension
        │   ├── MalformedElf        offsets or sizes that do not add up
        │   ├── MissingSymbol       no zkhub_halt
        │   ├── BadLayout           a segment where the machine has no such memory
        │   └── ProgramTooLarge
        ├── InputTooLarge           more input and hints than their region holds
        └── GuestError              .pc and .cycle say where and when
            ├── IllegalInstruction
            ├── UnsupportedInstruction  ECALL, EBREAK, CSR
            ├── CompressedInstruction
            ├── GuestTrap               the guest refused its input: .code may say why
            ├── JumpOutsideProgram      a jump to an address that holds no instruction
            ├── UnalignedAccess
            ├── OutOfRangeAccess        of memory that the program does not have
            ├── InputTooShort           a read past the end of the input and the hints
            ├── HintNotGiven            nobody answers hints of that kind
            ├── OutputNotWritten
            ├── CycleLimitExceeded
            ├── GuestMemoryExceeded
            ├── ZeroModulus             MULMOD with m = 0
            ├── QuotientTooLarge        MULMOD with a quotient of more than 256 bits
            ├── EqualPoints             ECADD of points of one x coordinate
            ├── ZeroOrdinate            ECDBL of a point with y = 0
            └── PointersDiffer          ECDBL whose two registers differ
"""

from zkvm.errors import ZkvmError


class EmulatorError(ZkvmError):
    """Base of the errors of loading and running guests."""


class ProgramError(EmulatorError):
    """The file is no program of this machine."""

    hint = "build guests with `python -m zkvm.guest_kit.build`"


class NotElf(ProgramError):
    """The file does not begin as an ELF does."""


class WrongElf(ProgramError):
    """An ELF, but not a little-endian 32-bit RISC-V executable."""

    def __init__(self, what: str, found: str, wanted: str) -> None:
        super().__init__(f"the program's {what} is {found}; the machine runs {wanted}")
        self.what, self.found, self.wanted = what, found, wanted


class CompressedProgram(ProgramError):
    """The program was built with compressed instructions, which the machine does not have."""

    hint = "compile with -march=rv32im"

    def __init__(self) -> None:
        super().__init__("the program uses compressed instructions (ELF flag RVC)")


class MalformedElf(ProgramError):
    """A header or table of the file points outside it or contradicts another."""


class MissingSymbol(ProgramError):
    """The program lacks a symbol that the machine needs."""

    def __init__(self, name: str) -> None:
        super().__init__(f"the program has no symbol {name}")
        self.name = name


class BadLayout(ProgramError):
    """A segment lies where the machine has no such memory."""


class ProgramTooLarge(ProgramError):
    """More code or data than the fixed tables can hold."""

    def __init__(self, what: str, size: int, limit: int) -> None:
        super().__init__(f"the program has {size:,} {what}; the limit is {limit:,}")
        self.what, self.size, self.limit = what, size, limit


class InputTooLarge(EmulatorError):
    """The input and the hints do not fit their region of memory."""

    def __init__(self, size: int, limit: int) -> None:
        super().__init__(f"input and hints take {size:,} bytes; the limit is {limit:,}")
        self.size, self.limit = size, limit


class GuestError(EmulatorError):
    """The guest did something that cannot be proven, so nothing will be.

    Attributes:
        pc: Address of the instruction at fault.
        cycle: Number of instructions that ran before it.
    """

    def __init__(self, what: str, *, pc: int, cycle: int) -> None:
        super().__init__(f"{what} (pc {pc:#010x}, cycle {cycle:,})")
        self.pc, self.cycle = pc, cycle


class _BadInstruction(GuestError):
    """``word`` at ``pc`` has no row in the ROM."""

    kind = "instruction"

    def __init__(self, word: int, *, pc: int, cycle: int) -> None:
        super().__init__(f"{self.kind} {word:#010x}", pc=pc, cycle=cycle)
        self.word = word


class IllegalInstruction(_BadInstruction):
    """The word at pc is no RV32IM instruction."""

    kind = "illegal instruction"


class UnsupportedInstruction(_BadInstruction):
    """A system instruction: the machine has no environment to call and no control registers."""

    kind = "unsupported system instruction"


class CompressedInstruction(_BadInstruction):
    """The word at pc is a compressed instruction."""

    kind = "compressed instruction"


class GuestTrap(GuestError):
    """The guest refused its input: it jumped to address 0, or to four times a code below 1024 that says why.

    Attributes:
        code: The guest's own code, 0 where it gave none.
    """

    def __init__(self, code: int = 0, *, pc: int, cycle: int) -> None:
        super().__init__(f"the guest trapped with code {code}" if code else "the guest trapped", pc=pc, cycle=cycle)
        self.code = code


class JumpOutsideProgram(GuestError):
    """The target of a jump or branch, or the next address, holds no instruction."""

    def __init__(self, target: int, *, pc: int, cycle: int) -> None:
        super().__init__(f"jump to {target:#010x}, where there is no instruction", pc=pc, cycle=cycle)
        self.target = target


class _BadAccess(GuestError):
    """Something is wrong with the memory access to byte address ``address``."""

    def __init__(self, address: int, what: str, *, pc: int, cycle: int) -> None:
        super().__init__(what, pc=pc, cycle=cycle)
        self.address = address


class UnalignedAccess(_BadAccess):
    """A half or a word at an address that is no multiple of its size."""

    def __init__(self, address: int, *, pc: int, cycle: int) -> None:
        super().__init__(address, f"unaligned access to {address:#010x}", pc=pc, cycle=cycle)


class OutOfRangeAccess(_BadAccess):
    """An access to memory that the program does not have: code, or no region at all."""

    def __init__(self, address: int, *, pc: int, cycle: int) -> None:
        super().__init__(address, f"access to {address:#010x}, which is no memory of the program", pc=pc, cycle=cycle)


class InputTooShort(_BadAccess):
    """The guest reached past the last word of its input and hints."""

    def __init__(self, address: int, end: int, *, pc: int, cycle: int) -> None:
        super().__init__(
            address, f"access to {address:#010x}, but the input and hints end at {end:#010x}", pc=pc, cycle=cycle
        )
        self.end = end


class HintNotGiven(GuestError):
    """The guest asked for a hint of a kind that nobody answers, or of a size that the kind does not have."""

    def __init__(self, kind: int, words: int, *, pc: int, cycle: int) -> None:
        super().__init__(f"no answer to a hint of kind {kind} with {words} words", pc=pc, cycle=cycle)
        self.kind, self.words = kind, words


class OutputNotWritten(GuestError):
    """The guest ended without an output."""

    hint = "end the guest with zkhub_halt(output)"

    def __init__(self, *, pc: int, cycle: int) -> None:
        super().__init__("the guest ended without writing its output", pc=pc, cycle=cycle)


class CycleLimitExceeded(GuestError):
    """The guest was still running after the last cycle it was given."""

    hint = "give the run a higher cycle limit, or the guest less work"

    def __init__(self, limit: int, *, pc: int, cycle: int) -> None:
        super().__init__(f"still running after {limit:,} cycles", pc=pc, cycle=cycle)
        self.limit = limit


class GuestMemoryExceeded(GuestError):
    """The guest touched more pages of memory than the emulator may hold."""

    def __init__(self, limit: int, *, pc: int, cycle: int) -> None:
        super().__init__(f"the guest's memory takes more than {limit:,} bytes", pc=pc, cycle=cycle)
        self.limit = limit


class ZeroModulus(GuestError):
    """MULMOD was called with m = 0."""

    def __init__(self, *, pc: int, cycle: int) -> None:
        super().__init__("MULMOD with modulus 0", pc=pc, cycle=cycle)


class QuotientTooLarge(GuestError):
    """MULMOD was called with neither factor below the modulus, and the quotient has more than 256 bits."""

    def __init__(self, *, pc: int, cycle: int) -> None:
        super().__init__("MULMOD whose quotient does not fit 256 bits: reduce a factor first", pc=pc, cycle=cycle)


class EqualPoints(GuestError):
    """ECADD was called with two points of one x coordinate, so that any slope would do."""

    def __init__(self, *, pc: int, cycle: int) -> None:
        super().__init__("ECADD of points with equal x: double, or take infinity", pc=pc, cycle=cycle)


class ZeroOrdinate(GuestError):
    """ECDBL was called with y = 0, where the tangent has no slope."""

    def __init__(self, *, pc: int, cycle: int) -> None:
        super().__init__("ECDBL of a point with y = 0", pc=pc, cycle=cycle)


class PointersDiffer(GuestError):
    """ECDBL was called with two pointers; it takes the same one twice."""

    def __init__(self, *, pc: int, cycle: int) -> None:
        super().__init__("ECDBL with two different pointers", pc=pc, cycle=cycle)
