"""The primitives on RV32IM, with precompiles and hints, give what they give on the host, for good and bad operands."""

import random
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.zkvm.guest import rv32, test_bn254, test_pairing, test_recover
from tests.zkvm.guest.crypto import Library, published

pytestmark = pytest.mark.parametrize("crypto", [64], indirect=True, ids=["against the host"])

OPERATIONS = 21
EDGES = [0, 1, 2, 3, 31, 32, 255, 256, 2**32 - 1, 2**32, 2**64, 2**128 - 1, 2**255 - 1, 2**255, 2**256 - 2, 2**256 - 1]
Call = tuple[str, bytes]
numbers = st.one_of(st.sampled_from(EDGES), st.integers(1, 256).flatmap(lambda bits: st.integers(0, (1 << bits) - 1)))


def word(number: int) -> bytes:
    return number.to_bytes(32, "big")


def arithmetic(operation: int, a: int, b: int, c: int) -> Call:
    return "u256", bytes([operation]) + word(a) + word(b) + word(c)


def check(crypto: Library, calls: list[Call]) -> None:
    found, _ = rv32.run(calls)
    answers = [crypto(*call) for call in calls]
    if found == rv32.hash_of(answers):
        return
    for call, answer in zip(calls, answers, strict=True):
        assert rv32.run([call])[0] == rv32.hash_of([answer]), (call[0], call[1].hex(), answer)
    raise AssertionError("the calls agree one by one, and not one after the other")


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(numbers, numbers, numbers), min_size=1, max_size=10))
def test_any_numbers(crypto: Library, operands: list[tuple[int, int, int]]) -> None:
    check(crypto, [arithmetic(operation, *three) for three in operands for operation in range(OPERATIONS)])


def test_edge_numbers(crypto: Library) -> None:
    chosen = random.Random(256)
    pairs = [(a, b, chosen.choice(EDGES)) for a, b in product(EDGES, EDGES)]
    check(crypto, [arithmetic(operation, *three) for three in pairs for operation in range(OPERATIONS)])


def test_hashes(crypto: Library) -> None:
    data = bytes(range(256)) * 3
    sizes = [*range(10), 31, 32, 33, 55, 56, 63, 64, 65, 134, 135, 136, 137, 272, 273, 500]
    check(crypto, [(name, data[:size]) for size in sizes for name in ("keccak", "sha256", "ripemd160")])
    check(crypto, [case[:2] for case in published("blake2f", "blake2F") if len(case[1]) == 213 and case[1][1] == 0])


def test_recovery(crypto: Library) -> None:
    edges = [test_recover.call(*case) for case in test_recover.edges()[::11]]
    check(crypto, [("recover", data) for data in edges])


def test_powers(crypto: Library) -> None:
    chosen = random.Random(5)
    calls = []
    for bits in (1, 8, 31, 32, 33, 64, 255, 256, 257, 300):
        size = (bits + 7) // 8
        for even in (0, 1):
            modulus = chosen.getrandbits(bits) & ~even | (1 - even)
            base, exponent = chosen.getrandbits(bits + 40), chosen.getrandbits(40)
            sizes = b"".join(map(word, (size + 5, 5, size)))
            numbers = base.to_bytes(size + 5, "big") + exponent.to_bytes(5, "big") + modulus.to_bytes(size, "big")
            calls.append(("modexp", sizes + numbers))
    check(crypto, calls)


def test_points(crypto: Library) -> None:
    check(crypto, [case[:2] for case in test_bn254.edges()[::9]])


def test_products_of_pairings(crypto: Library) -> None:
    check(crypto, [case[:2] for case in test_pairing.cases()[:6] + test_pairing.cases()[-3:]])
