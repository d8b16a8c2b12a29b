"""The columns of MAIN and ROM from the steps of a run."""

import numpy as np

from zkvm.emulator.log import Structured
from zkvm.field.base import inv, sub
from zkvm.machine.expand.columns import Lookups, Values, Words, u64
from zkvm.machine.tables.rom import ROM_COLUMNS


def expand_main(steps: Structured, rom: Words, lookups: Lookups) -> dict[str, Values]:
    """Return MAIN's columns.

    Args:
        steps: Those of the run, and the halt row again up to the height.
        rom: The program's rows, (13, rows).
        lookups: Receives the counts.
    """
    fetched = dict(zip(ROM_COLUMNS, rom[:, steps["row"]], strict=True))
    a, b, c, old, t1, t2, t3 = (u64(steps[name]) for name in ("a", "b", "c", "old", "t1", "t2", "t3"))
    ts = 4 * np.arange(len(steps), dtype=np.uint64) + np.uint64(1)
    x, y = a + fetched["immx"], b + fetched["immy"]
    adds, subtracts, equates, jumps = (fetched[name] != 0 for name in ("f_add", "f_sub", "f_eq", "f_jalr"))

    carry = np.zeros_like(ts)
    carry[adds] = (x + y)[adds] >> 32
    carry[subtracts] = (x < y)[subtracts]
    carry[jumps] = x[jumps] >> 32

    q = np.zeros_like(ts)
    sums = adds | subtracts
    q[sums] = c[sums] & 0xFFFF
    q[equates] = _inverse_of_difference(x[equates], y[equates])
    q[jumps] = x[jumps] & 1

    gaps = [ts - t1 - 1, ts - t2, ts + 2 - t3]  # an access at ts + d: ts + d - t - 1
    low = [gap & 0xFFFF for gap in gaps]
    high = [gap >> 16 for gap in gaps]
    lookups.r16(*low, q[sums], c[sums] >> 16)
    lookups.pair(high[0], high[1])
    lookups.pair(high[2], 0)
    own = {"ts": ts, "a": a, "b": b, "c": c, "old": old, "t1": t1, "t2": t2, "t3": t3, "carry": carry, "q": q}
    return fetched | own | {"l1": low[0], "l2": low[1], "l3": low[2]}


def expand_rom(steps: Structured, main_rows: int, instructions: int) -> dict[str, Values]:
    """Return ROM's column: how often MAIN fetches each row; those after the run fetch the halt row again."""
    counts = np.bincount(steps["row"], minlength=instructions)
    counts[steps["row"][-1]] += main_rows - len(steps)
    return {"m": counts.astype(np.uint64)}


def _inverse_of_difference(x: Values, y: Values) -> Values:
    """1 / (x - y) where they differ, else 0."""
    result = np.zeros_like(x)
    differ = x != y
    result[differ] = inv(sub(x[differ], y[differ]))
    return result
