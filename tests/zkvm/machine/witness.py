"""Witnesses to tamper with: what a run leaves in the tables, and which rule notices a change.

Only the core tables are looked at; ARITH256, KECCAK and CHI have tests of their own. The lookup tables' multiplicities
count as right whatever is looked up: a prover fills them in last, so a lookup fails only if its tuple is not there.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from tests.zkvm.assembler import assemble
from tests.zkvm.machine.model import Fault, Model
from zkvm.air import Table, interpret
from zkvm.air.rows import RowsView, rows_view
from zkvm.air.scalars import Scalars
from zkvm.emulator.elf import Program
from zkvm.field import P, base
from zkvm.machine import buses
from zkvm.machine.expand import reference
from zkvm.machine.machine import riscv
from zkvm.machine.program import byte_columns, fixed_columns, parameters, rom_rows

Columns = NDArray[np.uint64]
CORE = ("main", "memw", "memb", "binary", "shift", "muldiv", "ram", "image")
LOOKUPS = (buses.ROM, buses.R16, buses.PAIR, buses.AND, buses.POW)
STATEFUL = (buses.OP, buses.MEM)

_GAMMA, _BETA = 0x1234_5678_9ABC_DEF1, 0x0FED_CBA9_8765_4321
"""Stand-ins for random challenges: tests do not try to collide with them."""


def core_tables() -> dict[str, Table]:
    """The tables that are looked at, by name."""
    return {name: riscv().table(name) for name in CORE}


@dataclass(frozen=True)
class Message:
    """What one interaction says in every row."""

    bus: str
    multiplicity: Columns
    fingerprint: Columns


@dataclass
class Witness:
    """The core tables of a run."""

    program: Program
    output: tuple[int, ...]
    tables: dict[str, Columns]

    @classmethod
    def of(cls, model: Model) -> "Witness":
        """The witness of a run of the model."""
        tables = reference.tables(riscv(), rom_rows(model.program), model.log())
        return cls(model.program, model.output, {name: tables[name] for name in CORE})

    @classmethod
    def run(cls, source: str, data: bytes = b"") -> "Witness":
        """The honest witness of an assembler program."""
        return cls.of(Model(assemble(source), data).run())

    @classmethod
    def lie(cls, source: str, **faults: Fault | int) -> "Witness":
        """The witness of a run in which the instruction at the label ``here`` lies.

        Args:
            source: The program, in assembler.
            faults: ``result``, ``store``, ``address`` (of a word) or ``jump``: what is claimed instead, as a value or
                a function of the truth.
        """
        program = assemble(source)
        step = here(program)
        kinds = {"result": "faults", "store": "store_faults", "address": "address_faults", "jump": "jump_faults"}
        claims = {kinds[kind]: {step: _claim(claim)} for kind, claim in faults.items()}
        return cls.of(Model(program, **claims).run())  # type: ignore[arg-type]

    # -- tampering --------------------------------------------------------------------------------------------------

    @property
    def here(self) -> int:
        """The time of the instruction at the label ``here``."""
        return 4 * here(self.program) + 1

    def at_here(self, table: str) -> int:
        """The row that the instruction at ``here`` has in a table; where it asked BINARY, its own row there."""
        return self.row(table, ts=self.here)

    def row(self, table: str, **cells: int) -> int:
        """The first row in which the named columns hold these values."""
        found = np.ones(self.tables[table].shape[1], dtype=bool)
        for name, value in cells.items():
            found &= self.column(table, name) == value
        return int(np.flatnonzero(found)[0])

    def column(self, table: str, name: str) -> Columns:
        """A column, writable."""
        return self.tables[table][riscv().table(table).main.index(name)]

    def get(self, table: str, row: int, name: str) -> int:
        """The value of a cell."""
        return int(self.column(table, name)[row])

    def put(self, table: str, row: int, **cells: int) -> None:
        """Put values into cells of a row, mod p."""
        for name, value in cells.items():
            self.column(table, name)[row] = value % P

    def put_here(self, table: str, **cells: int) -> None:
        """Put values into the row of the instruction at ``here``."""
        self.put(table, self.at_here(table), **cells)

    def ask_binary(self, row: int, x: int, y: int, c: int) -> None:
        """Make a row of BINARY answer c to "is x < y", at the time of ``here``."""
        bytes_of = {f"{name}{i}": value >> 8 * i & 0xFF for name, value in (("u", x), ("v", y)) for i in range(4)}
        both = {f"n{i}": (x & y) >> 8 * i & 0xFF for i in range(4)}
        self.put("binary", row, ts=self.here, c=c, lo=(x - y) & 0xFFFF, f_ltu=1, **bytes_of, **both)

    # -- judging ----------------------------------------------------------------------------------------------------

    def faults(self) -> set[str]:
        """The ids of the constraints that fail and the names of the buses that do not balance."""
        found: set[str] = set()
        said: dict[str, list[Message]] = {}
        for table in core_tables().values():
            rules = Rules(table, self)
            found |= {id for id, rows in rules.failing(self.tables[table.name]) if rows.any()}
            for message in rules.messages(self.tables[table.name]):
                said.setdefault(message.bus, []).append(message)
        return found | {bus for bus, messages in said.items() if not _balances(bus, messages, self.program)}


@cache
def here(program: Program) -> int:
    """The step at which a run first comes to the label ``here``."""
    return len(Model(program).run(until=program.symbol("here").address).steps)


def _claim(claim: Fault | int) -> Fault:
    return claim if callable(claim) else lambda _: claim


class Rules:
    """The constraints and messages of one table within a witness."""

    def __init__(self, table: Table, witness: Witness) -> None:
        self._table = table
        self._fixed = _fixed(witness.program).get(table.name)
        self._scalars = Scalars({}, witness.output, parameters(witness.program))

    def failing(self, main: Columns) -> Iterator[tuple[str, NDArray[np.bool]]]:
        """Each constraint's id and in which rows it fails."""
        constraints = [constraint for constraint in self._table.constraints if not constraint.logup]
        view = self._view(main)
        for at, values in interpret.evaluate(
            [one.expression for one in constraints], view, self._scalars, 0, view.rows
        ):
            yield constraints[at].id, values != 0

    def messages(self, main: Columns) -> Iterator[Message]:
        """What every interaction says."""
        view = self._view(main)
        for interaction in self._table.interactions:
            parts = [interaction.multiplicity, *interaction.entries]
            values = dict(interpret.evaluate(parts, view, self._scalars, 0, view.rows))
            multiplicity = values[0] if interaction.sign > 0 else base.neg(values[0])
            yield Message(interaction.bus.name, multiplicity, fingerprint([values[i] for i in range(1, len(parts))]))

    def _view(self, main: Columns) -> RowsView:
        return rows_view(self._table, main=main, fixed=self._fixed, scalars=self._scalars)


def fingerprint(entries: Sequence[Columns]) -> Columns:
    """Σ β^i t_i: tuples of one bus that differ have different ones."""
    total, power = base.as_elements(entries[0]), _BETA
    for entry in entries[1:]:
        total = base.add(total, base.mul(entry, power))
        power = power * _BETA % P
    return total


def rowwise(messages: Iterable[Message]) -> Columns:
    """Σ m·(γ + fingerprint)^7 of every row: it changes when what the row says changes, as a multiset."""
    total = np.uint64(0)
    for message in messages:
        print_ = base.add(message.fingerprint, _GAMMA)
        square = base.mul(print_, print_)
        total = base.add(
            total, base.mul(message.multiplicity, base.mul(base.mul(square, print_), base.mul(square, square)))
        )
    return base.as_elements(total)


def unknown(message: Message, program: Program) -> NDArray[np.bool]:
    """The rows in which a lookup is of something that is not in the lookup table."""
    known = looked_up(message.bus, program)
    at = np.searchsorted(known, message.fingerprint).clip(max=len(known) - 1)
    return (message.multiplicity != 0) & (known[at] != message.fingerprint)


@cache
def looked_up(bus: str, program: Program) -> Columns:
    """The fingerprints of the tuples that a lookup table holds."""
    u, v, conjunction, power = byte_columns()
    tuples = {
        "R16": [256 * u + v],
        "PAIR": [u, v],
        "AND": [u, v, conjunction],
        "POW": [256 * u + v, power],
        "ROM": list(_fixed(program)["rom"]),
    }
    return np.sort(fingerprint(tuples[bus]))


@cache
def _fixed(program: Program) -> dict[str, Columns]:
    return fixed_columns(program)


def _balances(bus: str, messages: list[Message], program: Program) -> bool:
    multiplicity = np.concatenate([message.multiplicity for message in messages])
    prints = np.concatenate([message.fingerprint for message in messages])[multiplicity != 0]
    multiplicity = multiplicity[multiplicity != 0]
    kinds, where = np.unique(prints, return_inverse=True)
    low, high = np.zeros((2, len(kinds)), dtype=np.uint64)
    np.add.at(low, where, multiplicity & np.uint64(0xFFFF_FFFF))
    np.add.at(high, where, multiplicity >> np.uint64(32))
    sums = base.add(low % np.uint64(P), base.mul(high % np.uint64(P), 1 << 32))
    open_kinds = kinds[sums != 0]
    if bus in {one.name for one in LOOKUPS}:
        return bool(np.isin(open_kinds, looked_up(bus, program)).all())
    return not len(open_kinds)
