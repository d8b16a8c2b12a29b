"""MEMB: loads and stores of bytes and halves.

A word is the accessed half p + 256 q and the other half `oth`; in a byte access bs says which byte. s is the byte that
carries the value (byte access) or the sign (half access), sg its top bit: looking up 2(s - 128 sg) as a byte leaves
one choice of it.
"""

from zkvm.air import Table, TableBuilder
from zkvm.emulator.opcodes import Op
from zkvm.machine import buses
from zkvm.machine.layout import LOG_MAX_HEIGHT, LOG_MIN_HEIGHT, W
from zkvm.machine.tables.timing import late_byte

_S = (1 << 16) - 1
"""From the weight of the low half to that of the high half."""


def memb_table() -> Table:
    """Return MEMB: 24 columns, 9 interactions. Padding rows are zero but for g = 1."""
    t = TableBuilder("memb", log_height=(LOG_MIN_HEIGHT, LOG_MAX_HEIGHT))
    ts, w, k = t.main("ts"), t.main("w"), t.main("k")
    hs, bs = t.main("hs"), t.main("bs")  # which half of the word; which byte of the half
    f_lb, f_lh, f_sb, f_sh, f_sgn = (t.main(name) for name in ("f_lb", "f_lh", "f_sb", "f_sh", "f_sgn"))
    p, q, oth = t.main("p"), t.main("q"), t.main("oth")
    s, sg, g = t.main("s"), t.main("sg"), t.main("g")  # g: 2^(8 * position) of the accessed byte or half
    y0, y1, y2 = t.main("y0"), t.main("y1"), t.main("y2")
    c, old, new = t.main("c"), t.main("old"), t.main("new")
    tp, lo = t.main("tp"), t.main("lo")

    m = f_lb + f_lh + f_sb + f_sh
    half = f_lh + f_sh
    accessed = p + 256 * q
    y = y0 + (1 << 8) * y1 + (1 << 16) * y2
    code = Op.LBU * f_lb + Op.LHU * f_lh + Op.SB * f_sb + Op.SH * f_sh + f_sgn

    flags = {"k": k, "hs": hs, "bs": bs, "sg": sg, "f_lb": f_lb, "f_lh": f_lh, "f_sb": f_sb, "f_sh": f_sh}
    for name, flag in (flags | {"f_sgn": f_sgn, "m": m}).items():
        t.boolean(f"memb.{name}", flag)
    t.constrain("memb.sgn", f_sgn * (1 - f_lb - f_lh))
    t.constrain("memb.align", bs * half)
    t.constrain("memb.old", old - accessed * (1 + _S * hs) - oth * (65536 - _S * hs))
    t.constrain("memb.s", s - p - (bs + half) * (q - p))
    t.constrain("memb.g", g - (1 + 255 * bs) * (1 + _S * hs))
    t.constrain("memb.new", new - old - f_sb * g * (y0 - s) - f_sh * g * (y0 + 256 * y1 - accessed))
    sign_extension = f_lb * (W - (1 << 8)) + f_lh * (W - (1 << 16))
    t.constrain("memb.c", c - f_lb * s - f_lh * accessed - f_sgn * sg * sign_extension)

    t.receive(buses.OP, m, code, ts, 4 * w + 2 * hs + bs + W * k, y, c)
    t.receive(buses.MEM, m, w, old, tp)
    t.send(buses.MEM, m, w, new, ts)
    t.send(buses.R16, m, lo)
    t.send(buses.R16, m, oth)
    t.send(buses.R16, m, y2)
    t.send(buses.PAIR, m, p, q)
    t.send(buses.PAIR, m, y0, y1)
    t.send(buses.PAIR, m, late_byte(ts, tp, lo), 2 * (s - 128 * sg))
    return t.build()
