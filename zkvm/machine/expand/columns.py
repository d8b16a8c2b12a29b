"""Arrays that the expansions share: program rows as a matrix, lookups as histograms, tables from named columns."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zkvm.air import Machine, Table
from zkvm.machine.errors import TableTooTall

Words = NDArray[np.uint64]
"""One value a row, canonical mod p."""

Counts = NDArray[np.unsignedinteger[Any]]
"""Lookups, shaped like BYTE's multiplicities."""

Values = NDArray[np.integer[Any]]
"""Words on the way: NumPy's types call an array signed once a Python number was added to it."""


class Lookups:
    """How often each row of BYTE is looked up on each of its four buses; becomes BYTE's multiplicities."""

    def __init__(self) -> None:
        self.multiplicities: Words = np.zeros((4, 1 << 16), dtype=np.uint64)
        """m_and, m_pair, m_r16, m_pow in BYTE's order of columns."""

    def conjunction(self, u: Values, v: Values) -> None:
        """Count lookups of (u, v, u & v)."""
        self._add(0, 256 * u + v)

    def pair(self, u: Values, v: Values | int) -> None:
        """Count lookups of two bytes."""
        self._add(1, 256 * u + v)

    def r16(self, *values: Values) -> None:
        """Count lookups of 16-bit numbers."""
        for value in values:
            self._add(2, value)

    def power(self, value: Values) -> None:
        """Count lookups of (value, 2^(value mod 32))."""
        self._add(3, value)

    def add(self, counts: Counts) -> None:
        """Add counts made elsewhere, shaped like ``multiplicities``."""
        self.multiplicities += counts

    def _add(self, bus: int, rows: Values) -> None:
        self.multiplicities[bus] += np.bincount(rows.astype(np.int64), minlength=1 << 16).astype(np.uint64)


def table_height(machine: Machine, name: str, rows: int) -> int:
    """Return the least height of the table that holds ``rows``.

    Raises:
        TableTooTall: none that it may have does.
    """
    table = machine.table(name)
    height = max(1 << table.min_log_height, 1 << max(0, rows - 1).bit_length())
    if height > 1 << table.max_log_height:
        raise TableTooTall(name, rows, 1 << table.max_log_height)
    return height


def assemble(table: Table, columns: Mapping[str, Values]) -> Words:
    """Stack named columns in the table's order, at the height of the longest; a column's missing rows are zero."""
    if set(table.main) != set(columns):
        raise ValueError(f"columns {sorted(set(table.main) ^ set(columns))} do not match table {table.name}")
    rows = max(len(values) for values in columns.values())
    height = max(1 << table.min_log_height, 1 << max(0, rows - 1).bit_length())
    out = np.zeros((len(table.main), height), dtype=np.uint64)
    for row, name in zip(out, table.main, strict=True):
        row[: len(columns[name])] = columns[name]
    return out


def u64(field: Values) -> Words:
    """Widen a field of the log."""
    return field.astype(np.uint64)
