"""Products of pairings on alt_bn128."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from py_ecc import optimized_bn128

from tests.zkvm.guest.crypto import Case, Library, answers, published
from tests.zkvm.guest.test_bn254 import ORDER, P, point

bn: Any = optimized_bn128
YES, NO = (1).to_bytes(32, "big"), bytes(32)


def encoded(twisted: tuple[Any, Any, Any]) -> bytes:
    if bn.is_inf(twisted):
        return bytes(128)
    return b"".join(
        int(part).to_bytes(32, "big") for number in bn.normalize(twisted) for part in reversed(number.coeffs)
    )


def second(scalar: int) -> bytes:
    """That multiple of the second group's generator."""
    return encoded(bn.multiply(bn.G2, scalar % ORDER))


def product(*factors: tuple[int, int]) -> Case:
    total = sum(left * right for left, right in factors) % ORDER
    data = b"".join(point(left) + second(right) for left, right in factors)
    return "bn254_pairing", data, NO if total else YES


def outside() -> Iterator[bytes]:
    """Points of the twist that are not in the group of prime order: the twist has a cofactor."""
    for number in range(1, 100):
        x = bn.FQ2([number, 0])
        square = x * x * x + bn.b2
        candidates = []
        real, imaginary = (int(part) for part in square.coeffs)
        norm = pow(real * real + imaginary * imaginary, (P + 1) // 4, P)
        for sign in (norm, -norm):
            half = pow((real + sign) * pow(2, -1, P), (P + 1) // 4, P)
            if half:
                candidates.append(bn.FQ2([half, imaginary * pow(2 * half, -1, P) % P]))
        for y in candidates:
            found = (x, y, bn.FQ2.one())
            if bn.is_on_curve(found, bn.b2) and not bn.is_inf(bn.multiply(found, ORDER)):
                yield encoded(found)
                yield encoded(bn.multiply(found, ORDER))  # of an order that divides the cofactor


def cases() -> list[Case]:
    g, q = point(1), second(1)
    swapped = q[32:64] + q[:32] + q[64:]
    bad = [
        g + swapped,
        *(g + found for found in islice(outside(), 12)),
        bytes(64) + next(outside()),
        g[:63] + b"\3" + q,
        g + q[:127],
        (g + q)[:-1] + b"\0",
    ]
    bad += [g + P.to_bytes(32, "big") + q[32:], g + bytes(96) + P.to_bytes(32, "big"), g + b"\xff" * 128]
    good = [
        product(),
        product((0, 1)),
        product((1, 0)),
        product((0, 0)),
        product((1, 1)),
        product((1, 1), (ORDER - 1, 1)),
        product((1, 1), (1, ORDER - 1)),
        product((1, 1), (1, 1)),
        product((6, 35), (-7 % ORDER, 30)),
        product((2, 3), (5, 7), (1, ORDER - 41)),
        product((2, 3), (0, 1)),
        product(*[(1, 1)] * 4, (ORDER - 4, 1), (0, 3)),
        product(*[(1, 1)] * 4),
        product(*[(1, 0)] * 4, (5, 1), (1, ORDER - 5)),
    ]
    assert {answer for *_, answer in good} == {YES, NO}
    return [*good, *(("bn254_pairing", data, None) for data in bad)]


def test_products(crypto: Library) -> None:
    for name, data, expected in cases():
        assert crypto(name, data) == expected, data.hex()


@settings(max_examples=8, deadline=None)  # the oracle takes half a second
@given(*[st.integers(0, ORDER - 1)] * 3, st.integers(0, 1))
def test_linear_in_both(crypto: Library, a: int, b: int, c: int, over: int) -> None:
    """e(a, b) e(c, d) = 1 exactly where a b + c d = 0."""
    d = (-a * b * pow(c, -1, ORDER) + over) % ORDER if c else 0
    name, data, expected = product((a, b), (c, d))
    assert crypto(name, data) == expected


def test_published_products(crypto: Library) -> None:
    for name, data, expected in published("bn254_pairing", "bn256Pairing"):
        assert crypto(name, data) == expected, data.hex()


def test_nothing_outside_of_the_buffers_is_touched(sanitized: Path) -> None:
    assert answers(sanitized, [case[:2] for case in cases()]) == [case[2] for case in cases()]
