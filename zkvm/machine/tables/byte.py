"""BYTE: every pair of bytes (u, v), once, and what is looked up about them. Row 256 u + v."""

from zkvm.air import Table, TableBuilder
from zkvm.machine import buses

LOG_BYTE_HEIGHT = 16


def byte_table() -> Table:
    """Return BYTE: 4 fixed columns, 4 multiplicities, 4 interactions."""
    t = TableBuilder("byte", log_height=LOG_BYTE_HEIGHT, fixed=True)
    u, v, conjunction, power = t.fixed("u"), t.fixed("v"), t.fixed("and"), t.fixed("pow")
    m_and, m_pair, m_r16, m_pow = t.main("m_and"), t.main("m_pair"), t.main("m_r16"), t.main("m_pow")
    value = 256 * u + v

    t.receive(buses.AND, m_and, u, v, conjunction)
    t.receive(buses.PAIR, m_pair, u, v)
    t.receive(buses.R16, m_r16, value)
    t.receive(buses.POW, m_pow, value, power)
    return t.build()
