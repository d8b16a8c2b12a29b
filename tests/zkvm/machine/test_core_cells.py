"""Change any one cell of the core tables, and a constraint or a bus notices; or the cell is one that means nothing."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.zkvm.machine.programs import INPUT, every_instruction
from tests.zkvm.machine.witness import CORE, LOOKUPS, STATEFUL, Columns, Rules, Witness, looked_up, rowwise, unknown
from zkvm.air import Table
from zkvm.field import P, base
from zkvm.machine.machine import riscv

Mask = NDArray[np.bool]
Cells = dict[str, Columns]


@pytest.fixture(scope="module")
def witness() -> Witness:
    """A run of every instruction at the edges."""
    return Witness.run(every_instruction(pairs=4), INPUT)


def mutations(column: Columns, rng: np.random.Generator) -> Iterator[Columns]:
    """The column with every cell changed, in several ways."""
    yield base.add(column, 1)
    yield base.sub(column, 1)
    yield base.add(column, 1 << 16)
    yield base.sub(column, 1 << 32)
    yield base.sub(1, column)
    yield base.neg(column)
    yield base.mul(column, pow(2, -1, P))
    yield base.add(column, 1 << 63)
    yield rng.integers(0, P, len(column), dtype=np.uint64)
    yield rng.integers(0, 1 << 16, len(column), dtype=np.uint64)
    yield np.roll(column, 1)
    yield np.zeros_like(column)


def unnoticed(table: Table, witness: Witness, name: str) -> Mask:
    """The rows in which some change of the column's cell alone is noticed by no constraint and no bus."""
    main = witness.tables[table.name]
    rules, index = Rules(table, witness), table.main.index(name)
    _, before = _judge(rules, main, witness)
    survived = np.zeros(main.shape[1], dtype=bool)
    rng = np.random.default_rng(index)
    for changed in mutations(main[index], rng):
        for parity in (0, 1):  # a constraint sees two rows, so every other row can be changed at once
            rows = changed != main[index]
            rows[1 - parity :: 2] = False
            tampered = main.copy()
            tampered[index][rows] = changed[rows]
            failing, said = _judge(rules, tampered, witness)
            noticed = failing | (said != before)
            survived |= rows & ~(noticed | np.roll(noticed, 1))
    return survived


def _judge(rules: Rules, main: Columns, witness: Witness) -> tuple[Mask, Columns]:
    """Rows in which a constraint or a lookup fails; what every row says on OP and MEM, as one number."""
    failing = np.zeros(main.shape[1], dtype=bool)
    for _, rows in rules.failing(main):
        failing |= rows
    said = np.zeros(main.shape[1], dtype=np.uint64)
    messages = list(rules.messages(main))
    for bus in LOOKUPS:
        for message in messages:
            if message.bus == bus.name:
                failing |= unknown(message, witness.program)
    for stateful in STATEFUL:
        total = rowwise(message for message in messages if message.bus == stateful.name)
        said = base.add(said, base.mul(total, stateful.id))
    return failing, said


def _padding(*flags: str) -> Callable[[Cells], Mask]:
    return lambda cells: sum((cells[flag] for flag in flags), start=np.uint64(0)) == 0


MEANINGLESS: dict[str, dict[str, Callable[[Cells], Mask]]] = {
    "main": {
        "carry": lambda cell: cell["f_add"] + cell["f_sub"] + cell["f_jalr"] == 0,
        # Where neither sums nor jumps are made; and an inverse of 0 when the operands of EQ are equal.
        "q": lambda cell: (
            (cell["f_add"] + cell["f_sub"] + cell["f_eq"] + cell["f_jalr"] == 0)
            | ((cell["f_eq"] == 1) & (cell["c"] == 1))
        ),
    },
    "binary": {"lo": lambda cell: cell["f_ltu"] + cell["f_lt"] == 0},
    "shift": {"inv": lambda cell: (cell["l0"] == 0) & (cell["l1"] == 0)},
    "ram": {"dl": lambda cell: np.arange(len(cell["dl"])) == len(cell["dl"]) - 1},
    "muldiv": {"inv": lambda cell: (cell["f_lo"] + cell["f_hi"] == 0) & (cell["y"] == 0)},
}
"""Cells of used rows whose value nothing depends on; each has its condition."""

PADDING: dict[str, Callable[[Cells], Mask]] = {
    "memw": _padding("f_lw", "f_sw"),
    "memb": _padding("f_lb", "f_lh", "f_sb", "f_sh"),
    "binary": _padding("f_and", "f_or", "f_xor", "f_ltu", "f_lt"),
    "shift": _padding("f_sll", "f_srl", "f_sra"),
    "muldiv": _padding("f_lo", "f_hi", "f_q", "f_r"),
}
"""Rows that say nothing on any bus."""


@pytest.mark.parametrize("name", CORE)
def test_every_cell_matters(witness: Witness, name: str) -> None:
    table = riscv().table(name)
    cells = dict(zip(table.main, witness.tables[name], strict=True))
    idle = PADDING[name](cells) if name in PADDING else np.zeros(witness.tables[name].shape[1], dtype=bool)
    survivors = {}
    for column in table.main:
        survived = unnoticed(table, witness, column) & ~idle
        meaningless = MEANINGLESS.get(name, {}).get(column)
        if meaningless is not None:
            assert (survived == (meaningless(cells) & ~idle)).all(), f"{column} is documented as free elsewhere"
        elif survived.any():
            survivors[column] = np.flatnonzero(survived)[:5].tolist()
    assert not survivors


@pytest.mark.parametrize("name", PADDING)
def test_idle_rows_say_nothing(witness: Witness, name: str) -> None:
    """Whatever an idle row holds: as long as the constraints hold, it sends and receives nothing."""
    table = riscv().table(name)
    main = witness.tables[name]
    idle = PADDING[name](dict(zip(table.main, main, strict=True)))
    assert idle.any()
    rules, rng = Rules(table, witness), np.random.default_rng(7)
    for index in range(len(main)):
        tampered = main.copy()
        tampered[index][idle] = rng.integers(0, P, int(idle.sum()), dtype=np.uint64)
        lawful = np.ones(main.shape[1], dtype=bool)
        for _, rows in rules.failing(tampered):
            lawful &= ~rows
        for message in rules.messages(tampered):
            assert not message.multiplicity[idle & lawful].any()


def test_counts_of_lookups_matter(witness: Witness) -> None:
    """Each row of BYTE is another tuple on its bus, and each count is on one bus: no other row makes up for it."""
    byte = riscv().table("byte")
    rules = Rules(byte, witness)
    ones = np.ones((len(byte.main), 1 << 16), dtype=np.uint64)
    for message in rules.messages(ones):
        assert len(np.unique(message.fingerprint)) == 1 << 16
    for index in range(len(byte.main)):
        changed = ones.copy()
        changed[index] += np.uint64(1)
        moved = [
            (before.multiplicity != after.multiplicity).all()
            for before, after in zip(rules.messages(ones), rules.messages(changed), strict=True)
        ]
        assert sum(moved) == 1


def test_counts_of_fetches_matter(witness: Witness) -> None:
    """So is each row of ROM, but for the copies of the halt row."""
    fixed = looked_up("ROM", witness.program)
    assert len(np.unique(fixed)) == len(witness.program.rom)
