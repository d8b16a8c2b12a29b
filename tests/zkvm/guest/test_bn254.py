"""Sums and products on alt_bn128."""

from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from py_ecc import optimized_bn128

from tests.zkvm.guest.crypto import Case, Library, answers, published

bn: Any = optimized_bn128
P = bn.field_modulus
ORDER = bn.curve_order
EDGES = [0, 1, 2, 3, 15, 16, ORDER - 2, ORDER - 1, ORDER, ORDER + 1, 2**255, 2**256 - 1]
scalars = st.one_of(st.sampled_from(EDGES), st.integers(0, 2**256 - 1))


def point(scalar: int) -> bytes:
    """That multiple of the generator."""
    multiple = bn.multiply(bn.G1, scalar)
    if bn.is_inf(multiple):
        return bytes(64)
    return b"".join(int(number).to_bytes(32, "big") for number in bn.normalize(multiple))


def sum_of(left: int, right: int) -> Case:
    return "bn254_add", point(left) + point(right), point(left + right)


def product_of(scalar: int, factor: int) -> Case:
    return "bn254_multiply", point(scalar) + factor.to_bytes(32, "big"), point(scalar * factor)


def refused() -> list[Case]:
    g, zero = point(1), (0).to_bytes(32, "big")
    bad = [
        g[:32] + (3).to_bytes(32, "big"),
        (1 + P).to_bytes(32, "big") + g[32:],
        g[:32] + (2 + P).to_bytes(32, "big"),
        P.to_bytes(32, "big") + zero,
        zero + P.to_bytes(32, "big"),
        zero + g[32:],
        g[:32] + zero,
        b"\xff" * 64,
    ]
    sums = [("bn254_add", data, None) for wrong in bad for data in (wrong + g, g + wrong, wrong + bytes(64))]
    return [*sums, *(("bn254_multiply", wrong + zero, None) for wrong in bad)]


def edges() -> list[Case]:
    sums = [sum_of(left, right) for left in EDGES[:8] for right in EDGES[:8]]
    return [*sums, *(product_of(scalar, factor) for scalar in (0, 1, 7) for factor in EDGES), *refused()]


@settings(max_examples=30, deadline=None)
@given(scalars, scalars)
def test_any_points(crypto: Library, left: int, right: int) -> None:
    for name, data, expected in (sum_of(left, right), product_of(left, right)):
        assert crypto(name, data) == expected


def test_edges(crypto: Library) -> None:
    for name, data, expected in edges():
        assert crypto(name, data) == expected, (name, data.hex())


def test_published_points(crypto: Library) -> None:
    for name, data, expected in published("bn254_add", "bn256Add"):
        assert crypto(name, data.ljust(128, b"\0")[:128]) == expected, data.hex()
    for name, data, expected in published("bn254_multiply", "bn256ScalarMul"):
        assert crypto(name, data.ljust(96, b"\0")[:96]) == expected, data.hex()


def test_nothing_outside_of_the_buffers_is_touched(sanitized: Path) -> None:
    cases = edges()
    assert answers(sanitized, [case[:2] for case in cases]) == [case[2] for case in cases]
