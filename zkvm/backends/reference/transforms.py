"""Polynomials: transforms, evaluations, combinations. Coefficients are in bit-reversed order."""

from collections.abc import Sequence
from functools import cache

import numpy as np
import numpy.typing as npt

from zkvm.field import P, base, extension, root_of_unity
from zkvm.field.base import Array
from zkvm.field.scalar import Ext


@cache
def bit_reversed(bits: int) -> npt.NDArray[np.int64]:
    """The permutation i → i with its ``bits`` bits in the opposite order."""
    order = np.zeros(1, dtype=np.int64)
    for _ in range(bits):
        order = np.concatenate([2 * order, 2 * order + 1])
    return order


def interpolate(values: Array) -> Array:
    """Radix-2 Gentleman-Sande: natural order in, bit-reversed order out, divided by N."""
    result = values.copy()
    rows = values.shape[1]
    size = rows
    while size > 1:
        blocks = result.reshape(len(values), -1, 2, size // 2)
        left, right = blocks[:, :, 0].copy(), blocks[:, :, 1].copy()
        twiddles = base.powers(pow(root_of_unity(size.bit_length() - 1), -1, P), size // 2)
        blocks[:, :, 0] = base.add(left, right)
        blocks[:, :, 1] = base.mul(base.sub(left, right), twiddles)
        size //= 2
    return base.mul(result, pow(rows, -1, P))


def evaluate(coefficients: Array, shift: int) -> Array:
    """Radix-2 Cooley-Tukey on f(shift · X): bit-reversed order in, natural order out."""
    rows = coefficients.shape[1]
    result = base.mul(coefficients, base.powers(shift, rows)[bit_reversed(rows.bit_length() - 1)])
    size = 2
    while size <= rows:
        blocks = result.reshape(len(coefficients), -1, 2, size // 2)
        twiddles = base.powers(root_of_unity(size.bit_length() - 1), size // 2)
        left, right = blocks[:, :, 0].copy(), base.mul(blocks[:, :, 1], twiddles)
        blocks[:, :, 0] = base.add(left, right)
        blocks[:, :, 1] = base.sub(left, right)
        size *= 2
    return result


def ext_powers(value: Ext, count: int) -> Array:
    """1, value, value², … as (3, count)."""
    result = np.zeros((3, count), dtype=np.uint64)
    result[0, 0] = 1
    done, step = 1, np.array(value, dtype=np.uint64).reshape(3, 1)
    while done < count:
        more = min(done, count - done)
        result[:, done : done + more] = extension.mul(result[:, :more], step)
        done += more
        step = extension.mul(step, step)
    return result


def eval_at(coefficients: Array, point: Ext) -> Array:
    """Σ_i c_i point^bitrev(i), for each column."""
    rows = coefficients.shape[1]
    powers = ext_powers(point, rows)[:, bit_reversed(rows.bit_length() - 1)]
    return np.stack([base.total(base.mul(coefficients, coordinate)) for coordinate in powers], axis=1)


def eval_rows(coefficients: Array, points: Sequence[int]) -> Array:
    """Σ_i c_i point^bitrev(i), for each column and point."""
    rows = coefficients.shape[1]
    result = np.empty((len(coefficients), len(points)), dtype=np.uint64)
    for number, point in enumerate(points):
        powers = base.powers(point, rows)[bit_reversed(rows.bit_length() - 1)]
        result[:, number] = base.total(base.mul(coefficients, powers))
    return result


def combine(coefficients: Array, weights: Array) -> Array:
    """Σ_c weights[c] · column c."""
    result = np.zeros((3, coefficients.shape[1]), dtype=np.uint64)
    for column, weight in zip(coefficients, weights, strict=True):
        result = base.add(result, base.mul(column, weight.reshape(3, 1)))
    return result
