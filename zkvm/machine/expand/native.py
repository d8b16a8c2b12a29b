"""The tables by the compiled expansion, on all cores. Same results as ``reference``."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from zkvm import _expand
from zkvm.air import Machine
from zkvm.emulator.log import Log, padded_registers
from zkvm.machine.expand.asks import Asks, binary_asks
from zkvm.machine.expand.columns import Lookups, Values, Words, assemble, table_height
from zkvm.machine.expand.main import expand_rom
from zkvm.machine.expand.memory import RamLayout, expand_image
from zkvm.machine.expand.native_arith256 import expand_arith256
from zkvm.machine.expand.threads import in_ranges
from zkvm.machine.tables.arith256 import ROWS as ARITH256_ROWS

Requests = NDArray[np.uint32]
"""(n, 5): op, ts, x, y, c."""

_Expansion = Callable[[Words, NDArray[np.uint32], int, int], None]
"""(columns, counts, begin, end): fill these rows and count their lookups."""

_LEAST_ROWS = 1 << 12
"""Below this a range is not worth a thread."""


def tables(machine: Machine, rom: Words, log: Log) -> dict[str, Words]:
    """Return the columns of all tables but KECCAK and CHI. Arguments and errors as in ``reference``.

    Raises:
        ValueError: the log refers to what is not there.
    """
    return _Run(machine, rom, log).tables()


class _Run:
    def __init__(self, machine: Machine, rom: Words, log: Log) -> None:
        self._machine = machine
        self._rom = np.ascontiguousarray(rom.T)
        self._log = log
        self._lookups = Lookups()
        self._asks = binary_asks(log, rom)

    def tables(self) -> dict[str, Words]:
        log, rom = self._log, self._rom
        binary, shift, muldiv = (self._requests(asks) for asks in (self._asks, log.shift, log.muldiv))
        memb = self._fill("memb", len(log.memb), lambda *out: _expand.memb(log.memb, log.steps, *out))
        memb[self._machine.table("memb").main.index("g"), len(log.memb) :] = 1
        main_rows, ram_rows = self._height("main", len(log.steps)), self._height("ram", len(log.ram))
        layout = RamLayout.of(log.ram, ram_rows)
        arith256_rows = self._height("arith256", len(log.arith256) * ARITH256_ROWS)
        return {
            "main": self._fill("main", main_rows, lambda *out: _expand.main(log.steps, rom, *out)),
            "memw": self._fill("memw", len(log.memw), lambda *out: _expand.memw(log.memw, *out)),
            "memb": memb,
            "binary": self._fill("binary", len(binary), lambda *out: _expand.binary(binary, *out)),
            "shift": self._fill("shift", len(shift), lambda *out: _expand.shift(shift, *out)),
            "muldiv": self._fill("muldiv", len(muldiv), lambda *out: _expand.muldiv(muldiv, *out)),
            "ram": self._fill("ram", ram_rows, lambda *out: _expand.ram(log.ram, layout.below, layout.solid, *out)),
            "image": self._assembled("image", expand_image(padded_registers(log, main_rows), log.image)),
            "rom": self._assembled("rom", expand_rom(log.steps, main_rows, len(rom))),
            "arith256": expand_arith256(log.arith256, arith256_rows, self._lookups),
            "byte": self._lookups.multiplicities,
        }

    def _height(self, name: str, rows: int) -> int:
        return table_height(self._machine, name, rows)

    def _assembled(self, name: str, columns: dict[str, Values]) -> Words:
        return assemble(self._machine.table(name), columns)

    def _fill(self, name: str, rows: int, expansion: _Expansion) -> Words:
        """Let every core expand a range of the table's rows; what is beyond them stays zero."""
        width = len(self._machine.table(name).main)
        columns = np.zeros((width, self._height(name, rows)), dtype=np.uint64)

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
