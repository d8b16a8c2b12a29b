"""KECCAK on a device: its rows, what they look up in CHI, and its accumulator. Same results as ``native_keccak``.

Every value is below p by construction: bits, keys, words of 32 bits, and results of the field's arithmetic.
"""

from collections.abc import Mapping
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from zkvm.air import Table
from zkvm.air.scalars import Scalars
from zkvm.backends.cuda import CudaBackend
from zkvm.backends.cuda.arrays import DeviceArray
from zkvm.backends.cuda.launching import Kernels
from zkvm.emulator.log import Structured
from zkvm.field import extension
from zkvm.field.scalar import Ext, e_inv, e_mul
from zkvm.machine.errors import ImpossibleCall
from zkvm.machine.expand.accumulators import fill_aux as fill_on_host
from zkvm.machine.expand.accumulators import keccak_factors, keccak_sums
from zkvm.machine.expand.columns import Words
from zkvm.machine.tables.chi import LOG_CHI_HEIGHT
from zkvm.machine.tables.keccak import call_cells, call_row, columns
from zkvm.stark.trace import Deferred

_NO_FAULT = (1 << 64) - 1
_ONE: Ext = (1, 0, 0)


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


def fill_aux(backend: CudaBackend, table: Table, main: Words, challenges: Mapping[str, Ext]) -> Words:
    """The table's own aux columns: KECCAK's on the device, where its columns are there, ARITH256's by the host."""
    if table.name != "keccak" or not isinstance(main, DeviceArray):
        return fill_on_host(table, main, challenges)
    return _accumulated(backend, table, main, Scalars(challenges))


def _accumulated(backend: CudaBackend, table: Table, main: DeviceArray, scalars: Scalars) -> Words:
    """The accumulator before each row: the sum of what earlier rows add, times the factors of the rows in between.

    With P_r the product of the first r factors that is P_r · Σ_(j<r) added_j / P_(j+1).
    """
    rows = main.shape[1]
    factors = keccak_factors(table, scalars, rows).tolist()
    products = [_ONE]
    for factor in factors:
        products.append(e_mul(products[-1], factor))
    blocks = _powers(products[-1], rows // len(factors))
    inverse_blocks = _powers(e_inv(products[-1]), rows // len(factors))
    added = _added(backend.kernels, table, main, scalars)
    backend.multiply_ext(added, _outer(backend, inverse_blocks, [e_inv(one) for one in products[1:]]), out=added)
    sums = backend.prefix_sum_ext(added)
    del added
    return backend.multiply_ext(sums, _outer(backend, blocks, products[:-1]), out=sums)


def _added(kernels: Kernels, table: Table, main: DeviceArray, scalars: Scalars) -> Words:
    """What each row adds, (3, rows)."""
    sums, rows = keccak_sums(table, scalars), main.shape[1]
    period, flags, _, monomials, _ = sums.weights.shape
    out = kernels.empty(3, rows)
    read = [_upload(kernels, sums.flags), flags, _upload(kernels, sums.monomials), monomials]
    weights = kernels.upload(sums.weights)
    kernels.launch("precompiles", "affine_rows", kernels.over(rows), *read, weights, period, main, rows, out)
    return cast(Words, out)


def _upload(kernels: Kernels, numbers: NDArray[Any]) -> DeviceArray:
    return kernels.upload(numbers.view(np.uint32))


def _outer(backend: CudaBackend, blocks: Words, within: list[Ext]) -> Words:
    """The products of every block's number and every one within a block, (3, blocks · within)."""
    count, period = blocks.shape[1], len(within)
    left, right = (backend.empty(3, count * period) for _ in range(2))
    left.reshape(3, count, period)[...] = blocks[:, :, None]
    right.reshape(3, count, period)[...] = np.array(within, np.uint64).T[:, None, :]
    return backend.multiply_ext(left, right, out=left)


def _powers(base: Ext, count: int) -> Words:
    """base^0 … base^(count − 1), (3, count), for a power of two."""
    powers: Words = np.array([_ONE], np.uint64).T
    step = base
    while powers.shape[1] < count:
        powers = np.concatenate([powers, extension.mul(powers, extension.constant(step, powers))], axis=1)
        step = e_mul(step, step)
    return powers
