"""The core tables by the compiled expansion, on all cores. Same results as ``reference``."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from zkvm import _expand
from zkvm.air import Machine
from zkvm.emulator.log import Log
from zkvm.machine.expand.asks import Asks, binary_asks
from zkvm.machine.expand.columns import Lookups, Words, table_height
from zkvm.machine.expand.threads import in_ranges

Requests = NDArray[np.uint32]
"""(n, 5): op, ts, x, y, c."""

_Expansion = Callable[[Words, NDArray[np.uint32], int, int], None]
"""(columns, counts, begin, end): fill these rows and count their lookups."""

_LEAST_ROWS = 1 << 12
"""Below this a range is not worth a thread."""


def core_tables(machine: Machine, rom: Words, log: Log, lookups: Lookups) -> dict[str, Words]:
    """Return MAIN, MEMW, MEMB, BINARY, SHIFT and MULDIV; count their lookups. Arguments as in ``reference``.

    Raises:
        TableTooTall: a table does not fit a proof.
        ValueError: the log refers to what is not there.
    """
    return _Core(machine, rom, log, lookups).tables()


class _Core:
    def __init__(self, machine: Machine, rom: Words, log: Log, lookups: Lookups) -> None:
        self._machine = machine
        self._rom = np.ascontiguousarray(rom.T)
        self._log = log
        self._lookups = lookups
        self._asks = binary_asks(log, rom)

    def tables(self) -> dict[str, Words]:
        log, rom = self._log, self._rom
        main_rows = table_height(self._machine, "main", len(log.steps))
        binary, shift, muldiv = (self._requests(asks) for asks in (self._asks, log.shift, log.muldiv))
        memb = self._fill("memb", len(log.memb), lambda *out: _expand.memb(log.memb, log.steps, *out))
        memb[self._machine.table("memb").main.index("g"), len(log.memb) :] = 1
        return {
            "main": self._fill("main", main_rows, lambda *out: _expand.main(log.steps, rom, *out)),
            "memw": self._fill("memw", len(log.memw), lambda *out: _expand.memw(log.memw, *out)),
            "memb": memb,
            "binary": self._fill("binary", len(binary), lambda *out: _expand.binary(binary, *out)),
            "shift": self._fill("shift", len(shift), lambda *out: _expand.shift(shift, *out)),
            "muldiv": self._fill("muldiv", len(muldiv), lambda *out: _expand.muldiv(muldiv, *out)),
        }

    def _fill(self, name: str, rows: int, expansion: _Expansion) -> Words:
        """Let every core expand a range of the table's rows; what is beyond them stays zero."""
        width = len(self._machine.table(name).main)
        columns = np.zeros((width, table_height(self._machine, name, rows)), dtype=np.uint64)

        def expand(begin: int, end: int) -> NDArray[np.uint32]:
            counts = np.zeros((4, 1 << 16), dtype=np.uint32)
            expansion(columns, counts, begin, end)
            return counts

        for counts in in_ranges(rows, _LEAST_ROWS, expand):
            self._lookups.add(counts)
        return columns

    def _requests(self, asks: Asks) -> Requests:
        out = np.empty((len(asks), 5), dtype=np.uint32)
        _expand.requests(self._log.steps, self._rom, asks, out, 0, len(asks))
        return out
