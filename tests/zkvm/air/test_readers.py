"""All readers of the constraints agree: at a point, over rows with NumPy, compiled for every instruction set."""

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zkvm.air import Machine, Table, examples, interpret
from zkvm.air.debug import random_challenges
from zkvm.air.errors import BadPoint, BadTrace, NotCompiled, UnknownName
from zkvm.air.evaluate import OpenedPoint, at_point
from zkvm.air.expression import STAGES
from zkvm.air.native import CompiledMachine, first_selector, instruction_sets
from zkvm.air.rows import RowsView, Words, rows_view
from zkvm.air.rows import first_selector as reference_selector
from zkvm.air.scalars import Scalars
from zkvm.errors import StaleBuild
from zkvm.field import P, base, root_of_unity
from zkvm.field.scalar import Ext
from zkvm.machine.machine import riscv

MACHINES = [examples.fibonacci(), examples.permutation(), examples.lookup(), examples.accumulator(), riscv()]
TABLES = [(machine, table) for machine in MACHINES for table in machine.tables]
IDS = [f"{machine.name}-{table.name}" for machine, table in TABLES]
LOG_HEIGHT = 6
SHIFT = 7**5
seeds = st.integers(0, 2**32 - 1)


class Random:
    """Field elements from a seed."""

    def __init__(self, seed: int) -> None:
        self._random = np.random.default_rng(seed)

    def words(self, *shape: int) -> Words:
        return self._random.integers(0, P, shape, np.uint64)

    def ext(self) -> Ext:
        a, b, c = (int(word) for word in self.words(3))
        return a, b, c

    def scalars(self, machine: Machine) -> Scalars:
        challenges = random_challenges(machine.all_challenges, int(self.words(1)[0]))
        parameters = {name: int(self.words(1)[0]) for name in machine.parameters}
        return Scalars(challenges, [int(word) for word in self.words(machine.publics)], parameters, self.ext())

    def view(self, table: Table, scalars: Scalars, shift: int = SHIFT, log_height: int = LOG_HEIGHT) -> RowsView:
        columns = {stage: self.words(table.width(stage), 1 << log_height) for stage in STAGES}
        return rows_view(table, **columns, shift=shift, scalars=scalars)


@pytest.mark.parametrize(("machine", "table"), TABLES, ids=IDS)
@settings(max_examples=3, deadline=None)
@given(seed=seeds)
def test_a_row_of_a_coset_is_a_point(machine: Machine, table: Table, seed: int) -> None:
    random = Random(seed)
    scalars = random.scalars(machine)
    view = random.view(table, scalars)
    formulas = [constraint.expression for constraint in table.constraints]
    rows = dict(interpret.evaluate(formulas, view, scalars, 0, view.rows))
    for row in (0, seed % view.rows, view.rows - 1):
        found = at_point(table, _opened(table, view, scalars, row))
        for position, value in enumerate(found):
            expected = interpret.embed(rows[position])[:, row]
            assert value == tuple(int(part) for part in expected), table.constraints[position].id


def _opened(table: Table, view: RowsView, scalars: Scalars, row: int) -> OpenedPoint:
    """A row of a coset as the point that it is."""
    y = SHIFT * pow(root_of_unity(view.log_height), row, P) % P
    here = {stage: [(int(value), 0, 0) for value in view.columns[stage][:, row]] for stage in STAGES}
    after = (row + 1) % view.rows
    following = {
        stage: [(int(view.columns[stage][column, after]), 0, 0) for column in table.uses_next(stage)]
        for stage in STAGES
    }
    return OpenedPoint(view.log_height, (y, 0, 0), here, following, scalars)


@pytest.mark.parametrize(("machine", "table"), TABLES, ids=IDS)
@pytest.mark.parametrize("isa", list(instruction_sets()))
@settings(max_examples=3, deadline=None)
@given(seed=seeds)
def test_compiled_kernels_give_what_numpy_gives(machine: Machine, table: Table, isa: str, seed: int) -> None:
    random = Random(seed)
    scalars = random.scalars(machine)
    view = random.view(table, scalars, log_height=max(table.min_log_height, LOG_HEIGHT) if seed % 2 else LOG_HEIGHT)
    weights = [random.ext() for _ in table.constraints]
    before = random.words(3, view.rows)
    cut = 8 * (seed % (view.rows // 8))
    compiled = CompiledMachine(machine, isa)

    expected, found = before.copy(), before.copy()
    interpret.quotient_rows(table, view, scalars, weights, expected)
    for begin, end in ((cut, view.rows), (0, cut)):
        compiled.quotient_rows(table, view, scalars, weights, found, begin, end)
    assert np.array_equal(found, expected)

    reference, fractions = _fractions(table, view.rows), _fractions(table, view.rows)
    interpret.logup_rows(table, view, scalars, *reference)
    for begin, end in ((cut, view.rows), (0, cut)):
        compiled.logup_rows(table, view, scalars, *fractions, begin, end)
    assert np.array_equal(fractions, reference)


def _fractions(table: Table, rows: int) -> Words:
    return np.zeros((2, len(table.groups), 3, rows), np.uint64)


@given(st.integers(6, 10), st.integers(2, P - 1))
@settings(max_examples=20, deadline=None)
def test_selectors_agree_and_are_what_they_say(log_height: int, shift: int) -> None:
    if pow(shift, 1 << log_height, P) == 1:
        with pytest.raises(BadTrace):
            first_selector(shift, log_height)
        return
    found = first_selector(shift, log_height)
    assert np.array_equal(found, reference_selector(shift, log_height))
    # Σ_r L_0(shift g^r)·(shift g^r)^k interpolates: the mean of L_0 over a coset is its constant coefficient, 1/N.
    total = sum(int(value) for value in found) % P
    assert total == 1


def test_on_the_trace_virtual_columns_are_what_they_say() -> None:
    machine = examples.accumulator()
    table = machine.tables[0]
    random = Random(1)
    scalars = random.scalars(machine)
    view = random.view(table, scalars, shift=1)
    zeta = scalars.challenges["zeta"]
    assert list(view.first) == [1] + [0] * 63
    assert list(view.periodic[0]) == [0, 0, 0, 1]
    assert [tuple(int(x) for x in column) for column in view.periodic[1].T][:2] == [(1, 0, 0), zeta]


# -- refusals ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def honest() -> Iterator[tuple[Table, RowsView, Scalars]]:
    machine = examples.permutation()
    random = Random(5)
    scalars = random.scalars(machine)
    yield machine.tables[0], random.view(machine.tables[0], scalars), scalars


def test_a_point_needs_every_value_and_lies_outside_the_domain(honest: tuple[Table, RowsView, Scalars]) -> None:
    table, view, scalars = honest
    point = _opened(table, view, scalars, 3)
    short = {**point.here, "main": point.here["main"][:-1]}
    with pytest.raises(BadPoint, match=r"2 \+ 0 main values, not 3"):
        at_point(table, OpenedPoint(6, point.y, short, point.following, scalars))
    with pytest.raises(BadPoint, match="aux"):
        at_point(table, OpenedPoint(6, point.y, point.here, {}, scalars))
    inside = (root_of_unity(6), 0, 0)
    with pytest.raises(BadPoint, match="domain"):
        at_point(table, OpenedPoint(6, inside, point.here, point.following, scalars))
    with pytest.raises(UnknownName, match="gamma"):
        at_point(table, OpenedPoint(6, point.y, point.here, point.following, Scalars()))


@pytest.mark.parametrize("columns", [(2, 64), (3, 48), (4, 64)])
def test_columns_of_another_shape(columns: tuple[int, int]) -> None:
    table = examples.permutation().tables[0]
    with pytest.raises(BadTrace):
        rows_view(table, main=np.zeros(columns, np.uint64))
    with pytest.raises(BadTrace, match="int64"):
        rows_view(table, main=np.zeros((3, 64), np.int64))  # type: ignore[arg-type]


def test_ranges_and_shapes_of_compiled_calls(honest: tuple[Table, RowsView, Scalars]) -> None:
    table, view, scalars = honest
    compiled = CompiledMachine(examples.permutation())
    weights, out = [(1, 0, 0)] * 3, np.zeros((3, 64), np.uint64)
    for begin, end in ((0, 65), (-8, 8), (3, 64), (0, 12), (16, 8)):
        with pytest.raises(BadTrace, match="multiples of 8"):
            compiled.quotient_rows(table, view, scalars, weights, out, begin, end)
    with pytest.raises(BadTrace, match="2 weights for 3"):
        compiled.quotient_rows(table, view, scalars, weights[:2], out)
    with pytest.raises(BadTrace, match="not contiguous"):
        compiled.quotient_rows(table, view, scalars, weights, np.zeros((64, 3), np.uint64).T)
    with pytest.raises(BadTrace, match="numerators"):
        compiled.logup_rows(table, view, scalars, np.zeros((2, 3, 64), np.uint64), np.zeros((1, 3, 64), np.uint64))
    no_aux = RowsView(6, {**view.columns, "aux": np.empty((0, 64), np.uint64)}, view.first, view.periodic)
    with pytest.raises(BadTrace, match="aux"):
        compiled.quotient_rows(table, no_aux, scalars, weights, out)
    with pytest.raises(BadTrace, match="no table of permutation"):
        compiled.quotient_rows(examples.fibonacci().tables[0], view, scalars, weights, out)


def test_the_module_checks_shapes_itself(honest: tuple[Table, RowsView, Scalars]) -> None:
    from zkvm import _constraints

    table, view, _ = honest
    columns = (view.columns["fixed"], view.columns["main"], view.columns["aux"])
    empty, scalars, weights = np.empty(0, np.uint64), np.zeros(12, np.uint64), np.zeros(9, np.uint64)
    out = np.zeros((3, 64), np.uint64)

    def call(**changes: object) -> None:
        arguments = {
            "machine": "permutation", "table": table.name, "isa": 0, "fixed": columns[0], "main": columns[1],
            "aux": columns[2], "first": view.first, "periodic": empty, "scalars": scalars, "weights": weights,
            "out": out, "begin": 0, "end": 64,
        }  # fmt: skip
        _constraints.quotient(*{**arguments, **changes}.values())  # type: ignore[arg-type]

    call()
    for name, wrong in {
        "machine": "other", "table": "other", "isa": 7, "fixed": scalars, "main": out[:1], "aux": empty,
        "first": view.first[:40], "periodic": scalars, "scalars": weights, "weights": scalars, "out": empty,
        "begin": 4, "end": 72,
    }.items():  # fmt: skip
        with pytest.raises(ValueError, match=r"shape|no such|multiples|layout|power of two"):
            call(**{name: wrong})


def test_kernels_of_another_version_are_not_run() -> None:
    same_name = Machine("fibonacci", examples.permutation().tables)
    with pytest.raises(StaleBuild, match="fibonacci") as caught:
        CompiledMachine(same_name)
    assert "make native" in caught.value.hint


def test_machines_and_instruction_sets_that_are_not_compiled() -> None:
    with pytest.raises(NotCompiled, match="there are those of riscv, fibonacci"):
        CompiledMachine(Machine("unknown", examples.permutation().tables))
    with pytest.raises(NotCompiled, match="portable"):
        CompiledMachine(examples.fibonacci(), "sse")


def test_the_environment_chooses_the_instruction_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZKHUB_ISA", "portable")
    assert CompiledMachine(examples.fibonacci()).isa == "portable"
    monkeypatch.delenv("ZKHUB_ISA")
    assert CompiledMachine(examples.fibonacci()).isa == list(instruction_sets())[-1]


def test_reading_a_column_next_wraps_at_the_last_row() -> None:
    machine = examples.fibonacci()
    table = machine.tables[0]
    main = Random(3).words(2, 64)
    view = rows_view(table, main=main, scalars=Scalars({}, (0,)))
    a_next = table.constraints[2].expression  # transition * (a' - b)
    ((_, values),) = interpret.evaluate([a_next], view, Scalars({}, (0,)), 0, 64)
    assert np.array_equal(values[:-1], base.sub(main[0, 1:], main[1, :-1]))
    assert values[-1] == 0
