"""The compiled constraints, behind the same calls as the NumPy reader.

A machine is known to the build by its name and the digest of its description: kernels of another version of the machine
are never run.
"""

import os
from collections.abc import Sequence
from functools import cache

import numpy as np

from zkvm.air.errors import BadTrace, NotCompiled
from zkvm.air.expression import Stage
from zkvm.air.generate.plan import pitch, plan
from zkvm.air.machine import Machine
from zkvm.air.rows import RowsView, Words
from zkvm.air.scalars import Scalars
from zkvm.air.table import EXTENSION_DEGREE, Table
from zkvm.errors import StaleBuild
from zkvm.field import P, root_of_unity
from zkvm.field.scalar import Ext

try:
    from zkvm import _constraints
except ImportError as error:  # pragma: no cover - a build without compiled parts
    raise StaleBuild(f"the compiled constraints cannot be loaded: {error}") from error

STEP = 8
"""Row ranges begin and end at multiples of this."""

ISA_VARIABLE = "ZKHUB_ISA"


@cache
def instruction_sets() -> dict[str, int]:
    """Those that the build has and the machine runs, the best last."""
    return _constraints.isas()


class CompiledMachine:
    """A machine's kernels; the calls are those of ``zkvm.air.interpret`` and may run in many threads.

    Args:
        machine: The definition.
        isa: ``portable``, ``avx2`` or ``avx512``; if left out ``ZKHUB_ISA`` of the environment, or the best there is.

    Raises:
        NotCompiled: this build has no kernels for a machine of this name, or not for this instruction set.
        StaleBuild: the kernels were generated from another definition.
    """

    def __init__(self, machine: Machine, isa: str | None = None) -> None:
        found = _constraints.machines().get(machine.name)
        if found is None:
            known = ", ".join(_constraints.machines())
            raise NotCompiled(f"no compiled kernels; there are those of {known}", id=machine.name)
        if found != machine.digest:
            raise StaleBuild(
                f"the compiled constraints of {machine.name} are those of {found[:16]}, not of {machine.digest[:16]}"
            )
        sets = instruction_sets()
        chosen = isa or os.environ.get(ISA_VARIABLE) or list(sets)[-1]
        if chosen not in sets:
            raise NotCompiled(f"no kernels for {chosen}; this machine runs {', '.join(sets)}", id=machine.name)
        self.machine = machine
        self.isa = chosen
        self._isa_number = sets[chosen]

    def quotient_rows(
        self,
        table: Table,
        view: RowsView,
        scalars: Scalars,
        weights: Sequence[Ext],
        out: Words,
        begin: int = 0,
        end: int | None = None,
    ) -> None:
        """As ``interpret.quotient_rows``; begin and end are multiples of 8.

        Raises:
            BadTrace: an array has the wrong shape, type or layout.
        """
        stop = self._stop(table, view, begin, end)
        self._check("out", out, (EXTENSION_DEGREE, view.rows), table)
        if len(weights) != len(table.constraints):
            raise BadTrace(f"{len(weights)} weights for {len(table.constraints)} constraints", table=table.name)
        _constraints.quotient(
            self.machine.name,
            table.name,
            self._isa_number,
            self._columns(table, view, "fixed"),
            self._columns(table, view, "main"),
            self._columns(table, view, "aux"),
            view.first,
            periodic_words(table, view),
            scalar_words(table, view, scalars),
            np.array(weights, np.uint64),
            out,
            begin,
            stop,
        )

    def logup_rows(
        self,
        table: Table,
        view: RowsView,
        scalars: Scalars,
        numerators: Words,
        denominators: Words,
        begin: int = 0,
        end: int | None = None,
    ) -> None:
        """As ``interpret.logup_rows``; begin and end are multiples of 8.

        Raises:
            BadTrace: an array has the wrong shape, type or layout.
        """
        stop = self._stop(table, view, begin, end)
        for name, array in (("numerators", numerators), ("denominators", denominators)):
            self._check(name, array, (len(table.groups), EXTENSION_DEGREE, view.rows), table)
        _constraints.logup(
            self.machine.name,
            table.name,
            self._isa_number,
            self._columns(table, view, "fixed"),
            self._columns(table, view, "main"),
            view.first,
            periodic_words(table, view),
            scalar_words(table, view, scalars),
            numerators,
            denominators,
            begin,
            stop,
        )

    def _columns(self, table: Table, view: RowsView, stage: Stage) -> Words:
        columns = view.columns[stage]
        self._check(stage, columns, (table.width(stage), view.rows), table)
        return columns

    def _stop(self, table: Table, view: RowsView, begin: int, end: int | None) -> int:
        stop = view.rows if end is None else end
        if not 0 <= begin <= stop <= view.rows or begin % STEP or stop % STEP:
            raise BadTrace(f"rows [{begin}, {stop}) of {view.rows} do not lie on multiples of {STEP}", table=table.name)
        if table not in self.machine.tables:
            raise BadTrace(f"this is no table of {self.machine.name}", table=table.name)
        return stop

    def _check(self, name: str, array: Words, shape: tuple[int, ...], table: Table) -> None:
        if array.dtype != np.uint64 or array.shape != shape or not array.flags.c_contiguous:
            layout = "" if array.flags.c_contiguous else ", not contiguous"
            raise BadTrace(f"{name} is {array.dtype} {array.shape}{layout}, not uint64 {shape}", table=table.name)


def first_selector(shift: int, log_height: int) -> Words:
    """As ``rows.first_selector``: L_0 on a coset."""
    size = 1 << log_height
    selector = np.zeros(size, np.uint64)
    vanishing = (pow(shift, size, P) - 1) % P
    if shift == 1:
        selector[0] = 1
    elif vanishing == 0:
        raise BadTrace(f"the coset of {shift} is the trace domain itself, in another order")
    else:
        scale = vanishing * pow(size, -1, P) % P
        _constraints.first_selector(selector, shift % P, root_of_unity(log_height), scale)
    return selector


def periodic_words(table: Table, view: RowsView) -> Words:
    """Every column's period, repeated to a vector and followed by the start of the next period."""
    parts = [np.empty(0, np.uint64)]
    for column, values in zip(table.periodic, view.periodic, strict=True):
        positions = np.arange(pitch(column.period)) % column.period
        parts.append(values[..., positions].reshape(-1))
    return np.concatenate(parts)


def scalar_words(table: Table, view: RowsView, scalars: Scalars) -> Words:
    """The formulas of degree 0 that the table's rows read, three words each."""
    values = scalars.values(plan(table).scalars, view.log_height)
    return np.array(values, np.uint64).reshape(-1)
