"""NumPy arithmetic of F_p against Python's integers, and the facts about the field that everything rests on."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zkvm.field import GENERATOR, TWO_ADICITY, P, base, root_of_unity
from zkvm.field.errors import NoSuchRoot, NotInvertible

EDGES = [0, 1, 2, 2**31, 2**32 - 1, 2**32, 2**32 + 1, 2**63, P - 2**32, P - 2, P - 1]
elements = st.one_of(st.sampled_from(EDGES), st.integers(0, P - 1))
pairs = st.lists(st.tuples(elements, elements), min_size=1, max_size=40)


def array(values):
    return np.array(values, dtype=np.uint64)


@given(pairs)
def test_operations_are_those_of_the_integers_mod_p(values):
    a, b = (array(side) for side in zip(*values, strict=True))
    assert base.add(a, b).tolist() == [(x + y) % P for x, y in values]
    assert base.sub(a, b).tolist() == [(x - y) % P for x, y in values]
    assert base.mul(a, b).tolist() == [x * y % P for x, y in values]
    assert base.neg(a).tolist() == [-x % P for x, _ in values]


def test_every_pair_of_edges():
    a, b = np.meshgrid(array(EDGES), array(EDGES))
    expected = np.array([[x * y % P for x in EDGES] for y in EDGES], dtype=np.uint64)
    assert (base.mul(a, b) == expected).all()


@given(st.lists(elements, min_size=1, max_size=40), st.integers(-5, 2**64))
def test_power_and_inverse(values, exponent):
    nonzero = [value or 1 for value in values]
    assert base.power(array(nonzero), exponent).tolist() == [pow(value, exponent, P) for value in nonzero]
    assert base.inv(array(nonzero)).tolist() == [pow(value, -1, P) for value in nonzero]


def test_integers_broadcast_and_are_reduced():
    assert base.mul(array([[1, 2], [3, 4]]), -1).tolist() == [[P - 1, P - 2], [P - 3, P - 4]]
    assert base.add(P - 1, 1).shape == ()


def test_zero_has_no_inverse():
    with pytest.raises(NotInvertible) as refused:
        base.inv(array([4, 5, 0, 0]))
    assert refused.value.index == 2


@given(elements, st.integers(0, 70), elements)
def test_powers(ratio, count, first):
    assert base.powers(ratio, count, first).tolist() == [first * pow(ratio, i, P) % P for i in range(count)]


@given(st.lists(elements, max_size=50))
def test_total(values):
    assert int(base.total(array(values))) == sum(values) % P


def test_p_is_prime_and_the_generator_generates():
    # Pocklington: the known factors of p − 1 = 2^32 · 3 · 5 · 17 · 257 · 65537 are all of it.
    factors = [2, 3, 5, 17, 257, 65537]
    product = 2**32 * 3 * 5 * 17 * 257 * 65537
    assert product == P - 1
    assert pow(GENERATOR, P - 1, P) == 1
    assert all(pow(GENERATOR, (P - 1) // factor, P) != 1 for factor in factors)


@pytest.mark.parametrize("log2", range(TWO_ADICITY + 1))
def test_roots_of_unity_have_their_order(log2):
    root = root_of_unity(log2)
    assert pow(root, 1 << log2, P) == 1
    assert log2 == 0 or pow(root, 1 << (log2 - 1), P) == P - 1
    assert log2 == 0 or root * root % P == root_of_unity(log2 - 1)


def test_small_roots_are_powers_of_two():
    # The kernels' shifts rest on these.
    assert root_of_unity(2) == 2**48
    assert root_of_unity(3) == P - 2**24
    assert pow(root_of_unity(3), 3, P) == pow(2, -24, P)


@pytest.mark.parametrize("log2", [-1, 33])
def test_no_root_beyond_the_two_adicity(log2):
    with pytest.raises(NoSuchRoot, match="0 to 32"):
        root_of_unity(log2)


def test_domain_starts_at_the_shift():
    domain = base.domain(4, 7).tolist()
    assert domain == [7 * pow(root_of_unity(4), i, P) % P for i in range(16)]
