"""A program as fixed columns: ROM, IMAGE and BYTE, and the rules that the constraints rely on."""

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from zkvm.emulator.elf import Program
from zkvm.emulator.opcodes import DUMMY, IN_LO, REGISTER_BASE, REGISTER_CELLS, ZERO_LO, Op
from zkvm.field import P
from zkvm.machine.errors import TableTooTall, UnprovableProgram
from zkvm.machine.layout import IMAGE_PADDING, LOG_MAX_FIXED, LOG_MIN_HEIGHT, W
from zkvm.machine.tables.byte import LOG_BYTE_HEIGHT
from zkvm.machine.tables.rom import ROM_COLUMNS

Columns = NDArray[np.uint64]

_ADDRESSING: Final = tuple(int(Op[name]) for name in ("LW", "SW", "LB", "LBU", "LH", "LHU", "SB", "SH"))


def parameters(program: Program) -> dict[str, int]:
    """Return the constants of the program that MAIN and RAM name."""
    return {"entry": program.entry, "halt_pc": program.halt_pc, "in_lo": IN_LO, "zero_lo": ZERO_LO}


def rom_rows(program: Program) -> Columns:
    """Return the ROM's rows as a matrix (13, rows), the halt row last.

    Raises:
        UnprovableProgram: a row breaks one of the rules of ``check_rom``.
    """
    rows = np.array(program.rom, dtype=np.uint64).reshape(-1, len(ROM_COLUMNS)).T.copy()
    check_rom(rows)
    return rows


def check_rom(rows: Columns) -> None:
    """Refuse rows on which the constraints would not say what the instruction means.

    Raises:
        UnprovableProgram: it names the first instruction at fault.
    """
    column = dict(zip(ROM_COLUMNS, rows, strict=True))
    pc, rs2, immx, immy, op = (column[name] for name in ("pc", "rs2", "immx", "immy", "op"))
    flags = np.stack([column[name] for name in ("f_add", "f_sub", "f_eq", "f_jalr")])
    flagged = flags.max(axis=0) > 0
    known = np.isin(op, [int(code) for code in Op if code is not Op.NONE])
    address_or_link = np.isin(op, _ADDRESSING) | (column["f_jalr"] != 0)
    _, first = np.unique(pc, return_index=True)
    repeated = np.ones(len(pc), dtype=bool)
    repeated[first] = False

    rules = {
        "pc occurs twice": repeated,
        "pc is not a multiple of 4 below 2^32": (pc % 4 != 0) | (pc >= W),
        "the flags are not one or none": (flags.max(axis=0) > 1) | (flags.sum(axis=0) > 1),
        "op is unknown, or stands beside a flag": np.where(flagged, op != 0, ~known),
        "a source is no register": (column["rs1"] > 31) | (rs2 > 31),
        "the destination is x0 or no register": (column["rd"] == 0) | (column["rd"] > DUMMY),
        "an immediate or the base is no word": (immx >= W) | (immy >= W) | (column["base"] >= W),
        "delta is not in the field": column["delta"] >= P,
        "immx where x must be a word": (immx != 0) & ~address_or_link,
        "immy beside a second register": (immy != 0) & (rs2 != 0),
    }
    for reason, broken in rules.items():
        if broken.any():
            raise UnprovableProgram(int(pc[np.argmax(broken)]), reason)


def fixed_columns(program: Program) -> dict[str, Columns]:
    """Return the fixed columns of ROM, IMAGE and BYTE for a program.

    Raises:
        UnprovableProgram: a row of the program breaks a rule.
        TableTooTall: the program is too large.
    """
    return {"rom": _rom(rom_rows(program)), "image": _image(program.image), "byte": byte_columns()}


def _rom(rows: Columns) -> Columns:
    """Repeat the halt row to the height: a padding row is a true row."""
    height = _fixed_height("rom", rows.shape[1])
    return np.concatenate([rows, np.repeat(rows[:, -1:], height - rows.shape[1], axis=1)], axis=1)


def _image(image: NDArray[np.uint32]) -> Columns:
    words = REGISTER_CELLS + len(image)
    columns = np.zeros((2, _fixed_height("image", words)), dtype=np.uint64)
    columns[0, :REGISTER_CELLS] = REGISTER_BASE + np.arange(REGISTER_CELLS)
    columns[:, REGISTER_CELLS:words] = image.T
    columns[0, words:] = IMAGE_PADDING + np.arange(columns.shape[1] - words)
    return columns


def _fixed_height(table: str, rows: int) -> int:
    height = max(1 << LOG_MIN_HEIGHT, 1 << (rows - 1).bit_length())
    if height > 1 << LOG_MAX_FIXED:
        raise TableTooTall(table, rows, 1 << LOG_MAX_FIXED)
    return height


def byte_columns() -> Columns:
    """Return BYTE's fixed columns: u, v, u & v, 2^((256 u + v) mod 32)."""
    value = np.arange(1 << LOG_BYTE_HEIGHT, dtype=np.uint64)
    u, v = value >> 8, value & 0xFF
    return np.stack([u, v, u & v, np.uint64(1) << (value & 31)])


def heights(fixed: Mapping[str, Columns]) -> dict[str, int]:
    """Return the height of each fixed table."""
    return {name: columns.shape[1] for name, columns in fixed.items()}
