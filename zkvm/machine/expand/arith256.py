"""The rows of ARITH256: from the calls of a run to the table's witness columns.

An operation takes 64 rows, four blocks of 16 limbs of 16 bits. The table checks identities between polynomials in
X = 2^16 (`tables/arith256.py` states them); here the quotients and the carry polynomials that make them true are found.
Quotients are Python integers, one operation after the other; everything a limb wide is NumPy over all operations.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zkvm.emulator.log import Structured
from zkvm.emulator.opcodes import Op
from zkvm.machine.errors import ImpossibleCall
from zkvm.machine.tables.arith256 import CARRY_OFFSET, COLUMNS, LIMBS, PRIME, QUOTIENT_OFFSET, ROWS

Words = NDArray[np.uint32]
Limbs = NDArray[np.int64]
Columns = NDArray[np.uint64]

MIN_ROWS = 64
_INDEX = {name: position for position, name in enumerate(COLUMNS)}
_LANES = _INDEX["ts"]


def rows_for(operations: int) -> int:
    """The least height that holds so many operations: a power of two, at least 64."""
    return max(MIN_ROWS, 1 << (operations * ROWS - 1).bit_length()) if operations else MIN_ROWS


def expand_arith256(calls: Structured, rows: int | None = None) -> Columns:
    """The witness columns of the table, shape (13, rows).

    Args:
        calls: The run's calls, ``zkvm.emulator.log.ARITH256_CALL``.
        rows: The table's height; the least one where it is not given.

    Raises:
        ImpossibleCall: an operation's result does not satisfy its identity, or its quotient does not fit.
    """
    rows = rows_for(len(calls)) if rows is None else rows
    main: Columns = np.zeros((len(COLUMNS), rows), dtype=np.uint64)
    view = main[:, : len(calls) * ROWS].reshape(len(COLUMNS), len(calls), 4, LIMBS)
    for name in ("ts", "px", "py"):
        view[_INDEX[name]] = calls[name][:, None, None]
    for flag, op in (("f_mm", Op.MULMOD), ("f_add", Op.ECADD), ("f_dbl", Op.ECDBL)):
        which = np.flatnonzero(calls["op"] == op)
        if len(which):
            lanes = _mulmod(calls[which]) if op is Op.MULMOD else _curve(calls[which], op)
            for column in range(_LANES):
                view[column][which] = lanes[column]
            view[_INDEX[flag]][which] = 1
    return main


def impossible(call: np.void) -> ImpossibleCall:
    """What is wrong with a call of which the log does not say the truth."""
    return _wrong(Op(call["op"]), int(call["ts"]))


def _wrong(op: Op, ts: int) -> ImpossibleCall:
    if op is Op.MULMOD:
        return ImpossibleCall("MULMOD", ts, "the result and quotient are not those of a·b + c = q·m + r")
    return ImpossibleCall(op.name, ts, "the result and slope are not those of the points, with x reduced")


def _mulmod(calls: Structured) -> Columns:
    """The lanes of MULMOD operations, shape (7, n, 4, 16): a·b + c − r − q·m = (X − 2^16)·K."""
    words = [*_numbers(calls["operands"]), calls["results"][:, :8], calls["witness"]]
    for a, b, c, m, r, q, ts in zip(*map(_integers, words), calls["ts"], strict=True):
        if a * b + c - r != q * m or m == 0:
            raise _wrong(Op.MULMOD, int(ts))
    a16, b16, c16, m16, r16, q16 = map(_limbs, words)
    difference = _product(a16, b16) - _product(q16, m16)
    difference[:, :LIMBS] += c16 - r16
    lanes: Columns = np.zeros((_LANES, len(calls), 4, LIMBS), dtype=np.uint64)
    for lane, block, limbs in ((0, 0, a16), (1, 0, r16), (2, 0, b16), (2, 1, c16), (0, 2, q16), (2, 2, m16)):
        lanes[lane, :, block] = limbs
    _put_carries(lanes, 1, difference)
    return lanes


def _curve(calls: Structured, op: Op) -> Columns:
    """The lanes of ECADD or ECDBL operations, shape (7, n, 4, 16)."""
    double = op is Op.ECDBL
    x1, y1, x2, y2 = _numbers(calls["operands"])
    if double:
        x2, y2 = x1, y1
    words = [x1, y1, x2, y2, *_numbers(calls["results"]), calls["witness"]]
    found = _solve(op, [_integers(number) for number in words], calls["ts"])
    delta16, *q16 = (_limbs(_words(values)) for values in found.wide)
    x1_16, y1_16, x2_16, y2_16, x3_16, y3_16, s16 = map(_limbs, words)

    lanes: Columns = np.zeros((_LANES, len(calls), 4, LIMBS), dtype=np.uint64)
    placed = [(0, 0, q16[0]), (1, 0, q16[1]), (3, 0, q16[2]), (4, 0, delta16), (0, 3, s16)]
    placed += [(0, 1, x1_16), (1, 1, x3_16), (0, 2, y1_16), (1, 2, y3_16)]
    placed += [(2, 0, x1_16)] if double else [(2, 1, x2_16), (2, 2, y2_16)]
    for lane, block, limbs in placed:
        lanes[lane, :, block] = limbs
    lanes[1, :, 3] = _canonical_carries(x3_16, delta16)
    lanes[_INDEX["e0"], :, 0, :3] = found.excess + QUOTIENT_OFFSET

    if double:
        slope = 2 * _product(s16, y1_16) - 3 * _product(x1_16, x1_16)
    else:
        slope = _product(s16, x2_16 - x1_16)
        slope[:, :LIMBS] -= y2_16 - y1_16
    square = _product(s16, s16)
    square[:, :LIMBS] -= x1_16 + x2_16 + x3_16
    line = _product(s16, x1_16 - x3_16)
    line[:, :LIMBS] -= y1_16 + y3_16
    for e, difference in enumerate((slope, square, line)):
        _put_carries(lanes, e + 1, difference - _times_prime(q16[e], found.excess[:, e]))
    return lanes


@dataclass(frozen=True, slots=True)
class _Solved:
    """δ = P − 1 − x3 and q0, q1, q2 mod 2^256 of each operation; excess (n, 3): the quotients div 2^256."""

    wide: tuple[list[int], list[int], list[int], list[int]]
    excess: Limbs


def _solve(op: Op, numbers: list[list[int]], times: NDArray[np.uint32]) -> _Solved:
    wide: tuple[list[int], list[int], list[int], list[int]] = ([], [], [], [])
    excess: list[list[int]] = []
    for x1, y1, x2, y2, x3, y3, s, ts in zip(*numbers, times, strict=True):
        slope = 2 * s * y1 - 3 * x1 * x1 if op is Op.ECDBL else s * (x2 - x1) - (y2 - y1)
        quotients = [divmod(value, PRIME) for value in (slope, s * s - x1 - x2 - x3, s * (x1 - x3) - y1 - y3)]
        if x3 >= PRIME or any(rest for _, rest in quotients):
            raise _wrong(op, int(ts))
        for column, value in zip(wide, (PRIME - 1 - x3, *(q % (1 << 256) for q, _ in quotients)), strict=True):
            column.append(value)
        excess.append([q >> 256 for q, _ in quotients])
    return _Solved(wide, np.array(excess, dtype=np.int64))


def _numbers(words: Words) -> list[Words]:
    """Numbers of 8 words each, out of (n, 8 · count)."""
    return [words[:, i : i + 8] for i in range(0, words.shape[1], 8)]


def _integers(words: Words) -> list[int]:
    data = np.ascontiguousarray(words, dtype="<u4").tobytes()
    return [int.from_bytes(data[i : i + 32], "little") for i in range(0, len(data), 32)]


def _words(values: list[int]) -> Words:
    data = b"".join(value.to_bytes(32, "little") for value in values)
    return np.frombuffer(data, dtype="<u4").reshape(-1, 8)


def _limbs(words: Words) -> Limbs:
    return np.ascontiguousarray(words, dtype="<u4").view("<u2").astype(np.int64)


def _product(a: Limbs, b: Limbs) -> Limbs:
    """a·b as polynomials of 16 coefficients each; 33 coefficients, the last two zero."""
    result = np.zeros((len(a), 33), dtype=np.int64)
    for i in range(LIMBS):
        result[:, i : i + LIMBS] += a[:, i : i + 1] * b
    return result


def _times_prime(q: Limbs, excess: NDArray[np.int64]) -> Limbs:
    """(q + excess·X^16)·(X^16 − X² − 977); 33 coefficients."""
    wide = np.concatenate([q, excess[:, None]], axis=1)
    result = np.zeros((len(q), 33), dtype=np.int64)
    result[:, 16:] += wide
    result[:, 2:19] -= wide
    result[:, :17] -= 977 * wide
    return result


def _put_carries(lanes: Columns, block: int, difference: Limbs) -> None:
    """Write K = difference / (X − 2^16) into a block's w3, e0 (coefficients 0 to 15) and w4, e1 (16 to 31)."""
    carry = np.zeros(len(difference), dtype=np.int64)
    carries = np.empty((len(difference), 32), dtype=np.int64)
    for i in range(32):
        carry = (carry - difference[:, i]) >> 16
        carries[:, i] = carry
    shifted = carries + CARRY_OFFSET
    if np.any(carry != difference[:, 32]) or np.any(shifted >> 24):
        raise AssertionError("a carry polynomial does not fit: a quotient was found wrongly")
    for half, (w, e) in enumerate((("w3", "e0"), ("w4", "e1"))):
        part = shifted[:, 16 * half : 16 * half + 16]
        lanes[_INDEX[w], :, block] = part & 0xFFFF
        lanes[_INDEX[e], :, block] = part >> 16


def _canonical_carries(x3: Limbs, delta: Limbs) -> Limbs:
    """κ with x3 + δ − (P − 1) = (2^16 − X)·κ: the carries of x3 + δ + 978 + 2^32, the last of which is 1."""
    coefficients = x3 + delta
    coefficients[:, 0] += 978
    coefficients[:, 2] += 1
    carries = np.empty_like(coefficients)
    carry = np.zeros(len(x3), dtype=np.int64)
    for i in range(LIMBS):
        carry = (coefficients[:, i] + carry) >> 16
        carries[:, i] = carry
    return carries
