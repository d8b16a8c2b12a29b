"""The cubic extension: axioms, agreement of scalars and arrays, irreducibility of x³ − x − 1."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.zkvm.field.test_base import elements
from zkvm.field import P, extension
from zkvm.field.errors import NotFieldElements, NotInvertible
from zkvm.field.scalar import ONE, ZERO, e_add, e_inv, e_mul, e_mul_base, e_neg, e_pow, e_square, e_sub

exts = st.tuples(elements, elements, elements)
X = (0, 1, 0)


def columns(values):
    return np.array(values, dtype=np.uint64).T.copy()


def scalars(array):
    return [tuple(value) for value in array.T.tolist()]


@given(exts, exts, exts)
def test_axioms(a, b, c):
    assert e_mul(a, b) == e_mul(b, a)
    assert e_mul(e_mul(a, b), c) == e_mul(a, e_mul(b, c))
    assert e_mul(a, e_add(b, c)) == e_add(e_mul(a, b), e_mul(a, c))
    assert e_add(e_sub(a, b), b) == a
    assert e_add(a, e_neg(a)) == ZERO
    assert e_mul(a, ONE) == a
    assert e_square(a) == e_mul(a, a)
    assert e_mul_base(a, b[0]) == e_mul(a, (b[0], 0, 0))


def test_x_is_a_root_of_the_polynomial():
    assert e_pow(X, 3) == e_add(X, ONE)


def test_the_polynomial_is_irreducible():
    # A cubic without roots: x^p ≠ x in the quotient ring for any factor of degree 1, and Frobenius has order 3.
    frobenius = e_pow(X, P)
    assert frobenius != X
    assert e_pow(frobenius, P) != X
    assert e_pow(e_pow(frobenius, P), P) == X
    difference = e_sub(frobenius, X)
    assert e_mul(difference, e_inv(difference)) == ONE  # gcd(x^p − x, x³ − x − 1) = 1


@given(exts, st.integers(0, 1000), st.integers(0, 1000))
def test_powers_add(a, m, n):
    assert e_mul(e_pow(a, m), e_pow(a, n)) == e_pow(a, m + n)


@given(exts.filter(any))
def test_inverses(a):
    assert e_mul(a, e_inv(a)) == ONE
    assert e_pow(a, -2) == e_inv(e_square(a))


def test_zero_has_no_inverse():
    with pytest.raises(NotInvertible):
        e_inv(ZERO)
    with pytest.raises(NotInvertible):
        extension.inv(columns([ONE, ZERO]))


@given(st.lists(st.tuples(exts, exts), min_size=1, max_size=20), st.integers(0, 100))
def test_arrays_agree_with_scalars(values, exponent):
    a, b = (columns(side) for side in zip(*values, strict=True))
    assert scalars(extension.add(a, b)) == [e_add(x, y) for x, y in values]
    assert scalars(extension.sub(a, b)) == [e_sub(x, y) for x, y in values]
    assert scalars(extension.neg(a)) == [e_neg(x) for x, _ in values]
    assert scalars(extension.mul(a, b)) == [e_mul(x, y) for x, y in values]
    assert scalars(extension.mul_base(a, b[0])) == [e_mul_base(x, y[0]) for x, y in values]
    assert scalars(extension.power(a, exponent)) == [e_pow(x, exponent) for x, _ in values]
    invertible = columns([x if any(x) else ONE for x, _ in values])
    assert scalars(extension.mul(invertible, extension.inv(invertible))) == [ONE] * len(values)


def test_a_wrong_shape_is_refused():
    with pytest.raises(NotFieldElements, match=r"\(2, 4\)"):
        extension.neg(np.zeros((2, 4), dtype=np.uint64))
