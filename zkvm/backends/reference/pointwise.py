"""Row by row on columns of extension elements."""

from collections.abc import Sequence
from itertools import accumulate

import numpy as np

from zkvm.backends.errors import PointInDomain
from zkvm.field import P, base, extension, root_of_unity
from zkvm.field.base import Array
from zkvm.field.scalar import Ext


def prefix_sum_ext(values: Array) -> Array:
    """Exclusive sums, coordinate by coordinate."""
    sums = [list(accumulate(row.tolist(), lambda a, b: (a + b) % P, initial=0))[:-1] for row in values]
    return np.array(sums, dtype=np.uint64)


def fold(values: Array, shift: int, arity: int, beta: Ext) -> Array:
    """g(y^a) = Σ_d (β/y)^d · (1/a) Σ_u ω^(−ud) f_u, f_u at the points y ω^u, ω of order a."""
    rows = values.shape[1] // arity
    parts = values.reshape(3, arity, rows)
    back = pow(root_of_unity(arity.bit_length() - 1), -1, P)
    points = base.domain(values.shape[1].bit_length() - 1, shift)[:rows]
    ratio = extension.mul_base(np.array(beta, dtype=np.uint64).reshape(3, 1), base.inv(points))
    result = np.zeros((3, rows), dtype=np.uint64)
    for d in range(arity - 1, -1, -1):
        part = np.zeros((3, rows), dtype=np.uint64)
        for u in range(arity):
            part = base.add(part, base.mul(parts[:, u], pow(back, u * d, P)))
        result = extension.add(extension.mul(result, ratio), base.mul(part, pow(arity, -1, P)))
    return result


def divide_by_points(values: Sequence[Array], points: Sequence[Ext], shift: int) -> Array:
    """Σ_i values[i] / (x − points[i])."""
    result = np.zeros_like(values[0])
    domain = base.domain(result.shape[1].bit_length() - 1, shift)
    for value, point in zip(values, points, strict=True):
        denominator = extension.neg(np.repeat(np.array(point, dtype=np.uint64).reshape(3, 1), domain.size, axis=1))
        denominator[0] = base.add(denominator[0], domain)
        if not denominator.any(axis=0).all():
            raise PointInDomain
        result = extension.add(result, extension.mul(value, extension.inv(denominator)))
    return result
