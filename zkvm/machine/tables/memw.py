"""MEMW: LW and SW, and every word access of the precompiles.

SW answers with the old word: from MAIN it lands in the dummy register, for a precompile SW is an exchange.

Why the address needs no check: x = 4w + W*k must be an initialised word address, which lie below 2^30, and x < 2W, so
(w, k) is unique; register cells (2^31 + r) would need x >= 2W; a misaligned x has no w.
"""

from zkvm.air import Table, TableBuilder
from zkvm.emulator.opcodes import Op
from zkvm.machine import buses
from zkvm.machine.layout import LOG_MAX_HEIGHT, LOG_MIN_HEIGHT, W
from zkvm.machine.tables.timing import late_byte


def memw_table() -> Table:
    """Return MEMW: 10 columns, 5 interactions. Padding rows are zero."""
    t = TableBuilder("memw", log_height=(LOG_MIN_HEIGHT, LOG_MAX_HEIGHT))
    ts, w, k = t.main("ts"), t.main("w"), t.main("k")  # word address w; k: the byte address overflowed 32 bits
    old, new, y = t.main("old"), t.main("new"), t.main("y")
    f_lw, f_sw = t.main("f_lw"), t.main("f_sw")
    tp, lo = t.main("tp"), t.main("lo")
    m = f_lw + f_sw

    t.boolean("memw.k", k)
    t.boolean("memw.f_lw", f_lw)
    t.boolean("memw.f_sw", f_sw)
    t.constrain("memw.one", f_lw * f_sw)
    t.constrain("memw.keep", f_lw * (new - old))
    t.constrain("memw.y", y - f_sw * new)

    t.receive(buses.OP, m, Op.LW * f_lw + Op.SW * f_sw, ts, 4 * w + W * k, y, old)
    t.receive(buses.MEM, m, w, old, tp)
    t.send(buses.MEM, m, w, new, ts)
    t.send(buses.R16, m, lo)
    t.send(buses.PAIR, m, late_byte(ts, tp, lo), 0)
    return t.build()
