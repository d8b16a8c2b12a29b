"""The builder: what it makes, and what it refuses."""

import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zkvm.air import (
    AirError,
    Bus,
    Machine,
    TableBuilder,
    challenge,
    examples,
    inverse_constant,
    parameter,
    public,
    shifted,
)
from zkvm.air import errors as e
from zkvm.air.expression import constant, topological, value_of
from zkvm.field import P

BUS = Bus("BUS", 5)


@pytest.fixture
def t() -> TableBuilder:
    return TableBuilder("toy", log_height=(6, 10))


# -- expressions ------------------------------------------------------------------------------------------------------


def test_equal_formulas_are_one_object(t: TableBuilder) -> None:
    a, b = t.main("a"), t.main("b")
    assert (a + 3) * b is (a + 3) * b
    assert pickle.loads(pickle.dumps(a * b - 1)) is a * b - 1
    assert copy.deepcopy(a.next) is a.next


def test_numbers_are_folded_and_reduced(t: TableBuilder) -> None:
    a = t.main("a")
    assert value_of(constant(7) * 6 - 2) == 40
    assert value_of(constant(3) - 5) == P - 2
    assert a + 0 is a
    assert a * 1 is a
    assert 0 * a is constant(0)
    assert a - a is constant(0)
    minus = -a
    assert -minus is a
    assert a * -1 is -a
    assert 5 + a is 5 + P + a
    assert a**0 is constant(1)
    assert a**3 is a * (a * a)


@given(st.integers(), st.integers())
def test_folding_is_arithmetic_mod_p(x: int, y: int) -> None:
    assert value_of(constant(x) * y + (constant(x) - y)) == (x * y + x - y) % P


@given(st.integers(min_value=1, max_value=P - 1))
def test_inverse_constant(value: int) -> None:
    assert value_of(inverse_constant(value) * value) == 1


def test_degree_and_kind(t: TableBuilder) -> None:
    a, aux = t.main("a"), t.aux("U")
    period = t.periodic("E", [1, 0])
    weight = t.challenge_periodic("w", [challenge("zeta"), 1])
    assert [one.degree for one in (a, a * a, a * a + period, a * weight, aux * a * period)] == [1, 2, 2, 2, 3]
    assert [one.degree for one in (t.first, t.transition * a, challenge("zeta"), public(0), parameter("p"))] == [
        1, 2, 0, 0, 0,
    ]  # fmt: skip
    assert not any(one.extension for one in (a, period, t.last, public(0), parameter("p"), constant(3)))
    assert all(one.extension for one in (aux, weight, challenge("zeta"), a * challenge("zeta")))


def test_shifted_moves_every_column(t: TableBuilder) -> None:
    a, u = t.main("a"), t.aux("U")
    period, weight = t.periodic("E", [1, 0]), t.challenge_periodic("w", [challenge("zeta"), 1])
    moved = shifted(a * period + 3 * u * weight * challenge("zeta"))
    assert moved is a.next * period.next + 3 * u.next * weight.next * challenge("zeta")


def test_long_sums_need_no_deep_recursion(t: TableBuilder) -> None:
    a = t.main("a")
    total = sum((a * i for i in range(1, 5000)), start=constant(0))
    assert len(topological((shifted(total),))) > 9000
    assert "…" in str(total)


# -- what is refused --------------------------------------------------------------------------------------------------


def test_rotation_of_a_rotation(t: TableBuilder) -> None:
    a = t.main("a")
    with pytest.raises(e.BadRotation, match="a'"):
        _ = a.next.next
    with pytest.raises(e.BadRotation):
        shifted(a + a.next)
    with pytest.raises(e.BadRotation):
        _ = (a + 1).next
    with pytest.raises(e.BadRotation):
        shifted(t.first * a)
    with pytest.raises(e.BadRotation):
        _ = t.last.next


@pytest.mark.parametrize("bad", ["text", 1.5, None, True])
def test_operands_that_are_no_numbers(t: TableBuilder, bad: object) -> None:
    with pytest.raises(e.NotAnExpression, match=repr(bad)):
        _ = t.main("a") + bad  # type: ignore[operator]


@pytest.mark.parametrize("exponent", [-1, 0.5])
def test_powers(t: TableBuilder, exponent: int) -> None:
    with pytest.raises(e.NotAnExpression):
        _ = t.main("a") ** exponent


def test_inverse_of_zero() -> None:
    with pytest.raises(e.NotAnExpression):
        inverse_constant(P)


def test_duplicate_columns_and_ids(t: TableBuilder) -> None:
    a = t.main("a")
    for make in (t.main, t.fixed, t.aux, lambda name: t.periodic(name, [1])):
        with pytest.raises(e.DuplicateName, match=r"toy\.a"):
            make("a")
    t.constrain("toy.zero", a)
    with pytest.raises(e.DuplicateName, match=r"toy\.toy\.zero"):
        t.constrain("toy.zero", a + 1)
    with pytest.raises(e.DuplicateName):
        t.constrain("logup.toy.0", a)
    with pytest.raises(e.DuplicateName):
        t.aux("logup.s")


@pytest.mark.parametrize("name", ["", "a b", ".a", "a.", "ä", "a-b"])
def test_names(t: TableBuilder, name: str) -> None:
    for make in (t.main, lambda name: t.constrain(name, 1), lambda name: TableBuilder(name, log_height=6)):
        with pytest.raises(e.BadName):
            make(name)


@pytest.mark.parametrize("heights", [5, 27, (5, 8), (9, 8), (6, 99)])
def test_heights(heights: int | tuple[int, int]) -> None:
    with pytest.raises(e.BadHeight):
        TableBuilder("toy", log_height=heights)


def test_degrees(t: TableBuilder) -> None:
    a = t.main("a")
    t.constrain("toy.three", a * a * a)
    with pytest.raises(e.DegreeTooHigh, match=r"toy\.four: degree 4.*a\*a"):
        t.constrain("toy.four", a**4)
    with pytest.raises(e.DegreeTooHigh, match="degree 4"):
        t.constrain("toy.virtual", t.first * a * a * a)
    with pytest.raises(e.DegreeTooHigh, match="an entry may have 1"):
        t.send(BUS, 1, a * a)
    with pytest.raises(e.DegreeTooHigh, match="a multiplicity may have 2"):
        t.send(BUS, a * a * a, a)
    t.send(BUS, a * a, a)
    with pytest.raises(e.DegreeTooHigh):
        t.build(pack=0)


def test_pack_four_would_need_a_fourth_chunk(t: TableBuilder) -> None:
    for _ in range(4):
        t.send(BUS, 1, t.main(f"a{_}"))
    assert t.build(pack=3).max_degree == 4
    with pytest.raises(e.DegreeTooHigh, match="degree 5"):
        t.build(pack=4)


@pytest.mark.parametrize("formula", [0, 1, challenge("gamma"), public(0) - 3, parameter("p") * 2])
def test_constant_constraints(t: TableBuilder, formula: object) -> None:
    with pytest.raises(e.ConstantConstraint, match=r"toy\.c"):
        t.constrain("toy.c", formula)  # type: ignore[arg-type]


def test_buses_carry_base_values_only(t: TableBuilder) -> None:
    a, u = t.main("a"), t.aux("U")
    weight = t.challenge_periodic("w", [challenge("zeta"), 1])
    for late in (u, weight, a + challenge("zeta")):
        with pytest.raises(e.NotBase, match=r"toy\.BUS"):
            t.send(BUS, 1, late)
        with pytest.raises(e.NotBase):
            t.receive(BUS, late, a)


def test_empty_message(t: TableBuilder) -> None:
    with pytest.raises(e.EmptyTuple):
        t.send(BUS, 1)


@pytest.mark.parametrize("id", [0, -1, P])
def test_bus_ids(t: TableBuilder, id: int) -> None:
    with pytest.raises(e.BusMismatch):
        t.send(Bus("ODD", id), 1, 1)


@pytest.mark.parametrize("values", [[], [1, 2, 3], [0] * 6])
def test_periods(t: TableBuilder, values: list[int]) -> None:
    with pytest.raises(e.BadPeriod, match=f"{len(values)} values"):
        t.periodic("E", values)


def test_a_period_or_row_must_fit_the_least_height(t: TableBuilder) -> None:
    with pytest.raises(e.BadHeight):
        t.periodic("E", [1] * 128)
    with pytest.raises(e.BadHeight):
        t.row(64)
    with pytest.raises(e.BadHeight):
        t.row(-1)


def test_periodic_values_know_no_row(t: TableBuilder) -> None:
    a = t.main("a")
    for value in (a, t.first, public(0)):
        with pytest.raises(e.NotScalar, match=r"toy\.w"):
            t.challenge_periodic("w", [value, 1])
    with pytest.raises(e.NotScalar):
        t.periodic("E", [challenge("zeta"), 1])  # type: ignore[list-item]


def test_columns_of_another_table(t: TableBuilder) -> None:
    foreign = TableBuilder("other", log_height=6)
    for column in (foreign.main("a"), foreign.first, foreign.periodic("E", [1, 0])):
        with pytest.raises(e.ForeignColumn, match="belongs to table other"):
            t.constrain("toy.c", column)
        with pytest.raises(e.ForeignColumn):
            t.send(BUS, 1, column)


@pytest.mark.parametrize("make", ["main", "fixed", "aux"])
def test_unused_columns(t: TableBuilder, make: str) -> None:
    t.constrain("toy.a", t.main("a"))
    getattr(t, make)("lost")
    with pytest.raises(e.UnusedColumn, match=r"toy\.lost"):
        t.build()


def test_unused_periodic_column(t: TableBuilder) -> None:
    t.constrain("toy.a", t.main("a"))
    t.periodic("lost", [0, 1])
    with pytest.raises(e.UnusedColumn, match=r"toy\.lost"):
        t.build()


def test_a_column_read_only_in_the_next_row_or_by_a_bus_is_used(t: TableBuilder) -> None:
    t.constrain("toy.a", t.main("a").next)
    t.send(BUS, t.main("m"), t.main("b"))
    assert t.build().main == ("a", "m", "b")


# -- machines ---------------------------------------------------------------------------------------------------------


def _machine(formula: object, **names: object) -> Machine:
    t = TableBuilder("toy", log_height=6)
    t.constrain("toy.c", t.main("a") + formula)  # type: ignore[operator]
    return Machine("toy", (t.build(),), **names)  # type: ignore[arg-type]


def test_names_must_be_declared() -> None:
    for formula in (challenge("zeta"), parameter("entry"), public(3)):
        with pytest.raises(e.UnknownName, match=r"toy\.toy\.c"):
            _machine(formula, publics=3)
    _machine(challenge("zeta") + parameter("entry") + public(3), challenges=("zeta",), parameters=("entry",), publics=4)
    _machine(challenge("gamma"))


def test_challenges_in_periodic_columns_must_be_declared(t: TableBuilder) -> None:
    t.constrain("toy.c", t.main("a") - t.challenge_periodic("w", [challenge("zeta")]))
    with pytest.raises(e.UnknownName, match="zeta"):
        Machine("toy", (t.build(),))


def test_duplicates_in_a_machine() -> None:
    table = examples.fibonacci().tables[0]
    with pytest.raises(e.DuplicateName, match="table"):
        Machine("twice", (table, table), publics=1)
    other = TableBuilder("other", log_height=6)
    other.constrain("fib.a", other.main("a"))
    with pytest.raises(e.DuplicateName, match=r"fib\.a: two of this constraint"):
        Machine("twice", (table, other.build()), publics=1)
    with pytest.raises(e.DuplicateName, match="challenge"):
        Machine("twice", (table,), publics=1, challenges=("gamma",))
    with pytest.raises(e.DuplicateName, match="parameter"):
        Machine("twice", (table,), publics=1, parameters=("p", "p"))


@pytest.mark.parametrize("other", [Bus("OTHER", 5), Bus("BUS", 6)])
def test_buses_share_neither_id_nor_name(t: TableBuilder, other: Bus) -> None:
    t.send(BUS, 1, t.main("a"))
    t.send(other, 1, t.main("b"))
    with pytest.raises(e.BusMismatch):
        Machine("toy", (t.build(),))


def test_a_bus_has_messages_of_one_length(t: TableBuilder) -> None:
    t.send(BUS, 1, t.main("a"))
    t.send(BUS, 1, t.main("b"), 0)
    with pytest.raises(e.BusMismatch, match="of 1 and of 2 entries"):
        Machine("toy", (t.build(),))


def test_an_empty_machine_and_an_unknown_table() -> None:
    with pytest.raises(e.UnknownName):
        Machine("empty", ())
    with pytest.raises(e.UnknownName, match="there are fib"):
        examples.fibonacci().table("fub")


def test_every_refusal_names_what_it_is_about(t: TableBuilder) -> None:
    a = t.main("a")
    with pytest.raises(AirError) as caught:
        t.constrain("toy.high", a**4)
    assert (caught.value.table, caught.value.id) == ("toy", "toy.high")
    assert "a*a" in caught.value.expression


# -- what a table knows -----------------------------------------------------------------------------------------------


def test_layout_of_a_table() -> None:
    table = examples.lookup().table("user")
    assert table.aux == ("logup.h_1", "logup.h_2", "logup.s")
    assert [table.width(stage) for stage in ("fixed", "main", "aux")] == [0, 15, 9]
    assert [len(group.interactions) for group in table.groups] == [3, 3, 1]
    assert [one.id for one in table.constraints] == ["user.on", "user.even", *(f"logup.user.{g}" for g in range(3))]
    assert table.uses_next("aux") == (6, 7, 8)
    assert table.uses_next("main") == ()
    assert examples.lookup().table("squares").keyed
    assert not table.keyed


def test_order_of_own_aux_and_alpha() -> None:
    machine = examples.accumulator()
    assert machine.tables[0].own_aux == machine.tables[0].aux == ("difference",)
    assert machine.all_challenges == ("gamma", "beta", "zeta")
    lookup = examples.lookup()
    assert lookup.first_constraint("squares") == 5
    assert lookup.constraint_count == 6


def test_rows_used() -> None:
    assert examples.fibonacci().tables[0].rows == (-1, 0, 20)
