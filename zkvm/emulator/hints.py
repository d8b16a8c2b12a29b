"""Answers to guests that ask for hints.

A guest asks by calling ``zkhub_hint(kind, operands, number of operands, number of words wanted)``, all words. While a
run is made, the emulator stops at that call, appends the answer to the words of the input region, and lets the guest go
on to read them. The run with the same words given beforehand is the same run, instruction by instruction.

No answer is trusted: the guest checks it, and traps where the check fails. So an answer that does not exist (the
inverse of 0, a root of a non-residue) is zeros, not an error.
"""

from collections.abc import Callable, Mapping, Sequence
from enum import IntEnum
from math import gcd
from typing import Final

Answer = Callable[[Sequence[int], int], Sequence[int] | None]
"""From the operands and the number of words wanted to that many words; None if the question is not understood."""

Answers = Mapping[int, Answer]
"""By kind of hint; guests may have kinds of their own from 0x100 on."""

MOST_WORDS: Final = 4096
"""Most words of operands, and of an answer, in one request."""

_NUMBER: Final = 8
_ORDER: Final = 0xFFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFE_BAAEDCE6_AF48A03B_BFD25E8C_D0364141
_LAMBDA: Final = 0x5363AD4C_C05C30E0_A5261C02_8812645A_122E22EA_20816678_DF02967C_1B23BD72


class Hint(IntEnum):
    """The kinds that every guest may ask for; numbers are 8 words, the lowest first."""

    INVERSE = 1
    """value, modulus -> inverse"""
    SQUARE_ROOT = 2
    """value, prime modulus = 3 mod 4 -> a root"""
    DIVIDE = 3
    """dividend, divisor -> quotient, remainder"""
    SPLIT_SCALAR = 4
    """k -> |k1|, |k2|, sign of k1, sign of k2 (1: negative), with k = k1 + k2 lambda mod the order of secp256k1"""


def numbers(words: Sequence[int]) -> list[int]:
    """Words as numbers of 8 words."""
    return [
        sum(word << 32 * i for i, word in enumerate(words[start : start + _NUMBER]))
        for start in range(0, len(words), _NUMBER)
    ]


def words_of(*values: int) -> list[int]:
    """Numbers below 2^256 as 8 words each."""
    return [value >> 32 * i & 0xFFFF_FFFF for value in values for i in range(_NUMBER)]


def _inverse(operands: Sequence[int], wanted: int) -> Sequence[int] | None:
    if len(operands) != 2 * _NUMBER or wanted != _NUMBER:
        return None
    value, modulus = numbers(operands)
    return words_of(pow(value, -1, modulus) if modulus and gcd(value, modulus) == 1 else 0)


def _square_root(operands: Sequence[int], wanted: int) -> Sequence[int] | None:
    if len(operands) != 2 * _NUMBER or wanted != _NUMBER:
        return None
    value, modulus = numbers(operands)
    return words_of(pow(value, (modulus + 1) // 4, modulus) if modulus % 4 == 3 else 0)


def _divide(operands: Sequence[int], wanted: int) -> Sequence[int] | None:
    if len(operands) != 2 * _NUMBER or wanted != 2 * _NUMBER:
        return None
    dividend, divisor = numbers(operands)
    return words_of(*divmod(dividend, divisor)) if divisor else [0] * wanted


def _split_scalar(operands: Sequence[int], wanted: int) -> Sequence[int] | None:
    if len(operands) != _NUMBER or wanted != 2 * _NUMBER + 2:
        return None
    k1, k2 = _shortest_pair(numbers(operands)[0] % _ORDER)
    return [*words_of(abs(k1), abs(k2)), int(k1 < 0), int(k2 < 0)]


def _lattice() -> tuple[tuple[int, int], tuple[int, int]]:
    """Two short vectors (x, y) with x + y lambda = 0 mod the order, by the extended Euclidean algorithm.

    It keeps pairs (r, t) with r = t lambda mod the order.
    """
    older, newer = (_ORDER, 0), (_LAMBDA, 1)
    while newer[0] * newer[0] >= _ORDER:
        quotient = older[0] // newer[0]
        older, newer = newer, (older[0] - quotient * newer[0], older[1] - quotient * newer[1])
    quotient = older[0] // newer[0]
    after = (older[0] - quotient * newer[0], older[1] - quotient * newer[1])
    shorter = min(older, after, key=lambda pair: pair[0] * pair[0] + pair[1] * pair[1])
    return (newer[0], -newer[1]), (shorter[0], -shorter[1])


_FIRST, _SECOND = _lattice()


def _shortest_pair(k: int) -> tuple[int, int]:
    """The difference of k and the lattice point next to it."""
    determinant = _FIRST[0] * _SECOND[1] - _FIRST[1] * _SECOND[0]
    along_first = _round_division(k * _SECOND[1], determinant)
    along_second = _round_division(-k * _FIRST[1], determinant)
    k1 = k - along_first * _FIRST[0] - along_second * _SECOND[0]
    k2 = -along_first * _FIRST[1] - along_second * _SECOND[1]
    return k1, k2


def _round_division(numerator: int, denominator: int) -> int:
    return (2 * numerator + denominator) // (2 * denominator)


STANDARD_ANSWERS: Final[Answers] = {
    Hint.INVERSE: _inverse,
    Hint.SQUARE_ROOT: _square_root,
    Hint.DIVIDE: _divide,
    Hint.SPLIT_SCALAR: _split_scalar,
}
"""All kinds of ``Hint``."""
