"""The core tables on a device: the log is uploaded, and a table's rows are made when the prover takes them.

Same results as ``reference``. Steps and program stay on the device until every table was made, the rest of the log only
while its table is. Every value is below p by construction: cells of the ROM, which ``program`` checks, numbers below
2^33, and results of the field's arithmetic.
"""

from functools import partial
from typing import Any, Final, cast

import numpy as np
from numpy.typing import NDArray

from zkvm.air import Machine
from zkvm.backends.cuda.arrays import DeviceArray
from zkvm.backends.cuda.launching import Kernels
from zkvm.emulator.log import Log
from zkvm.machine.expand.asks import NOT_THERE, Asks, binary_asks
from zkvm.machine.expand.columns import Lookups, Words, table_height
from zkvm.stark.trace import Deferred

CORE: Final = ("main", "memw", "memb", "binary", "shift", "muldiv")
MADE_ON_DEVICE: Final = (*CORE, "keccak", "chi")
"""The tables of which the columns are made on a device; those of KECCAK and CHI by ``device_keccak``."""

_COUNTS = (4, 1 << 16)
_NO_FAULT: Final = (1 << 64) - 1


def core_tables(kernels: Kernels, machine: Machine, rom: Words, log: Log, lookups: Lookups) -> dict[str, Deferred]:
    """Return MAIN, MEMW, MEMB, BINARY, SHIFT and MULDIV; have their lookups counted.

    Args:
        kernels: The device.
        machine: Names the columns and bounds the heights.
        rom: The program's rows, (13, rows).
        log: The run.
        lookups: Receives the counts when the multiplicities are asked for.

    Raises:
        TableTooTall: a table does not fit a proof.
        ValueError: the log refers to what is not there; or, when a table is taken, the same.
    """
    core = _Core(kernels, machine, rom, log)
    lookups.defer(core.counts)
    return {name: Deferred(core.shape(name), partial(core.make, name)) for name in CORE}


class _Core:
    """The tables of one run."""

    def __init__(self, kernels: Kernels, machine: Machine, rom: Words, log: Log) -> None:
        self._kernels, self._machine, self._rom, self._log = kernels, machine, rom, log
        binary = binary_asks(log, rom)
        self._asks: dict[str, Asks] = {"binary": binary, "shift": log.shift, "muldiv": log.muldiv}
        self._uncounted = set(CORE)
        self._counts = self._zeros()
        self._run: tuple[DeviceArray | int, ...] | None = None

    def shape(self, name: str) -> tuple[int, int]:
        """The table's columns and rows.

        Raises:
            TableTooTall: it does not fit a proof.
        """
        records = {"main": self._log.steps, "memw": self._log.memw, "memb": self._log.memb} | self._asks
        return len(self._machine.table(name).main), table_height(self._machine, name, len(records[name]))

    def make(self, name: str) -> Words:
        """The table's columns, on the device; the first time its lookups are counted.

        Raises:
            ValueError: the log refers to what is not there.
        """
        counts = self._counts if name in self._uncounted else self._zeros()
        columns, fault = self._kernels.empty(*self.shape(name)), self._kernels.words(_NO_FAULT)
        rows = columns.shape[1]
        inputs = self._inputs(name)
        self._kernels.launch(
            "expand", f"expand_{name}", self._kernels.over(rows), *inputs, columns, rows, counts, fault
        )
        self._uncounted.discard(name)
        if not self._uncounted:
            self._run = None
        if int(fault.to_host()[0]) != _NO_FAULT:
            raise ValueError(NOT_THERE)
        return cast(Words, columns)

    def counts(self) -> NDArray[np.uint32]:
        """How often each row of BYTE is looked up by all of the tables."""
        for name in CORE:
            if name in self._uncounted:
                self.make(name)
        return self._counts.to_host().view(np.uint32).reshape(_COUNTS)

    def _zeros(self) -> DeviceArray:
        """Counts of nothing: 32-bit numbers, two in a word."""
        made = self._kernels.empty(_COUNTS[0] * _COUNTS[1] // 2)
        self._kernels.fill(made, 0)
        return made

    def _inputs(self, name: str) -> list[DeviceArray | int]:
        """A kernel's arguments before those that all of them have."""
        log = self._log
        if name == "memw":
            return [self._records(log.memw), len(log.memw)]
        if self._run is None:
            rom = np.ascontiguousarray(self._rom.T)
            self._run = self._records(log.steps), len(log.steps), self._kernels.upload(rom), len(rom)
        if name == "main":
            return [*self._run]
        if name == "memb":
            return [*self._run[:2], self._records(log.memb), len(log.memb)]
        return [*self._run, self._records(self._asks[name]), len(self._asks[name])]

    def _records(self, records: NDArray[Any]) -> DeviceArray:
        return self._kernels.upload(records.view(np.uint32))
