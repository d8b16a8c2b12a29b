"""A program as the compiled emulator wants it: rows that lead to each other by index."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from zkvm.emulator.decode import RomRow
from zkvm.emulator.opcodes import Op

_KIND_SUB, _KIND_EQ, _KIND_JALR, _KIND_HALT, _KIND_JAL = 20, 21, 22, 23, 24
_FIELD: Final = 2**64 - 2**32 + 1

ROW: Final = np.dtype(
    [
        ("kind", "u1"),
        ("rs1", "u1"),
        ("rs2", "u1"),
        ("rd", "u1"),
        ("immx", "<u4"),
        ("immy", "<u4"),
        ("next", "<i4", (2,)),
        ("pc", "<u4"),
    ]
)


class NativeProgram(NamedTuple):
    """The arguments of ``zkvm._emulator.Machine`` that a program fixes."""

    rows: bytes
    row_at: bytes
    code_low: int
    entry: int


def pack(rom: Sequence[RomRow], entry: int) -> NativeProgram:
    """The rows of ``rom`` (the last is the halt row), to be started at address ``entry``."""
    index = {row.pc: i for i, row in enumerate(rom)}
    rows = np.zeros(len(rom), dtype=ROW)
    rows["kind"] = [_kind(row) for row in rom]
    rows["kind"][-1] = _KIND_HALT
    for name in ("rs1", "rs2", "rd", "immx", "immy", "pc"):
        rows[name] = [getattr(row, name) for row in rom]
    rows["next"] = [(index.get(row.base, -1), index.get((row.base + row.delta) % _FIELD, -1)) for row in rom]
    low, high = min(index), max(index)
    row_at = np.full((high - low) // 4 + 1, -1, dtype="<i4")
    for pc, i in index.items():
        row_at[(pc - low) // 4] = i
    return NativeProgram(rows.tobytes(), row_at.tobytes(), low, index[entry])


def _kind(row: RomRow) -> int:
    """The number of what the row does in csrc/emulator/machine.h."""
    if row.op != Op.NONE:
        return row.op
    if row.f_sub:
        return _KIND_SUB
    if row.f_eq:
        return _KIND_EQ
    if row.f_jalr:
        return _KIND_JALR
    return _KIND_JAL if row.base != (row.pc + 4) & 0xFFFF_FFFF else Op.NONE
