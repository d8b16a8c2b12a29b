"""MAIN: one row an instruction. It fetches from ROM, reads two registers, writes one, and finds the next pc.

x = rs1 + immx and y = rs2 + immy are what an instruction computes with. Additions, equality and links are done here by
a flag; everything else is asked of another table by `op`. The next pc is base + c * delta: a branch's condition is its
result c. There are no padding rows: the halt instruction jumps to itself and fills the height.
"""

from zkvm.air import Table, TableBuilder, parameter
from zkvm.emulator.opcodes import REGISTER_BASE
from zkvm.machine import buses
from zkvm.machine.layout import LOG_MAX_MAIN, LOG_MIN_HEIGHT, W
from zkvm.machine.tables.timing import high_part, late_byte


def main_table() -> Table:
    """Return MAIN: 26 columns, 15 interactions."""
    t = TableBuilder("main", log_height=(LOG_MIN_HEIGHT, LOG_MAX_MAIN))
    pc, ts = t.main("pc"), t.main("ts")
    rs1, rs2, rd = t.main("rs1"), t.main("rs2"), t.main("rd")
    immx, immy = t.main("immx"), t.main("immy")
    base, delta, op = t.main("base"), t.main("delta"), t.main("op")
    f_add, f_sub, f_eq, f_jalr = t.main("f_add"), t.main("f_sub"), t.main("f_eq"), t.main("f_jalr")
    a, b = t.main("a"), t.main("b")  # what rs1 and rs2 hold
    c, old = t.main("c"), t.main("old")  # what rd holds afterwards, and before
    t1, t2, t3 = t.main("t1"), t.main("t2"), t.main("t3")  # when rs1, rs2, rd were last accessed
    l1, l2, l3 = t.main("l1"), t.main("l2"), t.main("l3")  # low 16 bits of the time since
    carry = t.main("carry")
    q = t.main("q")  # ADD, SUB: low 16 bits of c. EQ: inverse of x - y. JALR: bit 0 of the target

    x, y = a + immx, b + immy
    f_bus = 1 - f_add - f_sub - f_eq - f_jalr

    t.boolean("main.carry", carry)
    t.constrain("main.add", f_add * (x + y - c - W * carry))
    t.constrain("main.sub", f_sub * (x - y - c + W * carry))
    t.constrain("main.eq1", f_eq * (1 - c - (x - y) * q))
    t.constrain("main.eq0", f_eq * (x - y) * c)
    t.constrain("main.link", f_jalr * (c - y))
    t.constrain("main.lsb", f_jalr * q * (q - 1))
    t.constrain("main.pc", t.transition * (pc.next - base - c * delta - f_jalr * (x - q - W * carry)))
    t.constrain("main.ts", t.transition * (ts.next - ts - 4))
    t.constrain("main.entry", t.first * (pc - parameter("entry")))
    t.constrain("main.ts0", t.first * (ts - 1))
    t.constrain("main.halt", t.last * (pc - parameter("halt_pc")))

    t.send(buses.ROM, 1, pc, rs1, rs2, rd, immx, immy, base, delta, op, f_add, f_sub, f_eq, f_jalr)
    t.send(buses.OP, f_bus, op, ts, x, y, c)
    t.receive(buses.MEM, 1, REGISTER_BASE + rs1, a, t1)
    t.send(buses.MEM, 1, REGISTER_BASE + rs1, a, ts)
    t.receive(buses.MEM, 1, REGISTER_BASE + rs2, b, t2)
    t.send(buses.MEM, 1, REGISTER_BASE + rs2, b, ts + 1)
    t.receive(buses.MEM, 1, REGISTER_BASE + rd, old, t3)
    t.send(buses.MEM, 1, REGISTER_BASE + rd, c, ts + 3)
    t.send(buses.R16, 1, l1)
    t.send(buses.R16, 1, l2)
    t.send(buses.R16, 1, l3)
    t.send(buses.PAIR, 1, late_byte(ts, t1, l1), late_byte(ts + 1, t2, l2))
    t.send(buses.PAIR, 1, late_byte(ts + 3, t3, l3), 0)
    t.send(buses.R16, f_add + f_sub, q)
    t.send(buses.R16, f_add + f_sub, high_part(c, q))
    return t.build()
