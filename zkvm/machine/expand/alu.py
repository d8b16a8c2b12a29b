"""The columns of BINARY, SHIFT and MULDIV, and what the latter two ask of BINARY."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from zkvm.emulator.opcodes import Op
from zkvm.field.base import inv
from zkvm.machine.expand.columns import Lookups, Values
from zkvm.machine.layout import M

_SIGN = 1 << 31


@dataclass(frozen=True, slots=True)
class Requests:
    """Tuples of the OP bus: at ``ts``, ``op`` of ``x`` and ``y`` gives ``c``."""

    op: Values
    ts: Values
    x: Values
    y: Values
    c: Values

    @classmethod
    def of_steps(cls, main: dict[str, Values], steps: NDArray[np.uint32]) -> Self:
        """Return what the given rows of MAIN ask."""
        x = (main["a"] + main["immx"])[steps]
        y = (main["b"] + main["immy"])[steps]
        return cls(main["op"][steps], main["ts"][steps], x, y, main["c"][steps])

    def __add__(self, other: "Requests") -> "Requests":
        parts = ("op", "ts", "x", "y", "c")
        return Requests(*(np.concatenate([getattr(self, name), getattr(other, name)]) for name in parts))


def _is_less(ts: Values, x: Values, y: Values, c: Values) -> Requests:
    return Requests(np.full_like(ts, Op.SLTU), ts, x, y, c)


def _is_negative(ts: Values, word: Values) -> Requests:
    return _is_less(ts, np.full_like(word, _SIGN - 1), word, word >> 31)


def expand_binary(requests: Requests, lookups: Lookups) -> dict[str, Values]:
    """Return BINARY's columns."""
    flags = {
        "f_and": requests.op == Op.AND,
        "f_or": requests.op == Op.OR,
        "f_xor": requests.op == Op.XOR,
        "f_ltu": requests.op == Op.SLTU,
        "f_lt": requests.op == Op.SLT,
    }
    signed, compares = flags["f_lt"], flags["f_ltu"] | flags["f_lt"]
    left, right = (np.where(signed, value ^ _SIGN, value) for value in (requests.x, requests.y))
    low = np.where(compares, (left - right) & 0xFFFF, 0)
    high = ((left - right) & M) >> 16
    columns = {name: flag.astype(np.uint64) for name, flag in flags.items()}
    for i in range(4):
        u, v = (left >> (8 * i)) & 0xFF, (right >> (8 * i)) & 0xFF
        lookups.conjunction(u, v)
        columns |= {f"u{i}": u, f"v{i}": v, f"n{i}": u & v}
    lookups.r16(low[compares], high[compares])
    sx, sy = (np.where(signed, value >> 31, 0) for value in (requests.x, requests.y))
    return columns | {"ts": requests.ts, "c": requests.c, "lo": low, "sx": sx, "sy": sy}


def expand_shift(requests: Requests, lookups: Lookups) -> tuple[dict[str, Values], Requests]:
    """Return SHIFT's columns, and the requests for the sign of SRA's operands."""
    left, arithmetic = requests.op == Op.SLL, requests.op == Op.SRA
    x, amount = requests.x, requests.y & 31
    shifted = np.where(left, x << amount, x << (32 - amount))
    lo, hi = shifted & M, shifted >> 32
    limbs = {"l0": lo & 0xFFFF, "l1": lo >> 16, "h0": hi & 0xFFFF, "h1": hi >> 16}
    yhi = requests.y >> 16
    lookups.power(requests.y & 0xFFFF)
    lookups.r16(yhi, *limbs.values())
    columns = limbs | {
        "ts": requests.ts,
        "x": x,
        "ylo": requests.y & 0xFFFF,
        "yhi": yhi,
        "pw": np.uint64(1) << amount,
        "c": requests.c,
        "inv": np.where(lo == 0, 0, _inverse_or_zero(M - hi)),
        "sx": np.where(arithmetic, x >> 31, 0),
        "f_sll": left.astype(np.uint64),
        "f_srl": (requests.op == Op.SRL).astype(np.uint64),
        "f_sra": arithmetic.astype(np.uint64),
    }
    return columns, _is_negative(requests.ts[arithmetic], x[arithmetic])


def expand_muldiv(requests: Requests, lookups: Lookups) -> tuple[dict[str, Values], Requests]:
    """Return MULDIV's columns, and the requests for signs and for remainder < divisor."""
    op, ts, x, y, c = requests.op, requests.ts, requests.x, requests.y, requests.c
    high_half = (op >= Op.MULHU) & (op <= Op.MULH)
    quotient, remainder = (op == Op.DIVU) | (op == Op.DIV), (op == Op.REMU) | (op == Op.REM)
    divides = quotient | remainder
    signed_y = (op == Op.MULH) | (op == Op.DIV) | (op == Op.REM)
    signed_x = signed_y | (op == Op.MULHSU)

    sx, sy = np.where(signed_x, x >> 31, 0), np.where(signed_y, y >> 31, 0)
    ax, ay = np.where(sx == 1, (1 << 32) - x, x), np.where(sy == 1, (1 << 32) - y, y)
    by_zero = divides & (y == 0)
    neg = np.where(quotient, sx ^ sy, np.where(remainder, sx, 0))

    divisor = np.where(by_zero | ~divides, 1, ay)
    g1, g2 = ax // divisor, ax % divisor
    # Divided by zero, |x| = G1 * 0 + G2; the quotient's answer M = -G1 or G1 mod 2^32 says what G1 must be.
    g1[by_zero] = np.where(remainder, 0, np.where(neg == 1, 1, M))[by_zero]
    g2 = np.where(by_zero, ax, g2)
    product = x * y
    g1, g2 = np.where(divides, g1, product & M), np.where(divides, g2, product >> 32)

    inverse = _inverse_or_zero(np.where(divides, y, M - g2))
    carry = _carry(np.where(quotient, g1, g2), c, sx, sy, x, y, neg, high_half, divides)
    limbs = {"a0": g1 & 0xFFFF, "a1": g1 >> 16, "b0": g2 & 0xFFFF, "b1": g2 >> 16, "c0": c & 0xFFFF}
    lookups.r16(*limbs.values(), c >> 16)
    columns = limbs | {"ts": ts, "x": x, "y": y, "c": c, "ax": ax, "ay": ay, "inv": inverse, "sx": sx, "sy": sy}
    columns |= {"neg": neg, "k": carry, "dz": by_zero.astype(np.uint64), "f_lo": (op == Op.MUL).astype(np.uint64)}
    flags = {"f_hi": high_half, "f_q": quotient, "f_r": remainder, "s_x": signed_x, "s_y": signed_y}
    columns |= {name: flag.astype(np.uint64) for name, flag in flags.items()}
    asks = divides & ~by_zero
    requests = _is_negative(ts[signed_x], x[signed_x]) + _is_negative(ts[signed_y], y[signed_y])
    return columns, requests + _is_less(ts[asks], g2[asks], ay[asks], np.ones_like(ts[asks]))


def _carry(
    magnitude: Values,
    c: Values,
    sx: Values,
    sy: Values,
    x: Values,
    y: Values,
    neg: Values,
    high: NDArray[np.bool],
    divides: NDArray[np.bool],
) -> Values:
    """How many times 2^32 was added to bring the signed answer into [0, 2^32)."""
    subtracted = np.where(divides, 2 * neg * magnitude, np.where(high, sx * y + sy * x, 0))
    return np.where(high | divides, (c + subtracted - magnitude) >> 32, 0)


def _inverse_or_zero(values: Values) -> Values:
    result = np.zeros_like(values)
    present = values != 0
    result[present] = inv(values[present])
    return result
