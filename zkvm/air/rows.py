"""A table's columns over rows: the trace itself, or its extension on one coset. Input of the NumPy and C readers.

Row r of a view stands at y = shift·g^r, g = w_N. On the trace (shift 1) virtual columns are what they say; on a coset
they are values of their polynomials. All single-row columns are rotations of one array, since L_i(y) = L_0(y/g^i); a
periodic column has period P on every coset.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zkvm.air.errors import BadTrace
from zkvm.air.expression import STAGES, Stage
from zkvm.air.scalars import Scalars
from zkvm.air.table import EXTENSION_DEGREE, Table
from zkvm.field import P, base

Words = NDArray[np.uint64]


@dataclass(frozen=True)
class RowsView:
    """One table's columns on one coset.

    Attributes:
        log_height: log2 of the number of rows N.
        columns: For each stage an array of shape (base columns, N).
        first: L_0 on the coset, N values.
        periodic: For each periodic column one period: shape (P,), or (3, P) with values in F.
    """

    log_height: int
    columns: dict[Stage, Words]
    first: Words
    periodic: tuple[Words, ...]

    @property
    def rows(self) -> int:
        """The number of rows."""
        return 1 << self.log_height


def rows_view(
    table: Table,
    *,
    main: Words,
    fixed: Words | None = None,
    aux: Words | None = None,
    shift: int = 1,
    scalars: Scalars | None = None,
    first: Callable[[int, int], Words] | None = None,
) -> RowsView:
    """The view of a table's columns on a coset.

    Args:
        table: The definition.
        main: Witness columns, shape (width, N), canonical.
        fixed: Fixed columns; may be left out where the table has none.
        aux: Aux columns in base columns; may be left out before they exist.
        shift: The coset's shift; 1 for the trace itself. On the coset ``s_t·w_(n_t)^j`` it is that product.
        scalars: For challenge-periodic columns; may be left out where the table has none.
        first: Computes L_0 from (shift, log_height); the NumPy one if left out.

    Raises:
        BadTrace: an array has another shape or type than the table's.
    """
    height = main.shape[-1] if main.ndim else 0
    log_height = max(height, 1).bit_length() - 1
    if height != 1 << log_height:
        raise BadTrace(f"{height} rows are no power of two", table=table.name)
    columns: dict[Stage, Words] = {
        "fixed": np.empty((0, height), np.uint64) if fixed is None else fixed,
        "main": main,
        "aux": np.empty((0, height), np.uint64) if aux is None else aux,
    }
    for stage in STAGES:
        allowed = {table.width(stage)} | ({0, EXTENSION_DEGREE * len(table.own_aux)} if stage == "aux" else set())
        array = columns[stage]
        if array.dtype != np.uint64 or array.ndim != 2 or array.shape[0] not in allowed or array.shape[1] != height:
            raise BadTrace(
                f"{stage} columns are {array.dtype} {array.shape}, not uint64 ({table.width(stage)}, {height})",
                table=table.name,
            )
    known = scalars or Scalars()
    return RowsView(
        log_height,
        columns,
        (first or first_selector)(shift, log_height),
        _periodic_on_coset(table, shift, log_height, known),
    )


def first_selector(shift: int, log_height: int) -> Words:
    """L_0(y) = (y^N − 1)/(N (y − 1)) for y = shift·g^r; on the trace 1 in row 0 and 0 elsewhere."""
    size = 1 << log_height
    if shift == 1:
        selector = np.zeros(size, np.uint64)
        selector[0] = 1
        return selector
    if pow(shift, size, P) == 1:
        raise BadTrace(f"the coset of {shift} is the trace domain itself, in another order")
    vanishing = (pow(shift, size, P) - 1) * pow(size, -1, P) % P
    return base.mul(vanishing, base.inv(base.sub(base.domain(log_height, shift), 1)))


def _periodic_on_coset(table: Table, shift: int, log_height: int, scalars: Scalars) -> tuple[Words, ...]:
    """One period of each periodic column's polynomial on the coset."""
    found: dict[int, Words] = {}
    for period in {column.period for column in table.periodic}:
        members = [index for index, column in enumerate(table.periodic) if column.period == period]
        values = [
            np.array(scalars.values(table.periodic[index].values, log_height), np.uint64).T[: _width(table, index)]
            for index in members
        ]
        rows = _interpolate(np.concatenate(values), shift, log_height)
        widths = [_width(table, index) for index in members]
        for index, part in zip(members, np.split(rows, np.cumsum(widths)[:-1]), strict=True):
            found[index] = np.ascontiguousarray(part if table.periodic[index].extension else part[0])
    return tuple(found[index] for index in range(len(table.periodic)))


def _width(table: Table, index: int) -> int:
    return EXTENSION_DEGREE if table.periodic[index].extension else 1


def _interpolate(values: Words, shift: int, log_height: int) -> Words:
    """From one period on the trace (rows of ``values``) to one on the coset: a cyclic convolution with L_0."""
    period = values.shape[1]
    log_period = period.bit_length() - 1
    shrunk = pow(shift, 1 << (log_height - log_period), P)
    if shrunk == 1 or period == 1:
        return values
    selector = first_selector(shrunk, log_period)
    result = np.zeros(values.shape, np.uint64)
    for index in range(period):
        result = base.add(result, base.mul(values[:, index : index + 1], np.roll(selector, index)))
    return result
