"""The builder: how a table is written down. Whatever is wrong is refused where it is written."""

import re
from collections.abc import Sequence
from typing import Literal

from zkvm.air import logup
from zkvm.air.errors import (
    BadHeight,
    BadName,
    BadPeriod,
    BusMismatch,
    ConstantConstraint,
    DegreeTooHigh,
    DuplicateName,
    EmptyTuple,
    ForeignColumn,
    NotBase,
    NotScalar,
    UnusedColumn,
)
from zkvm.air.expression import (
    LAST_ROW,
    ColumnRef,
    Expression,
    Op,
    Operand,
    PeriodicRef,
    RowRef,
    Stage,
    column,
    leaf_text,
    lift,
    periodic,
    row,
    topological,
)
from zkvm.air.table import Bus, Constraint, Interaction, Periodic, Table, columns_in
from zkvm.field import P

MAX_USER_DEGREE = 3
MAX_LOGUP_DEGREE = 4
"""The quotient has three chunks, so a constraint may have degree four."""
MAX_ENTRY_DEGREE = 1
MAX_MULTIPLICITY_DEGREE = 2
MIN_LOG_HEIGHT = 6
MAX_LOG_HEIGHT = 26
"""The two-adicity of the field is 32; what is left is for the blow-up."""

_NAME = re.compile(r"[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)*")


def check_name(name: str, table: str = "") -> str:
    """The name, if letters, digits, ``_`` and inner ``.`` are all that is in it.

    Raises:
        BadName: otherwise.
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise BadName(f"{name!r} is no name: letters, digits, _ and inner dots", table=table)
    return name


class TableBuilder:
    """Collects columns, constraints and interactions; ``build`` makes the table.

    Args:
        name: The table's name.
        log_height: log2 of the number of rows: one number, or the least and the largest.
        fixed: The verifying key fixes the height (so it is too when the table has a fixed column).
    """

    def __init__(self, name: str, *, log_height: int | tuple[int, int], fixed: bool = False) -> None:
        self.name = check_name(name)
        low, high = (log_height, log_height) if isinstance(log_height, int) else log_height
        if not MIN_LOG_HEIGHT <= low <= high <= MAX_LOG_HEIGHT:
            raise BadHeight(
                f"log2 heights {low} to {high} are not within {MIN_LOG_HEIGHT} to {MAX_LOG_HEIGHT}", table=name
            )
        self._heights = (low, high)
        self._keyed = fixed
        self._columns: dict[Stage, list[str]] = {"fixed": [], "main": [], "aux": []}
        self._periodic: list[Periodic] = []
        self._names: set[str] = set()
        self._constraints: dict[str, Constraint] = {}
        self._interactions: list[Interaction] = []

    # -- columns ------------------------------------------------------------------------------------------------

    def main(self, name: str) -> Expression:
        """A witness column."""
        return self._column("main", name)

    def fixed(self, name: str) -> Expression:
        """A column that the verifying key holds."""
        return self._column("fixed", name)

    def aux(self, name: str) -> Expression:
        """An extension column that the machine fills after the first challenges."""
        return self._column("aux", name)

    def periodic(self, name: str, values: Sequence[int]) -> Expression:
        """A virtual column of numbers that repeat; as many as a power of two."""
        return self._add_periodic(name, [lift(value) for value in values], extension=False)

    def challenge_periodic(self, name: str, values: Sequence[Operand]) -> Expression:
        """A virtual column whose repeating values are formulas of challenges, parameters and numbers."""
        return self._add_periodic(name, [lift(value) for value in values], extension=True)

    @property
    def first(self) -> Expression:
        """1 in row 0, 0 elsewhere."""
        return row(self.name, 0)

    @property
    def last(self) -> Expression:
        """1 in the last row, 0 elsewhere."""
        return row(self.name, LAST_ROW)

    @property
    def transition(self) -> Expression:
        """0 in the last row, 1 elsewhere."""
        return 1 - self.last

    def row(self, index: int) -> Expression:
        """1 in row ``index``, 0 elsewhere.

        Raises:
            BadHeight: the smallest table has no such row.
        """
        if not 0 <= index < 1 << self._heights[0]:
            raise BadHeight(f"row {index} is not in a table of 2^{self._heights[0]} rows", table=self.name)
        return row(self.name, index)

    # -- rules --------------------------------------------------------------------------------------------------

    def constrain(self, id: str, expression: Operand) -> None:
        """Demand that the formula is zero in every row.

        Raises:
            DuplicateName: the id is taken.
            ConstantConstraint: the formula has no column.
            DegreeTooHigh: its degree exceeds 3.
            ForeignColumn: it reads another table.
        """
        check_name(id, self.name)
        formula = lift(expression)
        if id in self._constraints or id.startswith("logup."):
            raise DuplicateName("this id is taken", table=self.name, id=id)
        if formula.degree == 0:
            raise ConstantConstraint("no column is in it", table=self.name, id=id, expression=formula)
        self._check_degree(id, formula, MAX_USER_DEGREE, "a constraint")
        self._check_own(id, formula)
        self._constraints[id] = Constraint(id, formula)

    def boolean(self, id: str, expression: Operand) -> None:
        """Demand that the formula is 0 or 1 in every row."""
        value = lift(expression)
        self.constrain(id, value * (value - 1))

    def send(self, bus: Bus, multiplicity: Operand, *entries: Operand) -> None:
        """Send the entries on the bus, ``multiplicity`` times in each row."""
        self._interact(bus, 1, multiplicity, entries)

    def receive(self, bus: Bus, multiplicity: Operand, *entries: Operand) -> None:
        """Receive the entries from the bus, ``multiplicity`` times in each row."""
        self._interact(bus, -1, multiplicity, entries)

    def build(self, pack: int = 3) -> Table:
        """The finished table.

        Args:
            pack: Interactions that share an aux column; the generated constraints have degree up to ``pack`` + 1.

        Raises:
            UnusedColumn: nothing reads a column.
            DegreeTooHigh: a generated constraint exceeds degree 4.
            BadHeight: a period exceeds the least height.
        """
        if pack < 1:
            raise DegreeTooHigh(f"pack must be at least 1, not {pack}", table=self.name)
        groups = logup.make_groups(self._interactions, pack)
        own_aux = tuple(self._columns["aux"])
        names = logup.aux_names(groups)
        columns = [column(ColumnRef(self.name, "aux", len(own_aux) + index, name)) for index, name in enumerate(names)]
        generated = logup.make_constraints(self.name, groups, columns)
        for constraint in generated:
            self._check_degree(constraint.id, constraint.expression, MAX_LOGUP_DEGREE, "a bus constraint")
        self._check_used()
        return Table(
            name=self.name,
            min_log_height=self._heights[0],
            max_log_height=self._heights[1],
            keyed=self._keyed or bool(self._columns["fixed"]),
            fixed=tuple(self._columns["fixed"]),
            main=tuple(self._columns["main"]),
            own_aux=own_aux,
            aux=own_aux + names,
            periodic=tuple(self._periodic),
            constraints=(*self._constraints.values(), *generated),
            interactions=tuple(self._interactions),
            groups=groups,
            pack=pack,
        )

    # -- inside -------------------------------------------------------------------------------------------------

    def _column(self, stage: Stage, name: str) -> Expression:
        self._take(name)
        self._columns[stage].append(name)
        return column(ColumnRef(self.name, stage, len(self._columns[stage]) - 1, name))

    def _take(self, name: str) -> None:
        check_name(name, self.name)
        if name in self._names or name.startswith("logup."):
            raise DuplicateName("this column name is taken", table=self.name, id=name)
        self._names.add(name)

    def _add_periodic(self, name: str, values: Sequence[Expression], *, extension: bool) -> Expression:
        if not values or len(values) & (len(values) - 1):
            raise BadPeriod(f"{len(values)} values: the number must be a power of two", table=self.name, id=name)
        if len(values) > 1 << self._heights[0]:
            raise BadHeight(f"period {len(values)} exceeds the least height", table=self.name, id=name)
        for value in values:
            for leaf in topological((value,)):
                if leaf.degree or leaf.op in (Op.PUBLIC, Op.TOTAL) or (leaf.extension and not extension):
                    raise NotScalar("a value may not depend on this", table=self.name, id=name, expression=leaf)
        self._take(name)
        self._periodic.append(Periodic(name, tuple(values), extension))
        return periodic(PeriodicRef(self.name, len(self._periodic) - 1, name, extension))

    def _interact(self, bus: Bus, sign: Literal[1, -1], multiplicity: Operand, entries: Sequence[Operand]) -> None:
        check_name(bus.name)
        if not 0 < bus.id < P:
            raise BusMismatch(f"bus id {bus.id} is not between 1 and p - 1", table=self.name, id=bus.name)
        if not entries:
            raise EmptyTuple("a message needs an entry", table=self.name, id=bus.name)
        factor, message = lift(multiplicity), tuple(lift(entry) for entry in entries)
        for expression, limit, what in (
            (factor, MAX_MULTIPLICITY_DEGREE, "a multiplicity"),
            *((entry, MAX_ENTRY_DEGREE, "an entry") for entry in message),
        ):
            self._check_degree(bus.name, expression, limit, what)
            self._check_own(bus.name, expression)
            if expression.extension:
                raise NotBase(
                    f"{what} may not depend on challenges or aux columns",
                    table=self.name,
                    id=bus.name,
                    expression=expression,
                )
        self._interactions.append(Interaction(bus, sign, factor, message))

    def _check_degree(self, id: str, expression: Expression, limit: int, what: str) -> None:
        if expression.degree > limit:
            raise DegreeTooHigh(
                f"degree {expression.degree}, {what} may have {limit}", table=self.name, id=id, expression=expression
            )

    def _check_own(self, id: str, expression: Expression) -> None:
        for node in topological((expression,)):
            leaf = node.leaf
            if isinstance(leaf, ColumnRef | PeriodicRef | RowRef) and leaf.table != self.name:
                raise ForeignColumn(
                    f"{leaf_text(node)} belongs to table {leaf.table}", table=self.name, id=id, expression=expression
                )

    def _check_used(self) -> None:
        roots = [constraint.expression for constraint in self._constraints.values()]
        for interaction in self._interactions:
            roots += [interaction.multiplicity, *interaction.entries]
        used = {node.leaf.name for node in columns_in(roots) if isinstance(node.leaf, ColumnRef | PeriodicRef)}
        for name in sorted(self._names - used):
            raise UnusedColumn("no constraint and no interaction reads this column", table=self.name, id=name)
