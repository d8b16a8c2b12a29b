"""Arguments of the wrong type or shape: every backend says which, and computes nothing."""

import numpy as np
import pytest

from tests.zkvm.backends.samples import columns, ext
from zkvm import _kernels
from zkvm.backends.errors import WrongArgument, WrongArray
from zkvm.field import P

GOOD = columns(3, 64)
BAD_COLUMNS = {
    "a list": GOOD.tolist(),
    "signed": GOOD.astype(np.int64),
    "one dimension": GOOD[0].copy(),
    "three dimensions": GOOD.reshape(3, 8, 8),
    "strided": columns(3, 128)[:, ::2],
    "transposed": columns(64, 3).T,
    "no rows": np.empty((3, 0), dtype=np.uint64),
    "not a power of two": columns(3, 63),
}


@pytest.mark.parametrize("bad", BAD_COLUMNS.values(), ids=BAD_COLUMNS)
def test_columns(backend, bad):
    for call in (
        lambda: backend.interpolate(bad),
        lambda: backend.evaluate(bad, 7),
        lambda: backend.eval_at(bad, ext(0)),
        lambda: backend.eval_rows(bad, [1]),
        lambda: backend.fold(bad, 7, 2, ext(0)),
        lambda: backend.divide_by_points([bad], [ext(0)], 7),
    ):
        with pytest.raises(WrongArray):
            call()


@pytest.mark.parametrize("bad", [value for name, value in BAD_COLUMNS.items() if "power" not in name])
def test_matrices(backend, bad):
    for call in (
        lambda: backend.combine(bad, columns(3, 3)),
        lambda: backend.batch_inverse_ext(bad),
        lambda: backend.prefix_sum_ext(bad),
        lambda: backend.digest_rows([bad], 25),
    ):
        with pytest.raises(WrongArray):
            call()


def test_extension_columns_have_three_coordinates(backend):
    four = columns(4, 64)
    for call in (
        lambda: backend.batch_inverse_ext(four),
        lambda: backend.prefix_sum_ext(four),
        lambda: backend.total_ext(four),
        lambda: backend.fold(four, 7, 2, ext(0)),
        lambda: backend.divide_by_points([four], [ext(0)], 7),
    ):
        with pytest.raises(WrongArray, match=r"\(3, N\)"):
            call()


@pytest.mark.parametrize("shift", [0, P, -1, 1.0, None])
def test_shifts(backend, shift):
    for call in (
        lambda: backend.evaluate(GOOD, shift),
        lambda: backend.fold(GOOD, shift, 2, ext(0)),
        lambda: backend.divide_by_points([GOOD], [ext(0)], shift),
    ):
        with pytest.raises(WrongArgument, match="shift"):
            call()


@pytest.mark.parametrize("point", [(1, 2), (1, 2, P), (-1, 0, 0), [1, 2, 3], 5])
def test_points_of_the_extension(backend, point):
    for call in (
        lambda: backend.eval_at(GOOD, point),
        lambda: backend.fold(GOOD, 7, 2, point),
        lambda: backend.divide_by_points([GOOD], [point], 7),
    ):
        with pytest.raises(WrongArgument):
            call()


@pytest.mark.parametrize("arity", [0, 1, 3, 16])
def test_arities(backend, arity):
    with pytest.raises(WrongArgument, match="arity"):
        backend.fold(GOOD, 7, arity, ext(0))


def test_a_fold_larger_than_the_domain(backend):
    with pytest.raises(WrongArgument, match="arity"):
        backend.fold(columns(3, 4), 7, 8, ext(0))


def test_outputs(backend):
    out = np.zeros((3, 64), dtype=np.uint64)
    for bad in (GOOD, np.zeros((2, 64), dtype=np.uint64), np.zeros((3, 64), dtype=np.int64)):
        with pytest.raises(WrongArray, match="out"):
            backend.evaluate(GOOD, 7, bad)
    out.flags.writeable = False
    with pytest.raises(WrongArray, match="writable"):
        backend.evaluate(GOOD, 7, out)


def test_the_rest(backend):
    with pytest.raises(WrongArgument, match="points"):
        backend.eval_rows(GOOD, [P])
    for row in (64, -1):
        with pytest.raises(WrongArgument, match="rows"):
            backend.pick(GOOD, [row])
    with pytest.raises(WrongArray, match="weights"):
        backend.combine(GOOD, columns(4, 3))
    with pytest.raises(WrongArgument, match="points"):
        backend.divide_by_points([GOOD], [], 7)
    with pytest.raises(WrongArray, match=r"values\[1\]"):
        backend.divide_by_points([GOOD, columns(3, 32)], [ext(0), ext(1)], 7)
    with pytest.raises(WrongArgument, match="groups"):
        backend.digest_rows([], 25)
    with pytest.raises(WrongArray, match=r"groups\[1\]"):
        backend.digest_rows([GOOD, columns(3, 32)], 25)
    for node_bytes in (0, 33):
        with pytest.raises(WrongArgument, match="node_bytes"):
            backend.digest_rows([GOOD], node_bytes)
    with pytest.raises(WrongArgument, match="state"):
        backend.grind(b"short", 4)
    with pytest.raises(WrongArgument, match="bits"):
        backend.grind(bytes(32), 65)
    with pytest.raises(WrongArray, match="messages"):
        backend.keccak256(GOOD)
    with pytest.raises(WrongArray, match="children"):
        backend.hash_nodes(np.zeros((3, 25), np.uint8), None)
    with pytest.raises(WrongArray, match="injected"):
        backend.hash_nodes(np.zeros((4, 25), np.uint8), np.zeros((4, 25), np.uint8))


def test_the_compiled_module_trusts_no_size():
    small, large = bytearray(8 * 64), bytearray(8 * 128)
    calls = [
        lambda: _kernels.interpolate(0, large, 6, 0, 1, small),
        lambda: _kernels.interpolate(0, small, 6, 0, 2, small),
        lambda: _kernels.interpolate(0, small, 7, 0, 1, small),
        lambda: _kernels.interpolate(0, small, -1, 0, 1, small),
        lambda: _kernels.interpolate(99, small, 6, 0, 1, small),
        lambda: _kernels.evaluate(0, small, 6, 1, 0, 7, small),
        lambda: _kernels.evaluate(0, small, 6, 0, 1, P, small),
        lambda: _kernels.eval_at(0, small, 6, 0, 1, 1, 2, 3, bytearray(16)),
        lambda: _kernels.eval_rows(0, small, 6, 0, 1, bytearray(16), bytearray(8)),
        lambda: _kernels.combine(0, small, 64, bytearray(48), 0, 64, bytearray(24 * 64)),
        lambda: _kernels.invert(0, small, 64, 0, 64, small),
        lambda: _kernels.divide(0, small, 6, 0, 64, 1, 2, 3, 7, False, small),
        lambda: _kernels.fold(0, bytearray(24 * 8), 3, 3, 0, 2, 7, 1, 2, 3, bytearray(24)),
        lambda: _kernels.digest_rows(0, (small,), 63, 0, 63, 25, bytearray(25 * 63)),
        lambda: _kernels.digest_rows(0, (small,), 64, 0, 64, 25, bytearray(25 * 63)),
        lambda: _kernels.hash_nodes(0, bytearray(100), None, 0, 3, 25, bytearray(50)),
        lambda: _kernels.hash_messages(0, bytearray(100), 10, 0, 10, bytearray(32 * 9)),
        lambda: _kernels.scatter_digests(bytearray(100), 2, 0, 5, bytearray(100)),
        lambda: _kernels.prefix_sum(small, large),
        lambda: _kernels.grind(0, bytes(31), 4, 0, 10),
    ]
    for number, call in enumerate(calls):
        with pytest.raises(ValueError):
            call()
            pytest.fail(f"call {number} was accepted")
