"""The quotient: all constraints of all tables in one sum, divided by X^N − 1, in three chunks.

Q = Σ_j α^j C_j / (X^N − 1) has degree below 3N, so its values on three cosets of N points hold it. Chunk q_j is the
polynomial of degree below N that takes Q's values on coset j, where X^N − 1 is one number.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from zkvm.air import Table
from zkvm.air.rows import RowsView, rows_view
from zkvm.air.scalars import Scalars
from zkvm.backends.interface import Backend
from zkvm.field import P, base
from zkvm.field.scalar import Ext, e_mul_base
from zkvm.stark.commit import Commitment, Fraction, TableSource, silent
from zkvm.stark.constraints import Constraints
from zkvm.stark.deep import powers_of, zeros
from zkvm.stark.domains import coset, evaluation_domain, table_domain
from zkvm.stark.layout import QUOTIENT_CHUNKS, QUOTIENT_WIDTH, Layout
from zkvm.stark.trace import Columns


@dataclass(frozen=True)
class Committed:
    """What the constraints read.

    Attributes:
        stages: fixed, main, aux; None where the machine has no columns.
        scalars: For each table in table order.
    """

    stages: Sequence[Commitment[TableSource] | None]
    scalars: Sequence[Scalars]


def quotient_chunks(
    layout: Layout,
    committed: Committed,
    alpha: Ext,
    constraints: Constraints,
    backend: Backend,
    report: Fraction = silent,
) -> Columns:
    """The coefficients of q_0, q_1, q_2: (9, N) in the backend's order.

    Args:
        layout: Heights, and which columns a table has.
        committed: Extensions of the columns, and what the constraints know besides.
        alpha: α; its powers number the constraints over all tables.
        constraints: Evaluates them over rows.
        backend: Transforms.
        report: Told the fraction done.
    """
    domain = evaluation_domain(layout.log_height, layout.profile.log_blowup)
    powers = powers_of(alpha, layout.machine.constraint_count)
    work = QUOTIENT_CHUNKS * len(layout.machine.tables)
    chunks = backend.empty(QUOTIENT_WIDTH, 1 << layout.log_height)
    for number in range(QUOTIENT_CHUNKS):
        start = coset(domain, number, layout.profile.log_blowup).shift
        inverse = pow(pow(start, 1 << layout.log_height, P) - 1, -1, P)
        scaled = [e_mul_base(power, inverse) for power in powers]
        sums: dict[int, Columns] = {}
        for index, table in enumerate(layout.machine.tables):
            log_height = layout.log_heights[index]
            if log_height not in sums:
                sums[log_height] = zeros(1 << log_height, backend)
            first = layout.machine.first_constraint(table.name)
            view = _view(table, index, number, layout, committed, backend)
            weights = scaled[first : first + len(table.constraints)]
            constraints.quotient(table, view, committed.scalars[index], weights, sums[log_height])
            del view  # before the next table's takes its place
            report((number * len(layout.machine.tables) + index + 1) / work)
        _interpolate(_lift(sums, backend), start, chunks[3 * number : 3 * number + 3], backend)
    return chunks


def _view(table: Table, index: int, number: int, layout: Layout, committed: Committed, backend: Backend) -> RowsView:
    """One table's columns on the coset of that number."""
    log_blowup, log_height = layout.profile.log_blowup, layout.log_heights[index]
    columns: dict[str, Columns] = {"main": np.empty((0, 1 << log_height), dtype=np.uint64)}
    for stage, commitment in zip(layout.stages, committed.stages, strict=False):
        for source, block in enumerate(stage.blocks):
            if block.table == index and commitment is not None:
                columns[stage.name] = commitment.coset(source, number, backend)
    return rows_view(
        table,
        main=columns["main"],
        fixed=columns.get("fixed"),
        aux=columns.get("aux"),
        shift=coset(table_domain(log_height, layout.log_height, log_blowup), number, log_blowup).shift,
        scalars=committed.scalars[index],
        first=lambda shift, log: backend.evaluate(_first_coefficients(log, backend), shift)[0],
    )


def _first_coefficients(log_height: int, backend: Backend) -> Columns:
    """L_0 = (1 + X + … + X^(N−1))/N."""
    coefficients = backend.empty(1, 1 << log_height)
    coefficients[...] = pow(1 << log_height, -1, P)
    return coefficients


def _lift(sums: Mapping[int, Columns], backend: Backend) -> Columns:
    """Σ over heights: on a coset, row i of the tallest table stands at row i mod N_t of a lower one."""
    heights = sorted(sums)
    total = sums[heights[0]]
    for below, height in pairwise(heights):
        repeated = backend.empty(3, 1 << height)
        repeated.reshape(3, -1, 1 << below)[...] = total[:, None]
        total = backend.add(sums[height], repeated, out=repeated)
    return total


def _interpolate(values: Columns, shift: int, out: Columns, backend: Backend) -> None:
    """Write the coefficients of the polynomials with these values at shift · g^i."""
    factors = _bit_reversed_powers(pow(shift, -1, P), values.shape[1], backend)
    backend.multiply(backend.interpolate(values), factors, out=out)


def _bit_reversed_powers(ratio: int, count: int, backend: Backend) -> Columns:
    """ratio^bitrev(i) for i < count, (1, count).

    The highest bits of i are the lowest of the exponent: one factor for those, and one for the others.
    """
    low = 1 << (count.bit_length() // 2)
    high = count // low
    inner, outer = _small_powers(pow(ratio, high, P), low), _small_powers(ratio, high)
    powers = backend.empty(high, low)
    powers[...] = outer[:, None]
    return backend.multiply(powers, inner[None], out=powers).reshape(1, count)


def _small_powers(ratio: int, count: int) -> Columns:
    """The same for a small count: bit by bit, the exponent's highest first."""
    powers = np.ones(1, dtype=np.uint64)
    while powers.size < count:
        step = pow(ratio, count // (2 * powers.size), P)
        powers = np.concatenate([powers, base.mul(powers, np.uint64(step))])
    return powers
