"""The debugger of table authors: which row breaks which constraint with which values, and which messages do not meet.

``check_trace`` looks at a whole machine, ``check_table`` at one table alone, ``bus_tuples`` lists what a table says on
each bus. Nothing here is fast path; 2^16 rows of all tables take seconds.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

import numpy as np

from zkvm.air import interpret
from zkvm.air.accumulate import logup_columns
from zkvm.air.errors import BadTrace
from zkvm.air.expression import Op, leaf_text
from zkvm.air.machine import Machine
from zkvm.air.rows import RowsView, Words, rows_view
from zkvm.air.scalars import Scalars
from zkvm.air.table import EXTENSION_DEGREE, Constraint, Interaction, Table, columns_in, names_in
from zkvm.field import P, base
from zkvm.field.scalar import Ext

FillAux = Callable[[str, Words, Mapping[str, Ext]], Words]
"""(table, main columns, challenges) -> the table's own aux columns, shape (3·own, N)."""

SHOWN_ROWS = 3
SHOWN_TUPLES = 20
SHOWN_SOURCES = 4
_SEED = 0x5EED


@dataclass(frozen=True)
class Violation:
    """A constraint that is not zero in some row.

    Attributes:
        table: The table.
        id: The constraint.
        row: A row where it fails.
        failing_rows: In how many rows it fails.
        values: The columns in it, by name (a ``'`` marks the next row), with their values in this row.
        value: What the constraint evaluates to.
    """

    table: str
    id: str
    row: int
    failing_rows: int
    values: dict[str, int | Ext]
    value: int | Ext

    def __str__(self) -> str:
        known = ", ".join(f"{name}={_number(value)}" for name, value in self.values.items())
        return f"{self.id} fails in row {self.row} of {self.table} (and {self.failing_rows - 1} more): {known}"


@dataclass(frozen=True)
class Unmatched:
    """A message whose sends and receives differ.

    Attributes:
        bus: The bus.
        entries: The message.
        balance: Sends less receives, mod p.
        sources: (table, row, signed multiplicity) of some rows that send or receive it.
    """

    bus: str
    entries: tuple[int, ...]
    balance: int
    sources: tuple[tuple[str, int, int], ...]

    def __str__(self) -> str:
        message = ", ".join(_number(entry) for entry in self.entries)
        places = ", ".join(f"{table}[{row}] {_number(count)}" for table, row, count in self.sources)
        return f"{self.bus}({message}) is out of balance by {_number(self.balance)}: {places}"


@dataclass(frozen=True)
class Report:
    """What is wrong with a trace.

    Attributes:
        violations: Up to three rows of every failing constraint.
        unmatched: The first messages out of balance, ordered by bus and entries.
        unmatched_count: How many there are in all.
    """

    violations: tuple[Violation, ...] = ()
    unmatched: tuple[Unmatched, ...] = ()
    unmatched_count: int = 0
    totals: dict[str, Ext] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Nothing is wrong."""
        return not self.violations and not self.unmatched_count

    @property
    def failing(self) -> tuple[str, ...]:
        """Ids of the failing constraints, each once."""
        return tuple(dict.fromkeys(violation.id for violation in self.violations))

    @property
    def failing_buses(self) -> tuple[str, ...]:
        """Buses out of balance among the messages shown, each once."""
        return tuple(dict.fromkeys(unmatched.bus for unmatched in self.unmatched))

    def __str__(self) -> str:
        if self.ok:
            return "all constraints hold, all buses balance"
        lines = [str(violation) for violation in self.violations]
        lines += [str(unmatched) for unmatched in self.unmatched]
        if self.unmatched_count > len(self.unmatched):
            lines.append(f"… and {self.unmatched_count - len(self.unmatched)} more messages out of balance")
        return "\n".join(lines)


def random_challenges(names: Sequence[str], seed: int = _SEED) -> dict[str, Ext]:
    """Challenges for checking; the same for the same seed."""
    numbers = np.random.default_rng(seed).integers(0, P, (len(names), EXTENSION_DEGREE), np.uint64)
    return {name: (int(a), int(b), int(c)) for name, (a, b, c) in zip(names, numbers, strict=True)}


def check_trace(
    machine: Machine,
    trace: Mapping[str, Words],
    *,
    fixed: Mapping[str, Words] | None = None,
    publics: Sequence[int] = (),
    parameters: Mapping[str, int] | None = None,
    challenges: Mapping[str, Ext] | None = None,
    fill_aux: FillAux | None = None,
    logup: bool = True,
) -> Report:
    """Check every constraint in every row and every bus.

    Args:
        machine: The definition.
        trace: Main columns of every table.
        fixed: Fixed columns of the tables that have some.
        publics: The public words.
        parameters: The machine's parameters.
        challenges: Random ones if left out.
        fill_aux: Computes own aux columns; may be left out where no table has any.
        logup: Compute the LogUp columns too and check the generated constraints and that the totals vanish; the
            messages themselves are compared in any case.

    Raises:
        BadTrace: a table is missing, or its columns have the wrong shape, type or range.
    """
    scalars = Scalars(challenges or random_challenges(machine.all_challenges), publics, parameters or {})
    violations: list[Violation] = []
    messages = _Messages()
    totals: dict[str, Ext] = {}
    for table in machine.tables:
        if table.name not in trace:
            raise BadTrace("the trace has no such table", table=table.name)
        own_fixed = (fixed or {}).get(table.name)
        view = _view(table, trace[table.name], own_fixed, scalars)
        messages.collect(table, view, scalars)
        found, total = _check_table(table, view, scalars, fill_aux, logup)
        violations += found
        totals[table.name] = total
    unmatched, count = messages.unmatched([bus.name for bus in machine.buses])
    return Report(tuple(violations), tuple(unmatched), count, totals)


def check_table(
    table: Table,
    main: Words,
    *,
    fixed: Words | None = None,
    publics: Sequence[int] = (),
    parameters: Mapping[str, int] | None = None,
    challenges: Mapping[str, Ext] | None = None,
    fill_aux: FillAux | None = None,
    logup: bool = False,
) -> Report:
    """Check every constraint of one table in every row; buses are not looked at. Arguments as in ``check_trace``."""
    scalars = Scalars(challenges or random_challenges(_challenge_names(table)), publics, parameters or {})
    view = _view(table, main, fixed, scalars)
    violations, total = _check_table(table, view, scalars, fill_aux, logup)
    return Report(tuple(violations), totals={table.name: total})


def bus_tuples(
    table: Table,
    main: Words,
    *,
    fixed: Words | None = None,
    publics: Sequence[int] = (),
    parameters: Mapping[str, int] | None = None,
) -> dict[str, list[tuple[int, tuple[int, ...], int]]]:
    """What a table says on each bus: (signed multiplicity, entries, row), rows with multiplicity 0 left out.

    A send is positive, a receive negative; multiplicities beyond p/2 count as negative.
    """
    # Messages know no challenges; challenge-periodic columns of the table want some all the same.
    scalars = Scalars(random_challenges(_challenge_names(table)), publics, parameters or {})
    view = _view(table, main, fixed, scalars)
    result: dict[str, list[tuple[int, tuple[int, ...], int]]] = {}
    for interaction in table.interactions:
        multiplicity, entries, rows = _message_rows(interaction, view, scalars)
        result.setdefault(interaction.bus.name, []).extend(
            (_signed(int(count)), tuple(int(entry) for entry in message), int(row))
            for count, message, row in zip(multiplicity, entries.T, rows, strict=True)
        )
    return result


# -- constraints ------------------------------------------------------------------------------------------------------


def _check_table(
    table: Table, view: RowsView, scalars: Scalars, fill_aux: FillAux | None, logup: bool
) -> tuple[list[Violation], Ext]:
    view, known = _with_aux(table, view, scalars, fill_aux, logup)
    constraints = [one for one in table.constraints if logup or not one.logup]
    failing: dict[int, list[tuple[int, int | Ext]]] = {}
    counts: dict[int, int] = {}
    formulas = [constraint.expression for constraint in constraints]
    for low in range(0, view.rows, interpret.BLOCK_ROWS):
        high = min(low + interpret.BLOCK_ROWS, view.rows)
        for position, values in interpret.evaluate(formulas, view, known, low, high):
            rows = np.flatnonzero(values if values.ndim == 1 else values.any(axis=0))
            if rows.size:
                counts[position] = counts.get(position, 0) + rows.size
                shown = failing.setdefault(position, [])
                shown += [(low + int(row), _cell(values, int(row))) for row in rows[: SHOWN_ROWS - len(shown)]]
    found = [
        _violation(table, constraints[position], row, counts[position], value, view, known)
        for position in sorted(failing)
        for row, value in failing[position]
    ]
    return found, known.total


def _with_aux(
    table: Table, view: RowsView, scalars: Scalars, fill_aux: FillAux | None, logup: bool
) -> tuple[RowsView, Scalars]:
    """The view with its aux columns, and the scalars with the table's total."""
    own = np.empty((0, view.rows), np.uint64)
    if table.own_aux:
        if fill_aux is None:
            raise BadTrace("the table has aux columns of its own: fill_aux is needed", table=table.name)
        own = fill_aux(table.name, view.columns["main"], scalars.challenges)
        if own.shape != (EXTENSION_DEGREE * len(table.own_aux), view.rows):
            raise BadTrace(f"fill_aux returned {own.shape}", table=table.name)
    made, total = logup_columns(table, view, scalars) if logup else (np.empty((0, view.rows), np.uint64), scalars.total)
    columns = {**view.columns, "aux": np.concatenate([own, made])}
    return (
        RowsView(view.log_height, columns, view.first, view.periodic),
        scalars.with_total(total),
    )


def _violation(
    table: Table, constraint: Constraint, row: int, count: int, value: int | Ext, view: RowsView, scalars: Scalars
) -> Violation:
    nodes = columns_in((constraint.expression,))
    values = {
        leaf_text(nodes[position]): _cell(found, 0)
        for position, found in interpret.evaluate(nodes, view, scalars, row, row + 1)
    }
    return Violation(table.name, constraint.id, row, count, values, value)


# -- buses ------------------------------------------------------------------------------------------------------------


class _Messages:
    """All messages of a machine by bus, as arrays."""

    def __init__(self) -> None:
        self._tables: list[str] = []
        self._found: dict[str, list[tuple[Words, Words, Words, int]]] = {}

    def collect(self, table: Table, view: RowsView, scalars: Scalars) -> None:
        self._tables.append(table.name)
        for interaction in table.interactions:
            multiplicity, entries, rows = _message_rows(interaction, view, scalars)
            self._found.setdefault(interaction.bus.name, []).append(
                (multiplicity, entries, rows, len(self._tables) - 1)
            )

    def unmatched(self, buses: Sequence[str]) -> tuple[list[Unmatched], int]:
        """The first messages out of balance, and how many there are."""
        found: list[Unmatched] = []
        count = 0
        for bus in buses:
            balances = self._balances(bus)
            shown = list(islice(balances, SHOWN_TUPLES - len(found)))
            found += shown
            count += len(shown) + sum(1 for _ in balances)
        return found, count

    def _balances(self, bus: str) -> Iterator[Unmatched]:
        parts = self._found[bus]
        multiplicity = np.concatenate([part[0] for part in parts])
        entries = np.concatenate([part[1] for part in parts], axis=1)
        rows = np.concatenate([part[2] for part in parts])
        tables = np.concatenate([np.full(part[0].size, part[3]) for part in parts])
        if not multiplicity.size:
            return
        order = np.lexsort(entries[::-1])
        entries, multiplicity = entries[:, order], multiplicity[order]
        changes = np.flatnonzero((entries[:, 1:] != entries[:, :-1]).any(axis=0)) + 1
        starts = np.concatenate([[0], changes])
        ends = np.append(starts[1:], multiplicity.size)
        sums = _segment_sums(multiplicity, starts)
        for segment in np.flatnonzero(sums):
            low, high = int(starts[segment]), int(ends[segment])
            places = order[low:high]
            # Each table is shown before any is shown twice.
            _, firsts = np.unique(tables[places], return_index=True)
            chosen = dict.fromkeys([*firsts.tolist(), *range(min(high - low, SHOWN_SOURCES))])
            sources = tuple(
                (self._tables[tables[places[at]]], int(rows[places[at]]), _signed(int(multiplicity[low + at])))
                for at in islice(chosen, max(SHOWN_SOURCES, firsts.size))
            )
            message = tuple(int(entry) for entry in entries[:, low])
            yield Unmatched(bus, message, _signed(int(sums[segment])), sources)


def _message_rows(interaction: Interaction, view: RowsView, scalars: Scalars) -> tuple[Words, Words, Words]:
    """Signed multiplicities, entries (k, M) and rows of the messages that are said at all."""
    formulas = [interaction.multiplicity, *interaction.entries]
    columns = np.empty((len(formulas), view.rows), np.uint64)
    for position, values in interpret.evaluate(formulas, view, scalars, 0, view.rows):
        columns[position] = values
    rows = np.flatnonzero(columns[0])
    multiplicity = columns[0, rows]
    return multiplicity if interaction.sign > 0 else base.neg(multiplicity), columns[1:, rows], rows.astype(np.uint64)


def _segment_sums(values: Words, starts: np.ndarray) -> Words:
    """Sums mod p of the segments that begin at ``starts``."""
    low = np.add.reduceat(values & np.uint64(0xFFFFFFFF), starts)
    high = np.add.reduceat(values >> np.uint64(32), starts)
    modulus = np.uint64(P)
    return base.add(base.mul(high % modulus, 1 << 32), low % modulus)


# -- small things -----------------------------------------------------------------------------------------------------


def _view(table: Table, main: Words, fixed: Words | None, scalars: Scalars) -> RowsView:
    for what, columns in (("main", main), ("fixed", fixed)):
        if columns is not None and columns.dtype == np.uint64 and columns.size and int(columns.max()) >= P:
            raise BadTrace(f"a value of the {what} columns is not below p", table=table.name)
    return rows_view(table, main=main, fixed=fixed, scalars=scalars)


def _challenge_names(table: Table) -> list[str]:
    roots = [constraint.expression for constraint in table.constraints]
    roots += [value for column in table.periodic for value in column.values]
    return list(dict.fromkeys(["gamma", "beta", *names_in(roots, Op.CHALLENGE)]))


def _cell(values: Words, index: int) -> int | Ext:
    if values.ndim == 1:
        return int(values[index])
    return (int(values[0, index]), int(values[1, index]), int(values[2, index]))


def _signed(value: int) -> int:
    return value - P if value > P // 2 else value


def _number(value: int | Ext) -> str:
    if isinstance(value, tuple):
        return "(" + ", ".join(_number(part) for part in value) + ")"
    signed = _signed(value)
    return hex(signed) if abs(signed) >= 1 << 16 else str(signed)
