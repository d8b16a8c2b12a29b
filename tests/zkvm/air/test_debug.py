"""The debugger names the row, the rule and the values; it prints messages that do not meet."""

import dataclasses

import numpy as np
import pytest

from tests.zkvm import toys
from zkvm.air import debug, examples
from zkvm.air.errors import BadTrace
from zkvm.field import P


def _check(toy: toys.Toy, table: str, column: int, row: int, value: int, **options: bool) -> debug.Report:
    main = {name: columns.copy() for name, columns in toy.main.items()}
    main[table][column, row] = value % P
    return debug.check_trace(
        toy.machine,
        main,
        fixed=toy.fixed,
        publics=toy.publics,
        fill_aux=toy.fill_aux,
        **options,  # type: ignore[arg-type]
    )


def test_a_failing_constraint_is_shown_with_its_row_and_values() -> None:
    report = _check(toys.fibonacci(), "fib", 0, 5, 100)
    assert report.failing == ("fib.a", "fib.b")
    first, second = report.violations
    assert (first.table, first.id, first.row, first.failing_rows) == ("fib", "fib.a", 4, 1)
    assert first.values == {"a'": 100, "b": 5, "LAST": 0} or first.values == {"a'": 100, "b": 5}
    assert first.value == 95
    assert (second.row, second.values["a"], second.values["b"], second.values["b'"]) == (5, 100, 8, 13)
    assert "fib.a fails in row 4 of fib" in str(report)
    assert "a'=100" in str(report)


def test_every_failing_row_is_counted_and_the_first_three_shown() -> None:
    toy = toys.fibonacci()
    main = toy.main["fib"].copy()
    main[0, 30:50] += np.uint64(1)
    report = debug.check_table(toy.machine.tables[0], main, publics=toy.publics)
    shown = [one for one in report.violations if one.id == "fib.a"]
    assert [one.row for one in shown] == [29, 30, 31]
    assert {one.failing_rows for one in shown} == {20}


def test_the_last_row_and_its_next() -> None:
    report = _check(toys.accumulator(), "blocks", 0, 63, 5)
    assert report.failing == ("blocks.end",)
    assert [one.row for one in report.violations] == [63]


def test_values_in_the_extension_are_shown_by_coordinate() -> None:
    report = _check(toys.accumulator(), "blocks", 0, 6, 5)
    violation = report.violations[0]
    assert isinstance(violation.values["difference"], tuple)
    assert violation.values["end"] == 1


def test_unmatched_messages_name_bus_entries_tables_and_rows() -> None:
    toy = toys.permutation()
    row = int(np.flatnonzero(toy.main["sender"][0])[0])
    key = int(toy.main["sender"][1, row])
    report = _check(toy, "sender", 1, row, key + 1)
    assert report.failing == ("sender.value",)
    assert report.failing_buses == ("PERMUTED",)
    assert report.unmatched_count == 2
    by_key = {one.entries[0]: one for one in report.unmatched}
    assert by_key[(key + 1) % P].balance == 1
    assert by_key[(key + 1) % P].sources == (("sender", row, 1),)
    assert by_key[key].balance == -1
    assert by_key[key].sources[0][0] == "receiver"
    assert f"sender[{row}] 1" in str(report)


def test_twenty_messages_are_shown_and_all_are_counted() -> None:
    toy = toys.permutation()
    main = {**toy.main, "receiver": np.zeros_like(toy.main["receiver"])}
    report = debug.check_trace(toy.machine, main)
    assert (len(report.unmatched), report.unmatched_count) == (20, 40)
    assert "and 20 more messages" in str(report)


def test_messages_of_a_table() -> None:
    toy = toys.lookup()
    said = debug.bus_tuples(toy.machine.table("squares"), toy.main["squares"], fixed=toy.fixed["squares"])
    assert list(said) == ["SQUARES"]
    assert all(count < 0 and entries == (row, row * row) for count, entries, row in said["SQUARES"])
    asked = debug.bus_tuples(toy.machine.table("user"), toy.main["user"])["SQUARES"]
    assert sum(count for count, _, _ in asked) == -sum(count for count, _, _ in said["SQUARES"])


def test_buses_may_be_checked_without_the_generated_constraints() -> None:
    toy = toys.lookup()
    report = debug.check_trace(toy.machine, toy.main, fixed=toy.fixed, logup=False)
    assert report.ok
    assert str(report) == "all constraints hold, all buses balance"


def test_a_trace_of_the_wrong_form_is_refused() -> None:
    toy = toys.permutation()
    with pytest.raises(BadTrace, match="receiver"):
        debug.check_trace(toy.machine, {"sender": toy.main["sender"]})
    with pytest.raises(BadTrace, match="not below p"):
        debug.check_trace(toy.machine, {**toy.main, "sender": np.full((3, 64), P, np.uint64)})
    with pytest.raises(BadTrace, match=r"\(3, 64\)"):
        debug.check_trace(toy.machine, {**toy.main, "sender": np.zeros((4, 64), np.uint64)})
    with pytest.raises(BadTrace, match="fill_aux is needed"):
        debug.check_table(examples.accumulator().tables[0], toys.accumulator().main["blocks"])
    short = dataclasses.replace(toys.accumulator(), fill_aux=lambda *_: np.zeros((3, 32), np.uint64))
    with pytest.raises(BadTrace, match=r"fill_aux returned \(3, 32\)"):
        debug.check_trace(short.machine, short.main, fill_aux=short.fill_aux)
