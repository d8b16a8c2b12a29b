"""Numbers of the machine that the emulator, the ROM and the guests share."""

from enum import IntEnum
from typing import Final

IN_LO: Final = 0x1000_0000 // 4
"""First word of the input region; the program's image lies below."""
ZERO_LO: Final = 0x2000_0000 // 4
"""First word of the memory that starts as zero."""
MEMORY_END: Final = 1 << 30
"""One past the last word of memory."""
REGISTER_BASE: Final = 1 << 31
"""Address of the cell of x0; no load or store reaches it."""
REGISTER_CELLS: Final = 33
"""x0 to x31, and the dummy that takes what is written to no register."""
DUMMY: Final = 32
"""Number of the dummy register."""
OUTPUT_REGISTER: Final = 10
"""a0; the output is the eight registers from here on."""
OUTPUT_WORDS: Final = 8
MAX_CYCLES: Final = 1 << 22
"""Rows of MAIN that one proof can hold."""


class Op(IntEnum):
    """Op codes of the OP bus; 0 stands for an instruction that MAIN does by itself."""

    NONE = 0
    AND = 1
    OR = 2
    XOR = 3
    SLTU = 4
    SLT = 5
    LW = 6
    SW = 7
    LBU = 8
    LB = 9
    LHU = 10
    LH = 11
    SB = 12
    SH = 13
    SLL = 14
    SRL = 15
    SRA = 16
    MUL = 32
    MULHU = 36
    MULHSU = 37
    MULH = 38
    DIVU = 40
    DIV = 42
    REMU = 44
    REM = 46
    KECCAK = 48
    MULMOD = 49
    ECADD = 50
    ECDBL = 51
