"""SHIFT: SLL, SRL, SRA.

With pw = 2^(y mod 32) by lookup and V = lo + W*hi: left, V = x * pw and the answer is lo; right, V * pw = W * x, hence
V = x * 2^(32 - s) and the answer is hi. V <= (2^32 - 1) * 2^32 = p - 1, and sh.canon excludes the one other way to
write V mod p (hi = 2^32 - 1 with lo > 0). The sign of x in SRA is asked of BINARY.
"""

from zkvm.air import Table, TableBuilder
from zkvm.emulator.opcodes import Op
from zkvm.machine import buses
from zkvm.machine.layout import LOG_MAX_HEIGHT, LOG_MIN_HEIGHT, M, W


def shift_table() -> Table:
    """Return SHIFT: 15 columns, 8 interactions. Padding rows are zero."""
    t = TableBuilder("shift", log_height=(LOG_MIN_HEIGHT, LOG_MAX_HEIGHT))
    ts, x = t.main("ts"), t.main("x")
    ylo, yhi, pw = t.main("ylo"), t.main("yhi"), t.main("pw")
    l0, l1, h0, h1 = t.main("l0"), t.main("l1"), t.main("h0"), t.main("h1")
    c, inv, sx = t.main("c"), t.main("inv"), t.main("sx")
    f_sll, f_srl, f_sra = t.main("f_sll"), t.main("f_srl"), t.main("f_sra")

    y = ylo + (1 << 16) * yhi
    lo, hi = l0 + (1 << 16) * l1, h0 + (1 << 16) * h1
    shifted = lo + W * hi
    m = f_sll + f_srl + f_sra

    for name, flag in {"f_sll": f_sll, "f_srl": f_srl, "f_sra": f_sra, "m": m}.items():
        t.boolean(f"sh.{name}", flag)
    t.constrain("sh.left", f_sll * (x * pw - shifted))
    t.constrain("sh.right", (f_srl + f_sra) * (shifted * pw - W * x))
    t.constrain("sh.canon", lo * (1 - (M - hi) * inv))
    t.constrain("sh.csll", f_sll * (c - lo))
    t.constrain("sh.csrl", f_srl * (c - hi))
    t.constrain("sh.csra", f_sra * ((c - hi) * pw - sx * W * (pw - 1)))
    t.constrain("sh.sx", sx * (1 - f_sra))

    t.receive(buses.OP, m, Op.SLL * f_sll + Op.SRL * f_srl + Op.SRA * f_sra, ts, x, y, c)
    t.send(buses.POW, m, ylo, pw)
    for limb in (yhi, l0, l1, h0, h1):
        t.send(buses.R16, m, limb)
    t.send(buses.OP, f_sra, Op.SLTU, ts, (1 << 31) - 1, x, sx)
    return t.build()
