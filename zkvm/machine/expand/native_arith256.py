"""ARITH256's rows by the compiled expansion, on all cores. Same results as ``arith256``."""

import numpy as np
from numpy.typing import NDArray

from zkvm import _precompiles
from zkvm.emulator.log import Structured
from zkvm.machine.expand.arith256 import impossible
from zkvm.machine.expand.columns import Lookups, Words
from zkvm.machine.expand.threads import in_ranges
from zkvm.machine.tables.arith256 import COLUMNS

_LEAST_CALLS = 1 << 6
_LEAST_ROWS = 1 << 12


def expand_arith256(calls: Structured, rows: int, lookups: Lookups) -> Words:
    """The witness columns of the table, (13, rows); what they look up is counted.

    Raises:
        ImpossibleCall: an operation's result does not satisfy its identity, or its quotient does not fit.
    """
    main: Words = np.zeros((len(COLUMNS), rows), dtype=np.uint64)
    calls = np.ascontiguousarray(calls)

    def expand(begin: int, end: int) -> tuple[int, int]:
        return end, _precompiles.arith256_rows(calls, len(calls), rows, begin, end, main)

    def count(begin: int, end: int) -> NDArray[np.uint32]:
        counts = np.zeros((4, 1 << 16), dtype=np.uint32)
        _precompiles.arith256_lookups(main, rows, begin, end, counts)
        return counts

    for end, done in in_ranges(len(calls), _LEAST_CALLS, expand):
        if done != end:
            raise impossible(calls[done])
    for counts in in_ranges(rows, _LEAST_ROWS, count):
        lookups.add(counts)
    return main
