"""Every operation of every backend against its definition, in plain integers on small sizes."""

import numpy as np
import pytest

from tests.zkvm.backends.samples import columns, ext, nonzero
from zkvm.backends.errors import PointInDomain
from zkvm.field import P, root_of_unity
from zkvm.field.errors import NotInvertible
from zkvm.field.scalar import ZERO, e_add, e_inv, e_mul, e_mul_base, e_pow, e_sub

LOGS = [0, 1, 3, 6]


def bit_reverse(value, bits):
    return int(f"{value:0{bits}b}"[::-1], 2) if bits else 0


def horner(coefficients, x):
    """A column of bit-reversed coefficients at a point of F."""
    bits = len(coefficients).bit_length() - 1
    total = ZERO
    for exponent in reversed(range(len(coefficients))):
        total = e_add(e_mul(total, x), (int(coefficients[bit_reverse(exponent, bits)]), 0, 0))
    return total


def points(log_rows, shift):
    return [shift * pow(root_of_unity(log_rows), i, P) % P for i in range(1 << log_rows)]


def elements(array):
    return [tuple(value) for value in array.T.tolist()]


@pytest.mark.parametrize("log_rows", LOGS)
@pytest.mark.parametrize("shift", [1, 7, P - 1, 2**48, root_of_unity(5)])
def test_evaluate_is_evaluation_at_every_point(backend, log_rows, shift):
    coefficients = columns(2, 1 << log_rows)
    expected = [[horner(column, (x, 0, 0))[0] for x in points(log_rows, shift)] for column in coefficients]
    assert backend.evaluate(coefficients, shift).tolist() == expected


@pytest.mark.parametrize("log_rows", LOGS)
def test_interpolate_undoes_evaluate(backend, log_rows):
    coefficients = columns(3, 1 << log_rows)
    assert (backend.interpolate(backend.evaluate(coefficients, 1)) == coefficients).all()


def test_evaluate_writes_where_it_is_told(backend):
    coefficients, out = columns(3, 64), np.zeros((3, 64), dtype=np.uint64)
    assert backend.evaluate(coefficients, 7, out) is out
    assert (out == backend.evaluate(coefficients, 7)).all()


@pytest.mark.parametrize("log_rows", LOGS)
def test_eval_at_and_eval_rows(backend, log_rows):
    coefficients, point, base_points = columns(4, 1 << log_rows), ext(1), [0, 1, 7, P - 1]
    found = backend.eval_at(coefficients, point)
    assert [tuple(value) for value in found.tolist()] == [horner(column, point) for column in coefficients]
    rows = backend.eval_rows(coefficients, base_points)
    assert rows.tolist() == [[horner(column, (x, 0, 0))[0] for x in base_points] for column in coefficients]


@pytest.mark.parametrize("rows", [1, 3, 8, 21])
def test_combine_is_a_weighted_sum(backend, rows):
    values, weights = columns(5, rows), columns(5, 3, 9)
    expected = []
    for row in range(rows):
        total = ZERO
        for value, weight in zip(values[:, row].tolist(), weights.tolist(), strict=True):
            total = e_add(total, e_mul_base(tuple(weight), value))
        expected.append(total)
    assert elements(backend.combine(values, weights)) == expected


@pytest.mark.parametrize("rows", [1, 5, 64])
def test_inverses(backend, rows):
    values = nonzero(3, rows)
    assert elements(backend.batch_inverse_ext(values)) == [e_inv(value) for value in elements(values)]


@pytest.mark.parametrize("at", [0, 7, 1030])
def test_the_zero_that_has_no_inverse_is_named(backend, at):
    values = nonzero(3, 2048)
    values[:, at] = 0
    with pytest.raises(NotInvertible) as refused:
        backend.batch_inverse_ext(values)
    assert refused.value.index == at


def test_prefix_sums_leave_the_element_itself_out(backend):
    values = columns(3, 50)
    total, expected = ZERO, []
    for value in elements(values):
        expected.append(total)
        total = e_add(total, value)
    assert elements(backend.prefix_sum_ext(values)) == expected


@pytest.mark.parametrize("rows", [1, 3, 64])
def test_the_total_is_the_sum_of_all_elements(backend, rows):
    values = columns(3, rows)
    total = ZERO
    for value in elements(values):
        total = e_add(total, value)
    assert backend.total_ext(values) == total


@pytest.mark.parametrize("log_rows", [3, 6])
@pytest.mark.parametrize("log_arity", [1, 2, 3])
def test_fold_takes_the_residues_of_the_exponents(backend, log_rows, log_arity):
    coefficients, beta, shift, arity = columns(3, 1 << log_rows), ext(2), 7, 1 << log_arity
    values = backend.evaluate(coefficients, shift)
    polynomial = elements(coefficients[:, [bit_reverse(i, log_rows) for i in range(1 << log_rows)]])
    folded = []
    for start in range(0, len(polynomial), arity):
        total = ZERO
        for d in range(arity):
            total = e_add(total, e_mul(e_pow(beta, d), polynomial[start + d]))
        folded.append(total)
    log_left = log_rows - log_arity
    order = [bit_reverse(i, log_left) for i in range(1 << log_left)]
    expected = backend.evaluate(np.array(folded, dtype=np.uint64)[order].T.copy(), pow(shift, arity, P))
    assert (backend.fold(values, shift, arity, beta) == expected).all()


@pytest.mark.parametrize("log_rows", [0, 2, 6])
def test_divide_by_points(backend, log_rows):
    values, at, shift = [columns(3, 1 << log_rows, seed) for seed in range(3)], [ext(3), ext(4), (5, 0, 0)], 7
    expected = []
    for row, x in enumerate(points(log_rows, shift)):
        total = ZERO
        for value, point in zip(values, at, strict=True):
            total = e_add(total, e_mul(elements(value)[row], e_inv(e_sub((x, 0, 0), point))))
        expected.append(total)
    assert elements(backend.divide_by_points(values, at, shift)) == expected


def test_a_point_of_the_domain_cannot_be_divided_by(backend):
    with pytest.raises(PointInDomain):
        backend.divide_by_points([columns(3, 64)], [(points(6, 7)[41], 0, 0)], 7)
