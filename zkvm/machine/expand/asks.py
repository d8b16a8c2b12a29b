"""What BINARY, SHIFT and MULDIV are asked: four bytes a row, of which the rows are made (``csrc/expand/records.h``)."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from zkvm.emulator.log import Log
from zkvm.emulator.opcodes import Op
from zkvm.machine.expand.columns import Values, Words
from zkvm.machine.layout import M
from zkvm.machine.tables.rom import ROM_COLUMNS

Asks = NDArray[np.uint32]
"""Each the index of a step, and above bit 30 which of its requests is meant; 0 the instruction itself."""

SIGN_OF_X: Final = np.uint32(1 << 30)
SIGN_OF_Y: Final = np.uint32(2 << 30)
REMAINDER: Final = np.uint32(3 << 30)

NOT_THERE: Final = "the log refers to what is not there"

_OP, _IMMY = ROM_COLUMNS.index("op"), ROM_COLUMNS.index("immy")
_SIGNED_Y: Final = (Op.MULH, Op.DIV, Op.REM)
_DIVISIONS: Final = (Op.DIVU, Op.DIV, Op.REMU, Op.REM)


def binary_asks(log: Log, rom: Words) -> Asks:
    """What BINARY is asked by MAIN, then for SHIFT's and MULDIV's signs, then for remainders, in the table's order.

    Args:
        log: The run.
        rom: The program's rows, (13, rows).

    Raises:
        ValueError: the log refers to what is not there.
    """
    _check(log.binary, len(log.steps))
    shift, muldiv = _fetched(log, rom, log.shift), _fetched(log, rom, log.muldiv)
    signed_y = np.isin(rom[_OP][muldiv], _SIGNED_Y)
    signed_x = signed_y | (rom[_OP][muldiv] == Op.MULHSU)
    divisor = (log.steps["b"][log.muldiv] + rom[_IMMY][muldiv]) & M
    divides = np.isin(rom[_OP][muldiv], _DIVISIONS) & (divisor != 0)
    return np.concatenate(
        [
            log.binary,
            log.shift[rom[_OP][shift] == Op.SRA] | SIGN_OF_X,
            log.muldiv[signed_x] | SIGN_OF_X,
            log.muldiv[signed_y] | SIGN_OF_Y,
            log.muldiv[divides] | REMAINDER,
        ]
    )


def _fetched(log: Log, rom: Words, asking: Asks) -> Values:
    """The rows of the ROM that these steps fetch."""
    _check(asking, len(log.steps))
    rows: Values = log.steps["row"][asking]
    _check(rows, rom.shape[1])
    return rows


def _check(indices: Values, count: int) -> None:
    if len(indices) and indices.max() >= count:
        raise ValueError(NOT_THERE)
