"""Arrays that the expansions share: program rows as a matrix, lookups as histograms, tables from named columns."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from zkvm.machine.errors import TableTooTall

Words = NDArray[np.uint64]
"""One value a row, canonical mod p."""


class Lookups:
    """How often each row of BYTE is looked up on each of its four buses; becomes BYTE's multiplicities."""

    def __init__(self) -> None:
        self._counts = np.zeros((4, 1 << 16), dtype=np.uint64)

    @property
    def multiplicities(self) -> Words:
        """(4, 2^16): m_and, m_pair, m_r16, m_pow in BYTE's order of columns."""
        return self._counts

    def conjunction(self, u: Words, v: Words) -> None:
        """Count lookups of (u, v, u & v)."""
        self._add(0, 256 * u + v)

    def pair(self, u: Words, v: Words | int) -> None:
        """Count lookups of two bytes."""
        self._add(1, np.uint64(256) * u + np.uint64(v) if isinstance(v, int) else np.uint64(256) * u + v)

    def r16(self, *values: Words) -> None:
        """Count lookups of 16-bit numbers."""
        for value in values:
            self._add(2, value)

    def power(self, value: Words) -> None:
        """Count lookups of (value, 2^(value mod 32))."""
        self._add(3, value)

    def add(self, counts: Words) -> None:
        """Add counts made elsewhere, shaped like ``multiplicities``."""
        self._counts += counts

    def _add(self, bus: int, rows: Words) -> None:
        self._counts[bus] += np.bincount(rows.astype(np.int64), minlength=1 << 16).astype(np.uint64)


def height_for(table: str, rows: int, log_bounds: tuple[int, int]) -> int:
    """Return the least allowed height that holds ``rows``.

    Raises:
        TableTooTall: no height within the table's bounds does.
    """
    low, high = log_bounds
    height = max(1 << low, 1 << max(0, rows - 1).bit_length())
    if height > 1 << high:
        raise TableTooTall(table, rows, 1 << high)
    return height


def assemble(names: Sequence[str], columns: Mapping[str, Words], height: int) -> Words:
    """Stack named columns in the table's order; rows that a column does not have are zero."""
    if set(names) != set(columns):
        raise ValueError(f"columns {sorted(set(names) ^ set(columns))} do not match the table")
    out = np.zeros((len(names), height), dtype=np.uint64)
    for row, name in zip(out, names, strict=True):
        values = columns[name]
        row[: len(values)] = values
    return out


def u64(field: NDArray[np.uint32]) -> Words:
    """Widen a field of the log."""
    return field.astype(np.uint64)
