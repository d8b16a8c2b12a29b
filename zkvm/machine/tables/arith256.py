"""ARITH256: 256-bit multiplication with a modulus, and addition and doubling on secp256k1. 64 rows an operation.

Numbers are 16 limbs of 16 bits, read as polynomials in X = 2^16. Row r of an operation is limb r mod 16 of block
r div 16. Lanes of the blocks (blank: unused and only range-checked; K is a carry polynomial):

======  ======================================  ==========================  ========================  ===============
        block 0                                 block 1                     block 2                   block 3
======  ======================================  ==========================  ========================  ===============
MULMOD  w0 a, w1 r, w2 b                        w2 c, K                     w0 q, w2 m
ECADD   w0 q0, w1 q1, w3 q2, w4 δ; e0: b0…b2    w0 x1, w1 x3, w2 x2, K0     w0 y1, w1 y3, w2 y2, K1   w0 s, w1 κ, K2
ECDBL   w0 q0, w1 q1, w2 x1, w3 q2, w4 δ; e0    w0 x1, w1 x3, K0            w0 y1, w1 y3, K1          w0 s, w1 κ, K2
======  ======================================  ==========================  ========================  ===============

K has 32 coefficients: w3 + 2^16 e0 − 2^23 are numbers 0 to 15, w4 + 2^16 e1 − 2^23 are 16 to 31. A quotient of the
curve operations is q_e + (b_e − 4)·2^256, as it can be negative; b0 to b2 are e0 in rows 0 to 2. With
P(X) = X^16 − X² − 977 the identities are

- MULMOD: a·b + c − r − q·m = (X − 2^16)·K
- slope: adding s(x2 − x1) − (y2 − y1) − q0·P = (X − 2^16)·K0; doubling 2s·y1 − 3x1² − q0·P = (X − 2^16)·K0
- x: s² − x1 − (x2, or x1 when doubling) − x3 − q1·P = (X − 2^16)·K1
- y: s(x1 − x3) − y1 − y3 − q2·P = (X − 2^16)·K2
- x3 is reduced: x3 + δ − (P − 1) = (2^16 − X)·κ

They are checked at X = ζ, those of the curve summed with 1, λ, λ², λ³. Coefficients stay below 2^41, so equality in
the field is equality of integers; by Schwartz and Zippel a false identity passes for at most 32 of |F| values of ζ.
U, V and T accumulate: T takes the linear terms and two products U·V, one after block 0 and one at the end.

What the table does not check is the caller's to keep: MULMOD does not show r < m, ECADD asks for different x.
"""

from zkvm.air import Expression, Table, TableBuilder, challenge, shifted
from zkvm.emulator.opcodes import Op
from zkvm.machine import buses
from zkvm.machine.layout import LOG_MAX_HEIGHT, LOG_MIN_HEIGHT

ROWS = 64
"""Rows of one operation."""

LIMBS = 16
"""Limbs of a number, and rows of a block."""

COLUMNS = ("w0", "w1", "w2", "w3", "w4", "e0", "e1", "ts", "px", "py", "f_mm", "f_add", "f_dbl")

PRIME = 2**256 - 2**32 - 977
"""Order of secp256k1's field (SEC 2, section 2.4.1)."""

CARRY_OFFSET = 1 << 23
"""Added to the coefficients of a carry polynomial: they lie within ±2^22.4, so that the sum has 24 bits."""

QUOTIENT_OFFSET = 4
"""Added to a curve quotient's part above 2^256, which lies within ±3."""


def arith256_table() -> Table:
    """Return ARITH256: 13 columns, 3 accumulators, 9 interactions. Padding operations are zero."""
    t = TableBuilder("arith256", log_height=(LOG_MIN_HEIGHT, LOG_MAX_HEIGHT))
    cells = {name: t.main(name) for name in COLUMNS}
    f_mm, f_add, f_dbl = cells["f_mm"], cells["f_add"], cells["f_dbl"]
    for name, flag in (("f_mm", f_mm), ("f_add", f_add), ("f_dbl", f_dbl), ("f", f_mm + f_add + f_dbl)):
        t.boolean(f"ar.{name}", flag)
    last = t.periodic("Q63", [int(row == ROWS - 1) for row in range(ROWS)])
    for name in ("ts", "px", "py", "f_mm", "f_add", "f_dbl"):
        t.constrain(f"ar.hold.{name}", (1 - last) * (cells[name].next - cells[name]))
    t.constrain("ar.same", f_dbl * (cells["px"] - cells["py"]))
    _accumulate(t, cells, last)
    _interact(t, cells)
    return t.build()


def _accumulate(t: TableBuilder, cells: dict[str, Expression], last: Expression) -> None:
    """The identities at ζ."""
    sum_u, sum_v, sum_t = t.aux("U"), t.aux("V"), t.aux("T")
    block0_ends = t.periodic("Q15", [int(row == LIMBS - 1) for row in range(ROWS)])
    u, v, linear = _terms(t, cells)
    for name, total, term in (("U", sum_u, u), ("V", sum_v, v)):
        t.constrain(f"ar.{name}", total.next - (1 - block0_ends - last) * total - shifted(term))
    t.constrain("ar.T", sum_t.next - (1 - last) * sum_t - block0_ends * sum_u * sum_v - shifted(linear))
    t.constrain("ar.zero", last * (sum_t + sum_u * sum_v))


def _terms(t: TableBuilder, cells: dict[str, Expression]) -> tuple[Expression, Expression, Expression]:
    """What a row adds to U, V and T."""
    w0, w1, w2, w3, w4 = (cells[f"w{i}"] for i in range(5))
    e0, e1, f_mm, f_add, f_dbl = (cells[name] for name in ("e0", "e1", "f_mm", "f_add", "f_dbl"))
    f_ec = f_add + f_dbl
    zeta, lam = challenge("zeta"), challenge("lambda")
    z0, z1, z2, z3 = (
        t.challenge_periodic(f"z{b}", [zeta ** (row % LIMBS) if row // LIMBS == b else zeta * 0 for row in range(ROWS)])
        for b in range(4)
    )
    first, second, third = (t.periodic(f"X{e}", [int(row == e) for row in range(ROWS)]) for e in range(3))
    prime = zeta**LIMBS - zeta**2 - 977
    carry = (w3 + (1 << 16) * e0 - CARRY_OFFSET) + zeta**LIMBS * (w4 + (1 << 16) * e1 - CARRY_OFFSET)
    carry = (zeta - (1 << 16)) * carry

    u = z0 * (f_mm * w0 - 3 * f_dbl * w2) + z2 * (f_mm * w0) + z3 * (f_ec * w0)
    v = (
        z0 * ((f_mm + f_dbl) * w2)
        + z1 * (lam**2 * (f_ec * (w0 - w1)) + f_add * (w2 - w0))
        + z2 * (2 * f_dbl * w0 - f_mm * w2)
        + z3 * (lam * (f_ec * w0))
    )
    linear = (
        z0 * (f_ec * (lam**3 * w4 - prime * (w0 + lam * w1 + lam**2 * w3)) - f_mm * w1)
        + z1 * (f_mm * (w2 - carry) + f_ec * (lam**3 * w1 - carry - lam * (w0 + w1)) - lam * (f_add * w2 + f_dbl * w0))
        + z2 * (f_add * (w0 - w2) - f_ec * (lam * carry + lam**2 * (w0 + w1)))
        - z3 * (f_ec * (lam**2 * carry + lam**3 * ((1 << 16) - zeta) * w1))
        # The quotients' parts above 2^256, and P − 1 in the last identity.
        - (prime * zeta**LIMBS) * (f_ec * (first + lam * second + lam**2 * third) * (e0 - QUOTIENT_OFFSET))
        - (lam**3 * (prime - 1)) * (f_ec * first)
    )
    return u, v, linear


def _interact(t: TableBuilder, cells: dict[str, Expression]) -> None:
    """Ranges; the call; the words read at ts and exchanged at ts + 1, in even rows, which hold a word's low limb."""
    w0, w1, w2 = cells["w0"], cells["w1"], cells["w2"]
    ts, px, py, f_mm, f_add, f_dbl = (cells[name] for name in COLUMNS[7:])
    f_ec = f_add + f_dbl
    for i in range(5):
        t.send(buses.R16, 1, cells[f"w{i}"])
    t.send(buses.PAIR, 1, cells["e0"], cells["e1"])

    starts = t.periodic("S0", [int(row == 0) for row in range(ROWS)])
    op = Op.MULMOD * f_mm + Op.ECADD * f_add + Op.ECDBL * f_dbl
    t.receive(buses.OP, starts * (f_mm + f_ec), op, ts, px, py, 0)

    even0, even1, even2 = (
        t.periodic(f"E{b}", [int(row // LIMBS == b and row % 2 == 0) for row in range(ROWS)]) for b in range(3)
    )
    offset = 2 * t.periodic("R", list(range(ROWS)))
    t.send(
        buses.OP,
        even0 * f_mm + (even1 + even2) * f_ec,
        Op.SW,
        ts + 1,
        px + offset - 2 * LIMBS * f_ec,
        w1 + (1 << 16) * w1.next,
        w0 + (1 << 16) * w0.next,
    )
    t.send(
        buses.OP,
        (even0 + even1 + even2) * f_mm + (even1 + even2) * f_add + even0 * f_dbl,
        Op.LW,
        ts,
        py + offset - 2 * LIMBS * f_add,
        0,
        w2 + (1 << 16) * w2.next,
    )
