"""RAM: the first and last state of every word of input and zero memory that a run may touch.

Addresses strictly increase from IN_LO to 2^30 - 1, so each has one initial state. Words of the input region start with
whatever the prover likes (the input is private), words of the zero region with zero. There are no padding rows: what
is left of the height are further untouched words.
"""

from zkvm.air import Table, TableBuilder, parameter
from zkvm.emulator.opcodes import MEMORY_END
from zkvm.machine import buses
from zkvm.machine.layout import LOG_MAX_HEIGHT, LOG_MIN_HEIGHT
from zkvm.machine.tables.timing import high_part


def ram_table() -> Table:
    """Return RAM: 7 columns, 6 interactions."""
    t = TableBuilder("ram", log_height=(LOG_MIN_HEIGHT, LOG_MAX_HEIGHT))
    addr, z = t.main("addr"), t.main("z")  # z: in the zero region
    vi, vl = t.main("vi"), t.main("vl")  # initial value and its low 16 bits
    vf, tf = t.main("vf"), t.main("tf")  # final value and the time of the last access
    dl = t.main("dl")  # low 16 bits of the distance to the next address, less one

    t.boolean("ram.z", z)
    t.constrain("ram.zero", z * vi)
    t.constrain("ram.first", t.first * (addr - parameter("in_lo")))
    t.constrain("ram.z0", t.first * z)
    t.constrain("ram.last", t.last * (addr - (MEMORY_END - 1)))
    t.constrain("ram.zl", t.last * (1 - z))
    t.constrain("ram.mono", t.transition * z * (1 - z.next))
    t.constrain("ram.switch", t.transition * (z.next - z) * (addr.next - parameter("zero_lo")))

    t.send(buses.MEM, 1, addr, vi, 0)
    t.receive(buses.MEM, 1, addr, vf, tf)
    t.send(buses.R16, 1, vl)
    t.send(buses.R16, 1, high_part(vi, vl))
    t.send(buses.R16, t.transition, dl)
    t.send(buses.R16, t.transition, high_part(addr.next - addr - 1, dl))
    return t.build()
