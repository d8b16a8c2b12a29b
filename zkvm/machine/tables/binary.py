"""BINARY: AND, OR, XOR, SLTU, SLT.

Both operands are taken apart into bytes u, v, and n = u & v by lookup. x | y = x + y - n and x ^ y = x + y - 2n.
x < y is the borrow c of U - V + W*c in [0, W). SLT compares x + 2^31 and y + 2^31 mod W: U is a word, so x forces it.
"""

from zkvm.air import Table, TableBuilder
from zkvm.emulator.opcodes import Op
from zkvm.machine import buses
from zkvm.machine.layout import LOG_MAX_HEIGHT, LOG_MIN_HEIGHT, W
from zkvm.machine.tables.timing import high_part


def binary_table() -> Table:
    """Return BINARY: 21 columns, 7 interactions. Padding rows are zero."""
    t = TableBuilder("binary", log_height=(LOG_MIN_HEIGHT, LOG_MAX_HEIGHT))
    ts = t.main("ts")
    u = [t.main(f"u{i}") for i in range(4)]
    v = [t.main(f"v{i}") for i in range(4)]
    n = [t.main(f"n{i}") for i in range(4)]
    c, lo = t.main("c"), t.main("lo")  # lo: low 16 bits of the difference, in comparisons
    sx, sy = t.main("sx"), t.main("sy")
    f_and, f_or, f_xor, f_ltu, f_lt = (t.main(name) for name in ("f_and", "f_or", "f_xor", "f_ltu", "f_lt"))

    left, right, both = (sum(part[i] * (1 << 8 * i) for i in range(1, 4)) + part[0] for part in (u, v, n))
    compare = f_ltu + f_lt
    m = f_and + f_or + f_xor + compare
    difference = left - right + W * c

    flags = {"f_and": f_and, "f_or": f_or, "f_xor": f_xor, "f_ltu": f_ltu, "f_lt": f_lt, "sx": sx, "sy": sy, "m": m}
    for name, flag in flags.items():
        t.boolean(f"bin.{name}", flag)
    t.constrain("bin.sx0", sx * (1 - f_lt))
    t.constrain("bin.sy0", sy * (1 - f_lt))
    t.constrain("bin.cand", f_and * (c - both))
    t.constrain("bin.cor", f_or * (c - left - right + both))
    t.constrain("bin.cxor", f_xor * (c - left - right + 2 * both))
    t.constrain("bin.ccmp", compare * c * (c - 1))

    code = Op.AND * f_and + Op.OR * f_or + Op.XOR * f_xor + Op.SLTU * f_ltu + Op.SLT * f_lt
    offset = (1 << 31) * f_lt
    t.receive(buses.OP, m, code, ts, left - offset + W * sx, right - offset + W * sy, c)
    for i in range(4):
        t.send(buses.AND, m, u[i], v[i], n[i])
    t.send(buses.R16, compare, lo)
    t.send(buses.R16, compare, high_part(difference, lo))
    return t.build()
