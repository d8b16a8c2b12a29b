"""LogUp columns with NumPy: from a table's fractions to h_1, …, s and the total. The reference for the prover."""

import numpy as np

from zkvm.air import interpret
from zkvm.air.errors import BadTrace
from zkvm.air.rows import RowsView, Words
from zkvm.air.scalars import Scalars
from zkvm.air.table import EXTENSION_DEGREE, Table
from zkvm.field import P, base, extension
from zkvm.field.scalar import ZERO, Ext


def logup_columns(table: Table, view: RowsView, scalars: Scalars) -> tuple[Words, Ext]:
    """The generated aux columns, shape (3·groups, N), and the table's total S_t.

    Args:
        table: The definition.
        view: Fixed and main columns on the trace.
        scalars: Challenges gamma and beta, public words and parameters.

    Raises:
        BadTrace: a fingerprint is zero (a chance of about rows/|F|).
    """
    groups, height = len(table.groups), view.rows
    if not groups:
        return np.empty((0, height), np.uint64), ZERO
    numerators = np.zeros((groups, EXTENSION_DEGREE, height), np.uint64)
    denominators = np.zeros_like(numerators)
    interpret.logup_rows(table, view, scalars, numerators, denominators)
    if not denominators.any(axis=1).all():
        raise BadTrace("a fingerprint is zero for these challenges", table=table.name)
    fractions = [
        extension.mul(numerator, extension.inv(denominator))
        for numerator, denominator in zip(numerators, denominators, strict=True)
    ]
    row_sums = fractions[0]
    for fraction in fractions[1:]:
        row_sums = extension.add(row_sums, fraction)
    sums = [prefix_sums(coordinate) for coordinate in row_sums]
    total = [int(base.add(one[-1:], last[-1:])[0]) for one, last in zip(sums, row_sums, strict=True)]
    step = [value * pow(height, -1, P) % P for value in total]
    ramp = np.arange(height, dtype=np.uint64)
    running = [base.sub(one, base.mul(ramp, each)) for one, each in zip(sums, step, strict=True)]
    return np.concatenate([*fractions[:-1], np.stack(running)]), (total[0], total[1], total[2])


def prefix_sums(values: Words) -> Words:
    """Sums mod p of what stands before each position."""
    low = np.cumsum(values & np.uint64(0xFFFFFFFF), dtype=np.uint64)
    high = np.cumsum(values >> np.uint64(32), dtype=np.uint64)
    modulus = np.uint64(P)
    total = base.add(base.mul(high % modulus, 1 << 32), low % modulus)
    return np.concatenate([np.zeros(1, np.uint64), total[:-1]])
