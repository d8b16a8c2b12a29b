"""What the prover is given: the witness."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from zkvm.air import Machine, Table
from zkvm.field import P
from zkvm.stark.layout import Layout
from zkvm.stark.refusals import InvalidFixed, InvalidTrace

Columns = npt.NDArray[np.uint64]
Ext = tuple[int, int, int]
FillAux = Callable[[str, Columns, Mapping[str, Ext]], Columns]


@dataclass(frozen=True)
class Deferred:
    """Columns that are made when the prover takes them, where its backend wants them.

    Attributes:
        shape: (width, rows).
        make: Makes them: uint64, C-contiguous, every value below p, which nobody checks any more.
    """

    shape: tuple[int, int]
    make: Callable[[], Columns]


Witness = Columns | Deferred


@dataclass(frozen=True)
class Trace:
    """The main columns of every table, and how the machine's own aux columns are filled.

    Attributes:
        main: Table name → (width, rows), uint64, C-contiguous, every value below p; or who makes them.
        fill_aux: (table name, its main columns, challenges by name) → (3 · own aux columns, rows). Needed only when a
            table has own aux columns. Deferred columns are given in the backend's memory; there the aux columns may
            be, too, and are below p then without a check.
    """

    main: Mapping[str, Witness]
    fill_aux: FillAux | None = None


def taken(columns: Witness) -> Columns:
    """The columns, made now where they are deferred."""
    return columns.make() if isinstance(columns, Deferred) else columns


def log_heights(machine: Machine, trace: Trace, fixed: Mapping[str, Columns]) -> tuple[int, ...]:
    """log2 of each table's rows, in table order, after checking shapes.

    Raises:
        InvalidTrace: A table is missing or unknown, or its columns have the wrong shape or type.
    """
    names = {table.name for table in machine.tables if table.main}
    if set(trace.main) - names:
        raise InvalidTrace(sorted(set(trace.main) - names)[0], f"is not a table of {machine.name} with main columns")
    return tuple(_log_height(table, trace, fixed) for table in machine.tables)


def _log_height(table: Table, trace: Trace, fixed: Mapping[str, Columns]) -> int:
    rows = fixed[table.name].shape[1] if table.fixed else None
    if table.main:
        if table.name not in trace.main:
            raise InvalidTrace(table.name, "is missing from the trace")
        main = trace.main[table.name]
        if not isinstance(main, Deferred):
            _check_layout(table.name, main, InvalidTrace)
        _check_shape(table.name, main.shape, len(table.main), InvalidTrace)
        if rows is not None and rows != main.shape[1]:
            raise InvalidTrace(table.name, f"has {main.shape[1]} rows, its fixed columns have {rows}")
        rows = main.shape[1]
    if rows is None:
        raise InvalidTrace(table.name, "has neither main nor fixed columns")
    return int(rows).bit_length() - 1


def check_values(trace: Trace, layout: Layout) -> None:
    """Refuse values that are not canonical field elements, and a missing ``fill_aux``.

    Raises:
        InvalidTrace: It names the table and the column.
    """
    for table in layout.machine.tables:
        if table.own_aux and trace.fill_aux is None:
            raise InvalidTrace(table.name, f"has columns {', '.join(table.own_aux)} and the trace no fill_aux")
        main = trace.main.get(table.name)
        if main is not None and not isinstance(main, Deferred):
            check_canonical(table.name, main, table.main, InvalidTrace)


def check_fixed(machine: Machine, fixed: Mapping[str, Columns]) -> None:
    """Refuse fixed columns that the machine cannot have.

    Raises:
        InvalidFixed: It names the table.
    """
    wanted = {table.name: table for table in machine.tables if table.fixed}
    for name in sorted(set(fixed) ^ set(wanted)):
        raise InvalidFixed(name, "has no fixed columns" if name in fixed else "misses its fixed columns")
    for name, table in wanted.items():
        _check_layout(name, fixed[name], InvalidFixed)
        _check_shape(name, fixed[name].shape, len(table.fixed), InvalidFixed)
        log_height = fixed[name].shape[1].bit_length() - 1
        if not table.min_log_height <= log_height <= table.max_log_height:
            raise InvalidFixed(
                name, f"has 2^{log_height} rows; 2^{table.min_log_height} to 2^{table.max_log_height} are allowed"
            )
        check_canonical(name, fixed[name], table.fixed, InvalidFixed)


def check_aux(table: Table, columns: Columns, log_height: int) -> None:
    """Refuse what ``fill_aux`` returned when it is not the table's own aux columns.

    Raises:
        InvalidTrace: Shape, type or a value is wrong.
    """
    _check_layout(table.name, columns, InvalidTrace)
    _check_shape(table.name, columns.shape, 3 * len(table.own_aux), InvalidTrace)
    if columns.shape[1] != 1 << log_height:
        raise InvalidTrace(table.name, f"fill_aux gave {columns.shape[1]} rows, the table has {1 << log_height}")
    if isinstance(columns, np.ndarray):
        check_canonical(table.name, columns, [name for name in table.own_aux for _ in range(3)], InvalidTrace)


def _check_layout(table: str, columns: Columns, error: type[InvalidTrace]) -> None:
    if columns.dtype != np.uint64 or columns.ndim != 2 or not columns.flags.c_contiguous:
        raise error(table, f"columns must be a contiguous two-dimensional uint64 array, not {columns.dtype}")


def _check_shape(table: str, shape: tuple[int, ...], width: int, error: type[InvalidTrace]) -> None:
    if shape[0] != width:
        raise error(table, f"has {shape[0]} columns instead of {width}")
    if shape[1].bit_count() != 1:
        raise error(table, f"has {shape[1]} rows, which is no power of two")


def check_canonical(
    table: str, columns: Columns, names: "tuple[str, ...] | list[str]", error: type[InvalidTrace]
) -> None:
    """Refuse values of p or more, naming the first column and row."""
    largest = columns.max(axis=1)
    for index in np.flatnonzero(largest >= P)[:1]:
        row = int(np.argmax(columns[index] >= P))
        value = int(columns[index, row])
        raise error(table, f"column {names[index]} holds {value} in row {row}, which is not below p")
