"""What generated code reads: which scalars, and where periodic values lie. Shared by generators and their callers.

Formulas of degree 0 are the same in every row: the caller computes those that a row reads (three words each), so
generated code has no scalar arithmetic at all.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from zkvm.air.expression import Expression, Op, topological
from zkvm.air.table import EXTENSION_DEGREE, Table

MAX_LANES = 8
"""Lanes of the widest vector: row ranges are multiples of it."""


@dataclass(frozen=True)
class Plan:
    """Layout of the scalars and periodic values of one table.

    Attributes:
        scalars: Formulas of degree 0 that rows read; number k lies at word 3k.
        periodic: First word of each periodic column.
        periods: After how many rows each repeats.
        periodic_words: Words of all periodic columns.
    """

    scalars: tuple[Expression, ...]
    periodic: tuple[int, ...]
    periods: tuple[int, ...]
    periodic_words: int


@lru_cache(maxsize=256)
def plan(table: Table) -> Plan:
    """The layout for a table."""
    offsets, end = [], 0
    for column in table.periodic:
        offsets.append(end)
        end += pitch(column.period) * (EXTENSION_DEGREE if column.extension else 1)
    return Plan(tuple(_scalars(roots(table))), tuple(offsets), tuple(column.period for column in table.periodic), end)


def roots(table: Table) -> list[Expression]:
    """Every formula that kernels compute: constraints, numerators, denominators."""
    found = [constraint.expression for constraint in table.constraints]
    return found + [part for group in table.groups for part in (group.numerator, group.denominator)]


def repeated(period: int) -> int:
    """A period in generated code: at least as long as a vector."""
    return max(period, MAX_LANES)


def pitch(period: int) -> int:
    """Words of one coordinate of a periodic column: the period, and a vector more for the next row's loads."""
    return repeated(period) + MAX_LANES


def is_scalar(node: Expression) -> bool:
    """Whether the node is the same in every row and not just a number."""
    return node.degree == 0 and node.op is not Op.CONSTANT


def _scalars(formulas: list[Expression]) -> Iterable[Expression]:
    read: dict[Expression, None] = {}
    for node in topological(formulas):
        if node.degree:
            read.update((arg, None) for arg in node.args if is_scalar(arg))
    read.update((formula, None) for formula in formulas if is_scalar(formula))
    return read
