"""What a finished table is: columns, constraints, interactions and their LogUp groups. Frozen; a builder makes it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from zkvm.air.expression import (
    ColumnRef,
    Expression,
    Op,
    PeriodicRef,
    RowRef,
    Stage,
    topological,
)

EXTENSION_DEGREE = 3
"""Base columns of an extension column."""


@dataclass(frozen=True, slots=True)
class Bus:
    """A channel of LogUp messages. ``id`` is part of every fingerprint, so that buses never mix."""

    name: str
    id: int


@dataclass(frozen=True, slots=True)
class Constraint:
    """A formula that is zero in every row. ``logup`` marks the generated ones."""

    id: str
    expression: Expression
    logup: bool = False

    @property
    def degree(self) -> int:
        """Degree in columns."""
        return self.expression.degree


@dataclass(frozen=True, slots=True)
class Interaction:
    """One message a row on a bus: sent ``multiplicity`` times (``sign`` 1) or received (``sign`` −1)."""

    bus: Bus
    sign: Literal[1, -1]
    multiplicity: Expression
    entries: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Interactions that share one fraction: Σ ±m_i/d_i = numerator/denominator.

    Attributes:
        index: Number of the group in its table.
        interactions: The members, in order of definition.
        numerator: Σ ±m_i Π_{j≠i} d_j.
        denominator: Π d_i, the product of the fingerprints.
    """

    index: int
    interactions: tuple[Interaction, ...]
    numerator: Expression
    denominator: Expression


@dataclass(frozen=True, slots=True)
class Periodic:
    """A column whose values repeat: numbers, or formulas of challenges with values in F."""

    name: str
    values: tuple[Expression, ...]
    extension: bool

    @property
    def period(self) -> int:
        """After how many rows it repeats; a power of two."""
        return len(self.values)


@dataclass(frozen=True)
class Table:
    """A finished table.

    Attributes:
        name: Unique in its machine.
        min_log_height: Least log2 of the number of rows; at least 6.
        max_log_height: Largest.
        keyed: The verifying key fixes the height (tables with fixed columns).
        fixed: Names of the columns in the verifying key.
        main: Names of the witness columns.
        own_aux: Names of the extension columns that the machine fills after the first challenges.
        aux: All extension columns: own, then ``logup.h_1``…, then ``logup.s``.
        periodic: Virtual columns with repeating values.
        constraints: The user's in order of definition, then one a LogUp group.
        interactions: In order of definition.
        groups: The interactions, ``pack`` to a group.
        pack: Interactions a group.
    """

    name: str
    min_log_height: int
    max_log_height: int
    keyed: bool
    fixed: tuple[str, ...]
    main: tuple[str, ...]
    own_aux: tuple[str, ...]
    aux: tuple[str, ...]
    periodic: tuple[Periodic, ...]
    constraints: tuple[Constraint, ...]
    interactions: tuple[Interaction, ...]
    groups: tuple[Group, ...]
    pack: int

    @property
    def has_total(self) -> bool:
        """Whether the table has a LogUp total, that is any interaction."""
        return bool(self.groups)

    def names(self, stage: Stage) -> tuple[str, ...]:
        """Column names of a stage; an aux name stands for three base columns."""
        return {"fixed": self.fixed, "main": self.main, "aux": self.aux}[stage]

    def width(self, stage: Stage) -> int:
        """Base columns of a stage."""
        return len(self.names(stage)) * (EXTENSION_DEGREE if stage == "aux" else 1)

    def uses_next(self, stage: Stage) -> tuple[int, ...]:
        """Indices of the base columns of a stage that some constraint reads in the next row, ascending."""
        return self._next_columns[stage]

    @cached_property
    def max_degree(self) -> int:
        """Largest degree of a constraint."""
        return max((constraint.degree for constraint in self.constraints), default=0)

    @cached_property
    def rows(self) -> tuple[int, ...]:
        """Which single-row virtual columns the constraints use; −1 is the last row."""
        leaves = (node.leaf for node in topological(self._roots()))
        return tuple(sorted({leaf.index for leaf in leaves if isinstance(leaf, RowRef)}))

    @cached_property
    def _next_columns(self) -> dict[Stage, tuple[int, ...]]:
        found: dict[Stage, set[int]] = {"fixed": set(), "main": set(), "aux": set()}
        for node in topological(self._roots()):
            if isinstance(node.leaf, ColumnRef) and node.leaf.rotation:
                found[node.leaf.stage].update(base_columns(node.leaf))
        return {stage: tuple(sorted(columns)) for stage, columns in found.items()}

    def _roots(self) -> list[Expression]:
        return [constraint.expression for constraint in self.constraints]


def base_columns(reference: ColumnRef) -> Sequence[int]:
    """Indices of the base columns of a committed column in its stage."""
    if reference.stage == "aux":
        return range(EXTENSION_DEGREE * reference.index, EXTENSION_DEGREE * (reference.index + 1))
    return (reference.index,)


def columns_in(roots: Iterable[Expression]) -> list[Expression]:
    """The committed and periodic columns under the roots, in the order met."""
    return [node for node in topological(roots) if isinstance(node.leaf, ColumnRef | PeriodicRef)]


def names_in(roots: Iterable[Expression], op: Op) -> list[str]:
    """The names of the challenges (or parameters) under the roots, in the order met."""
    return [str(node.leaf) for node in topological(roots) if node.op is op]
