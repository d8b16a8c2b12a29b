"""The kernels of every instruction set against the reference, at sizes that reach every path."""

import numpy as np
import pytest

from tests.zkvm.backends.samples import columns, ext, nonzero
from zkvm.backends.cpu import CpuBackend, instruction_sets
from zkvm.backends.errors import UnknownInstructionSet
from zkvm.field import P, root_of_unity

LOGS = range(6, 15)


@pytest.mark.parametrize("log_rows", LOGS)
def test_transforms(fast, reference, log_rows):
    values = columns(3, 1 << log_rows)
    coefficients = reference.interpolate(values)
    assert (fast.interpolate(values) == coefficients).all()
    for shift in (1, 7, 7 * root_of_unity(log_rows + 2) % P):
        assert (fast.evaluate(coefficients, shift) == reference.evaluate(coefficients, shift)).all()


@pytest.mark.parametrize(("log_rows", "width"), [(14, 17), (15, 11), (16, 9), (17, 2), (19, 1), (20, 3)])
def test_transforms_cut_in_two_halves_and_columns_that_share_their_tables(compiled, log_rows, width):
    coefficients = columns(width, 1 << log_rows)
    assert (compiled.interpolate(compiled.evaluate(coefficients, 1)) == coefficients).all()
    shift = 7
    values = compiled.evaluate(coefficients, shift)
    indices = [0, 1, 12345, (1 << log_rows) - 1]
    points = [shift * pow(root_of_unity(log_rows), index, P) % P for index in indices]
    assert (compiled.eval_rows(coefficients, points) == values[:, indices]).all()


@pytest.mark.parametrize("log_rows", LOGS)
def test_evaluations(fast, reference, log_rows):
    coefficients, point = columns(3, 1 << log_rows), ext(log_rows)
    assert (fast.eval_at(coefficients, point) == reference.eval_at(coefficients, point)).all()
    for count in (1, 3, 5):
        points = [pow(7, index + 1, P) for index in range(count)]
        assert (fast.eval_rows(coefficients, points) == reference.eval_rows(coefficients, points)).all()


@pytest.mark.parametrize(("width", "rows"), [(1, 64), (40, 256), (3, 1 << 12), (1300, 64), (2, 1000)])
def test_combinations(fast, reference, width, rows):
    values, weights = columns(width, rows), columns(width, 3, 5)
    assert (fast.combine(values, weights) == reference.combine(values, weights)).all()


def test_sums_of_the_largest_elements_do_not_overflow(fast, reference):
    # 1,024 terms between two reductions, all as large as they can be.
    values = np.full((2048, 64), P - 1, dtype=np.uint64)
    weights = np.full((2048, 3), P - 1, dtype=np.uint64)
    assert (fast.combine(values, weights) == 2048).all()
    coefficients = np.full((1, 1 << 12), 2**32 - 1, dtype=np.uint64)
    assert (fast.eval_at(coefficients, (P - 1, 0, 0)) == reference.eval_at(coefficients, (P - 1, 0, 0))).all()


@pytest.mark.parametrize("log_rows", LOGS)
def test_row_by_row(fast, reference, log_rows):
    values, more = nonzero(3, 1 << log_rows), columns(3, 1 << log_rows, 1)
    assert (fast.batch_inverse_ext(values) == reference.batch_inverse_ext(values)).all()
    assert (fast.prefix_sum_ext(values) == reference.prefix_sum_ext(values)).all()
    for arity in (2, 4, 8):
        assert (fast.fold(values, 7, arity, ext(1)) == reference.fold(values, 7, arity, ext(1))).all()
    points = [ext(2), ext(3)]
    divided = fast.divide_by_points([values, more], points, 7)
    assert (divided == reference.divide_by_points([values, more], points, 7)).all()


@pytest.mark.parametrize("log_rows", range(6, 12))
@pytest.mark.parametrize("widths", [(1,), (16,), (17,), (18, 5), (33, 1, 19)])
def test_row_digests(fast, reference, log_rows, widths):
    groups = [columns(width, 1 << log_rows, seed) for seed, width in enumerate(widths)]
    assert (fast.digest_rows(groups, 25) == reference.digest_rows(groups, 25)).all()


@pytest.mark.parametrize("isa", instruction_sets())
def test_threads_change_nothing(isa):
    one, many = CpuBackend(isa, threads=1), CpuBackend(isa, threads=5)
    values = columns(7, 1 << 12)
    assert (one.interpolate(values) == many.interpolate(values)).all()
    assert (one.digest_rows([values], 25) == many.digest_rows([values], 25)).all()
    assert one.grind(b"\x05" * 32, 12) == many.grind(b"\x05" * 32, 12)


def test_the_best_instruction_set_is_the_default(monkeypatch):
    monkeypatch.delenv("ZKHUB_ISA", raising=False)
    assert CpuBackend().isa == instruction_sets()[-1]
    monkeypatch.setenv("ZKHUB_ISA", "portable")
    assert CpuBackend().isa == "portable"


def test_an_unknown_instruction_set_is_refused(monkeypatch):
    monkeypatch.setenv("ZKHUB_ISA", "avx3")
    with pytest.raises(UnknownInstructionSet, match="avx3") as refused:
        CpuBackend()
    assert all(isa in str(refused.value) for isa in instruction_sets())


@pytest.mark.parametrize("log_rows", [0, 1, 5, 7, 8, 9, 12])
@pytest.mark.parametrize("node_bytes", [20, 25, 32])
def test_digests_to_their_positions(fast, reference, log_rows, node_bytes):
    digests = np.random.default_rng(log_rows).integers(0, 256, (1 << log_rows, node_bytes), dtype=np.uint8)
    placed, expected = np.zeros_like(digests), np.zeros_like(digests)
    fast.scatter_digests(digests, placed)
    reference.scatter_digests(digests, expected)
    assert (placed == expected).all()


@pytest.mark.parametrize("rows", [1, 7, 64, 5000])
def test_sums_and_products(fast, reference, rows):
    left, right = columns(3, rows), columns(3, rows, 1)
    assert (fast.add(left, right) == reference.add(left, right)).all()
    assert (fast.multiply_ext(left, right) == reference.multiply_ext(left, right)).all()
    column = np.ascontiguousarray(right[:1])
    assert (fast.multiply(left, column) == reference.multiply(left, column)).all()


@pytest.mark.parametrize("rows", [1, 7, 64, 5000])
def test_totals_and_picked_rows(fast, reference, rows):
    values = columns(3, rows, 2)
    assert fast.total_ext(values) == reference.total_ext(values)
    wanted = [0, rows - 1, rows // 2, 0]
    assert (fast.pick(values, wanted) == values[:, wanted]).all()
    assert fast.pick(values, []).shape == (3, 0)
