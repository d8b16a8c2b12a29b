"""Which reader of the constraints goes with which backend."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Protocol

from zkvm.air import Machine, Table, interpret
from zkvm.air.rows import RowsView
from zkvm.air.scalars import Scalars
from zkvm.backends.cuda.backend import CudaBackend
from zkvm.backends.cuda.constraints import DeviceConstraints
from zkvm.backends.interface import Backend
from zkvm.field.scalar import Ext
from zkvm.stark.trace import Columns

# Rows for one thread at a time: enough that starting costs nothing, and enough ranges that no thread waits long.
LEAST_RANGE_ROWS = 1 << 13
RANGES_A_THREAD = 4


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


class Compiled:
    """The generated kernels, for the backend's instruction set, on as many threads as it has.

    Raises:
        NotCompiled: This build has no kernels for the machine.
        StaleBuild: It has those of another version.
    """

    def __init__(self, machine: Machine, threads: int, isa: str | None = None) -> None:
        from zkvm.air.native import CompiledMachine  # fails where nothing is compiled, which Interpreted does not need

        self._kernels = CompiledMachine(machine, isa)
        self._ranges = RANGES_A_THREAD << (threads - 1).bit_length()
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="constraints")

    def quotient(self, table: Table, view: RowsView, scalars: Scalars, weights: Sequence[Ext], out: Columns) -> None:
        """Add Σ_j weights[j]·C_j to ``out`` (3, N)."""
        self._over_rows(view.rows, partial(self._kernels.quotient_rows, table, view, scalars, weights, out))

    def logup(self, table: Table, view: RowsView, scalars: Scalars, numerators: Columns, denominators: Columns) -> None:
        """Write each group's fraction; both are (groups, 3, N)."""
        self._over_rows(view.rows, partial(self._kernels.logup_rows, table, view, scalars, numerators, denominators))

    def _over_rows(self, rows: int, work: Callable[[int, int], None]) -> None:
        size = min(rows, max(LEAST_RANGE_ROWS, rows // self._ranges))
        list(self._pool.map(lambda begin: work(begin, begin + size), range(0, rows, size)))


def constraints_for(machine: Machine, backend: Backend) -> Constraints:
    """The reader for this machine on this backend.

    Raises:
        NotCompiled: The backend is a compiled one and this build has no kernels for the machine.
        StaleBuild: It has those of another version.
    """
    if backend.name == "reference":
        return Interpreted()
    if isinstance(backend, CudaBackend):
        return DeviceConstraints(machine, backend.kernels)
    return Compiled(machine, backend.threads, getattr(backend, "isa", None))
