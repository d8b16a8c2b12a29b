"""The field of secp256k1 in limbs of 52 bits that were not carried, against Python's integers."""

import ctypes
from collections.abc import Callable, Sequence

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.zkvm.guest.native import HERE, shared_library, sources_of

P = 2**256 - 2**32 - 977
BITS = 52
MASK = 2**BITS - 1
OPERATIONS = ("mul", "square", "add", "sub", "negate", "half", "carry", "is_zero", "root")

Limbs = tuple[int, ...]
Run = Callable[[str, Limbs, Limbs, int], tuple[bool, Limbs, int]]


def most(size: int) -> Limbs:
    """The largest limbs that an element of this size has."""
    return (size * (2**52 + 2**48),) * 4 + (size * 2**48,)


def value(limbs: Sequence[int]) -> int:
    return sum(limb << BITS * i for i, limb in enumerate(limbs)) % P


def split(number: int) -> Limbs:
    return tuple(number >> BITS * i & MASK for i in range(5))


def elements(size: int) -> st.SearchStrategy[Limbs]:
    """Any limbs that the size allows, often the least and the most; and numbers about 0, p and 2^256."""
    limbs = [st.one_of(st.just(limit), st.just(0), st.integers(0, limit), st.just(MASK >> 4)) for limit in most(size)]
    near = st.builds(lambda base, by: split((base + by) % 2**256), st.sampled_from([0, P]), st.integers(-2, 2**33))
    return st.one_of(st.tuples(*limbs), near)


@pytest.fixture(scope="module")
def run() -> Run:
    library = shared_library([HERE / "secp256k1_field_driver.c", *sources_of("base")], flags=("-O3",))
    library.fe_run.restype = ctypes.c_bool
    words = ctypes.c_uint64 * 5

    def call(name: str, a: Limbs, b: Limbs, size: int) -> tuple[bool, Limbs, int]:
        result, number = words(), ctypes.create_string_buffer(32)
        index, given_size = OPERATIONS.index(name), ctypes.c_uint64(size)
        answer = library.fe_run(index, ctypes.byref(words(*a)), ctypes.byref(words(*b)), given_size, result, number)
        return answer, tuple(result), int.from_bytes(number.raw, "big")

    return call


def check(run: Run, name: str, operands: tuple[Limbs, Limbs], sizes: tuple[int, int], right: int) -> None:
    """The number is right, and the limbs are within the size that is promised (the operands' and the result's)."""
    given, result_size = sizes
    _, limbs, number = run(name, *operands, given)
    assert number == right % P
    assert value(limbs) == right % P
    assert all(limb <= limit for limb, limit in zip(limbs, most(result_size), strict=True))


@settings(deadline=None, max_examples=400)
@example(most(8), most(8))
@given(elements(8), elements(8))
def test_products(run: Run, a: Limbs, b: Limbs) -> None:
    check(run, "mul", (a, b), (8, 1), value(a) * value(b))
    check(run, "square", (a, b), (8, 1), value(a) ** 2)


@settings(deadline=None, max_examples=400)
@example(most(5), most(5))
@given(elements(5), elements(5))
def test_sums(run: Run, a: Limbs, b: Limbs) -> None:
    check(run, "add", (a, b), (5, 10), value(a) + value(b))
    check(run, "sub", (a, b), (5, 11), value(a) - value(b))
    check(run, "negate", (a, b), (5, 6), -value(b))
    check(run, "half", (a, b), (5, 4), value(a) * pow(2, -1, P))


@settings(deadline=None, max_examples=400)
@example(split(P))
@example(split(0))
@given(elements(8))
def test_canonical_numbers(run: Run, a: Limbs) -> None:
    answer, _, number = run("is_zero", a, a, 8)
    assert (answer, number) == (value(a) == 0, value(a))
    assert run("carry", a, a, 8)[2] == value(a)


def test_zero_is_known_in_every_form(run: Run) -> None:
    """Multiples of p, as sums that were not carried leave them."""
    p = split(P)
    for times in range(1, 9):
        assert run("is_zero", tuple(times * limb for limb in p), p, 8)[0]


@settings(deadline=None)
@given(elements(2))
def test_roots(run: Run, a: Limbs) -> None:
    answer, _, root = run("root", a, a, 2)
    assert answer == (pow(value(a), (P - 1) // 2, P) in (0, 1))
    if answer:
        assert root**2 % P == value(a)
