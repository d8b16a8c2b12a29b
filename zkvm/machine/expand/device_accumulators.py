"""The columns that KECCAK and ARITH256 fill in after the first challenges, on a device: as ``accumulators``."""

from collections.abc import Mapping
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from zkvm.air import Table
from zkvm.air.scalars import Scalars
from zkvm.backends.cuda import CudaBackend
from zkvm.backends.cuda.arrays import DeviceArray
from zkvm.backends.cuda.launching import Kernels
from zkvm.field import extension
from zkvm.field.scalar import Ext, e_inv, e_mul
from zkvm.machine.expand.accumulators import Sums, arith256_sums, keccak_factors, keccak_sums
from zkvm.machine.expand.columns import Words
from zkvm.machine.tables.arith256 import ROWS as ARITH256_ROWS

_ONE: Ext = (1, 0, 0)


def fill_aux(backend: CudaBackend, table: Table, main: Words, challenges: Mapping[str, Ext]) -> Words:
    """The table's own aux columns, from columns anywhere. Arguments and errors as of ``accumulators.fill_aux``."""
    fill = {"arith256": _fill_arith256, "keccak": _fill_keccak}[table.name]
    here = main if isinstance(main, DeviceArray) else backend.kernels.upload(main)
    return fill(backend, table, here, Scalars(challenges))


def _fill_arith256(backend: CudaBackend, table: Table, main: DeviceArray, scalars: Scalars) -> Words:
    """U, V and T: a thread an operation goes through its rows."""
    sums, rows = _added(backend.kernels, arith256_sums(table, scalars), main), main.shape[1]
    shape = backend.kernels.over(rows // ARITH256_ROWS)
    backend.kernels.launch("precompiles", "arith256_scan", shape, sums, rows)
    return cast(Words, sums)


def _fill_keccak(backend: CudaBackend, table: Table, main: DeviceArray, scalars: Scalars) -> Words:
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
    added = cast(Words, _added(backend.kernels, keccak_sums(table, scalars), main))
    backend.multiply_ext(added, _outer(backend, inverse_blocks, [e_inv(one) for one in products[1:]]), out=added)
    sums = backend.prefix_sum_ext(added)
    del added
    return backend.multiply_ext(sums, _outer(backend, blocks, products[:-1]), out=sums)


def _added(kernels: Kernels, sums: Sums, main: DeviceArray) -> DeviceArray:
    """What each row adds, (3 · forms, rows)."""
    rows = main.shape[1]
    period, flags, forms, monomials, _ = sums.weights.shape
    out = kernels.empty(3 * forms, rows)
    read = [_upload(kernels, sums.flags), flags, _upload(kernels, sums.monomials), monomials]
    weights = kernels.upload(sums.weights)
    kernels.launch("precompiles", "affine_rows", kernels.over(rows), *read, weights, forms, period, main, rows, out)
    return out


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
