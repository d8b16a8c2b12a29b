"""The machine's rows in a field so small that every witness can be tried.

p = 241 = 2^8 - 2^4 + 1 has the shape of 2^64 - 2^32 + 1: words of 4 bits instead of 32, limbs of 2 instead of 16, bytes
of 1 instead of 8. A table's own constraints and messages are evaluated there, with the constants that stand for sizes
exchanged. Whatever a row says about (x, y, c) can so be counted out.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zkvm.air import Expression, Interaction, Table
from zkvm.air.expression import ColumnRef, Op, topological
from zkvm.field import P

Q = 241
WORD, LIMB, BYTE = 16, 4, 2

SIZES = {
    1 << 32: WORD,
    (1 << 32) - 1: WORD - 1,
    1 << 31: WORD // 2,
    (1 << 31) - 1: WORD // 2 - 1,
    1 << 16: LIMB,
    pow(1 << 16, -1, P): pow(LIMB, -1, Q),
    (1 << 16) - 1: LIMB - 1,
    1 << 24: BYTE**3,
    1 << 8: BYTE,
    (1 << 8) - 1: BYTE - 1,
    1 << 7: BYTE // 2,
    (1 << 32) - (1 << 8): WORD - BYTE,
    (1 << 32) - (1 << 16): WORD - LIMB,
}
"""What the constants of words, limbs and bytes become; other numbers stay."""
SMALL = 64

Array = NDArray[np.int64]
Assignments = dict[str, Array]


@dataclass(frozen=True)
class Rule:
    """Something that must hold in a row, and which cells it is about."""

    id: str
    cells: frozenset[str]
    holds: Callable[[Assignments], NDArray[np.bool]]


def evaluate(expression: Expression, cells: Assignments) -> Array:
    """The formula in the small field."""
    values: dict[Expression, Array] = {}
    for node in topological((expression,)):
        args = [values[arg] for arg in node.args]
        if node.op is Op.COLUMN:
            assert isinstance(node.leaf, ColumnRef)
            values[node] = cells[node.leaf.name]
        elif node.op is Op.CONSTANT:
            values[node] = np.int64(_constant(node.leaf))  # type: ignore[assignment]
        elif node.op is Op.ADD:
            values[node] = (args[0] + args[1]) % Q
        elif node.op is Op.SUB:
            values[node] = (args[0] - args[1]) % Q
        elif node.op is Op.MUL:
            values[node] = args[0] * args[1] % Q
        else:
            assert node.op is Op.NEG
            values[node] = -args[0] % Q
    return values[expression]


def _constant(leaf: object) -> int:
    assert isinstance(leaf, int)
    for value, sign in ((leaf, 1), (P - leaf, -1)):
        if value in SIZES:
            return sign * SIZES[value] % Q
        if value <= SMALL:
            return sign * value % Q
    raise AssertionError(f"a constant of unknown meaning: {leaf:#x}")


def rules(table: Table, without: Iterable[str] = ()) -> list[Rule]:
    """All that a table demands of a row, its messages' answers included, but for the ids left out."""
    found = [
        Rule(one.id, cells_of([one.expression]), lambda cells, of=one.expression: evaluate(of, cells) == 0)
        for one in table.constraints
        if not one.logup and _in_one_row(one.expression)
    ]
    for number, message in enumerate(table.interactions):
        if message.bus.name in ANSWERS and message.sign > 0:
            id = f"{message.bus.name}.{number}"
            found.append(Rule(id, cells_of([message.multiplicity, *message.entries]), _answered(message)))
    return [rule for rule in found if rule.id not in set(without)]


def asked(table: Table) -> Interaction:
    """The message by which a table is asked: (op, ts, x, y, c)."""
    return next(one for one in table.interactions if one.bus.name == "OP" and one.sign < 0)


def _answered(message: Interaction) -> Callable[[Assignments], NDArray[np.bool]]:
    def holds(cells: Assignments) -> NDArray[np.bool]:
        entries = [evaluate(entry, cells) for entry in message.entries]
        return (evaluate(message.multiplicity, cells) == 0) | ANSWERS[message.bus.name](*entries)

    return holds


ANSWERS: dict[str, Callable[..., NDArray[np.bool]]] = {
    "R16": lambda v: v < LIMB,
    "PAIR": lambda u, v: (u < BYTE) & (v < BYTE),
    "AND": lambda u, v, n: (u < BYTE) & (v < BYTE) & (n == u & v),
    "POW": lambda v, power: (v < LIMB) & (power == 1 << np.minimum(v % 4, 3)),
    # The only requests of tables are "is x < y".
    "OP": lambda op, ts, x, y, c: (x < WORD) & (y < WORD) & (c == (x < y)),
}
"""What the answering tables accept."""


def cells_of(expressions: Sequence[Expression]) -> frozenset[str]:
    """The columns in some formulas."""
    leaves = (node.leaf for node in topological(expressions))
    return frozenset(leaf.name for leaf in leaves if isinstance(leaf, ColumnRef))


def _in_one_row(expression: Expression) -> bool:
    nodes = topological((expression,))
    return all(node.op not in (Op.ROW, Op.PARAMETER, Op.PUBLIC) for node in nodes) and all(
        node.leaf.rotation == 0 for node in nodes if isinstance(node.leaf, ColumnRef)
    )


def solve(start: Assignments, choices: Sequence[tuple[str, Sequence[int]]], demands: Sequence[Rule]) -> Assignments:
    """All assignments that extend ``start`` by the choices and keep every rule about assigned cells."""
    waiting = list(demands)
    cells = {name: np.asarray(values, np.int64) for name, values in start.items()}
    for name, domain in (("", [0]), *choices):
        if name:
            count = len(next(iter(cells.values())))
            cells = {cell: np.repeat(values, len(domain)) for cell, values in cells.items()}
            cells[name] = np.tile(np.asarray(domain, np.int64), count)
        for rule in [rule for rule in waiting if rule.cells <= cells.keys()]:
            waiting.remove(rule)
            kept = np.broadcast_to(rule.holds(cells), len(next(iter(cells.values()))))
            cells = {cell: values[kept] for cell, values in cells.items()}
    assert not waiting, [rule.id for rule in waiting]
    return cells
