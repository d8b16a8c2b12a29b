"""IMAGE: the first and last state of the registers and of the program's own data, whose first state the key fixes.

Rows 0 to 32 are the registers; then the words of the image; then keys that nothing reaches. The public output is what
a0..a7 hold last: a register has one final value, so the output is written once by nature.
"""

from zkvm.air import Table, TableBuilder, public
from zkvm.emulator.opcodes import OUTPUT_REGISTER, OUTPUT_WORDS
from zkvm.machine import buses
from zkvm.machine.layout import LOG_MAX_FIXED, LOG_MIN_HEIGHT


def image_table() -> Table:
    """Return IMAGE: 2 fixed and 2 witness columns, 2 interactions."""
    t = TableBuilder("image", log_height=(LOG_MIN_HEIGHT, LOG_MAX_FIXED), fixed=True)
    key, v0 = t.fixed("key"), t.fixed("v0")
    vf, tf = t.main("vf"), t.main("tf")

    first = OUTPUT_REGISTER
    terms = [t.row(first + i) * (vf - public(i)) for i in range(OUTPUT_WORDS)]
    t.constrain("img.out", sum(terms[1:], terms[0]))

    t.send(buses.MEM, 1, key, v0, 0)
    t.receive(buses.MEM, 1, key, vf, tf)
    return t.build()
