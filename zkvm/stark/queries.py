"""The answers to the queries: rows, leaves and the nodes that lead from them to the roots."""

from collections.abc import Sequence

from zkvm.backends.interface import Backend
from zkvm.stark.commit import Commitment, Fraction, LayerSource, TableSource, silent
from zkvm.stark.domains import bit_reverse
from zkvm.stark.layout import Block, Layout, Level, Stage
from zkvm.stark.proof import LayerOpening, Row, StageOpening


def open_queries(
    stages: Sequence[Commitment[TableSource] | None],
    layers: Sequence[Commitment[LayerSource]],
    positions: Sequence[int],
    layout: Layout,
    backend: Backend,
    report: Fraction = silent,
) -> tuple[tuple[StageOpening, ...], tuple[LayerOpening, ...]]:
    """Open every tree at the query positions, which are leaves of the largest domain.

    Args:
        stages: fixed, main, aux, quotient; None where the machine has no columns.
        layers: FRI's.
        positions: As drawn, with repetitions.
        layout: Says which rows are hashed together at which level.
        backend: Evaluates the rows that were not kept.
        report: Told the fraction done.
    """
    stage_openings: list[StageOpening] = []
    layer_openings: list[LayerOpening] = []
    for stage, committed in zip(layout.stages, stages, strict=True):
        stage_openings.append(_open_stage(stage, committed, positions, layout, backend))
        report(len(stage_openings) / (len(stages) + 1))
    folded = 0
    for layer, log_fold in zip(layers, layout.folds, strict=True):
        folded += log_fold
        layer_openings.append(_open_layer(layer, _distinct(positions, folded), layout.log_domain - folded, backend))
    report(1.0)
    return tuple(stage_openings), tuple(layer_openings)


def _open_stage(
    stage: Stage,
    committed: Commitment[TableSource] | None,
    positions: Sequence[int],
    layout: Layout,
    backend: Backend,
) -> StageOpening:
    if committed is None:
        return StageOpening((), ())
    sources = {source.block: number for number, source in enumerate(committed.sources)}
    rows = tuple(
        _rows(committed, level, sources, _distinct(positions, layout.log_domain - level.log_rows), backend)
        for level in stage.levels
    )
    leaves = _distinct(positions, layout.log_domain - stage.levels[0].log_rows)
    return StageOpening(rows, tuple(committed.tree.open(leaves)))


def _open_layer(
    layer: Commitment[LayerSource], leaves: Sequence[int], log_leaves: int, backend: Backend
) -> LayerOpening:
    rows = layer.rows(0, [bit_reverse(leaf, log_leaves) for leaf in leaves], backend)
    values = tuple(tuple(zip(*[iter(row)] * 3, strict=True)) for row in rows.T.tolist())
    return LayerOpening(values, tuple(layer.tree.open(leaves)))


def _distinct(positions: Sequence[int], shift: int) -> list[int]:
    """Where the positions are ``shift`` levels higher, once each, ascending."""
    return sorted({position >> shift for position in positions})


def _rows(
    committed: Commitment[TableSource],
    level: Level,
    sources: dict[Block, int],
    positions: Sequence[int],
    backend: Backend,
) -> tuple[Row, ...]:
    """The rows at positions of one level, each with the columns of all its tables."""
    indices = [bit_reverse(position, level.log_rows) for position in positions]
    parts = [committed.rows(sources[block], indices, backend).T.tolist() for block in level.blocks]
    return tuple(tuple(value for part in row for value in part) for row in zip(*parts, strict=True))
