"""Whatever cannot be proven is refused by name before any work."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from tests.zkvm.stark.honest import Honest, honest
from tests.zkvm.stark.proving import key_of, trace_of
from zkvm.air import examples
from zkvm.backends.reference import ReferenceBackend
from zkvm.field import P
from zkvm.stark import checks
from zkvm.stark.errors import (
    InsecureParameters,
    InvalidParameters,
    TooManyInteractions,
    WrongHeights,
    WrongKey,
    WrongPublics,
)
from zkvm.stark.key import ProvingKey
from zkvm.stark.prover import prove
from zkvm.stark.refusals import InvalidFixed, InvalidTrace, ProofDoesNotFit, WrongFixedColumns
from zkvm.stark.setup import make_key
from zkvm.stark.trace import Columns, Deferred, Trace

BACKEND = ReferenceBackend()
LOOKUP = "lookup, low user"


class Idle:
    """A backend that must not be asked for anything."""

    def __getattr__(self, name: str) -> object:
        raise AssertionError(f"asked for {name} before everything was checked")


def attempt(made: Honest, trace: Trace | None = None, key: ProvingKey | None = None, **other) -> None:
    given = {"machine": made.toy.machine, "public": made.toy.witness.public, "profile": made.profile} | other
    prove(key=key or key_of(made, BACKEND), trace=trace or trace_of(made), backend=Idle(), **given)


def with_main(made: Honest, table: str, change: Callable[[Columns], Columns | None]) -> Trace:
    trace = trace_of(made)
    changed = change(trace.main[table].copy())
    return replace(trace, main={**trace.main, table: changed})


def put(column: int, row: int, value: int) -> Callable[[Columns], Columns]:
    def change(columns: Columns) -> Columns:
        columns[column, row] = value
        return columns

    return change


def test_a_value_that_is_not_canonical_names_table_column_and_row() -> None:
    made = honest(LOOKUP)
    with pytest.raises(InvalidTrace, match=rf"table user: column square_0 holds {P} in row 5"):
        attempt(made, with_main(made, "user", put(2, 5, P)))
    attempt_largest = with_main(made, "user", put(2, 5, P - 1))
    with pytest.raises(AssertionError, match="asked for"):
        attempt(made, attempt_largest)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda columns: columns.astype(np.int64), "uint64"),
        (lambda columns: np.asfortranarray(columns), "contiguous"),
        (lambda columns: columns[:-1].copy(), "14 columns instead of 15"),
        (lambda columns: columns[:, :100].copy(), "100 rows, which is no power of two"),
        (lambda columns: columns[:, :0].copy(), "0 rows"),
        (lambda columns: columns[0], "two-dimensional"),
    ],
)
def test_columns_of_a_wrong_shape_or_type(change: Callable[[Columns], Columns], message: str) -> None:
    made = honest(LOOKUP)
    with pytest.raises(InvalidTrace, match=message):
        attempt(made, with_main(made, "user", change))


@pytest.mark.parametrize(
    ("shape", "message"),
    [((14, 256), "14 columns instead of 15"), ((15, 100), "100 rows, which is no power of two")],
)
def test_columns_of_a_wrong_shape_are_refused_before_they_are_made(shape: tuple[int, int], message: str) -> None:
    made = honest(LOOKUP)

    def make() -> Columns:
        raise AssertionError("made before everything was checked")

    main = {**trace_of(made).main, "user": Deferred(shape, make)}
    with pytest.raises(InvalidTrace, match=message):
        attempt(made, replace(trace_of(made), main=main))


def test_heights_that_no_proof_may_have() -> None:
    made = honest(LOOKUP)
    with pytest.raises(WrongHeights, match=r"table user has 2\^5 rows; 2\^6 to 2\^18 are allowed"):
        attempt(made, with_main(made, "user", lambda columns: columns[:, :32].copy()))
    with pytest.raises(InvalidTrace, match="table squares: has 128 rows, its fixed columns have 256"):
        attempt(made, with_main(made, "squares", lambda columns: columns[:, :128].copy()))
    low = replace(made.profile, max_log_height=7)
    with pytest.raises(WrongHeights, match="squares"):
        attempt(made, profile=low)


def test_a_missing_and_an_unknown_table() -> None:
    made = honest(LOOKUP)
    trace = trace_of(made)
    with pytest.raises(InvalidTrace, match="table user: is missing"):
        attempt(made, Trace({"squares": trace.main["squares"]}))
    with pytest.raises(InvalidTrace, match="table ghost: is not a table of lookup"):
        attempt(made, Trace({**trace.main, "ghost": trace.main["user"]}))


def test_own_columns_need_someone_to_fill_them() -> None:
    made = honest("accumulator")
    with pytest.raises(InvalidTrace, match="difference"):
        attempt(made, Trace(trace_of(made).main))


@pytest.mark.parametrize(
    ("filled", "message"),
    [
        (lambda rows: np.zeros((2, rows), np.uint64), "2 columns instead of 3"),
        (lambda rows: np.zeros((3, 2 * rows), np.uint64), "fill_aux gave 128 rows, the table has 64"),
        (lambda rows: np.full((3, rows), P, np.uint64), "column difference holds"),
    ],
)
def test_own_columns_are_checked(filled: Callable[[int], Columns], message: str) -> None:
    made = honest("accumulator")
    trace = Trace(trace_of(made).main, lambda name, main, challenges: filled(main.shape[1]))
    with pytest.raises(InvalidTrace, match=message):
        prove(made.toy.machine, key_of(made, BACKEND), trace, (), made.profile, BACKEND)


def test_public_words() -> None:
    made = honest("fibonacci")
    for public in ([], [1, 2], [1 << 32], [-1]):
        with pytest.raises(WrongPublics):
            attempt(made, public=public)


def test_another_machines_key_and_another_profiles() -> None:
    made = honest("fibonacci")
    with pytest.raises(WrongKey):
        attempt(made, key=key_of(honest("accumulator"), BACKEND))
    with pytest.raises(WrongKey):
        attempt(made, profile=replace(made.profile, node_bytes=32))


def test_a_profile_below_its_target() -> None:
    made = honest("fibonacci")
    with pytest.raises(InsecureParameters) as raised:
        attempt(made, profile=replace(made.profile, target_bits=100))
    assert raised.value.bits < raised.value.target == 100


def test_too_many_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    made = honest(LOOKUP)
    monkeypatch.setattr(checks, "MAX_MESSAGES", 7 * 128 + 256)
    with pytest.raises(TooManyInteractions, match="1152"):
        attempt(made)


def test_a_proof_that_does_not_fit_says_what_it_needs() -> None:
    made = honest(LOOKUP)
    with pytest.raises(ProofDoesNotFit) as raised:
        attempt(made, memory_limit=1 << 20)
    assert raised.value.available == 1 << 20 < raised.value.needed


def test_fixed_columns_that_are_not_the_keys() -> None:
    made = honest(LOOKUP)
    key = key_of(made, BACKEND)
    changed = key.fixed["squares"].copy()
    changed[1, 7] += 1
    with pytest.raises(WrongFixedColumns):
        prove(made.toy.machine, ProvingKey(key.vk, {"squares": changed}), trace_of(made), (), made.profile, BACKEND)
    with pytest.raises(InvalidFixed, match="table squares: misses its fixed columns"):
        attempt(made, key=ProvingKey(key.vk, {}))


def test_what_no_key_can_be_made_of() -> None:
    made = honest(LOOKUP)
    squares = key_of(made, BACKEND).fixed["squares"]
    for fixed, message in (
        ({}, "squares: misses"),
        ({"squares": squares, "user": squares}, "user: has no fixed columns"),
        ({"squares": squares[:1].copy()}, "1 columns instead of 2"),
        ({"squares": squares[:, :128].copy()}, r"2\^7 rows; 2\^8 to 2\^8 are allowed"),
        ({"squares": put(1, 3, P)(squares.copy())}, f"column square holds {P} in row 3"),
    ):
        with pytest.raises(InvalidFixed, match=message):
            make_key(examples.lookup(), fixed, {}, made.profile, Idle())
    with pytest.raises(InvalidParameters, match="not \\['entry'\\]"):
        make_key(examples.lookup(), {"squares": squares}, {"entry": 1}, made.profile, Idle())
