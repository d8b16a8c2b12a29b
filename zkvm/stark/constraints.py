"""Which reader of the constraints goes with which backend."""

from collections.abc import Sequence
from typing import Protocol

from zkvm.air import Machine, Table, interpret
from zkvm.air.rows import RowsView
from zkvm.air.scalars import Scalars
from zkvm.backends.interface import Backend
from zkvm.field.scalar import Ext
from zkvm.stark.trace import Columns


class Constraints(Protocol):
    """A machine's constraints over rows."""

    def quotient(self, table: Table, view: RowsView, scalars: Scalars, weights: Sequence[Ext], out: Columns) -> None:
        """Add Σ_j weights[j]·C_j to ``out`` (3, N)."""
        ...

    def logup(self, table: Table, view: RowsView, scalars: Scalars, numerators: Columns, denominators: Columns) -> None:
        """Write each group's fraction; both are (groups, 3, N)."""
        ...


class Interpreted:
    """The NumPy reader, which needs nothing compiled."""

    def quotient(self, table: Table, view: RowsView, scalars: Scalars, weights: Sequence[Ext], out: Columns) -> None:
        """Add Σ_j weights[j]·C_j to ``out`` (3, N)."""
        interpret.quotient_rows(table, view, scalars, weights, out)

    def logup(self, table: Table, view: RowsView, scalars: Scalars, numerators: Columns, denominators: Columns) -> None:
        """Write each group's fraction; both are (groups, 3, N)."""
        interpret.logup_rows(table, view, scalars, numerators, denominators)


def constraints_for(machine: Machine, backend: Backend) -> Constraints:
    """The reader for this machine on this backend."""
    return Interpreted()
