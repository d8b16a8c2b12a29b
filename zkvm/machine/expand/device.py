"""The tables on a device: the log is uploaded, and a table's rows are made when the prover takes them.

Same results as ``reference``. Steps and program stay on the device until every table was made that they are needed for,
the rest of the log only while its table is. Every value is below p by construction: cells of the ROM, which ``program``
checks, numbers below 2^33, and results of the field's arithmetic.
"""

from functools import partial
from typing import Any, Final, cast

import numpy as np
from numpy.typing import NDArray

from zkvm.air import Machine
from zkvm.backends.cuda.arrays import DeviceArray
from zkvm.backends.cuda.launching import Kernels
from zkvm.emulator.log import Log, padded_registers
from zkvm.machine.expand.arith256 import impossible
from zkvm.machine.expand.asks import NOT_THERE, Asks, binary_asks
from zkvm.machine.expand.columns import Words, table_height
from zkvm.machine.expand.memory import RamLayout
from zkvm.machine.tables.arith256 import ROWS as ARITH256_ROWS
from zkvm.stark.trace import Deferred

FROM_THE_RUN: Final = ("main", "memb", "binary", "shift", "muldiv", "rom")
"""Tables whose rows need the steps."""
LOOKING_UP: Final = ("main", "memw", "memb", "binary", "shift", "muldiv", "ram", "arith256")
"""Tables that look rows of BYTE up."""

MADE_ON_DEVICE: Final = (*LOOKING_UP, "image", "rom", "byte", "keccak", "chi")
"""All tables of the machine; KECCAK and CHI are made by ``device_keccak``."""

_COUNTS = (4, 1 << 16)
_PARTS: Final = 4
"""Threads that make an operation of ARITH256, as the kernel has it."""
_NO_FAULT: Final = (1 << 64) - 1


def tables(kernels: Kernels, machine: Machine, rom: Words, log: Log) -> dict[str, Deferred]:
    """Return all tables but KECCAK and CHI.

    Args:
        kernels: The device.
        machine: Names the columns and bounds the heights.
        rom: The program's rows, (13, rows).
        log: The run.

    Raises:
        TableTooTall: a table does not fit a proof.
        ValueError: the log refers to what is not there; or, when a table is taken, the same.
        ImpossibleCall: when ARITH256 is taken: the log's result of an operation is not what it proves.
    """
    run = _Run(kernels, machine, rom, log)
    return {name: Deferred(run.shape(name), partial(run.make, name)) for name in run.heights}


class _Run:
    """The tables of one run.

    Attributes:
        heights: By their names.
    """

    def __init__(self, kernels: Kernels, machine: Machine, rom: Words, log: Log) -> None:
        self._kernels, self._machine, self._rom, self._log = kernels, machine, rom, log
        self._asks: dict[str, Asks] = {"binary": binary_asks(log, rom), "shift": log.shift, "muldiv": log.muldiv}
        rows = {
            "main": len(log.steps),
            "memw": len(log.memw),
            "memb": len(log.memb),
            **{name: len(asks) for name, asks in self._asks.items()},
            "ram": len(log.ram),
            "image": len(log.registers) + len(log.image),
            "rom": rom.shape[1],
            "byte": _COUNTS[1],
            "arith256": len(log.arith256) * ARITH256_ROWS,
        }
        self.heights = {name: table_height(machine, name, count) for name, count in rows.items()}
        self._layout = RamLayout.of(log.ram, self.heights["ram"])
        self._uncounted, self._not_made = set(LOOKING_UP), set(FROM_THE_RUN)
        self._counts = self._zeros()
        self._run: tuple[DeviceArray | int, ...] | None = None

    def shape(self, name: str) -> tuple[int, int]:
        """The table's columns and rows."""
        return len(self._machine.table(name).main), self.heights[name]

    def make(self, name: str) -> Words:
        """The table's columns, on the device; the first time its lookups are counted.

        Raises:
            ValueError: the log refers to what is not there.
            ImpossibleCall: its result of an operation is not what ARITH256 proves.
        """
        if name in LOOKING_UP:
            columns = self._with_lookups(name)
        else:
            columns = {"image": self._image, "rom": self._fetches, "byte": self._byte}[name]()
        self._not_made.discard(name)
        if not self._not_made:
            self._run = None
        return cast(Words, columns)

    def _with_lookups(self, name: str) -> DeviceArray:
        counts = self._counts if name in self._uncounted else self._zeros()
        columns = self._kernels.empty(*self.shape(name))
        rows = columns.shape[1]
        if name == "arith256":
            self._operations(columns)
            self._kernels.launch("precompiles", "arith256_counts", self._kernels.over(rows), columns, rows, counts)
        else:
            fault = self._kernels.words(_NO_FAULT)
            kernel, inputs, shape = f"expand_{name}", self._inputs(name), self._kernels.over(rows)
            self._kernels.launch("expand", kernel, shape, *inputs, columns, rows, counts, fault)
            _check_references(fault)
        self._uncounted.discard(name)
        return columns

    def _operations(self, columns: DeviceArray) -> None:
        """ARITH256's rows."""
        calls, fault = self._log.arith256, self._kernels.words(_NO_FAULT)
        self._kernels.fill(columns, 0)
        if not len(calls):
            return
        inputs, shape = (self._records(calls), len(calls)), self._kernels.over(_PARTS * len(calls))
        self._kernels.launch("precompiles", "arith256_rows", shape, *inputs, columns, columns.shape[1], fault)
        wrong = int(fault.to_host()[0])
        if wrong != _NO_FAULT:
            raise impossible(calls[wrong])

    def _image(self) -> DeviceArray:
        columns = self._kernels.empty(*self.shape("image"))
        rows = columns.shape[1]
        cells = padded_registers(self._log, self.heights["main"]), self._log.image
        inputs = [each for part in cells for each in (self._records(part), len(part))]
        self._kernels.launch("expand", "expand_image", self._kernels.over(rows), *inputs, columns, rows)
        return columns

    def _fetches(self) -> DeviceArray:
        steps, count, _, instructions = self._steps_and_program()
        columns, fault = self._kernels.empty(*self.shape("rom")), self._kernels.words(_NO_FAULT)
        self._kernels.fill(columns, 0)
        inputs = steps, count, instructions, self.heights["main"]
        shape = self._kernels.over(len(self._log.steps))
        self._kernels.launch("expand", "expand_rom", shape, *inputs, columns, fault)
        _check_references(fault)
        return columns

    def _byte(self) -> DeviceArray:
        for name in LOOKING_UP:
            if name in self._uncounted:
                self.make(name)
        columns = self._kernels.empty(*self.shape("byte"))
        shape = self._kernels.over(columns.size)
        self._kernels.launch("expand", "expand_byte", shape, self._counts, columns.size, columns)
        return columns

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
        if name == "ram":
            return [self._records(log.ram), len(log.ram), self._layout.below, self._layout.solid]
        run = self._steps_and_program()
        if name == "main":
            return [*run]
        if name == "memb":
            return [*run[:2], self._records(log.memb), len(log.memb)]
        return [*run, self._records(self._asks[name]), len(self._asks[name])]

    def _steps_and_program(self) -> tuple[DeviceArray | int, ...]:
        """Steps, how many, rows of the ROM, how many."""
        if self._run is None:
            rom = np.ascontiguousarray(self._rom.T)
            self._run = self._records(self._log.steps), len(self._log.steps), self._kernels.upload(rom), len(rom)
        return self._run

    def _records(self, records: NDArray[Any]) -> DeviceArray:
        return self._kernels.upload(records.view(np.uint32))


def _check_references(fault: DeviceArray) -> None:
    if int(fault.to_host()[0]) != _NO_FAULT:
        raise ValueError(NOT_THERE)
