"""The bus argument: generated constraints hold for honest traces, totals cancel, and one changed count is noticed."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.zkvm import toys
from zkvm.air import debug, interpret
from zkvm.air.accumulate import logup_columns, prefix_sums
from zkvm.air.rows import RowsView, rows_view
from zkvm.air.scalars import Scalars
from zkvm.field import P
from zkvm.field.scalar import ZERO, e_add, e_inv, e_mul, e_mul_base, e_sub

WITH_BUSES = ["permutation", "lookup"]


def _check(toy: toys.Toy) -> debug.Report:
    return debug.check_trace(
        toy.machine,
        toy.main,
        fixed=toy.fixed,
        publics=toy.publics,
        parameters=toy.parameters,
        fill_aux=toy.fill_aux,
    )


@pytest.mark.parametrize("name", toys.ALL)
def test_honest_traces_pass(name: str) -> None:
    toy = toys.ALL[name]()
    report = _check(toy)
    assert report.ok, str(report)
    total = ZERO
    for each in report.totals.values():
        total = e_add(total, each)
    assert total == ZERO


@pytest.mark.parametrize("name", WITH_BUSES)
def test_the_total_is_the_sum_of_all_fractions(name: str) -> None:
    """Against plain integers: Σ ± m/(γ + bus + β t_1 + …) over all rows and interactions."""
    toy = toys.ALL[name]()
    challenges = debug.random_challenges(toy.machine.all_challenges)
    report = _check(toy)
    for table in toy.machine.tables:
        said = debug.bus_tuples(table, toy.main[table.name], fixed=toy.fixed.get(table.name))
        ids = {bus.name: bus.id for bus in toy.machine.buses}
        total = ZERO
        for bus, messages in said.items():
            for count, entries, _ in messages:
                fingerprint = e_add(challenges["gamma"], (ids[bus], 0, 0))
                power = (1, 0, 0)
                for entry in entries:
                    power = e_mul(power, challenges["beta"])
                    fingerprint = e_add(fingerprint, e_mul_base(power, entry))
                total = e_add(total, e_mul_base(e_inv(fingerprint), count % P))
        assert total == report.totals[table.name]


@pytest.mark.parametrize("name", WITH_BUSES)
def test_columns_of_one_count_do_not_fit_another(name: str) -> None:
    """The aux columns of the honest trace with one multiplicity changed: a generated constraint fails."""
    toy = toys.ALL[name]()
    scalars = Scalars(debug.random_challenges(toy.machine.all_challenges))
    for table in toy.machine.tables:
        view, own = _with_logup(toy, table.name, scalars)
        generated = [one for one in table.constraints if one.logup]
        formulas = [one.expression for one in generated]
        for _, values in interpret.evaluate(formulas, view, own, 0, view.rows):
            assert not values.any()
        main = view.columns["main"].copy()
        row = 5
        main[0, row] = (int(main[0, row]) + 1) % P
        wrong = dataclasses.replace(view, columns={**view.columns, "main": main})
        failing = {
            int(at)
            for _, values in interpret.evaluate(formulas, wrong, own, 0, view.rows)
            for at in np.flatnonzero(values.any(axis=0))
        }
        assert failing == {row}


def _with_logup(toy: toys.Toy, name: str, scalars: Scalars) -> tuple[RowsView, Scalars]:
    table = toy.machine.table(name)
    view = rows_view(table, main=toy.main[name], fixed=toy.fixed.get(name), scalars=scalars)
    made, total = logup_columns(table, view, scalars)
    return dataclasses.replace(view, columns={**view.columns, "aux": made}), scalars.with_total(total)


@pytest.mark.parametrize("name", WITH_BUSES)
def test_a_wrong_total_fails_in_every_row(name: str) -> None:
    toy = toys.ALL[name]()
    scalars = Scalars(debug.random_challenges(toy.machine.all_challenges))
    table = toy.machine.tables[0]
    view, own = _with_logup(toy, table.name, scalars)
    wrong = own.with_total(e_sub(own.total, (1, 0, 0)))
    last = [table.constraints[-1].expression]
    ((_, values),) = interpret.evaluate(last, view, wrong, 0, view.rows)
    assert values.any(axis=0).all()


@pytest.mark.parametrize("name", WITH_BUSES)
@settings(max_examples=10, deadline=None)
@given(table=st.integers(0, 1), row=st.integers(0, 63), change=st.integers(1, P - 1))
def test_one_changed_multiplicity_leaves_a_bus_out_of_balance(name: str, table: int, row: int, change: int) -> None:
    toy = toys.ALL[name]()
    changed = toy.machine.tables[table].name
    main = toy.main[changed].copy()
    main[0, row] = (int(main[0, row]) + change) % P
    report = _check(dataclasses.replace(toy, main={**toy.main, changed: main}))
    assert report.unmatched_count
    # A row that has no part in a bus any more is no source of what is unmatched there.
    assert not main[0, row] or {source[0] for one in report.unmatched for source in one.sources} >= {changed}
    total = ZERO
    for each in report.totals.values():
        total = e_add(total, each)
    assert total != ZERO


@given(st.lists(st.integers(0, P - 1), min_size=1, max_size=70))
def test_prefix_sums(values: list[int]) -> None:
    found = prefix_sums(np.array(values, np.uint64))
    assert [int(one) for one in found] == [sum(values[:i]) % P for i in range(len(values))]
