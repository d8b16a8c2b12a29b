"""The kit's 256-bit numbers and points, called one by one from a guest, against Python's integers."""

import shutil
import struct
from pathlib import Path

import pytest
from eth_keys import keys
from hypothesis import given, settings
from hypothesis import strategies as st

from zkvm.emulator.elf import Program, load
from zkvm.emulator.emulator import measure
from zkvm.emulator.errors import GuestError
from zkvm.emulator.hints import numbers, words_of
from zkvm.guest_kit.build import Compiler, build

pytestmark = pytest.mark.skipif(shutil.which("riscv64-unknown-elf-gcc") is None, reason="no cross gcc")

P = 2**256 - 2**32 - 977
N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
LESS, EQUAL, SUB, MULMOD, REVERSE, SPLIT, ADD_X, ADD_Y, ADD_INFINITY = range(9)

SOURCE = """
#include "zkhub_secp256k1.h"

static void sum_of(secp_sum *sum, const uint32_t *a) {
    *sum = (secp_sum){.is_infinity = 0};
    u256_copy(sum->point.x, a);
    u256_copy(sum->point.y, a + 8);
    secp_add(sum, (const zkhub_point *)(a + 16));
}

void guest_main(void) {
    const uint32_t *words = (const uint32_t *)zkhub_input(), *a = words + 1, *b = a + 8;
    uint32_t out[8] = {0};
    secp_digits first, second;
    secp_sum sum;
    switch (words[0]) {
    case 0: out[0] = (uint32_t)u256_less(a, b); break;
    case 1: out[0] = (uint32_t)u256_equal(a, b) + 2u * (uint32_t)u256_is_zero(a); break;
    case 2: u256_sub(out, a, b); break;
    case 3: u256_mulmod(out, a, b, b + 8, b + 16); break;
    case 4: u256_reverse(out, a); break;
    case 5:
        secp_split(&first, &second, a, 5);
        for (int i = 0; i < SECP_DIGITS; i++) out[0] += (first.digit[i] != 0) + (second.digit[i] != 0);
        break;
    default:
        sum_of(&sum, a);
        if (words[0] == 8) out[0] = (uint32_t)sum.is_infinity;
        else u256_copy(out, words[0] == 6 ? sum.point.x : sum.point.y);
    }
    zkhub_halt(out);
}
"""

EDGES = [0, 1, 2, 2**32 - 1, 2**32, 2**64 - 1, 2**128, 2**255, N - 1, N, P - 1, P, P + 1, 2**256 - 1]
number = st.one_of(st.integers(0, 2**256 - 1), st.sampled_from(EDGES), st.integers(0, 2**40))


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Program:
    source: Path = tmp_path_factory.mktemp("u256") / "u256.c"
    source.write_text(SOURCE)
    return load(build([source], compiler=Compiler.GCC))


def ask(program: Program, function: int, *values: int) -> int:
    data = struct.pack(f"<{1 + 8 * len(values)}I", function, *words_of(*values))
    return numbers(measure(program, data).output)[0]


@given(number, number)
@settings(max_examples=100, deadline=None)
def test_comparison_and_difference(program: Program, a: int, b: int) -> None:
    assert ask(program, LESS, a, b) == (a < b)
    assert ask(program, LESS, a, a) == 0
    assert ask(program, EQUAL, a, b) == (a == b) + 2 * (a == 0)
    assert ask(program, EQUAL, a, a) == 1 + 2 * (a == 0)
    assert ask(program, SUB, a, b) == (a - b) % 2**256


@given(number)
@settings(max_examples=30, deadline=None)
def test_bytes(program: Program, a: int) -> None:
    assert ask(program, REVERSE, a) == int.from_bytes(a.to_bytes(32, "little"), "big")


@given(number, number, number, number)
@settings(max_examples=100, deadline=None)
def test_mulmod(program: Program, a: int, b: int, c: int, m: int) -> None:
    if m and (a < m or b < m):
        assert ask(program, MULMOD, a, b, c, m) == (a * b + c) % m
    elif m == 0:
        with pytest.raises(GuestError):
            ask(program, MULMOD, a, b, c, m)


@given(st.one_of(st.integers(0, N - 1), st.sampled_from([0, 1, 2, N - 1, N - 2, N // 2])))
@settings(max_examples=60, deadline=None)
def test_every_scalar_splits(program: Program, k: int) -> None:
    """Digits of signed windows of 5 bits: at most every fifth is not 0."""
    assert ask(program, SPLIT, k) <= 2 * 27


def point(scalar: int) -> tuple[int, int]:
    raw = keys.PrivateKey((scalar % N).to_bytes(32, "big")).public_key.to_bytes()
    return int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")


@pytest.mark.parametrize(("j", "k"), [(1, 2), (5, 5), (N - 3, 7), (123456789, 987654321)])
def test_addition(program: Program, j: int, k: int) -> None:
    operands = (*point(j), *point(k))
    assert (ask(program, ADD_X, *operands), ask(program, ADD_Y, *operands)) == point(j + k)
    assert ask(program, ADD_INFINITY, *operands) == 0


def test_addition_of_opposite_points(program: Program) -> None:
    assert ask(program, ADD_INFINITY, *point(9), *point(N - 9)) == 1


def test_addition_sees_through_an_unreduced_y(program: Program) -> None:
    """y + P fits 256 bits only for tiny y, which no known point has; the doubling of any will do."""
    x, y = point(4)
    small = y % 2**32
    assert ask(program, ADD_INFINITY, x, small + P, x, small) == 0
