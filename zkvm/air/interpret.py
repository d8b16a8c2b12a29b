"""Constraints over rows with NumPy: the reference for the compiled kernels, and what the debugger stands on."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from zkvm.air.expression import ColumnRef, Expression, Op, PeriodicRef, RowRef, topological
from zkvm.air.rows import RowsView, Words
from zkvm.air.scalars import Scalars
from zkvm.air.table import EXTENSION_DEGREE, Table
from zkvm.field import base, extension
from zkvm.field.scalar import Ext

BLOCK_ROWS = 1 << 12
"""Rows evaluated at a time: intermediate values stay in the cache."""


def evaluate(
    expressions: Sequence[Expression], view: RowsView, scalars: Scalars, begin: int, end: int
) -> Iterator[tuple[int, Words]]:
    """The formulas' values in rows [begin, end), each as soon as it is known.

    Yields:
        The formula's position and its values: shape (rows,) for a base formula, (3, rows) for one in F.
    """
    order = topological(expressions)
    last_use = {arg: index for index, node in enumerate(order) for arg in node.args}
    wanted: dict[Expression, list[int]] = {}
    for position, expression in enumerate(expressions):
        wanted.setdefault(expression, []).append(position)
    leaves = _Leaves(view, scalars, begin, end)
    values: dict[Expression, Words] = {}
    for index, node in enumerate(order):
        values[node] = _apply(node, values) if node.args else leaves.value(node)
        for position in wanted.get(node, ()):
            yield position, leaves.spread(node, values[node])
        for arg in node.args:
            if last_use[arg] == index:
                values.pop(arg, None)


def quotient_rows(
    table: Table,
    view: RowsView,
    scalars: Scalars,
    weights: Sequence[Ext],
    out: Words,
    begin: int = 0,
    end: int | None = None,
) -> None:
    """Add Σ_j weights[j]·C_j to ``out`` (3, N) in rows [begin, end).

    Args:
        table: The definition.
        view: All columns, aux included, on a coset.
        scalars: Challenges, public words, parameters and the table's total.
        weights: α^j for each of the table's constraints, in order.
        out: Added to in place.
        begin: First row.
        end: Row after the last; N if left out.
    """
    formulas = [constraint.expression for constraint in table.constraints]
    factors = [np.array(weight, np.uint64).reshape(EXTENSION_DEGREE, 1) for weight in weights]
    for low, high in _blocks(begin, view.rows if end is None else end):
        total = out[:, low:high]
        for position, values in evaluate(formulas, view, scalars, low, high):
            times = extension.mul if formulas[position].extension else extension.mul_base
            total = extension.add(total, times(factors[position], values))
        out[:, low:high] = total


def logup_rows(
    table: Table,
    view: RowsView,
    scalars: Scalars,
    numerators: Words,
    denominators: Words,
    begin: int = 0,
    end: int | None = None,
) -> None:
    """Write each group's fraction in rows [begin, end) of the trace: Σ ±m_i/d_i of group g is num[g]/den[g].

    Args:
        table: The definition.
        view: Fixed and main columns on the trace.
        scalars: Challenges gamma and beta, public words and parameters.
        numerators: Shape (groups, 3, N).
        denominators: Shape (groups, 3, N); a zero has a chance of about rows/|F|.
        begin: First row.
        end: Row after the last; N if left out.
    """
    formulas = [part for group in table.groups for part in (group.numerator, group.denominator)]
    for low, high in _blocks(begin, view.rows if end is None else end):
        for position, values in evaluate(formulas, view, scalars, low, high):
            target = denominators if position % 2 else numerators
            target[position // 2, :, low:high] = embed(values)


def embed(values: Words) -> Words:
    """Base values (rows,) as values in F (3, rows); values in F as they are."""
    if values.ndim == 2:
        return values
    result = np.zeros((EXTENSION_DEGREE, values.size), np.uint64)
    result[0] = values
    return result


def _blocks(begin: int, end: int) -> Iterator[tuple[int, int]]:
    for low in range(begin, end, BLOCK_ROWS):
        yield low, min(low + BLOCK_ROWS, end)


class _Leaves:
    """Values of leaves in rows [begin, end): (rows,) or (1,), (3, rows) or (3, 1)."""

    def __init__(self, view: RowsView, scalars: Scalars, begin: int, end: int) -> None:
        self._view, self._scalars = view, scalars
        self._begin, self._end = begin, end

    def value(self, node: Expression) -> Words:
        match node.leaf:
            case ColumnRef(_, "aux", index, _, rotation):
                start = EXTENSION_DEGREE * index
                return self._slice(self._view.columns["aux"][start : start + EXTENSION_DEGREE], rotation)
            case ColumnRef(_, stage, index, _, rotation):
                return self._slice(self._view.columns[stage][index], rotation)
            case PeriodicRef(_, index, _, _, rotation):
                column = self._view.periodic[index]
                rows = (np.arange(self._begin, self._end) + rotation) % column.shape[-1]
                return np.ascontiguousarray(column[..., rows])
            case RowRef(_, index):
                return self._slice(self._view.first, -index)
        value = np.array(self._scalars.leaf(node, self._view.log_height), np.uint64)
        return value.reshape(EXTENSION_DEGREE, 1) if node.extension else value[:1]

    def spread(self, node: Expression, values: Words) -> Words:
        """The values with one entry a row even where they do not depend on the row."""
        rows = self._end - self._begin
        return np.broadcast_to(values, (EXTENSION_DEGREE, rows) if node.extension else (rows,))

    def _slice(self, columns: Words, rotation: int) -> Words:
        begin, end, height = self._begin + rotation, self._end + rotation, self._view.rows
        if begin >= 0 and end <= height:
            return columns[..., begin:end]
        return np.ascontiguousarray(columns[..., np.arange(begin, end) % height])


_BASE: dict[Op, Callable[..., Words]] = {Op.ADD: base.add, Op.SUB: base.sub, Op.MUL: base.mul, Op.NEG: base.neg}
_EXTENSION: dict[Op, Callable[..., Words]] = {
    Op.ADD: extension.add,
    Op.SUB: extension.sub,
    Op.MUL: extension.mul,
    Op.NEG: extension.neg,
}


def _apply(node: Expression, values: dict[Expression, Words]) -> Words:
    args = [values[arg] for arg in node.args]
    if not node.extension:
        return _BASE[node.op](*args)
    if node.op is Op.MUL and not (node.args[0].extension and node.args[1].extension):
        left, right = args if node.args[0].extension else reversed(args)
        return extension.mul_base(left, right)
    return _EXTENSION[node.op](*(embed(arg) for arg in args))
