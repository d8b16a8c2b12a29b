"""The values of all columns at the out-of-domain point z, and of the rotated ones at g_N z."""

from collections.abc import Sequence
from dataclasses import dataclass

from zkvm.backends.interface import Backend
from zkvm.field import root_of_unity
from zkvm.field.scalar import Ext, e_mul_base, e_pow
from zkvm.stark.commit import Columns, Fraction, TableSource, silent


@dataclass(frozen=True)
class Openings:
    """What the prover claims about columns it has committed to.

    Attributes:
        sources: The opened columns, stage after stage, in table order.
        point: z.
        next_point: g_N z.
        here: For each source, each column's value at z.
        next: For each source, the values at g_N z of the columns ``block.next``.
    """

    sources: tuple[TableSource, ...]
    point: Ext
    next_point: Ext
    here: tuple[tuple[Ext, ...], ...]
    next: tuple[tuple[Ext, ...], ...]

    @property
    def values(self) -> tuple[Ext, ...]:
        """All of them in the order of the proof: everything at z, then everything at g_N z."""
        return tuple(value for part in (self.here, self.next) for values in part for value in values)


def open_columns(
    sources: Sequence[TableSource], point: Ext, log_height: int, backend: Backend, report: Fraction = silent
) -> Openings:
    """Evaluate every committed column out of the domain.

    Args:
        sources: All columns, in the order of the openings.
        point: z.
        log_height: log2 N; a lower table's columns are evaluated at z^k and (g_N z)^k.
        backend: Evaluates.
        report: Told the fraction done.
    """
    next_point = e_mul_base(point, root_of_unity(log_height))
    cells, done = sum(source.coefficients.size for source in sources), 0
    here, following = [], []
    for source in sources:
        lift = 1 << (log_height - source.block.log_height)
        here.append(_evaluate(source.coefficients, e_pow(point, lift), backend))
        rotated = source.block.next
        following.append(_evaluate(source.next_columns(backend), e_pow(next_point, lift), backend) if rotated else ())
        done += source.coefficients.size
        report(done / cells)
    return Openings(tuple(sources), point, next_point, tuple(here), tuple(following))


def _evaluate(coefficients: Columns, point: Ext, backend: Backend) -> tuple[Ext, ...]:
    a, b, c = backend.eval_at(coefficients, point).T.tolist()
    return tuple(zip(a, b, c, strict=True))
