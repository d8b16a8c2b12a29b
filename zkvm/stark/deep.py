"""DEEP: one polynomial that is of low degree only if every opened value is right.

D(X) = Σ_c δ^c (f_c(X) − v_c)/(X − z) + Σ_next δ^(C+c) (f_c(X) − v'_c)/(X − g z)
     + Σ_(main, aux of lower tables) δ^(2C+c) (f_c(X) − v_c)/(X − w_k z)

computed as coefficients: all columns of one height are combined before anything is divided, and D is evaluated only
by FRI's first layer.

A table with N/k rows stands for A(X^k). With Y = X^k and A(a^k) = 0,

    A(X^k)/(X − a) = A(Y)/(Y − a^k) · (X^k − a^k)/(X − a) = Q(X^k) · Σ_(e<k) a^e X^(k−1−e),

so the division is done at the table's own height, and coefficient k·m + (k−1−e) of the result is a^e·Q_m. In the
bit-reversed order of coefficients, those of one residue mod k are one block.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from zkvm.backends.interface import Backend
from zkvm.field import root_of_unity
from zkvm.field.scalar import Ext, e_add, e_mul, e_mul_base, e_neg, e_pow
from zkvm.stark.commit import Columns, Fraction, silent
from zkvm.stark.domains import bit_reverse
from zkvm.stark.layout import Layout
from zkvm.stark.openings import Openings

# Lower tables are divided at this height: 64 rows under 2^22 would be 65,536 blocks.
LEAST_LOG_LEVEL = 12
# On a device, where a launch costs as much as the work on so many rows.
LEAST_LOG_LEVEL_ON_DEVICE = 18
ONE: Ext = (1, 0, 0)
UNITS: tuple[Ext, ...] = ((1, 0, 0), (0, 1, 0), (0, 0, 1))


@dataclass
class _Level:
    """What is divided at one height: numerators in X^k, by the point at which they vanish."""

    log_height: int
    numerators: dict[Ext, Columns] = field(default_factory=dict)

    def add(self, point: Ext, values: Columns, constant: Ext, backend: Backend) -> None:
        """Add ``values`` − ``constant``, a polynomial in X^k of this level or of a lower table."""
        if point not in self.numerators:
            self.numerators[point] = zeros(1 << self.log_height, backend)
        # In bit-reversed order a lower table's coefficients come first, with no gaps: the gaps are all behind them.
        held = self.numerators[point][:, : values.shape[1]]
        add_into(held, values, backend)
        add_into(held[:, :1], np.ascontiguousarray(weights([e_neg(constant)]).T), backend)


def deep_coefficients(
    openings: Openings, layout: Layout, delta: Ext, backend: Backend, report: Fraction = silent
) -> Columns:
    """The coefficients of D, (3, N) in the backend's order.

    Args:
        openings: What is claimed of which columns.
        layout: Numbers the columns and says which must be shown to be lifted.
        delta: δ.
        backend: Computes.
        report: Told the fraction done.
    """
    factors = {openings.point: ONE, openings.next_point: e_pow(delta, layout.columns)}
    levels = _combine(openings, layout, delta, factors, backend)
    result = zeros(1 << layout.log_height, backend)
    for done, level in enumerate(levels):
        report((done + 1) / (len(levels) + 1))
        stretch = layout.log_height - level.log_height
        quotients = backend.empty(3 * len(level.numerators), 1 << level.log_height)
        for number, (point, values) in enumerate(level.numerators.items()):
            quotients[3 * number : 3 * number + 3] = divide(values, e_pow(point, 1 << stretch), backend)
        _add_stretched(result, quotients, [(point, factors[point]) for point in level.numerators], backend)
    report(1.0)
    return result


def _combine(openings: Openings, layout: Layout, delta: Ext, factors: dict[Ext, Ext], backend: Backend) -> list[_Level]:
    """Combine the columns source by source; adds to ``factors`` the power of δ that goes with each point."""
    levels: dict[int, _Level] = {}
    least = LEAST_LOG_LEVEL_ON_DEVICE if backend.name == "cuda" else LEAST_LOG_LEVEL
    for source, here, following in zip(openings.sources, openings.here, openings.next, strict=True):
        block = source.block
        log_level = min(max(block.log_height, least), layout.log_height)
        level = levels.setdefault(log_level, _Level(log_level))
        powers = powers_of(delta, block.width, e_pow(delta, block.first))
        combined = backend.combine(source.coefficients, weights(powers))
        constant = inner_product(powers, here)
        level.add(openings.point, combined, constant, backend)
        if block in layout.lifted:
            turned = e_mul_base(openings.point, root_of_unity(layout.log_height - block.log_height))
            factors[turned] = e_pow(delta, 2 * layout.columns)
            level.add(turned, combined, constant, backend)
        if block.next:
            powers = [powers[column] for column in block.next]
            combined = backend.combine(source.next_columns(backend), weights(powers))
            level.add(openings.next_point, combined, inner_product(powers, following), backend)
    return list(levels.values())


def divide(values: Columns, point: Ext, backend: Backend) -> Columns:
    """A(Y)/(Y − point) for coefficients A with A(point) = 0; the point is outside the base field."""
    on_subgroup = backend.evaluate(values, 1)
    return backend.interpolate(backend.divide_by_points([on_subgroup], [point], 1))


def _add_stretched(result: Columns, quotients: Columns, points: Sequence[tuple[Ext, Ext]], backend: Backend) -> None:
    """Add to ``result`` Σ factor · Q(X^k) · Σ_(e<k) point^e X^(k−1−e), over the (point, factor) pairs."""
    blocks = result.reshape(3, -1, quotients.shape[1])
    count = blocks.shape[1]
    powers = [powers_of(point, count, factor) for point, factor in points]
    for number in range(count):
        exponent = count - 1 - bit_reverse(number, count.bit_length() - 1)
        scales = [e_mul(of_point[exponent], unit) for of_point in powers for unit in UNITS]
        add_into(blocks[:, number], backend.combine(quotients, weights(scales)), backend)


def zeros(rows: int, backend: Backend) -> Columns:
    """(3, rows) zeros."""
    values = backend.empty(3, rows)
    values[...] = 0
    return values


def add_into(target: Columns, values: Columns, backend: Backend) -> None:
    """Add to rows of a larger array: each is contiguous, all together they need not be."""
    for row in range(len(target)):
        backend.add(target[row : row + 1], values[row : row + 1], out=target[row : row + 1])


def powers_of(value: Ext, count: int, first: Ext = ONE) -> list[Ext]:
    """first, first·value, first·value², …, ``count`` of them."""
    powers = [first]
    while len(powers) < count:
        powers.append(e_mul(powers[-1], value))
    return powers


def weights(values: Sequence[Ext]) -> Columns:
    """Extension scalars as the (w, 3) array that backends take."""
    return np.array(values, dtype=np.uint64).reshape(-1, 3)


def inner_product(left: Sequence[Ext], right: Sequence[Ext]) -> Ext:
    """Σ left_i · right_i."""
    total: Ext = (0, 0, 0)
    for a, b in zip(left, right, strict=True):
        total = e_add(total, e_mul(a, b))
    return total
