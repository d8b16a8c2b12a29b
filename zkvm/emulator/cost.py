"""What a run costs to prove: rows of each table, and cells that will be committed."""

from dataclasses import asdict, dataclass, fields
from typing import Final

import numpy as np

from zkvm.emulator.opcodes import MAX_CYCLES, Op

KECCAK_ROWS: Final = 800
"""Rows of KECCAK a permutation: 25 blocks of 64 slices, two in a row."""
ARITH256_ROWS: Final = 64
"""Rows of ARITH256 an operation."""

CELLS_A_ROW: Final = {
    "main": 41,
    "memw": 16,
    "memb": 33,
    "binary": 31,
    "shift": 24,
    "muldiv": 35,
    "ram": 13,
    "keccak": 79,
    "arith256": 31,
}
"""Witness and LogUp cells in a row of each table whose height the run decides."""

_LOGIC: Final = (Op.AND, Op.OR, Op.XOR, Op.SLTU, Op.SLT)
_SHIFTS: Final = (Op.SLL, Op.SRL, Op.SRA)
_PRODUCTS: Final = (Op.MUL, Op.MULHU, Op.MULHSU, Op.MULH)
_DIVISIONS: Final = (Op.DIVU, Op.DIV, Op.REMU, Op.REM)
_BYTES: Final = (Op.LBU, Op.LB, Op.LHU, Op.LH, Op.SB, Op.SH)
# Requests to BINARY: sign bits of SRA and of signed factors, remainder below divisor.
_COMPARISONS: Final = {Op.SRA: 1, Op.MULHSU: 1, Op.MULH: 2, Op.DIVU: 1, Op.DIV: 3, Op.REMU: 1, Op.REM: 3}
# Requests to MEMW.
_WORDS: Final = {Op.LW: 1, Op.SW: 1, Op.KECCAK: 50, Op.MULMOD: 32, Op.ECADD: 32, Op.ECDBL: 24}


@dataclass(frozen=True, slots=True)
class Limits:
    """Most rows of each table in one proof."""

    main: int = MAX_CYCLES
    memw: int = 1 << 23
    memb: int = 1 << 23
    binary: int = 1 << 23
    shift: int = 1 << 23
    muldiv: int = 1 << 23
    ram: int = 1 << 23
    keccak: int = 1 << 23
    arith256: int = 1 << 23


@dataclass(frozen=True, slots=True)
class Cost:
    """Rows of each table whose height the run decides, before padding to a power of two."""

    main: int = 0
    """Also the number of cycles, the halt row included."""
    memw: int = 0
    memb: int = 0
    binary: int = 0
    shift: int = 0
    muldiv: int = 0
    ram: int = 0
    """Different words touched from the input region on, and the three that are always there."""
    keccak: int = 0
    arith256: int = 0

    def __add__(self, other: "Cost") -> "Cost":
        """The cost of both; of one batch after another, no more than this."""
        return Cost(**{field.name: getattr(self, field.name) + getattr(other, field.name) for field in fields(Cost)})

    @property
    def permutations(self) -> int:
        """Calls of KECCAK."""
        return self.keccak // KECCAK_ROWS

    @property
    def operations(self) -> int:
        """Calls of MULMOD, ECADD and ECDBL."""
        return self.arith256 // ARITH256_ROWS

    @property
    def cells(self) -> int:
        """Committed cells of the rows used, before padding; the quotient and the tables of fixed height excluded."""
        return sum(rows * CELLS_A_ROW[table] for table, rows in asdict(self).items())

    def over(self, limits: Limits) -> tuple[str, ...]:
        """The tables that would be too high."""
        return tuple(table for table, rows in asdict(self).items() if rows > getattr(limits, table))

    def fits(self, limits: Limits | None = None) -> bool:
        """Whether one proof can hold the run."""
        return not self.over(limits or Limits())


def cost_of(kinds: bytes, divisions_by_zero: int, ram: int) -> Cost:
    """The cost of a run from the emulator's counters: runs by kind, 64 numbers of 8 bytes."""
    runs = np.frombuffer(kinds, dtype=np.uint64).tolist()
    comparisons = sum(requests * runs[op] for op, requests in _COMPARISONS.items())
    return Cost(
        main=sum(runs),
        memw=sum(requests * runs[op] for op, requests in _WORDS.items()),
        memb=sum(runs[op] for op in _BYTES),
        binary=sum(runs[op] for op in _LOGIC) + comparisons - divisions_by_zero,
        shift=sum(runs[op] for op in _SHIFTS),
        muldiv=sum(runs[op] for op in (*_PRODUCTS, *_DIVISIONS)),
        ram=ram,
        keccak=KECCAK_ROWS * runs[Op.KECCAK],
        arith256=ARITH256_ROWS * (runs[Op.MULMOD] + runs[Op.ECADD] + runs[Op.ECDBL]),
    )
