"""The execution log: everything the tables of the machine need, at 20 to 60 bytes an instruction.

Every array can be expanded row by row without looking at its neighbours, so threads or a GPU may take any range of it.
All fields are little-endian 32-bit words, hence ``array.view(numpy.uint32).reshape(len(array), -1)`` is the same data
as a plain matrix. A time ("ts", "t1", "previous" ...) is a time stamp of the machine: instruction i runs at 4i + 1, and
a cell that was never accessed has the time 0.

What is not here follows from what is: the ROM tuple from ``steps["row"]`` (an index into ``Program.rom``), x and y from
a, b and the ROM's immx and immy, carries and inverses from those, the answer of a byte load from ``steps["c"]`` at
index (ts - 1) // 4.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zkvm.emulator.opcodes import REGISTER_CELLS

Structured = NDArray[np.void]
"""A one-dimensional array of one of the record types below."""

_WORD = "<u4"

STEP = np.dtype(
    [
        ("row", _WORD),  # index into Program.rom of the instruction
        ("a", _WORD),  # value of rs1, read at ts
        ("b", _WORD),  # value of rs2, read at ts + 1
        ("c", _WORD),  # result, written to rd at ts + 3
        ("old", _WORD),  # value of rd before
        ("t1", _WORD),  # when rs1 was last accessed
        ("t2", _WORD),  # when rs2 was last accessed
        ("t3", _WORD),  # when rd was last accessed
    ]
)
"""One instruction: a row of MAIN. Element i ran at ts = 4i + 1; the last element is the first run of the halt row."""

WORD_ACCESS = np.dtype(
    [
        ("ts", _WORD),
        ("address", _WORD),  # of the word: byte address / 4, below 2^30
        ("old", _WORD),
        ("new", _WORD),  # equal to old where kind says LW
        ("previous", _WORD),  # when the word was last accessed
        ("kind", _WORD),  # op (LW or SW), + 256 where the byte address x = a + immx is 4 * address + 2^32
    ]
)
"""One row of MEMW: LW and SW, and each word that a precompile reads (LW) or exchanges (SW).

The words of one call stand together, in this order (R = 0, 1, ... words):

- MULMOD: LW at ts of y + 4R for R < 24, then SW at ts + 1 of x + 4R for R < 8;
- ECADD: LW at ts of y + 4R for R < 16, then SW at ts + 1 of x + 4R for R < 16;
- ECDBL: LW at ts of x + 4R for R < 8, then SW at ts + 1 of x + 4R for R < 16;
- KECCAK: SW at ts of x + 4R for R < 50.
"""

BYTE_ACCESS = np.dtype(
    [
        ("ts", _WORD),
        ("address", _WORD),  # in bytes, reduced mod 2^32
        ("old", _WORD),  # the whole word before
        ("new", _WORD),  # the whole word after
        ("previous", _WORD),
        ("y", _WORD),  # value of rs2 for stores, 0 for loads
        ("kind", _WORD),  # op (LB, LBU, LH, LHU, SB, SH), + 256 where x = a + immx is address + 2^32
    ]
)
"""One row of MEMB."""

ARITH256_CALL = np.dtype(
    [
        ("ts", _WORD),
        ("op", _WORD),  # MULMOD, ECADD or ECDBL
        ("px", _WORD),  # x, a byte address
        ("py", _WORD),  # y, a byte address
        ("operands", _WORD, (32,)),  # MULMOD: a, b, c, m; ECADD: x1, y1, x2, y2; ECDBL: x1, y1, then zeros
        ("results", _WORD, (16,)),  # MULMOD: r, then zeros; else x3, y3
        ("witness", _WORD, (8,)),  # MULMOD: the quotient q; else the slope s, reduced mod P
    ]
)
"""One call of ARITH256; numbers of 256 bits are 8 words, the lowest first."""

KECCAK_CALL = np.dtype(
    [
        ("ts", _WORD),
        ("pointer", _WORD),  # x, a byte address
        ("before", _WORD, (50,)),  # lane l = x + 5y is words 2l and 2l + 1, the low half first
        ("after", _WORD, (50,)),
    ]
)
"""One permutation keccak-f[1600] in place."""

CELL = np.dtype([("address", _WORD), ("initial", _WORD), ("final", _WORD), ("time", _WORD)])
"""One memory cell at both ends of the run: ``time`` is its last access, 0 if there was none."""


@dataclass(frozen=True, slots=True)
class Log:
    """One finished run. The arrays are read-only."""

    steps: Structured
    """STEP, one an instruction, the first halt row included."""
    memw: Structured
    """WORD_ACCESS, in the order of execution."""
    memb: Structured
    """BYTE_ACCESS, in the order of execution."""
    binary: NDArray[np.uint32]
    """Indices of the steps that ask BINARY (AND, OR, XOR, SLTU, SLT), ascending. Requests by SHIFT and MULDIV extra."""
    shift: NDArray[np.uint32]
    """Indices of the steps that ask SHIFT, ascending."""
    muldiv: NDArray[np.uint32]
    """Indices of the steps that ask MULDIV, ascending."""
    arith256: Structured
    """ARITH256_CALL, in the order of execution."""
    keccak: Structured
    """KECCAK_CALL, in the order of execution."""
    registers: Structured
    """CELL, 33 of them: address 2^31 + r; r = 32 is the dummy that takes what is written to no register."""
    image: Structured
    """CELL, all words of the image, in the order of ``Program.image`` (ascending)."""
    ram: Structured
    """CELL, the words from IN_LO on that were accessed, ascending; always IN_LO, ZERO_LO and 2^30 - 1 too."""

    @property
    def nbytes(self) -> int:
        """Size of all arrays in bytes."""
        return sum(getattr(self, name).nbytes for name in self.__slots__)


def timestamp(step: int) -> int:
    """Time at which instruction number ``step`` (from 0) reads its first register."""
    return 4 * step + 1


def padding_steps(log: Log, height: int) -> Structured:
    """The halt row again and again: what MAIN needs after ``log.steps`` to have ``height`` rows."""
    count = height - len(log.steps)
    if count < 0:
        raise ValueError(f"{len(log.steps)} steps do not fit {height} rows")
    ts = 4 * np.arange(len(log.steps), height, dtype=np.uint32) + np.uint32(1)
    steps: Structured = np.zeros(count, dtype=STEP)
    steps["row"] = log.steps["row"][-1]
    # x0 is read twice a row, at ts and ts + 1, and the dummy is written at ts + 3.
    steps["t1"] = ts - 3
    steps["t2"] = ts
    steps["t3"] = ts - 1
    return steps


def padded_registers(log: Log, height: int) -> Structured:
    """The register cells as they end when the halt row is repeated until MAIN has ``height`` rows."""
    registers = log.registers.copy()
    last = timestamp(height - 1)
    zero, dummy = 0, REGISTER_CELLS - 1
    registers["time"][zero] = last + 1
    registers["time"][dummy] = last + 3
    return registers


def read_only(data: Any, dtype: np.dtype[Any]) -> NDArray[Any]:
    """``data``, a buffer of the emulator, as an array of ``dtype`` that nobody writes to."""
    array = np.frombuffer(data, dtype=dtype)
    array.flags.writeable = False
    return array
