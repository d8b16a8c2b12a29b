"""ROM: the program. One row an instruction, the halt row, and copies of it up to the height (never a row of zeros)."""

from zkvm.air import Table, TableBuilder
from zkvm.machine import buses
from zkvm.machine.layout import LOG_MAX_FIXED, LOG_MIN_HEIGHT

ROM_COLUMNS = (
    "pc",
    "rs1",
    "rs2",
    "rd",
    "immx",
    "immy",
    "base",
    "delta",
    "op",
    "f_add",
    "f_sub",
    "f_eq",
    "f_jalr",
)


def rom_table() -> Table:
    """Return ROM: 13 fixed columns, the multiplicity, 1 interaction."""
    t = TableBuilder("rom", log_height=(LOG_MIN_HEIGHT, LOG_MAX_FIXED), fixed=True)
    columns = [t.fixed(name) for name in ROM_COLUMNS]
    t.receive(buses.ROM, t.main("m"), *columns)
    return t.build()
