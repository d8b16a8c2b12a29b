"""KECCAK's rows by the compiled expansion, on all cores. Same results as ``keccak``."""

import numpy as np
from numpy.typing import NDArray

from zkvm import _precompiles
from zkvm.emulator.log import Structured
from zkvm.machine.errors import ImpossibleCall
from zkvm.machine.expand.columns import Words
from zkvm.machine.expand.threads import in_ranges
from zkvm.machine.tables.chi import LOG_CHI_HEIGHT
from zkvm.machine.tables.keccak import call_cells, call_row, columns

_LEAST_CALLS = 8
_LEAST_ROWS = 1 << 13


def expand_keccak(calls: Structured, k: int, rows: int, second: NDArray[np.uint32] | None = None) -> Words:
    """The witness columns of the table; arguments and errors as in ``keccak.expand_keccak``."""
    main: Words = np.zeros((len(columns(k)), rows), dtype=np.uint64)
    calls = np.ascontiguousarray(calls)
    count = len(calls)
    ignored = np.zeros(count, np.uint32) if second is None else np.ascontiguousarray(second, np.uint32)
    where = call_cells(k)
    cells = np.array([*where.new, *where.old, where.ts, where.pointer, call_row(k)], np.int32)

    def expand(begin: int, end: int) -> tuple[int, int]:
        return end, _precompiles.keccak_rows(calls, ignored, count, k, cells, rows, begin, end, main)

    for end, done in in_ranges(count, _LEAST_CALLS, expand):
        if done != end:
            raise ImpossibleCall("KECCAK", int(calls["ts"][done]), "the state after it is not the permutation")
    return main


def permutations(calls: Structured, k: int, rows: int, second: NDArray[np.uint32]) -> tuple[Words, Words]:
    """KECCAK's columns and CHI's multiplicities; arguments and errors as of ``expand_keccak``."""
    main = expand_keccak(calls, k, rows, second)
    return main, chi_multiplicities(main, k)[None]


def chi_multiplicities(main: Words, k: int, height: int = 1 << LOG_CHI_HEIGHT) -> Words:
    """How often the rows of the table look up each row of CHI, shape (height,)."""

    def count(begin: int, end: int) -> Words:
        counts: Words = np.zeros(height, np.uint64)
        _precompiles.keccak_lookups(main, k, main.shape[1], begin, end, counts, height)
        return counts

    total: Words = np.sum(in_ranges(main.shape[1], _LEAST_ROWS, count), axis=0, dtype=np.uint64)
    return total
