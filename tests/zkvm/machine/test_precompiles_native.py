"""The compiled module of the precompiles refuses what would read or write beyond its arrays."""

import random

import numpy as np
import pytest

from tests.zkvm.machine.precompiles import GENERATOR, ecadd, ecdbl, keccak, mulmod, random_point, random_state
from zkvm import _precompiles
from zkvm.air import interpret
from zkvm.air.debug import random_challenges
from zkvm.air.rows import rows_view
from zkvm.air.scalars import Scalars
from zkvm.field import extension
from zkvm.machine.expand import threads
from zkvm.machine.expand.accumulators import fill_aux
from zkvm.machine.expand.columns import Lookups
from zkvm.machine.expand.native_arith256 import expand_arith256
from zkvm.machine.expand.native_keccak import expand_keccak
from zkvm.machine.tables.arith256 import arith256_table
from zkvm.machine.tables.keccak import call_cells, call_row, keccak_table

CALLS = keccak([[0] * 25])
SECOND = np.zeros(1, np.uint32)
CELLS = np.array(
    [*call_cells(2).new, *call_cells(2).old, call_cells(2).ts, call_cells(2).pointer, call_row(2)], np.int32
)
MAIN = np.zeros((64, 1024), np.uint64)


def with_cell(position: int, value: int) -> np.ndarray:
    cells = CELLS.copy()
    cells[position] = value
    return cells


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ((CALLS, SECOND, 1, 3, CELLS, 1024, 0, 1, MAIN), "3 slices a row"),
        ((CALLS, SECOND, 1, 2, CELLS, 1000, 0, 1, MAIN), "height 1000"),
        ((CALLS, SECOND, 1, 2, CELLS, 512, 0, 1, MAIN), "range 0 to 800"),
        ((CALLS, SECOND, 1, 2, CELLS, 1024, 0, 2, MAIN), "range 0 to 2"),
        ((CALLS, SECOND, 1, 2, CELLS, 1024, -1, 1, MAIN), "range -1 to 1"),
        ((CALLS, SECOND, 1, 2, CELLS[1:], 1024, 0, 1, MAIN), "cells has 24 bytes, not 28"),
        ((CALLS, SECOND, 1, 2, with_cell(0, 10), 1024, 0, 1, MAIN), "not in the row"),
        ((CALLS, SECOND, 1, 2, with_cell(6, 32), 1024, 0, 1, MAIN), "not in the row"),
        ((CALLS, SECOND[:0], 1, 2, CELLS, 1024, 0, 1, MAIN), "second has 0 bytes"),
        ((CALLS[:0], SECOND, 1, 2, CELLS, 1024, 0, 1, MAIN), "calls has 0 bytes"),
        ((CALLS, SECOND, 1, 2, CELLS, 1024, 0, 1, MAIN[:63].copy()), "main has 516096 bytes"),
    ],
)
def test_rows_that_do_not_fit(arguments: tuple[object, ...], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        _precompiles.keccak_rows(*arguments)


def test_arrays_must_be_writable_and_contiguous() -> None:
    frozen = MAIN.copy()
    frozen.flags.writeable = False
    with pytest.raises((ValueError, BufferError)):
        _precompiles.keccak_rows(CALLS, SECOND, 1, 2, CELLS, 1024, 0, 1, frozen)
    with pytest.raises((ValueError, BufferError)):
        _precompiles.keccak_rows(CALLS, SECOND, 1, 2, CELLS, 1024, 0, 1, np.zeros((64, 2048), np.uint64)[:, ::2])


def test_operations_that_do_not_fit() -> None:
    call, main = ecdbl(GENERATOR), np.zeros((13, 128), np.uint64)
    assert _precompiles.arith256_rows(call, 1, 128, 0, 1, main) == 1
    for arguments, reason in (
        ((call, 1, 100, 0, 1, main), "height 100"),
        ((call, 1, 128, 0, 2, main), "range 0 to 2"),
        ((call, 2, 128, 0, 1, main), "calls has 240 bytes"),
        ((np.repeat(call, 3), 3, 128, 0, 1, main), "range 0 to 3"),
        ((call, 1, 128, 0, 1, main[:12].copy()), "main has"),
    ):
        with pytest.raises(ValueError, match=reason):
            _precompiles.arith256_rows(*arguments)
    unknown = call.copy()
    unknown["op"] = 48
    assert _precompiles.arith256_rows(unknown, 1, 128, 0, 1, main) == 0


def test_cells_that_byte_does_not_have() -> None:
    main, counts = np.zeros((13, 128), np.uint64), np.zeros((4, 1 << 16), np.uint32)
    _precompiles.arith256_lookups(main, 128, 0, 128, counts)
    with pytest.raises(ValueError, match="range 0 to 129"):
        _precompiles.arith256_lookups(main, 128, 0, 129, counts)
    with pytest.raises(ValueError, match="counts has"):
        _precompiles.arith256_lookups(main, 128, 0, 128, counts[:3])
    for lane, value in ((4, 1 << 16), (5, 256), (6, 1 << 40)):
        main[lane, 100] = value
        with pytest.raises(ValueError, match="not in the range"):
            _precompiles.arith256_lookups(main, 128, 64, 128, counts)
        main[lane, 100] = 0


def test_keys_that_chi_does_not_have() -> None:
    main = MAIN.copy()
    main[25, 7] = 1 << 18
    with pytest.raises(ValueError, match="not a row of the looked-up table"):
        _precompiles.keccak_lookups(main, 2, 1024, 0, 1024, np.zeros(1 << 18, np.uint64), 1 << 18)
    with pytest.raises(ValueError, match="counts has"):
        _precompiles.keccak_lookups(main, 2, 1024, 0, 1024, np.zeros(1 << 17, np.uint64), 1 << 18)


def affine(flag: int = -1, monomial: int = -1, weights: int = 64, **changes: int) -> None:
    shape = {"flags": 1, "monomials": 1, "forms": 1, "period": 64, "width": 64, "height": 1024, "begin": 0, "end": 1024}
    shape |= changes
    _precompiles.affine_rows(
        np.array([flag], np.int32),
        np.array([[monomial, -1]], np.int32),
        np.zeros((weights, 1, 1, 1, 3), np.uint64),
        *(shape[name] for name in ("flags", "monomials", "forms", "period")),
        MAIN,
        *(shape[name] for name in ("width", "height", "begin", "end")),
        np.zeros((3, 1024), np.uint64),
    )


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"flag": 64}, "column 64 is not among 64"),
        ({"monomial": -2}, "column -2 is not among 64"),
        ({"weights": 63}, "weights has"),
        ({"forms": 9}, "impossible shape"),
        ({"monomials": 321}, "impossible shape"),
        ({"period": 0}, "impossible shape"),
        ({"period": 128}, "impossible shape"),
        ({"begin": 5, "end": 4}, "range 5 to 4"),
        ({"width": 65}, "main has"),
    ],
)
def test_sums_that_do_not_fit(changes: dict[str, int], reason: str) -> None:
    affine()
    with pytest.raises(ValueError, match=reason):
        affine(**changes)


def test_scans_that_do_not_fit() -> None:
    sums = np.zeros((9, 128), np.uint64)
    _precompiles.arith256_scan(128, 0, 2, sums)
    with pytest.raises(ValueError, match="range 0 to 3"):
        _precompiles.arith256_scan(128, 0, 3, sums)
    with pytest.raises(ValueError, match="sums has"):
        _precompiles.arith256_scan(256, 0, 2, sums)
    with pytest.raises(ValueError, match="period 65"):
        _precompiles.keccak_scan(np.zeros((65, 3), np.uint64), 65, 128, sums[:3])
    with pytest.raises(ValueError, match="step has"):
        _precompiles.keccak_scan(np.zeros((2, 3), np.uint64), 3, 128, sums[:3])


@pytest.mark.parametrize("name", ["arith256", "keccak"])
def test_sums_of_any_cells_and_flags(name: str) -> None:
    """A row adds what its constraint says, whatever the cells hold: a tampered witness gets true accumulators too."""
    rng = np.random.default_rng(5)
    table = arith256_table() if name == "arith256" else keccak_table(2)
    main = rng.integers(0, 2**64 - 2**32 + 1, (len(table.main), 128), np.uint64)
    challenges = random_challenges(("zeta", "lambda", "eta", "tau"))
    aux = fill_aux(table, main, challenges)
    ids = {"arith256": ("ar.U", "ar.V", "ar.T"), "keccak": ("kk.acc",)}[name]
    formulas = [constraint.expression for constraint in table.constraints if constraint.id in ids]
    view = rows_view(table, main=main, aux=aux, scalars=Scalars(challenges))
    for _, values in interpret.evaluate(formulas, view, Scalars(challenges), 0, 128):
        # acc starts at zero, so only the way round from the last row to the first can fail.
        assert not extension.neg(values)[:, :127].any()


def test_ranges_cover_everything_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads.os, "sched_getaffinity", lambda _: range(3))
    seen = threads.in_ranges(1000, 100, lambda begin, end: (begin, end))
    assert seen == [(0, 333), (333, 666), (666, 1000)]
    assert threads.in_ranges(150, 100, lambda begin, end: (begin, end)) == [(0, 150)]
    assert threads.in_ranges(0, 100, lambda begin, end: (begin, end)) == [(0, 0)]


def test_threads_make_the_same_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(6)
    permutations = keccak([random_state(rng) for _ in range(40)])
    products = [mulmod(rng.getrandbits(255), rng.getrandbits(255), 1, 2**256 - 1, i) for i in range(40)]
    calls = np.concatenate([*products, ecadd(GENERATOR, random_point(rng), 40), ecdbl(GENERATOR, 41)])
    challenges = random_challenges(("zeta", "lambda", "eta", "tau"))

    def made() -> list[np.ndarray]:
        state, numbers = expand_keccak(permutations, 2, 1 << 15), expand_arith256(calls, 1 << 12, Lookups())
        return [
            state,
            numbers,
            fill_aux(keccak_table(2), state, challenges),
            fill_aux(arith256_table(), numbers, challenges),
        ]

    monkeypatch.setattr(threads.os, "sched_getaffinity", lambda _: range(1))
    alone = made()
    monkeypatch.setattr(threads.os, "sched_getaffinity", lambda _: range(7))
    for one, many in zip(alone, made(), strict=True):
        assert np.array_equal(one, many)
