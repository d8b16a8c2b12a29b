"""The buses: which tuples tables exchange. An id separates the fingerprints of the buses from each other."""

from zkvm.air import Bus

ROM = Bus("ROM", 1)
"""(pc, rs1, rs2, rd, immx, immy, base, delta, op, f_add, f_sub, f_eq, f_jalr): the instruction at pc."""

OP = Bus("OP", 2)
"""(op, ts, x, y, c): at time ts the operation on x and y gives c."""

MEM = Bus("MEM", 3)
"""(address, value, ts): a memory cell or register held the value since ts."""

R16 = Bus("R16", 4)
"""(v): v is in [0, 2^16)."""

PAIR = Bus("PAIR", 5)
"""(u, v): two bytes."""

AND = Bus("AND", 6)
"""(u, v, u & v) on bytes."""

POW = Bus("POW", 7)
"""(v, 2^(v mod 32)) for v in [0, 2^16)."""

CHI = Bus("CHI", 8)
"""(key, out): five cells of keccak's state before and after chi; see ``tables/chi.py``."""
