"""The columns of MEMW, MEMB, RAM and IMAGE."""

from dataclasses import dataclass

import numpy as np

from zkvm.emulator.log import Structured
from zkvm.emulator.opcodes import MEMORY_END, ZERO_LO, Op
from zkvm.machine.errors import TableTooTall
from zkvm.machine.expand.columns import Lookups, Values, u64

_OVERFLOW = 8
"""Bit of an access's kind that says its address overflowed 32 bits."""


def expand_memw(accesses: Structured, lookups: Lookups) -> dict[str, Values]:
    """Return MEMW's columns."""
    ts, w, old, new, tp = (u64(accesses[name]) for name in ("ts", "address", "old", "new", "previous"))
    stores = u64(accesses["kind"] & 0xFF) == Op.SW
    gap = ts - tp - 1
    lookups.r16(gap & 0xFFFF)
    lookups.pair(gap >> 16, 0)
    return {
        "ts": ts,
        "w": w,
        "k": u64(accesses["kind"] >> _OVERFLOW),
        "old": old,
        "new": new,
        "y": np.where(stores, new, 0),
        "f_lw": (~stores).astype(np.uint64),
        "f_sw": stores.astype(np.uint64),
        "tp": tp,
        "lo": gap & 0xFFFF,
    }


def expand_memb(accesses: Structured, steps: Structured, height: int, lookups: Lookups) -> dict[str, Values]:
    """Return MEMB's columns; ``steps`` give the answers of loads. Beyond the accesses g is 1 up to ``height``."""
    ts, address, old, new, tp, y = (u64(accesses[name]) for name in ("ts", "address", "old", "new", "previous", "y"))
    op = u64(accesses["kind"] & 0xFF)
    kind = {name: op == code for name, code in Op.__members__.items() if name in ("LB", "LBU", "LH", "LHU", "SB", "SH")}
    loads_byte, loads_half = kind["LB"] | kind["LBU"], kind["LH"] | kind["LHU"]
    is_half = loads_half | kind["SH"]

    hs, bs = (address >> 1) & 1, address & 1
    accessed = (old >> (16 * hs)) & 0xFFFF
    other = (old >> (16 * (1 - hs))) & 0xFFFF
    p, q = accessed & 0xFF, accessed >> 8
    s = np.where(is_half | (bs == 1), q, p)
    g = np.ones(height, dtype=np.uint64)
    g[: len(ts)] = np.uint64(1) << (8 * bs + 16 * hs)
    y0, y1, y2 = y & 0xFF, (y >> 8) & 0xFF, y >> 16
    gap = ts - tp - 1

    lookups.r16(gap & 0xFFFF, other, y2)
    lookups.pair(p, q)
    lookups.pair(y0, y1)
    lookups.pair(gap >> 16, 2 * (s & 0x7F))
    flags = {
        "f_lb": loads_byte,
        "f_lh": loads_half,
        "f_sb": kind["SB"],
        "f_sh": kind["SH"],
        "f_sgn": kind["LB"] | kind["LH"],
    }
    return {name: flag.astype(np.uint64) for name, flag in flags.items()} | {
        "ts": ts,
        "w": address >> 2,
        "k": u64(accesses["kind"] >> _OVERFLOW),
        "hs": hs,
        "bs": bs,
        "p": p,
        "q": q,
        "oth": other,
        "s": s,
        "sg": s >> 7,
        "g": g,
        "y0": y0,
        "y1": y1,
        "y2": y2,
        "c": u64(steps["c"])[(ts - 1) // 4],
        "old": old,
        "new": new,
        "tp": tp,
        "lo": gap & 0xFFFF,
    }


@dataclass(frozen=True, slots=True)
class RamLayout:
    """Where RAM's rows come from: the run's cells and, up to the height, words that nothing touched.

    The latter are the first there are in the zero region, so from its start on that has no gap for a while.

    Attributes:
        below: Cells in front of the zero region: the first rows.
        solid: Rows after them that are one word after the other, touched or not; those left are the other cells.
    """

    below: int
    solid: int

    @classmethod
    def of(cls, cells: Structured, height: int) -> "RamLayout":
        """The layout of cells with ascending addresses.

        Raises:
            TableTooTall: the zero region has fewer words than the height asks for.
        """
        touched = u64(cells["address"])
        below = int(np.searchsorted(touched, ZERO_LO))
        untouched = height - len(touched)
        free_before = touched[below:] - np.arange(ZERO_LO, ZERO_LO + len(touched) - below, dtype=np.uint64)
        solid = untouched + int(np.searchsorted(free_before, untouched))
        if solid > MEMORY_END - ZERO_LO:
            raise TableTooTall("ram", height, MEMORY_END - ZERO_LO)
        return cls(below, solid)


def expand_ram(cells: Structured, height: int, lookups: Lookups) -> dict[str, Values]:
    """Return RAM's columns: the touched cells and, up to ``height``, words of the zero region that nothing touched."""
    touched = u64(cells["address"])
    spare = _untouched(touched, height - len(touched))
    addresses = np.concatenate([touched, spare])
    order = np.argsort(addresses, kind="stable")
    addr = addresses[order]
    initial, final, time = (
        np.concatenate([u64(cells[name]), np.zeros(len(spare), dtype=np.uint64)])[order]
        for name in ("initial", "final", "time")
    )
    distance = np.zeros_like(addr)
    distance[:-1] = addr[1:] - addr[:-1] - 1
    lookups.r16(initial & 0xFFFF, initial >> 16, distance[:-1] & 0xFFFF, distance[:-1] >> 16)
    return {
        "addr": addr,
        "z": (addr >= ZERO_LO).astype(np.uint64),
        "vi": initial,
        "vl": initial & 0xFFFF,
        "vf": final,
        "tf": time,
        "dl": distance & 0xFFFF,
    }


def _untouched(touched: Values, count: int) -> Values:
    """The first ``count`` words of the zero region that are not among ``touched`` (ascending)."""
    end = min(ZERO_LO + count + len(touched), MEMORY_END)
    free = np.ones(end - ZERO_LO, dtype=bool)
    free[(touched[(touched >= ZERO_LO) & (touched < end)] - ZERO_LO).astype(np.int64)] = False
    spare = np.flatnonzero(free)[:count]
    if len(spare) < count:
        raise TableTooTall("ram", len(touched) + count, MEMORY_END - ZERO_LO)
    return spare.astype(np.uint64) + np.uint64(ZERO_LO)


def expand_image(registers: Structured, image: Structured) -> dict[str, Values]:
    """Return IMAGE's columns: how the registers and the program's data end."""
    cells = [registers, image]
    return {
        "vf": np.concatenate([u64(part["final"]) for part in cells]),
        "tf": np.concatenate([u64(part["time"]) for part in cells]),
    }
