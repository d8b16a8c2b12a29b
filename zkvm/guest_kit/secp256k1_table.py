"""Writes secp256k1_table.h: odd multiples of the generator G, and of lambda G, for guests.

``python -m zkvm.guest_kit.secp256k1_table`` writes the file anew.
"""

from pathlib import Path
from typing import Final

P: Final = 2**256 - 2**32 - 977
G: Final = (
    0x79BE667E_F9DCBBAC_55A06295_CE870B07_029BFCDB_2DCE28D9_59F2815B_16F81798,
    0x483ADA77_26A3C465_5DA4FBFC_0E1108A8_FD17B448_A6855419_9C47D08F_FB10D4B8,
)
BETA: Final = 0x7AE96A2B_657C0710_6E64479E_AC3434E9_9CF04975_12F58995_C1396C28_719501EE
WINDOW: Final = 7
TABLE: Final = Path(__file__).with_name("secp256k1_table.h")

Point = tuple[int, int]


def add(p: Point, q: Point) -> Point:
    """The sum of two points of the curve, neither the other's negative."""
    rise, run = (3 * p[0] * p[0], 2 * p[1]) if p == q else (q[1] - p[1], q[0] - p[0])
    slope = rise * pow(run, -1, P)
    x = (slope * slope - p[0] - q[0]) % P
    return x, (slope * (p[0] - x) - p[1]) % P


def multiples() -> list[Point]:
    """G, 3G, 5G and so on: what signed windows of WINDOW bits need."""
    twice, points = add(G, G), [G]
    while len(points) < 1 << (WINDOW - 2):
        points.append(add(points[-1], twice))
    return points


def render() -> str:
    """The text of the header."""
    points = multiples()
    tables = [points, [(BETA * x % P, y) for x, y in points]]
    lines = [
        "/* Odd multiples of G, and of lambda G, written by secp256k1_table.py. */",
        "#ifndef ZKHUB_SECP256K1_TABLE_H",
        "#define ZKHUB_SECP256K1_TABLE_H",
        "",
        '#include "zkhub_guest.h"',
        "",
        f"enum {{ SECP_TABLE_WINDOW = {WINDOW} }};",
        "",
        f"static const zkhub_point SECP_TABLE[2][{len(points)}] = {{",
    ]
    for table in tables:
        lines += ["    {", *(f"        {{{_words(x)},\n         {_words(y)}}}," for x, y in table), "    },"]
    return "\n".join([*lines, "};", "", "#endif", ""])


def _words(number: int) -> str:
    words = (f"0x{number >> 32 * i & 0xFFFFFFFF:08x}" for i in range(8))
    return "{" + ", ".join(words) + "}"


if __name__ == "__main__":
    TABLE.write_text(render())
