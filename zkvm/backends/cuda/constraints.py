"""A machine's constraints on the device: the generated CUDA C, a module a table, a thread a row."""

from collections.abc import Callable, Sequence

import numpy as np

from zkvm.air import Machine, Table
from zkvm.air.errors import BadTrace
from zkvm.air.expression import STAGES, Stage
from zkvm.air.generate.c import symbol_of
from zkvm.air.generate.cuda import table_source
from zkvm.air.native import periodic_words, scalar_words
from zkvm.air.rows import RowsView, Words
from zkvm.air.scalars import Scalars
from zkvm.air.table import EXTENSION_DEGREE
from zkvm.backends.cuda.arrays import DeviceArray
from zkvm.backends.cuda.device import Launch, Module
from zkvm.backends.cuda.launching import Kernels
from zkvm.backends.cuda.sources import flattened
from zkvm.field.scalar import Ext

THREADS = 128  # a block; the kernels need many registers a thread


class DeviceConstraints:
    """A machine's kernels; the calls are those of ``zkvm.stark.constraints.Constraints``.

    Args:
        machine: The definition.
        kernels: The device.
    """

    def __init__(self, machine: Machine, kernels: Kernels) -> None:
        self._machine, self._kernels = machine, kernels

    def warm_up(self, report: Callable[[float], None]) -> None:
        """Load every table's module; told the fraction done."""
        tables = self._machine.tables
        for done, table in enumerate(tables):
            self._module(table)
            report((done + 1) / len(tables))

    def quotient(self, table: Table, view: RowsView, scalars: Scalars, weights: Sequence[Ext], out: Words) -> None:
        """Add Σ_j weights[j]·C_j to ``out`` (3, N), which is on the device.

        Raises:
            BadTrace: an array has the wrong shape, type or place.
        """
        if len(weights) != len(table.constraints):
            raise BadTrace(f"{len(weights)} weights for {len(table.constraints)} constraints", table=table.name)
        target = _output("out", out, (EXTENSION_DEGREE, view.rows), table)
        factors = self._kernels.upload(np.array(weights, np.uint64).reshape(-1, EXTENSION_DEGREE))
        inputs = self._inputs(table, view, scalars, ("fixed", "main", "aux"))
        self._launch(table, "quotient", view.rows, *inputs, view.rows, factors, target, view.rows)

    def logup(self, table: Table, view: RowsView, scalars: Scalars, numerators: Words, denominators: Words) -> None:
        """Write each group's fraction; both are (groups, 3, N), on the device.

        Raises:
            BadTrace: an array has the wrong shape, type or place.
        """
        shape = (len(table.groups), EXTENSION_DEGREE, view.rows)
        targets = [_output("numerators", numerators, shape, table), _output("denominators", denominators, shape, table)]
        inputs = self._inputs(table, view, scalars, ("fixed", "main"))
        self._launch(table, "logup", view.rows, *inputs, view.rows, *targets)

    def _inputs(self, table: Table, view: RowsView, scalars: Scalars, stages: Sequence[Stage]) -> list[DeviceArray]:
        """In the order of ``zkvm.air.generate.cuda.INPUTS``; a stage that is not read is an empty array."""
        read = [view.columns[stage] if stage in stages else np.empty((0, view.rows), np.uint64) for stage in STAGES]
        for stage, columns in zip(STAGES, read, strict=True):
            if stage in stages and columns.shape != (table.width(stage), view.rows):
                raise BadTrace(f"{stage} columns are {columns.shape}", table=table.name)
        first = view.first if table.rows else np.empty(0, np.uint64)
        others = [first, periodic_words(table, view), scalar_words(table, view, scalars)]
        return [self._here(array) for array in (*read, *others)]

    def _here(self, array: Words | DeviceArray) -> DeviceArray:
        return array if isinstance(array, DeviceArray) else self._kernels.upload(array)

    def _launch(self, table: Table, kernel: str, rows: int, *arguments: DeviceArray | int) -> None:
        shape = Launch(-(-rows // THREADS), THREADS)
        name = f"{symbol_of(self._machine, table)}_{kernel}"
        self._kernels.launch_from(self._module(table), name, shape, *arguments)

    def _module(self, table: Table) -> Module:
        key = f"{self._machine.name}.{table.name}.{self._machine.digest[:16]}"
        return self._kernels.module(key, lambda: flattened(table_source(self._machine, table)))


def _output(name: str, array: object, shape: tuple[int, ...], table: Table) -> DeviceArray:
    if not isinstance(array, DeviceArray) or array.shape != shape or not array.flags.c_contiguous:
        found = getattr(array, "shape", type(array).__name__)
        raise BadTrace(f"{name} is {found}, not a contiguous array {shape} of the device", table=table.name)
    return array
