"""Powers modulo numbers of any sizes."""

import random
from collections.abc import Callable
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.zkvm.guest.crypto import Library, answers, published

# Runs of ones and zeros reach the corners of long division.
operands = st.one_of(
    st.binary(max_size=70),
    st.lists(
        st.sampled_from([b"\xff" * 8, b"\0" * 8, b"\x80" + b"\0" * 7, b"\0" * 7 + b"\1", b"\xff"]), max_size=9
    ).map(b"".join),
)


def call(base: bytes, exponent: bytes, modulus: bytes) -> bytes:
    return b"".join(len(part).to_bytes(32, "big") for part in (base, exponent, modulus)) + base + exponent + modulus


def expected(base: bytes, exponent: bytes, modulus: bytes) -> bytes:
    b, e, m = (int.from_bytes(part, "big") for part in (base, exponent, modulus))
    return (pow(b, e, m) if m else 0).to_bytes(len(modulus), "big")


@settings(deadline=None)
@given(operands, operands, operands)
def test_any_numbers(crypto: Library, base: bytes, exponent: bytes, modulus: bytes) -> None:
    assert crypto("modexp", call(base, exponent, modulus)) == expected(base, exponent, modulus)


@settings(deadline=None)
@given(operands, st.binary(max_size=3), operands, st.booleans())
def test_large_bases(crypto: Library, base: bytes, exponent: bytes, modulus: bytes, is_odd: bool) -> None:
    modulus = modulus + bytes([is_odd])
    assert crypto("modexp", call(base * 3, exponent, modulus)) == expected(base * 3, exponent, modulus)


def test_published_powers(crypto: Library) -> None:
    for name, data, output in [*published("modexp", "modexp_eip2565"), *published("modexp", "modexp_eip7883")]:
        sizes = [int.from_bytes(data[at : at + 32].ljust(32, b"\0"), "big") for at in (0, 32, 64)]
        if max(sizes) < 2**20:
            assert crypto(name, data.ljust(96 + sum(sizes), b"\0")[: 96 + sum(sizes)]) == output, data.hex()


def test_nothing_outside_of_the_buffers_is_touched(sanitized: Path) -> None:
    noise = random.Random(5)
    sizes = [0, 1, 4, 7, 8, 9, 16, 31, 33, 64]
    fills: list[Callable[[int], bytes]] = [
        noise.randbytes,
        lambda size: b"\xff" * size,
        lambda size: bytes(size // 2) + b"\1" * (size - size // 2),
    ]
    cases = [
        (fill(base), noise.randbytes(5), fill(modulus)[:-1] + bytes([low]) * bool(modulus))
        for fill in fills
        for base in sizes
        for modulus in sizes
        for low in (0, 3)
    ]
    assert answers(sanitized, [("modexp", call(*case)) for case in cases]) == [expected(*case) for case in cases]
