"""KECCAK on a device: its rows, and what they look up in CHI. Same results as ``native_keccak``.

Every value is below p by construction: bits, keys, and words of 32 bits.
"""

from typing import cast

import numpy as np
from numpy.typing import NDArray

from zkvm.backends.cuda.arrays import DeviceArray
from zkvm.backends.cuda.launching import Kernels
from zkvm.emulator.log import Structured
from zkvm.machine.errors import ImpossibleCall
from zkvm.machine.expand.columns import Words
from zkvm.machine.tables.chi import LOG_CHI_HEIGHT
from zkvm.machine.tables.keccak import call_cells, call_row, columns
from zkvm.stark.trace import Deferred

_NO_FAULT = (1 << 64) - 1


def permutations(
    kernels: Kernels, calls: Structured, k: int, rows: int, second: NDArray[np.uint32]
) -> tuple[Deferred, Deferred]:
    """KECCAK's columns and CHI's multiplicities, made when they are taken. Arguments as of ``keccak.expand_keccak``.

    Raises:
        ImpossibleCall: when a table is taken: a state after a call is not the permutation of the one before it.
    """
    made = _Permutations(kernels, calls, k, rows, second)
    return Deferred((len(columns(k)), rows), made.columns), Deferred((1, 1 << LOG_CHI_HEIGHT), made.multiplicities)


class _Permutations:
    """The calls of one run."""

    def __init__(self, kernels: Kernels, calls: Structured, k: int, rows: int, second: NDArray[np.uint32]) -> None:
        self._kernels, self._calls, self._k, self._rows, self._second = kernels, calls, k, rows, second
        self._counts: DeviceArray | None = None

    def columns(self) -> Words:
        """KECCAK's columns; what they look up is counted on the way.

        Raises:
            ImpossibleCall: a state after a call is not the permutation of the one before it.
        """
        kernels, count = self._kernels, len(self._calls)
        where = call_cells(self._k)
        cells = np.array([*where.new, *where.old, where.ts, where.pointer, call_row(self._k)], np.uint32)
        main, counts = kernels.empty(len(columns(self._k)), self._rows), kernels.empty(1, 1 << LOG_CHI_HEIGHT)
        for array in (main, counts):
            kernels.fill(array, 0)
        calls, fault = kernels.upload(self._calls.view(np.uint32)), kernels.words(_NO_FAULT)
        inputs = calls, kernels.upload(np.ascontiguousarray(self._second)), count, kernels.upload(cells), self._k
        shape = kernels.over(max(1, count * 64 // self._k))
        kernels.launch("precompiles", "keccak_rows", shape, *inputs, main, self._rows, counts, fault)
        wrong = int(fault.to_host()[0])
        if wrong != _NO_FAULT:
            ts = int(self._calls["ts"][wrong])
            raise ImpossibleCall("KECCAK", ts, "the state after it is not the permutation")
        self._counts = counts
        return cast(Words, main)

    def multiplicities(self) -> Words:
        """How often each row of CHI is looked up, (1, 2^18)."""
        if self._counts is None:
            self.columns()
        return cast(Words, self._counts)
