"""Arithmetic of F_p on NumPy arrays: the reference, written to be read.

Operands are uint64 arrays of canonical values, or plain integers; they are broadcast against each other. uint64 wraps
at 2^64, and 2^64 = 2^32 − 1 mod p: whatever wraps is corrected by that.
"""

import numpy as np
import numpy.typing as npt

from zkvm.field import GENERATOR, P, root_of_unity
from zkvm.field.errors import NotInvertible

Array = npt.NDArray[np.uint64]
Elements = Array | np.uint64 | int

_P = np.uint64(P)
_EPSILON = np.uint64(2**32 - 1)
_LOW = np.uint64(2**32 - 1)
_HALF = np.uint64(32)


def as_elements(values: Elements) -> Array:
    """An array of canonical elements; integers are reduced."""
    if isinstance(values, int):
        return np.array(values % P, dtype=np.uint64)
    return np.asarray(values, dtype=np.uint64)


def add(a: Elements, b: Elements) -> Array:
    """The sum a + b."""
    with np.errstate(over="ignore"):
        missing = _P - as_elements(b)
        left = as_elements(a)
        total = left - missing
        return np.asarray(np.add(total, _P * (left < missing)))


def sub(a: Elements, b: Elements) -> Array:
    """The difference a − b."""
    with np.errstate(over="ignore"):
        left, right = as_elements(a), as_elements(b)
        return np.asarray(left - right + _P * (left < right))


def neg(a: Elements) -> Array:
    """−a."""
    return sub(0, a)


def mul(a: Elements, b: Elements) -> Array:
    """The product a · b, from four products of 32-bit halves."""
    with np.errstate(over="ignore"):
        left, right = as_elements(a), as_elements(b)
        a_low, a_high = left & _LOW, left >> _HALF
        b_low, b_high = right & _LOW, right >> _HALF
        low = a_low * b_low
        middle = a_high * b_low + (low >> _HALF)
        other = a_low * b_high + (middle & _LOW)
        high = a_high * b_high + (middle >> _HALF) + (other >> _HALF)
        return _reduce(high, (other << _HALF) + (low & _LOW))


def _reduce(high: Array, low: Array) -> Array:
    """High · 2^64 + low: 2^64 = 2^32 − 1 and 2^96 = −1."""
    top = high >> _HALF
    result = low - top
    result -= _EPSILON * (low < top)
    folded = (high & _LOW) * _EPSILON
    result = result + folded
    result = result + _EPSILON * (result < folded)
    return np.asarray(np.where(result >= _P, result - _P, result))


def power(a: Elements, exponent: int) -> Array:
    """a^exponent.

    Raises:
        NotInvertible: a zero to a negative power.
    """
    factor = as_elements(a)
    if exponent < 0:
        factor, exponent = inv(factor), -exponent
    result = np.ones_like(factor)
    while exponent:
        if exponent & 1:
            result = mul(result, factor)
        factor = mul(factor, factor)
        exponent >>= 1
    return result


def inv(a: Elements) -> Array:
    """1 / a, by products of pairs: one inversion and three multiplications an element.

    Raises:
        NotInvertible: one of them is zero.
    """
    values = as_elements(a)
    flat = values.reshape(-1)
    zeros = np.flatnonzero(flat == 0)
    if zeros.size:
        raise NotInvertible(int(zeros[0]) if values.ndim else None)
    return _invert(flat).reshape(values.shape)


def _invert(values: Array) -> Array:
    if values.size <= 1:
        return np.array([pow(int(value), -1, P) for value in values], dtype=np.uint64)
    even = values.size // 2 * 2
    left, right = values[0:even:2], values[1:even:2]
    products = _invert(np.concatenate([mul(left, right), values[even:]]))
    result = np.empty_like(values)
    result[0:even:2] = mul(products[: even // 2], right)
    result[1:even:2] = mul(products[: even // 2], left)
    result[even:] = products[even // 2 :]
    return result


def total(a: Array) -> Array:
    """The sum over the last axis, by halves."""
    result = a
    while result.shape[-1] > 1:
        half = result.shape[-1] // 2
        rest = result[..., 2 * half :]
        result = np.concatenate([add(result[..., :half], result[..., half : 2 * half]), rest], axis=-1)
    return result[..., 0] if result.shape[-1] else np.zeros(a.shape[:-1], dtype=np.uint64)


def powers(ratio: int, count: int, first: int = 1) -> Array:
    """first, first·ratio, first·ratio², …: ``count`` of them, doubled at a time."""
    result = np.empty(max(count, 1), dtype=np.uint64)
    result[0] = first % P
    done = 1
    while done < count:
        step = min(done, count - done)
        result[done : done + step] = mul(result[:step], pow(ratio, done, P))
        done += step
    return result[:count]


def domain(log_size: int, shift: int = 1) -> Array:
    """The points shift · w^i, w the root of unity of order 2^log_size, in natural order."""
    return powers(root_of_unity(log_size), 1 << log_size, shift)


__all__ = [
    "GENERATOR",
    "Array",
    "Elements",
    "P",
    "add",
    "as_elements",
    "domain",
    "inv",
    "mul",
    "neg",
    "power",
    "powers",
    "sub",
    "total",
]
