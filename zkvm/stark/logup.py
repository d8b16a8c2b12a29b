"""The LogUp columns: every group's fraction, and the running sum of all of them."""

import numpy as np

from zkvm.air import Table
from zkvm.air.rows import rows_view
from zkvm.air.scalars import Scalars
from zkvm.backends.interface import Backend
from zkvm.field import P
from zkvm.field.scalar import Ext, e_mul_base, e_neg
from zkvm.stark.constraints import Constraints
from zkvm.stark.deep import UNITS, weights
from zkvm.stark.trace import Columns, Deferred, Trace, check_aux


def fill_aux(
    table: Table,
    trace: Trace,
    main: Columns | None,
    fixed: Columns | None,
    scalars: Scalars,
    log_height: int,
    constraints: Constraints,
    backend: Backend,
) -> tuple[Columns, Ext]:
    """A table's aux columns and its total.

    Args:
        table: The definition; it has aux columns.
        trace: Fills the machine's own aux columns.
        main: The main columns, where the table has any.
        fixed: The fixed columns, where the table has any.
        scalars: The first challenges, public words and parameters.
        log_height: log2 of the rows.
        constraints: Computes the fractions.
        backend: Inverts and sums.

    Returns:
        (3 · aux columns, rows), and S_t, zero for a table without interactions.

    Raises:
        InvalidTrace: ``fill_aux`` gave something else than the table's own aux columns.
    """
    rows = 1 << log_height
    if main is None:
        main = np.empty((0, rows), dtype=np.uint64)
    columns = backend.empty(table.width("aux"), rows)
    own = 3 * len(table.own_aux)
    if table.own_aux and trace.fill_aux is not None:
        witness = trace.main.get(table.name, main)
        filled = trace.fill_aux(table.name, main if isinstance(witness, Deferred) else witness, scalars.challenges)
        check_aux(table, filled, log_height)
        columns[:own] = filled
        del filled  # it may be in the backend's memory
    if not table.groups:
        return columns, (0, 0, 0)
    view = rows_view(table, main=main, fixed=fixed, scalars=scalars)
    # The fractions are written where they belong; the running sum then takes the place of the last.
    fractions = columns[own:].reshape(len(table.groups), 3, rows)
    denominators = backend.empty(3 * len(table.groups), rows).reshape(fractions.shape)
    constraints.logup(table, view, scalars, fractions, denominators)
    for fraction, denominator in zip(fractions, denominators, strict=True):
        backend.multiply_ext(fraction, backend.batch_inverse_ext(denominator), out=fraction)
    del denominators
    steps = backend.combine(columns[own:], weights(UNITS * len(table.groups)))
    total = backend.total_ext(steps)
    less = backend.empty(3, rows)
    less[...] = weights([e_neg(e_mul_base(total, pow(rows, -1, P)))]).T
    backend.add(steps, less, out=steps)
    fractions[-1] = backend.prefix_sum_ext(steps)
    return columns, total
