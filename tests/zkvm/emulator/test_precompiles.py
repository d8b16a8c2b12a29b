"""The precompiles against Python's integers, an elliptic curve in Python, and Keccak from elsewhere."""

import random
import struct

import pytest
from eth_hash.auto import keccak
from eth_keys import keys
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.zkvm.assembler import assemble
from zkvm.emulator.emulator import Guest
from zkvm.emulator.errors import EqualPoints, QuotientTooLarge, ZeroModulus, ZeroOrdinate
from zkvm.emulator.hints import numbers, words_of
from zkvm.emulator.opcodes import Op

AT = 0x2000_0000
P = 2**256 - 2**32 - 977
M256 = 2**256 - 1

# Copies the input to zero memory, calls, and halts: x at AT, y at the offset that the test chooses.
SOURCE = """
    lui  s0, 0x20000
    lui  s1, 0x10000
    lw   t0, 0(s1)
    srli t0, t0, 2
copy:
    beqz t0, done
    addi s1, s1, 4
    lw   t1, 0(s1)
    sw   t1, 0(s0)
    addi s0, s0, 4
    addi t0, t0, -1
    j    copy
done:
    lui  a0, 0x20000
    addi a1, a0, {offset}
    {call}
    halt
"""
PROGRAMS = {
    name: assemble(SOURCE.format(offset=offset, call=call))
    for name, (offset, call) in {
        "mulmod": (32, "mulmod a0, a1"),
        "ecadd": (64, "ecadd a0, a1"),
        "ecdbl": (0, "ecdbl a0"),
        "keccak": (0, "keccak a0"),
    }.items()
}


def call(name: str, *values: int, count: int) -> list[int]:
    """Numbers at AT after the call."""
    guest = Guest(PROGRAMS[name], struct.pack(f"<{8 * len(values)}I", *words_of(*values)))
    guest.go(0, 1 << 16)
    return numbers(guest.peek(AT, 8 * count))


EXTREMES = [0, 1, 2, 3, 2**32 - 1, 2**32, 2**64, 2**128 - 1, 2**224, 2**255, P - 1, P, P + 1, M256 - 1, M256]
wide = st.one_of(st.integers(0, M256), st.sampled_from(EXTREMES), st.integers(0, 2**70))


def check_mulmod(a: int, b: int, c: int, m: int) -> None:
    values = (a, b, c, m)
    if m == 0:
        with pytest.raises(ZeroModulus):
            call("mulmod", *values, count=1)
    elif (a * b + c) // m > M256:
        with pytest.raises(QuotientTooLarge):
            call("mulmod", *values, count=1)
    else:
        assert call("mulmod", *values, count=4) == [(a * b + c) % m, b, c, m]


@given(wide, wide, wide, wide)
@settings(max_examples=400, deadline=None)
def test_mulmod(a: int, b: int, c: int, m: int) -> None:
    check_mulmod(a, b, c, m)


def test_mulmod_of_extremes() -> None:
    for a in EXTREMES[::2]:
        for b in EXTREMES[1::3]:
            for m in EXTREMES:
                check_mulmod(a, b, M256, m)


def test_mulmod_where_a_guess_of_the_quotient_is_too_high() -> None:
    """Divisors and dividends near powers of 2^32 make long division correct its guesses, and add back."""
    rng = random.Random(5)
    for _ in range(400):
        m = (1 << 255) + (rng.getrandbits(32) << rng.choice([0, 32, 192])) + rng.choice([0, 1, 2**64 - 1])
        a = m - 1 - rng.getrandbits(rng.choice([1, 33, 64]))
        b = (rng.choice([2**32 - 1, 2**31, 2**32 - 2]) << rng.choice([0, 32, 64, 224])) + rng.getrandbits(8)
        check_mulmod(a, b, rng.choice([0, m - 1, M256]), m)


def test_log_of_a_mulmod() -> None:
    a, b, c, m = 7**80, 5**100, 3**90, 11**60
    guest = Guest(PROGRAMS["mulmod"], struct.pack("<32I", *words_of(a, b, c, m)))
    guest.go(1, 4096)
    (record,) = guest.take_log().arith256
    assert (record["op"], record["px"], record["py"]) == (Op.MULMOD, AT, AT + 32)
    assert numbers(record["operands"].tolist()) == [a, b, c, m]
    assert numbers(record["results"].tolist()) == [(a * b + c) % m, 0]
    assert numbers(record["witness"].tolist()) == [(a * b + c) // m]


def point(scalar: int) -> tuple[int, int]:
    raw = keys.PrivateKey(scalar.to_bytes(32, "big")).public_key.to_bytes()
    return int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")


N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
scalars = st.one_of(st.integers(1, N - 1), st.integers(1, 20), st.integers(N - 20, N - 1))


@given(scalars, scalars)
@settings(max_examples=100, deadline=None)
def test_ecadd(k: int, j: int) -> None:
    p, q = point(k), point(j)
    if p[0] == q[0]:
        with pytest.raises(EqualPoints):
            call("ecadd", *p, *q, count=2)
    else:
        assert call("ecadd", *p, *q, count=4) == [*point((k + j) % N), *q]


@given(scalars)
@settings(max_examples=60, deadline=None)
def test_ecdbl(k: int) -> None:
    assert tuple(call("ecdbl", *point(k), count=2)) == point(2 * k % N)


@given(wide, wide, wide, wide)
@settings(max_examples=150, deadline=None)
def test_ec_formulas_off_the_curve_and_not_reduced(x1: int, y1: int, x2: int, y2: int) -> None:
    if (x1 - x2) % P == 0:
        with pytest.raises(EqualPoints):
            call("ecadd", x1, y1, x2, y2, count=2)
    else:
        slope = (y2 - y1) * pow(x2 - x1, -1, P) % P
        x3 = (slope * slope - x1 - x2) % P
        assert call("ecadd", x1, y1, x2, y2, count=2) == [x3, (slope * (x1 - x3) - y1) % P]
    if y1 % P == 0:
        with pytest.raises(ZeroOrdinate):
            call("ecdbl", x1, y1, count=2)
    else:
        slope = 3 * x1 * x1 * pow(2 * y1, -1, P) % P
        x3 = (slope * slope - 2 * x1) % P
        assert call("ecdbl", x1, y1, count=2) == [x3, (slope * (x1 - x3) - y1) % P]


def test_log_of_points() -> None:
    p, q = point(5), point(9)
    for name, values, coordinates in (("ecadd", (*p, *q), [*p, *q]), ("ecdbl", p, [*p, 0, 0])):
        guest = Guest(PROGRAMS[name], struct.pack(f"<{8 * len(values)}I", *words_of(*values)))
        guest.go(1, 4096)
        (record,) = guest.take_log().arith256
        assert numbers(record["operands"].tolist()) == coordinates
        assert tuple(numbers(record["results"].tolist())) == point(14 if name == "ecadd" else 10)
        (slope,) = numbers(record["witness"].tolist())
        assert slope < P
        rise, run_ = (q[1] - p[1], q[0] - p[0]) if name == "ecadd" else (3 * p[0] * p[0], 2 * p[1])
        assert (slope * run_ - rise) % P == 0


def permute(words: list[int]) -> list[int]:
    guest = Guest(PROGRAMS["keccak"], struct.pack("<50I", *words))
    guest.go(0, 4096)
    return guest.peek(AT, 50)


def test_keccak_of_zeros() -> None:
    """The first lanes of the published test vector of keccak-f[1600]."""
    words = permute([0] * 50)
    lanes = [words[2 * i + 1] << 32 | words[2 * i] for i in range(4)]
    assert lanes == [0xF1258F7940E1DDE7, 0x84D5CCF933C0478A, 0xD598261EA65AA9EE, 0xBD1547306F80494D]


@given(st.binary(max_size=135))
@settings(max_examples=60, deadline=None)
def test_keccak_hashes(message: bytes) -> None:
    block = bytearray(200)
    block[: len(message)] = message
    block[len(message)] ^= 1
    block[135] ^= 0x80
    words = permute(list(struct.unpack("<50I", block)))
    assert struct.pack("<8I", *words[:8]) == keccak(message)


def test_operands_may_overlap_the_target() -> None:
    """All reads come before the first write."""
    program = assemble(SOURCE.format(offset=0, call="addi a0, a0, 32\nlui a1, 0x20000\nmulmod a0, a1"))
    values = [3, 5, 1000, 0, 0]
    guest = Guest(program, struct.pack("<40I", *words_of(*values)))
    guest.go(0, 4096)
    # a and c are both the number at AT + 32, b is at AT, m at AT + 64.
    assert numbers(guest.peek(AT, 24)) == [3, (5 * 3 + 5) % 1000, 1000]
