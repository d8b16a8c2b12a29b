"""Arithmetic of F = F_p[x] / (x³ − x − 1) on NumPy arrays of shape (3, …), coordinates first: the reference."""

import numpy as np

from zkvm.field import base
from zkvm.field.base import Array, Elements
from zkvm.field.errors import NotFieldElements, NotInvertible
from zkvm.field.scalar import Ext


def constant(value: Ext, like: Array) -> Array:
    """A scalar in a shape that broadcasts against ``like``."""
    return np.array(value, dtype=np.uint64).reshape((3,) + (1,) * (like.ndim - 1))


def coordinates(a: Array) -> tuple[Array, Array, Array]:
    """The three coordinates.

    Raises:
        NotFieldElements: the first dimension is not 3.
    """
    if a.ndim == 0 or a.shape[0] != 3:
        raise NotFieldElements(f"elements of F have shape (3, …), this is {a.shape}")
    return a[0], a[1], a[2]


def add(a: Array, b: Array) -> Array:
    """The sum a + b."""
    return np.stack([base.add(x, y) for x, y in zip(coordinates(a), coordinates(b), strict=True)])


def sub(a: Array, b: Array) -> Array:
    """The difference a − b."""
    return np.stack([base.sub(x, y) for x, y in zip(coordinates(a), coordinates(b), strict=True)])


def neg(a: Array) -> Array:
    """−a."""
    return np.stack([base.neg(x) for x in coordinates(a)])


def mul(a: Array, b: Array) -> Array:
    """The product a · b, with x³ = x + 1 and x⁴ = x² + x."""
    a0, a1, a2 = coordinates(a)
    b0, b1, b2 = coordinates(b)
    third = base.add(base.mul(a1, b2), base.mul(a2, b1))
    fourth = base.mul(a2, b2)
    c0 = base.add(base.mul(a0, b0), third)
    c1 = base.add(base.add(base.mul(a0, b1), base.mul(a1, b0)), base.add(third, fourth))
    c2 = base.add(base.add(base.mul(a0, b2), base.mul(a2, b0)), base.add(base.mul(a1, b1), fourth))
    return np.stack([c0, c1, c2])


def mul_base(a: Array, b: Elements) -> Array:
    """The product a · b for b in F_p, which broadcasts against each coordinate."""
    return np.stack([base.mul(x, b) for x in coordinates(a)])


def inv(a: Array) -> Array:
    """1 / a, by the cofactors of the matrix of "times a".

    Raises:
        NotInvertible: one of them is zero.
    """
    a0, a1, a2 = coordinates(a)
    d, e = base.add(a0, a2), base.add(a1, a2)
    b0 = base.sub(base.mul(d, d), base.mul(a1, e))
    b1 = base.sub(base.mul(a2, e), base.mul(a1, d))
    b2 = base.sub(base.mul(a1, a1), base.mul(a2, d))
    norm = base.add(base.add(base.mul(a0, b0), base.mul(a2, b1)), base.mul(a1, b2))
    return mul_base(np.stack([b0, b1, b2]), base.inv(norm))


def power(a: Array, exponent: int) -> Array:
    """a^exponent.

    Raises:
        NotInvertible: a zero to a negative power.
    """
    if exponent < 0:
        a, exponent = inv(a), -exponent
    result = np.zeros_like(a)
    result[0] = 1
    while exponent:
        if exponent & 1:
            result = mul(result, a)
        a = mul(a, a)
        exponent >>= 1
    return result


__all__ = ["Array", "NotInvertible", "add", "constant", "coordinates", "inv", "mul", "mul_base", "neg", "power", "sub"]
