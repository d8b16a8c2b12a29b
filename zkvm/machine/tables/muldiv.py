"""MULDIV: the eight instructions of the M extension.

Products: x * y = G1 + W * G2 of the unsigned words; a signed high word subtracts the other operand for each negative
one. Divisions: |x| = G1 * |y| + G2 with G2 < |y| asked of BINARY; the signs are put back at the end. Nothing wraps:
x * y <= (2^32 - 1)^2 < p has a high word below M, so md.canon leaves one way to split it, and G1 * |y| + G2 <= p - 1.
Division by zero (dz): the quotient is M, the remainder x. -2^31 / -1 needs no special case.
"""

from zkvm.air import Expression, Table, TableBuilder
from zkvm.emulator.opcodes import Op
from zkvm.machine import buses
from zkvm.machine.layout import LOG_MAX_HEIGHT, LOG_MIN_HEIGHT, M, W
from zkvm.machine.tables.timing import high_part


def muldiv_table() -> Table:
    """Return MULDIV: 23 columns, 10 interactions. Padding rows are zero."""
    t = TableBuilder("muldiv", log_height=(LOG_MIN_HEIGHT, LOG_MAX_HEIGHT))
    ts, x, y, c, c0 = t.main("ts"), t.main("x"), t.main("y"), t.main("c"), t.main("c0")
    a0, a1, b0, b1 = t.main("a0"), t.main("a1"), t.main("b0"), t.main("b1")
    ax, ay = t.main("ax"), t.main("ay")  # |x|, |y| where signed
    inv = t.main("inv")  # products: of M - G2. Divisions: of y
    dz, sx, sy, neg, k = t.main("dz"), t.main("sx"), t.main("sy"), t.main("neg"), t.main("k")
    f_lo, f_hi, f_q, f_r = t.main("f_lo"), t.main("f_hi"), t.main("f_q"), t.main("f_r")
    s_x, s_y = t.main("s_x"), t.main("s_y")  # the operand is signed

    low, high = a0 + (1 << 16) * a1, b0 + (1 << 16) * b1
    f_m, f_d = f_lo + f_hi, f_q + f_r
    m = f_m + f_d

    flags = {"f_lo": f_lo, "f_hi": f_hi, "f_q": f_q, "f_r": f_r, "s_x": s_x, "s_y": s_y, "sx": sx, "sy": sy}
    for name, flag in (flags | {"dz": dz, "neg": neg, "m": m}).items():
        t.boolean(f"md.{name}", flag)
    t.constrain("md.k", k * (k - 1) * (k - 2))
    t.constrain("md.k0", k * (1 - f_hi - f_d))
    t.constrain("md.sysx", s_y * (1 - s_x))
    t.constrain("md.sdiv", f_d * (s_x - s_y))
    t.constrain("md.sxm", s_x * (1 - m))
    t.constrain("md.sx0", sx * (1 - s_x))
    t.constrain("md.sy0", sy * (1 - s_y))
    t.constrain("md.ax", ax - _absolute(x, sx))
    t.constrain("md.ay", ay - _absolute(y, sy))
    t.constrain("md.mul", f_m * (x * y - low - W * high))
    t.constrain("md.canon", f_m * (1 - (M - high) * inv))
    t.constrain("md.div", f_d * (low * ay + high - ax))
    t.constrain("md.dz1", f_d * (1 - dz - y * inv))
    t.constrain("md.dz0", dz * y)
    t.constrain("md.dzd", dz * (1 - f_d))
    t.constrain("md.negq", f_q * (neg - sx - sy + 2 * sx * sy))
    t.constrain("md.negr", f_r * (neg - sx))
    t.constrain("md.neg0", neg * (1 - f_d))
    t.constrain("md.clo", f_lo * (c - low))
    t.constrain("md.chi", f_hi * (c - high + sx * y + sy * x - W * k))
    t.constrain("md.cq", f_q * (c - low + 2 * neg * low - W * k))
    t.constrain("md.cr", f_r * (c - high + 2 * neg * high - W * k))
    t.constrain("md.q0", f_q * dz * (c - M))
    t.constrain("md.r0", f_r * dz * low)

    code = Op.MUL * f_lo + Op.MULHU * f_hi + Op.DIVU * f_q + Op.REMU * f_r + s_x + s_y
    t.receive(buses.OP, m, code, ts, x, y, c)
    for limb in (a0, a1, b0, b1, c0):
        t.send(buses.R16, m, limb)
    t.send(buses.R16, m, high_part(c, c0))
    t.send(buses.OP, s_x, Op.SLTU, ts, (1 << 31) - 1, x, sx)
    t.send(buses.OP, s_y, Op.SLTU, ts, (1 << 31) - 1, y, sy)
    t.send(buses.OP, f_d - dz, Op.SLTU, ts, high, ay, 1)
    return t.build()


def _absolute(word: Expression, sign: Expression) -> Expression:
    return word + sign * (W - 2 * word)
