"""The core tables by the compiled expansion, on all cores. Same results as ``reference``."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from zkvm import _expand
from zkvm.air import Machine
from zkvm.emulator.log import Log
from zkvm.emulator.opcodes import Op
from zkvm.machine.expand.columns import Lookups, Values, Words, table_height
from zkvm.machine.expand.threads import in_ranges
from zkvm.machine.layout import W

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
    """
    return _Core(machine, np.ascontiguousarray(rom.T), log, lookups).tables()


class _Core:
    def __init__(self, machine: Machine, rom: Words, log: Log, lookups: Lookups) -> None:
        self._machine = machine
        self._rom = rom
        self._log = log
        self._lookups = lookups

    def tables(self) -> dict[str, Words]:
        log, rom = self._log, self._rom
        main_rows = table_height(self._machine, "main", len(log.steps))
        shift_asks, muldiv_asks = self._requests(log.shift), self._requests(log.muldiv)
        shift = self._fill("shift", len(shift_asks), lambda *out: _expand.shift(shift_asks, *out))
        muldiv = self._fill("muldiv", len(muldiv_asks), lambda *out: _expand.muldiv(muldiv_asks, *out))
        asks = np.concatenate(
            [self._requests(log.binary), _signs(shift_asks), self._of_muldiv(muldiv[:, : len(muldiv_asks)])]
        )
        memb = self._fill("memb", len(log.memb), lambda *out: _expand.memb(log.memb, log.steps, *out))
        memb[self._machine.table("memb").main.index("g"), len(log.memb) :] = 1
        return {
            "main": self._fill("main", main_rows, lambda *out: _expand.main(log.steps, rom, *out)),
            "memw": self._fill("memw", len(log.memw), lambda *out: _expand.memw(log.memw, *out)),
            "memb": memb,
            "binary": self._fill("binary", len(asks), lambda *out: _expand.binary(asks, *out)),
            "shift": shift,
            "muldiv": muldiv,
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

    def _requests(self, steps: NDArray[np.uint32]) -> Requests:
        out = np.empty((len(steps), 5), dtype=np.uint32)
        _expand.requests(self._log.steps, self._rom, steps, out, 0, len(steps))
        return out

    def _of_muldiv(self, columns: Words) -> Requests:
        """The signs of signed operands, and remainder < divisor."""
        cell = dict(zip(self._machine.table("muldiv").main, columns, strict=True))
        signed_x, signed_y = cell["s_x"] != 0, cell["s_y"] != 0
        divides = (cell["f_q"] + cell["f_r"] - cell["dz"]) != 0
        remainder = cell["b0"] + (cell["b1"] << 16)
        return np.concatenate(
            [
                _is_negative(cell["ts"][signed_x], cell["x"][signed_x]),
                _is_negative(cell["ts"][signed_y], cell["y"][signed_y]),
                _is_less(cell["ts"][divides], remainder[divides], cell["ay"][divides], 1),
            ]
        )


def _signs(shifts: Requests) -> Requests:
    arithmetic = shifts[shifts[:, 0] == Op.SRA]
    return _is_negative(arithmetic[:, 1], arithmetic[:, 2])


def _is_negative(ts: Values, word: Values) -> Requests:
    return _is_less(ts, W // 2 - 1, word, word >> 31)


def _is_less(ts: Values, x: Values | int, y: Values, c: Values | int) -> Requests:
    requests = np.empty((len(ts), 5), dtype=np.uint32)
    requests[:, 0] = Op.SLTU
    requests[:, 1] = ts
    requests[:, 2] = x
    requests[:, 3] = y
    requests[:, 4] = c
    return requests
