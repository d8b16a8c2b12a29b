"""The constraints at one point of F: the verifier's reader. Plain integers, nothing but the definition.

Columns of a table of height N stand for polynomials in y; the verifier has their values at y and, where a constraint
reads the next row, at g·y with g = w_N. Virtual and periodic columns it evaluates itself.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from zkvm.air.errors import BadPoint
from zkvm.air.expression import ColumnRef, Expression, PeriodicRef, RowRef, Stage, topological
from zkvm.air.scalars import Scalars, apply, lift
from zkvm.air.table import EXTENSION_DEGREE, Table
from zkvm.field import P, root_of_unity
from zkvm.field.scalar import ONE, ZERO, Ext, e_add, e_inv, e_mul, e_pow, e_sub

BASIS: tuple[Ext, ...] = ((1, 0, 0), (0, 1, 0), (0, 0, 1))
"""1, x, x²: an extension column's value is Σ v_i x^i of its three base columns' values."""


@dataclass(frozen=True)
class OpenedPoint:
    """What is known of a table at a point.

    Attributes:
        log_height: log2 of the height N.
        y: The point in the table's own variable, z^(k_t).
        here: For each stage the values at y, one a base column.
        following: For each stage the values at g·y, in the order of ``table.uses_next(stage)``.
        scalars: Challenges, public words, parameters and the table's total.
    """

    log_height: int
    y: Ext
    here: Mapping[Stage, Sequence[Ext]]
    following: Mapping[Stage, Sequence[Ext]]
    scalars: Scalars


def at_point(table: Table, point: OpenedPoint) -> list[Ext]:
    """The value of every constraint at the point, in order.

    Raises:
        BadPoint: a number of values is not the table's, or y lies in the table's domain.
        UnknownName: a scalar is missing.
    """
    reader = _Reader(table, point)
    values: dict[Expression, Ext] = {}
    for node in topological(constraint.expression for constraint in table.constraints):
        if node.args:
            values[node] = apply(node.op, [values[arg] for arg in node.args])
        else:
            values[node] = reader.leaf(node)
    return [values[constraint.expression] for constraint in table.constraints]


class _Reader:
    """Values of leaves at the point."""

    def __init__(self, table: Table, point: OpenedPoint) -> None:
        self._table, self._point = table, point
        self._following: dict[tuple[Stage, int], Ext] = {}
        for stage in ("fixed", "main", "aux"):
            here, following = point.here.get(stage, ()), point.following.get(stage, ())
            if len(here) != table.width(stage) or len(following) != len(table.uses_next(stage)):
                raise BadPoint(
                    f"{len(here)} + {len(following)} {stage} values, "
                    f"not {table.width(stage)} + {len(table.uses_next(stage))}",
                    table=table.name,
                )
            self._following.update(
                ((stage, index), value) for index, value in zip(table.uses_next(stage), following, strict=True)
            )
        self._vanishing = e_sub(e_pow(point.y, 1 << point.log_height), ONE)
        if self._vanishing == ZERO:
            raise BadPoint("the point lies in the table's domain", table=table.name)
        self._bases: dict[int, list[Ext]] = {}

    def leaf(self, node: Expression) -> Ext:
        match node.leaf:
            case ColumnRef() as reference:
                return self._column(reference)
            case PeriodicRef() as reference:
                return self._periodic_value(reference)
            case RowRef(_, index):
                return lagrange(self._point.y, self._vanishing, index, self._point.log_height)
        return self._point.scalars.leaf(node, self._point.log_height)

    def _column(self, reference: ColumnRef) -> Ext:
        if reference.stage != "aux":
            return self._base(reference.stage, reference.index, reference.rotation)
        value = ZERO
        for i, unit in enumerate(BASIS):
            base = self._base("aux", EXTENSION_DEGREE * reference.index + i, reference.rotation)
            value = e_add(value, e_mul(base, unit))
        return value

    def _base(self, stage: Stage, index: int, rotation: int) -> Ext:
        return self._following[stage, index] if rotation else self._point.here[stage][index]

    def _periodic_value(self, reference: PeriodicRef) -> Ext:
        column = self._table.periodic[reference.index]
        values = self._point.scalars.values(column.values, self._point.log_height)
        basis = self._basis(column.period)
        result = ZERO
        for row, weight in enumerate(basis):
            result = e_add(result, e_mul(weight, values[(row + reference.rotation) % column.period]))
        return result

    def _basis(self, period: int) -> list[Ext]:
        """L_i(y^(N/period)) over the subgroup of order ``period``; its vanishing polynomial is that of the table."""
        if period not in self._bases:
            log_period = period.bit_length() - 1
            u = e_pow(self._point.y, 1 << (self._point.log_height - log_period))
            self._bases[period] = [lagrange(u, self._vanishing, i, log_period) for i in range(period)]
        return self._bases[period]


def lagrange(y: Ext, vanishing: Ext, index: int, log_size: int) -> Ext:
    """L_i(y) = g^i (y^N − 1) / (N (y − g^i)) over the subgroup of order N = 2^log_size.

    Args:
        y: Not in the subgroup.
        vanishing: y^N − 1.
        index: i; −1 is the last element.
        log_size: log2 N.
    """
    element = pow(root_of_unity(log_size), index % (1 << log_size), P)
    below = e_mul(e_sub(y, lift(element)), lift(1 << log_size))
    return e_mul(e_mul(lift(element), vanishing), e_inv(below))
