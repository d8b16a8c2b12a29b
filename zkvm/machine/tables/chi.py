"""CHI: χ on five cells of keccak's state that are given as sums of up to 11 bits.

Row `key` = Σ_x 12^x d_x with 0 ≤ d_x ≤ 11 has the five bits that χ makes of d_x mod 2 (FIPS 202, section 3.2.4). The
rows above 12^5 repeat row 0, which is true.
"""

from zkvm.air import Table, TableBuilder
from zkvm.machine import buses

LOG_CHI_HEIGHT = 18
RADIX = 12
KEYS = RADIX**5


def chi_table() -> Table:
    """Return CHI: 2 fixed columns, 1 multiplicity, 1 interaction."""
    t = TableBuilder("chi", log_height=LOG_CHI_HEIGHT, fixed=True)
    key, out = t.fixed("key"), t.fixed("out")
    t.receive(buses.CHI, t.main("m"), key, out)
    return t.build()
