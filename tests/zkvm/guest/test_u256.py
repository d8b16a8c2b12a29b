"""256-bit arithmetic in C against Python's integers, with limbs of 64 and of 32 bits."""

import ctypes
import subprocess
from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.zkvm.guest.native import HERE, SANITIZERS, program, shared_library, sources_of

BITS = 256
MODULUS = 1 << BITS
TOP = MODULUS - 1
SIGN = 1 << (BITS - 1)

# Where carries and quotient digits go wrong: few bits, long runs of ones, values next to powers of two.
edges = st.builds(lambda shift, delta: ((1 << shift) + delta) % MODULUS, st.integers(0, 256), st.integers(-2, 2))
limbs = st.lists(
    st.sampled_from([0, 1, 0x7FFFFFFF, 0x80000000, 0x80000001, 0xFFFFFFFE, 0xFFFFFFFF]), min_size=8, max_size=8
).map(lambda words: sum(word << (32 * i) for i, word in enumerate(words)))
sized = st.integers(0, 256).flatmap(lambda bits: st.integers(0, (1 << bits) - 1))
numbers = st.one_of(edges, limbs, sized)


def signed(a: int) -> int:
    return a - MODULUS if a & SIGN else a


def quotient(a: int, b: int) -> int:
    """Towards zero; 0 by zero."""
    if b == 0:
        return 0
    magnitude = abs(a) // abs(b)
    return magnitude if (a < 0) == (b < 0) else -magnitude


def remainder(a: int, b: int) -> int:
    return a - quotient(a, b) * b if b else 0


def sign_extend(byte: int, a: int) -> int:
    if byte >= 31:
        return a
    bits = 8 * byte + 8
    low = a & ((1 << bits) - 1)
    return low - (1 << bits) if low >> (bits - 1) else low


Reference = Callable[[int, int, int], int]

OPERATIONS: dict[str, Reference] = {
    "add": lambda a, b, _: a + b,
    "sub": lambda a, b, _: a - b,
    "mul": lambda a, b, _: a * b,
    "divide": lambda a, b, _: quotient(a, b),
    "remainder": lambda a, b, _: remainder(a, b),
    "divide_signed": lambda a, b, _: quotient(signed(a), signed(b)),
    "remainder_signed": lambda a, b, _: remainder(signed(a), signed(b)),
    "addmod": lambda a, b, m: (a + b) % m if m else 0,
    "mulmod": lambda a, b, m: a * b % m if m else 0,
    "power": lambda a, b, _: pow(a, b, MODULUS),
    "less": lambda a, b, _: a < b,
    "less_signed": lambda a, b, _: signed(a) < signed(b),
    "equal": lambda a, b, _: a == b,
    "carry": lambda a, b, _: a + b >= MODULUS,
    "sign_extend": lambda a, b, _: sign_extend(a, b),
    "byte": lambda a, b, _: b >> (8 * (31 - a)) & 0xFF if a < 32 else 0,
    "shift_left": lambda a, b, _: a << b if b < BITS else 0,
    "shift_right": lambda a, b, _: a >> b if b < BITS else 0,
    "shift_right_signed": lambda a, b, _: signed(a) >> min(b, BITS),
    "byte_length": lambda a, _b, _m: (a.bit_length() + 7) // 8,
    "only_remainder": lambda a, b, _: remainder(a, b),
}


@pytest.fixture(scope="module", params=[64, 32])
def library(request: pytest.FixtureRequest) -> ctypes.CDLL:
    return shared_library([*sources_of("base"), HERE / "u256_driver.c"], limb_bits=request.param)


def run(library: ctypes.CDLL, name: str, *operands: int) -> int:
    result = ctypes.create_string_buffer(32)
    known = library.u256_run(list(OPERATIONS).index(name), *(value.to_bytes(32, "big") for value in operands), result)
    assert known, name
    return int.from_bytes(result.raw, "big")


@pytest.mark.parametrize("name", OPERATIONS)
@settings(max_examples=300, deadline=None)
@given(a=numbers, b=numbers, m=numbers)
@example(a=SIGN, b=TOP, m=1)
@example(a=TOP, b=TOP, m=TOP)
def test_agrees_with_python(library: ctypes.CDLL, name: str, a: int, b: int, m: int) -> None:
    assert run(library, name, a, b, m) == OPERATIONS[name](a, b, m) % MODULUS


@settings(max_examples=300, deadline=None)
@given(a=numbers, amount=st.integers(0, 300))
def test_shifts_by_every_amount(library: ctypes.CDLL, a: int, amount: int) -> None:
    for name in ("shift_left", "shift_right", "shift_right_signed"):
        assert run(library, name, a, amount, 0) == OPERATIONS[name](a, amount, 0) % MODULUS
    for name in ("byte", "sign_extend"):
        assert run(library, name, amount % 40, a, 0) == OPERATIONS[name](amount % 40, a, 0) % MODULUS


@settings(max_examples=500, deadline=None)
@given(q=numbers, b=numbers.filter(bool), delta=st.integers(-1, 1))
def test_quotients_next_to_multiples(library: ctypes.CDLL, q: int, b: int, delta: int) -> None:
    """Where a digit guessed too high must be taken back."""
    a = (q % (TOP // b + 1) * b + delta) % MODULUS
    assert run(library, "divide", a, b, 0) == a // b
    assert run(library, "remainder", a, b, 0) == a % b


@pytest.mark.parametrize("limb_bits", [64, 32])
def test_no_undefined_behaviour(limb_bits: int) -> None:
    """Every operation on edges, under the sanitizers."""
    sources, flags = [*sources_of("base"), HERE / "u256_driver.c"], [*SANITIZERS, "-DU256_MAIN"]
    done = subprocess.run(
        [program(sources, limb_bits=limb_bits, flags=flags)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"53 numbers, {len(OPERATIONS)} operations\n"
