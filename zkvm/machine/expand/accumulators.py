"""The columns that ARITH256 and KECCAK fill in after the first challenges: U, V, T and acc.

In every row an accumulator grows by a sum of cells with weights in F that repeat with the table's period. The weights
are read off the constraint itself: with the accumulators at zero it is what the row adds, and a row with one cell set
shows that cell's weight. So there is one statement of the identities, in ``tables``; the compiled loop only sums.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zkvm import _precompiles
from zkvm.air import Table
from zkvm.air.interpret import evaluate
from zkvm.air.rows import rows_view
from zkvm.air.scalars import Scalars
from zkvm.field import base, extension
from zkvm.field.scalar import Ext
from zkvm.machine.expand.columns import Words
from zkvm.machine.expand.threads import in_ranges
from zkvm.machine.tables.arith256 import ROWS as ARITH256_ROWS
from zkvm.machine.tables.keccak import CELLS, SLICES

_LEAST_ROWS = 1 << 11
_ALWAYS = -1
"""Stands for the number 1 where a column is asked for."""

Pair = tuple[int, int]
"""Two columns, whose product is a monomial."""


def fill_aux(table: Table, main: Words, challenges: Mapping[str, Ext]) -> Words:
    """The table's own aux columns, shape (3 · number of them, rows).

    Args:
        table: ARITH256 or KECCAK, as the machine has it.
        main: Its witness columns.
        challenges: zeta, lambda, eta and tau.

    Raises:
        KeyError: the table has no columns of its own to fill.
    """
    return {"arith256": _fill_arith256, "keccak": _fill_keccak}[table.name](table, main, Scalars(challenges))


def _fill_arith256(table: Table, main: Words, scalars: Scalars) -> Words:
    out = arith256_sums(table, scalars).over(main)
    rows = main.shape[1]
    in_ranges(
        rows // ARITH256_ROWS,
        _LEAST_ROWS // ARITH256_ROWS,
        lambda begin, end: _precompiles.arith256_scan(rows, begin, end, out),
    )
    return out


def _fill_keccak(table: Table, main: Words, scalars: Scalars) -> Words:
    rows = main.shape[1]
    out, factors = keccak_sums(table, scalars).over(main), keccak_factors(table, scalars, rows)
    _precompiles.keccak_scan(factors, len(factors), rows, out)
    return out


def arith256_sums(table: Table, scalars: Scalars) -> "Sums":
    """What a row of ARITH256 adds to U, V and T."""
    flags = [table.main.index(name) for name in ("f_mm", "f_add", "f_dbl")]
    monomials = [(_ALWAYS, _ALWAYS), *((lane, _ALWAYS) for lane in range(table.main.index("ts")))]
    # The constraints speak of the next row's terms.
    return Sums.read(table, scalars, ("ar.U", "ar.V", "ar.T"), ARITH256_ROWS, flags, monomials, ahead=1)


def keccak_sums(table: Table, scalars: Scalars) -> "Sums":
    """What a row of KECCAK adds to acc."""
    k = len(table.main) // CELLS
    flags = [_ALWAYS, table.main.index("f_in"), table.main.index("f_out")]
    monomials: list[Pair] = [(_ALWAYS, _ALWAYS), *((cell, _ALWAYS) for cell in range(k * CELLS))]
    # ι: lane 0 before and after it.
    monomials += [(s * CELLS, s * CELLS + CELLS - 1) for s in range(k)]
    return Sums.read(table, scalars, ("kk.acc",), SLICES // k, flags, monomials, ahead=0)


def keccak_factors(table: Table, scalars: Scalars, rows: int) -> Words:
    """What acc is multiplied by after each row of a block, (rows of a block, 3)."""
    step = next(column for column in table.periodic if column.name == "step")
    return np.array(scalars.values(step.values, rows.bit_length() - 1), np.uint64)


@dataclass(frozen=True, slots=True)
class Sums:
    """What a row adds to each accumulator: Σ flag · weight · monomial.

    Attributes:
        flags: Columns, or _ALWAYS.
        monomials: Products of two columns.
        weights: (period, flags, forms, monomials, 3).
    """

    flags: NDArray[np.int32]
    monomials: NDArray[np.int32]
    weights: Words

    @classmethod
    def read(
        cls,
        table: Table,
        scalars: Scalars,
        ids: Sequence[str],
        period: int,
        flags: Sequence[int],
        monomials: Sequence[Pair],
        ahead: int,
    ) -> "Sums":
        """Read the weights off the constraints, which speak of the row ``ahead`` of their own."""
        probes = [(flag, pair) for flag in flags for pair in monomials]
        height = 1 << (len(probes) * period - 1).bit_length()
        main: Words = np.zeros((len(table.main), height), np.uint64)
        for number, (flag, pair) in enumerate(probes):
            for column in {flag, *pair} - {_ALWAYS}:
                main[column, number * period : (number + 1) * period] = 1
        added = np.roll(_growth(table, scalars, ids, main), ahead, axis=-1)
        shape = (len(ids), 3, len(flags), len(monomials), period)
        values = added[..., : len(probes) * period].reshape(shape)
        # A probe shows the monomial's weight, its factors' weights and the constant one, of its flag and of no flag.
        weights = _without(values, axis=3, parts={i: _factors(monomials, i) for i in range(1, len(monomials))})
        if flags[0] == _ALWAYS:
            weights = _without(weights, axis=2, parts={i: [] for i in range(1, len(flags))})
        return cls(
            np.array(flags, np.int32),
            np.array(monomials, np.int32).reshape(-1, 2),
            np.ascontiguousarray(weights.transpose(4, 2, 0, 3, 1)),
        )

    def over(self, main: Words) -> Words:
        """The sums of every row, shape (3 · forms, rows)."""
        period, flags, forms, monomials, _ = self.weights.shape
        width, rows = main.shape
        out: Words = np.empty((3 * forms, rows), np.uint64)

        def add(begin: int, end: int) -> None:
            shape = (flags, monomials, forms, period)
            _precompiles.affine_rows(
                self.flags, self.monomials, self.weights, *shape, main, width, rows, begin, end, out
            )

        in_ranges(rows, _LEAST_ROWS, add)
        return out


def _growth(table: Table, scalars: Scalars, ids: Sequence[str], main: Words) -> Words:
    """What the constraints add in each row with all accumulators at zero, shape (forms, 3, rows)."""
    rows = main.shape[1]
    view = rows_view(table, main=main, aux=np.zeros((3 * len(table.own_aux), rows), np.uint64), scalars=scalars)
    formulas = {constraint.id: constraint.expression for constraint in table.constraints}
    grown: Words = np.zeros((len(ids), 3, rows), np.uint64)
    for position, values in evaluate([formulas[id] for id in ids], view, scalars, 0, rows):
        grown[position] = extension.neg(values)
    return grown


def _factors(monomials: Sequence[Pair], index: int) -> list[int]:
    """Which other monomials a probe of this one sets, besides the constant one."""
    columns = set(monomials[index])
    return [i for i, pair in enumerate(monomials) if i not in (0, index) and set(pair) - {_ALWAYS} <= columns]


def _without(values: Words, axis: int, parts: Mapping[int, Sequence[int]]) -> Words:
    """Take away from each entry along the axis entry 0 and the given other entries' own shares."""
    own = np.moveaxis(values.copy(), axis, 0)
    for index in sorted(parts, key=lambda i: len(parts[i])):
        for other in (0, *parts[index]):
            own[index] = base.sub(own[index], own[other])
    return np.moveaxis(own, 0, axis)
