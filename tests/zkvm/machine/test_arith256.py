"""ARITH256: honest operations pass, and every wrong cell, flag and claim is noticed."""

import random
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.zkvm.machine.precompiles import (
    GENERATOR,
    MASK,
    ORDER,
    PRIME,
    Point,
    arith256_messages,
    check,
    ecadd,
    ecdbl,
    mulmod,
    random_point,
    result,
    words,
)
from zkvm.air import interpret
from zkvm.air.debug import bus_tuples, check_table, random_challenges
from zkvm.air.rows import rows_view
from zkvm.air.scalars import Scalars
from zkvm.emulator.log import Structured
from zkvm.machine import buses
from zkvm.machine.errors import ImpossibleCall
from zkvm.machine.expand import native_arith256
from zkvm.machine.expand.accumulators import fill_aux
from zkvm.machine.expand.arith256 import expand_arith256
from zkvm.machine.expand.columns import Lookups
from zkvm.machine.tables.arith256 import COLUMNS, ROWS, arith256_table

TABLE = arith256_table()
INDEX = {name: position for position, name in enumerate(COLUMNS)}
SMALL = next(
    (x, y) for x in range(1, 99) for y in [pow(x**3 + 7, (PRIME + 1) // 4, PRIME)] if (y * y - x**3 - 7) % PRIME == 0
)
"""A point whose x is also given as x + P below 2^256."""
EXTREMES = (0, 1, 2, 2**16 - 1, 2**16, 2**128 - 1, 2**255, PRIME - 1, PRIME, PRIME + 1, ORDER, MASK - 1, MASK)


def expanded(calls: Structured) -> np.ndarray:
    """The columns with Python's integers; the compiled rows are the same."""
    rows = max(64, 1 << (len(calls) * ROWS - 1).bit_length())
    columns, lookups, expected = expand_arith256(calls, rows), Lookups(), Lookups()
    assert np.array_equal(native_arith256.expand_arith256(calls, rows, lookups), columns)
    expected.r16(*columns[:5])
    expected.pair(columns[5], columns[6])
    assert np.array_equal(lookups.multiplicities, expected.multiplicities)
    return columns


def refused(call: Structured) -> str:
    """What both expansions say of a call."""
    said = []
    for expand in (expand_arith256, lambda *given: native_arith256.expand_arith256(*given, Lookups())):
        with pytest.raises(ImpossibleCall) as error:
            expand(call, 64)
        said.append(str(error.value))
    assert said[0] == said[1]
    return said[0]


def failing(main: np.ndarray, calls: Structured) -> set[str]:
    report = check(TABLE, main, arith256_messages(calls))
    return {*report.failing, *report.failing_buses}


def assert_proven(calls: Structured) -> None:
    report = check(TABLE, expanded(calls), arith256_messages(calls))
    assert report.ok, str(report)


def multiple(scalar: int) -> Point:
    """scalar·G by the table's own operations, with Python's numbers."""
    total: Point | None = None
    power = GENERATOR
    while scalar:
        if scalar & 1:
            total = power if total is None else result(ecadd(total, power))
        power, scalar = result(ecdbl(power)), scalar >> 1
    assert total is not None
    return total


def test_extreme_products() -> None:
    cases = [
        (a, b, c, m)
        for a in EXTREMES
        for b in (0, 1, ORDER, MASK)
        for c in (0, MASK)
        for m in (1, 2, PRIME, MASK)
        if m and (a * b + c) // m <= MASK
    ]
    assert_proven(np.concatenate([mulmod(*case, index) for index, case in enumerate(cases)]))


@settings(max_examples=8, deadline=None)
@given(st.lists(st.tuples(*[st.integers(0, MASK)] * 3, st.integers(1, MASK)), min_size=1, max_size=8))
def test_any_product(cases: list[tuple[int, int, int, int]]) -> None:
    assert_proven(np.concatenate([mulmod(a % m, b, c, m, i) for i, (a, b, c, m) in enumerate(cases)]))


def test_random_points() -> None:
    rng = random.Random(1)
    calls = [ecadd(random_point(rng), random_point(rng), i) for i in range(20)]
    calls += [ecdbl(random_point(rng), 20 + i) for i in range(20)]
    assert_proven(np.concatenate(calls))


def test_chain_up_to_the_order() -> None:
    # (n − 1)·G = −G, whose x is G's: one more addition would have no slope.
    assert multiple(ORDER - 1) == (GENERATOR[0], PRIME - GENERATOR[1])


def test_points_that_are_not_reduced() -> None:
    # Coordinates below 2^256 − P are also given as y + P or x + P.
    rng = random.Random(2)
    lifted = (SMALL[0] + PRIME, SMALL[1])
    other = random_point(rng)
    assert_proven(np.concatenate([ecadd(lifted, other), ecadd(other, lifted, 1), ecdbl(lifted, 2)]))


def test_all_operations_and_padding_in_one_table() -> None:
    rng = random.Random(3)
    calls = np.concatenate(
        [mulmod(3, 5, 7, 11, 0), ecadd(GENERATOR, random_point(rng), 1), ecdbl(GENERATOR, 2), mulmod(1, 1, 1, 1, 3)]
    )
    calls = np.concatenate([calls, ecdbl(random_point(rng), 4)])
    main = expanded(calls)
    assert main.shape == (13, 512)
    assert not main[:, 5 * ROWS :].any()
    assert_proven(calls)


def test_no_operation() -> None:
    calls = mulmod(1, 1, 1, 1)[:0]
    assert check(TABLE, expand_arith256(calls, 64), []).ok


@pytest.mark.parametrize("field", ["results", "witness", "operands"])
@pytest.mark.parametrize("call", [mulmod(3, 5, 7, 11), ecadd(GENERATOR, multiple(2)), ecdbl(GENERATOR)])
def test_a_log_with_another_answer_is_refused(call: Structured, field: str) -> None:
    call = call.copy()
    call[field][0, 0] ^= 1
    assert "at time 1" in refused(call)


def test_result_of_the_curve_must_be_reduced_in_x_only() -> None:
    """x3 + P is refused, y3 + P is another name of the same point that the contract leaves to the caller."""
    target = SMALL
    other = random_point(random.Random(4))
    start = result(ecadd(target, (other[0], PRIME - other[1])))
    call = ecadd(start, other)
    assert result(call) == target
    call["results"][0, :8] = words(target[0] + PRIME)
    assert "reduced" in refused(call)

    # The same by hand: everything right for x3 + P but δ, which would have to be negative.
    main = expanded(ecadd(start, other))
    lift(main, "w1", 1, PRIME)
    assert failing(main, call) == {"ar.zero"}


def lift(main: np.ndarray, lane: str, block: int, by: int) -> None:
    """Add to the number in a lane's block of the first operation."""
    rows = slice(16 * block, 16 * block + 16)
    value = sum(int(limb) << 16 * i for i, limb in enumerate(main[INDEX[lane], rows])) + by
    assert 0 <= value <= MASK
    main[INDEX[lane], rows] = [value >> 16 * i & 0xFFFF for i in range(16)]


def test_remainder_above_the_modulus_is_the_callers_to_compare() -> None:
    """r + m with q − 1 satisfies the identity, as the table's contract says; the guest compares r with m."""
    call = mulmod(10, 10, 5, 13)
    rest, quotient = int(call["results"][0, 0]), int(call["witness"][0, 0])
    call["results"][0, 0], call["witness"][0, 0] = rest + 13, quotient - 1
    assert_proven(call)


def test_equal_x_is_the_callers_to_keep_out() -> None:
    """With x1 = x2 and y1 = y2 any slope satisfies the identities: why the guest compares x before it calls."""
    call = ecadd(GENERATOR, multiple(2))
    slope = 12345
    x = (slope**2 - 2 * GENERATOR[0]) % PRIME
    y = (slope * (GENERATOR[0] - x) - GENERATOR[1]) % PRIME
    call["operands"][0] = 2 * [word for value in GENERATOR for word in words(value)]
    call["results"][0] = words(x) + words(y)
    call["witness"][0] = words(slope)
    assert_proven(call)


def test_wrong_answer_with_the_nearest_carries() -> None:
    """r + 1: the identity at X = 2^16 fails by one, so no carry polynomial makes it divisible."""
    call = mulmod(10, 10, 5, 13)
    main = expanded(call)
    call["results"][0, 0] += 1
    main[INDEX["w1"], 0] += 1
    assert failing(main, call) == {"ar.zero"}
    # Carrying the difference on as far as it goes does not help: the last coefficient would be no number of 24 bits.
    main[INDEX["w3"], 16] = 2**64 - 2**32  # an attempt with a fraction, −1/2^16 mod p
    assert {"ar.zero", "R16"} & failing(main, call)


# -- hooks: one fault for each constraint ------------------------------------------------------------------------------


def three() -> Structured:
    return np.concatenate([mulmod(3, 5, 7, 11, 0), ecadd(GENERATOR, multiple(5), 1), ecdbl(GENERATOR, 2)])


@pytest.mark.parametrize(("flag", "operation"), [("f_mm", 0), ("f_add", 1), ("f_dbl", 2)])
def test_flags_are_bits(flag: str, operation: int) -> None:
    calls = three()
    main = expanded(calls)
    main[INDEX[flag], operation * ROWS : (operation + 1) * ROWS] = 2
    assert {f"ar.{flag}", "ar.f"} <= failing(main, calls)


def test_one_operation_at_a_time() -> None:
    calls = three()
    main = expanded(calls)
    main[INDEX["f_dbl"], ROWS : 2 * ROWS] = 1
    assert "ar.f" in failing(main, calls)


@pytest.mark.parametrize("column", ["ts", "px", "py", "f_mm", "f_add", "f_dbl"])
def test_nothing_of_the_call_changes_within_an_operation(column: str) -> None:
    calls = three()
    main = expanded(calls)
    cell = int(main[INDEX[column], 5])
    main[INDEX[column], 5] = cell + 4 if column in ("ts", "px", "py") else 1 - cell
    assert f"ar.hold.{column}" in failing(main, calls)


def test_doubling_takes_one_pointer() -> None:
    """px ≠ py in ECDBL: the read at py would be bound to other memory than the exchange at px."""
    call = ecdbl(GENERATOR)
    call["py"] += 64
    assert failing(expanded(call), call) == {"ar.same"}


@pytest.mark.parametrize("accumulator", ["U", "V", "T"])
@pytest.mark.parametrize("row", [0, 7, 15, 16, 63])
def test_accumulators_are_what_the_rows_add(accumulator: str, row: int) -> None:
    main = expanded(three())

    def bent(name: str, columns: np.ndarray, challenges: dict) -> np.ndarray:
        aux = fill_aux(TABLE, columns, challenges)
        aux[3 * "UVT".index(accumulator), row] ^= 1
        return aux

    report = check_table(TABLE, main, fill_aux=bent)
    expected = {f"ar.{accumulator}"}
    # Where U, V or T enter a product or the end, that is noticed too.
    assert expected <= set(report.failing) <= expected | {"ar.T", "ar.zero"}


# -- every cell --------------------------------------------------------------------------------------------------------

# (column, block) that an operation does not use: only looked up, so any other number in range is as good.
UNUSED = {
    "f_mm": {
        "w0": {1, 3},
        "w1": {1, 2, 3},
        "w2": {3},
        "w3": {0, 2, 3},
        "w4": {0, 2, 3},
        "e0": {0, 2, 3},
        "e1": {0, 2, 3},
    },
    "f_add": {"w2": {0, 3}, "e0": {0}, "e1": {0}},
    "f_dbl": {"w2": {1, 2, 3}, "e0": {0}, "e1": {0}},
}


def is_unused(flag: str, column: str, row: int) -> bool:
    block = row // 16
    if flag != "f_mm" and column == "e0" and row < 3:
        return False
    if flag != "f_mm" and column == "w4" and block == 0:
        return False
    return block in UNUSED[flag].get(column, set())


@pytest.mark.parametrize(
    "call", [mulmod(PRIME - 3, MASK - 9, 7, PRIME), ecadd(GENERATOR, multiple(3)), ecdbl(GENERATOR)]
)
def test_every_cell_is_bound_or_unused(call: Structured) -> None:
    """One operation a fault: 13 columns × 64 rows, each cell raised by one (by four where it is an address)."""
    faults = [(column, row) for column in COLUMNS for row in range(ROWS)]
    main = np.tile(expanded(call), (1, 1024))
    for number, (column, row) in enumerate(faults):
        cell = main[INDEX[column], number * ROWS + row]
        main[INDEX[column], number * ROWS + row] = int(cell) - 1 if int(cell) in (0xFFFF, 0xFF) else int(cell) + 1
    noticed = noticed_operations(main, call)
    survivors = {faults[number] for number in range(len(faults)) if number not in noticed}
    flag = next(name for name in ("f_mm", "f_add", "f_dbl") if expanded(call)[INDEX[name], 0])
    assert survivors == {(column, row) for column, row in faults if is_unused(flag, column, row)}


def noticed_operations(main: np.ndarray, call: Structured) -> set[int]:
    """Operations (all copies of one call but for a fault each) with a failing constraint or another bus message."""
    challenges = random_challenges(("gamma", "beta", "zeta", "lambda"))
    aux = fill_aux(TABLE, main, challenges)
    view = rows_view(TABLE, main=main, aux=aux, scalars=Scalars(challenges))
    formulas = [constraint.expression for constraint in TABLE.constraints if not constraint.logup]
    noticed: set[int] = set()
    for low in range(0, main.shape[1], interpret.BLOCK_ROWS):
        for _, values in interpret.evaluate(formulas, view, Scalars(challenges), low, low + interpret.BLOCK_ROWS):
            rows = np.flatnonzero(values if values.ndim == 1 else values.any(axis=0)) + low
            noticed.update(int(row) // ROWS for row in rows)
    honest = sorted((entries, count) for count, entries, _ in bus_tuples(TABLE, expanded(call))["OP"])
    said: dict[int, list[tuple[tuple[int, ...], int]]] = {}
    calls = replace(TABLE, interactions=tuple(one for one in TABLE.interactions if one.bus is buses.OP))
    for count, entries, row in bus_tuples(calls, main)["OP"]:
        said.setdefault(row // ROWS, []).append((entries, count))
    noticed.update(number for number, messages in said.items() if sorted(messages) != honest)
    return noticed
