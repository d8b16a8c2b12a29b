"""The out-of-domain check: at one random point, the constraints are the quotient times X^N − 1."""

from collections.abc import Mapping, Sequence

from zkvm.air import Stage as StageName
from zkvm.air.evaluate import BASIS, OpenedPoint, at_point
from zkvm.air.scalars import Scalars
from zkvm.field import P
from zkvm.field.scalar import ONE, ZERO, Ext, e_add, e_mul, e_mul_base, e_pow, e_sub
from zkvm.stark.domains import coset, evaluation_domain
from zkvm.stark.layout import COMMITTED, FIXED, QUOTIENT, QUOTIENT_CHUNKS, Layout


def constraints_hold(
    shape: Layout,
    openings: Sequence[Ext],
    totals: Mapping[int, Ext],
    scalars: Scalars,
    alpha: Ext,
    z: Ext,
) -> bool:
    """Whether Σ α^j C_j(z) = Q(z)·(z^N − 1).

    Args:
        shape: The proof's layout.
        openings: The claimed values, as in the proof.
        totals: Table index → claimed LogUp total.
        scalars: Challenges, public words and parameters; the total is filled in for each table.
        alpha: What the constraints are combined with; α^0 goes to the first constraint of the first table.
        z: The point.
    """
    combined, power = ZERO, ONE
    for table, point in enumerate(_opened_tables(shape, openings, totals, scalars, z)):
        for value in at_point(shape.machine.tables[table], point):
            combined = e_add(combined, e_mul(power, value))
            power = e_mul(power, alpha)
    vanishing = e_sub(e_pow(z, 1 << shape.log_height), ONE)
    (quotient,) = shape.stages[QUOTIENT].blocks
    return combined == e_mul(quotient_at(shape, openings[quotient.columns], z), vanishing)


def quotient_at(shape: Layout, chunks: Sequence[Ext], z: Ext) -> Ext:
    """Q(z) from the values of its three chunks' base columns.

    Chunk j is the polynomial of degree below N that Q is on coset j of the trace's subgroup, so that
    Q(X) = Σ_j q_j(X)·Π_(l≠j) (X^N − c_l^N)/(c_j^N − c_l^N) with c_j the shift of coset j.
    """
    height = 1 << shape.log_height
    domain = evaluation_domain(shape.log_height, shape.profile.log_blowup)
    marks = [pow(coset(domain, number, shape.profile.log_blowup).shift, height, P) for number in range(QUOTIENT_CHUNKS)]
    above = e_pow(z, height)
    result = ZERO
    for number, mark in enumerate(marks):
        value, scale = _extension(chunks[3 * number : 3 * number + 3]), 1
        for other in marks:
            if other != mark:
                value = e_mul(value, e_sub(above, (other, 0, 0)))
                scale = scale * (mark - other) % P
        result = e_add(result, e_mul_base(value, pow(scale, -1, P)))
    return result


def _extension(coordinates: Sequence[Ext]) -> Ext:
    """An extension column's value from those of its base columns."""
    value = ZERO
    for coordinate, unit in zip(coordinates, BASIS, strict=True):
        value = e_add(value, e_mul(coordinate, unit))
    return value


def _opened_tables(
    shape: Layout, openings: Sequence[Ext], totals: Mapping[int, Ext], scalars: Scalars, z: Ext
) -> list[OpenedPoint]:
    """The claimed values of each table's columns, at the point in the table's own variable."""
    here: list[dict[StageName, Sequence[Ext]]] = [{} for _ in shape.log_heights]
    following: list[dict[StageName, Sequence[Ext]]] = [{} for _ in shape.log_heights]
    cursor = shape.columns
    for name, stage in zip(COMMITTED, shape.stages[FIXED:QUOTIENT], strict=True):
        for block in stage.blocks:
            here[block.table][name] = openings[block.columns]
            following[block.table][name] = openings[cursor : cursor + len(block.next)]
            cursor += len(block.next)
    return [
        OpenedPoint(
            log_height=log_height,
            y=e_pow(z, 1 << shape.lift_log(table)),
            here=here[table],
            following=following[table],
            scalars=scalars.with_total(totals.get(table, ZERO)),
        )
        for table, log_height in enumerate(shape.log_heights)
    ]
