"""A machine: tables that talk over buses, with the names of what they know besides their columns."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from zkvm.air.builder import check_name
from zkvm.air.describe import describe, digest
from zkvm.air.errors import BusMismatch, DuplicateName, UnknownName
from zkvm.air.expression import Expression, Op, topological
from zkvm.air.table import Bus, Table

IMPLICIT_CHALLENGES = ("gamma", "beta")
"""Every machine's first challenges: the fingerprints of bus messages."""


@dataclass(frozen=True)
class Machine:
    """Tables in order, and the scalars that their constraints may name.

    Attributes:
        name: For messages and for the compiled kernels.
        tables: In protocol order.
        challenges: Names of the machine's own challenges in F, in the order they are drawn after gamma and beta.
        publics: How many public words there are.
        parameters: Names of the base elements that the verifying key fixes.

    Raises:
        DuplicateName: two tables, constraints, challenges or parameters share a name.
        UnknownName: a constraint names a challenge, parameter or public word that is not declared.
        BusMismatch: buses share an id, or a bus has messages of two lengths.
    """

    name: str
    tables: tuple[Table, ...]
    challenges: tuple[str, ...] = ()
    publics: int = 0
    parameters: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_name(self.name)
        if not self.tables:
            raise UnknownName("a machine needs a table", id=self.name)
        _check_distinct("table", [table.name for table in self.tables])
        _check_distinct("constraint", [constraint.id for table in self.tables for constraint in table.constraints])
        _check_distinct("challenge", [*IMPLICIT_CHALLENGES, *self.challenges])
        _check_distinct("parameter", list(self.parameters))
        for table in self.tables:
            self._check_names(table)
        self._check_buses()

    @property
    def all_challenges(self) -> tuple[str, ...]:
        """The challenges of the first draw, in order: gamma, beta, then the machine's own."""
        return (*IMPLICIT_CHALLENGES, *self.challenges)

    @property
    def max_log_height(self) -> int:
        """log2 of the largest height any table may have."""
        return max(table.max_log_height for table in self.tables)

    @cached_property
    def constraint_count(self) -> int:
        """Over all tables, generated ones included."""
        return sum(len(table.constraints) for table in self.tables)

    @cached_property
    def buses(self) -> tuple[Bus, ...]:
        """Every bus, by id."""
        found = {interaction.bus for table in self.tables for interaction in table.interactions}
        return tuple(sorted(found, key=lambda bus: bus.id))

    def table(self, name: str) -> Table:
        """The table of this name.

        Raises:
            UnknownName: there is none.
        """
        for table in self.tables:
            if table.name == name:
                return table
        raise UnknownName(f"no such table; there are {', '.join(table.name for table in self.tables)}", table=name)

    def first_constraint(self, name: str) -> int:
        """The number of the table's first constraint among all; alpha's exponent there."""
        index = self.tables.index(self.table(name))
        return sum(len(table.constraints) for table in self.tables[:index])

    def describe(self) -> dict[str, Any]:
        """The canonical description that golden files hold and that the verifying key hashes."""
        return describe(self)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the canonical description, in hex."""
        return digest(self)

    def _check_names(self, table: Table) -> None:
        for where, expression in _expressions(table):
            for node in topological((expression,)):
                if node.op is Op.CHALLENGE and node.leaf not in self.all_challenges:
                    raise UnknownName(
                        f"challenge {node.leaf} is not declared", table=table.name, id=where, expression=expression
                    )
                if node.op is Op.PARAMETER and node.leaf not in self.parameters:
                    raise UnknownName(
                        f"parameter {node.leaf} is not declared", table=table.name, id=where, expression=expression
                    )
                if node.op is Op.PUBLIC and not 0 <= _index(node) < self.publics:
                    raise UnknownName(
                        f"there are {self.publics} public words", table=table.name, id=where, expression=expression
                    )

    def _check_buses(self) -> None:
        by_id: dict[int, Bus] = {}
        by_name: dict[str, Bus] = {}
        lengths: dict[Bus, int] = {}
        for table in self.tables:
            for interaction in table.interactions:
                bus, length = interaction.bus, len(interaction.entries)
                if by_id.setdefault(bus.id, bus) != bus or by_name.setdefault(bus.name, bus) != bus:
                    raise BusMismatch("another bus has this id or this name", table=table.name, id=bus.name)
                if lengths.setdefault(bus, length) != length:
                    raise BusMismatch(
                        f"messages of {lengths[bus]} and of {length} entries", table=table.name, id=bus.name
                    )


def _index(node: Expression) -> int:
    return node.leaf if isinstance(node.leaf, int) else -1


def _expressions(table: Table) -> Iterator[tuple[str, Expression]]:
    for constraint in table.constraints:
        yield constraint.id, constraint.expression
    for interaction in table.interactions:
        yield from ((interaction.bus.name, part) for part in (interaction.multiplicity, *interaction.entries))
    for periodic in table.periodic:
        yield from ((periodic.name, value) for value in periodic.values)


def _check_distinct(what: str, names: list[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise DuplicateName(f"two of this {what}", id=name)
        seen.add(name)
