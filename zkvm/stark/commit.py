"""One stage of commitment: columns as coefficients, extended a coset at a time, hashed by rows into one tree.

The extended columns are b times the trace. They are never needed all at once: a coset is evaluated, its rows are
hashed, and it is dropped, or kept where the memory forecast allows, for the quotient and the opened rows.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from zkvm.backends.interface import Backend, Tree
from zkvm.stark.domains import Domain, coset
from zkvm.stark.layout import Block
from zkvm.stark.trace import Witness, taken

Columns = npt.NDArray[np.uint64]
Fraction = Callable[[float], None]


def silent(fraction: float) -> None:
    """Report to nobody."""


def points_worth_a_coset(log_blowup: int) -> float:
    """How many rows of an extension that was dropped are better evaluated one by one than by all cosets again.

    A column's transform costs about as much as its values at 14 points.
    """
    return 14 << log_blowup


class Source(Protocol):
    """A matrix that is committed row by row: one table's columns of a stage, or one FRI layer."""

    @property
    def width(self) -> int:
        """Base elements in a row."""
        ...

    @property
    def log_rows(self) -> int:
        """log2 of its rows on all cosets together."""
        ...

    def coset(self, number: int, backend: Backend) -> Columns:
        """The rows ``number``, ``number`` + b, …: (width, rows/b)."""
        ...

    def at(self, rows: Sequence[int], backend: Backend) -> Columns:
        """The rows of these natural indices, (width, len(rows)), evaluated one by one."""
        ...


@dataclass(frozen=True)
class TableSource:
    """The columns that one table has in one stage.

    Attributes:
        block: Which they are.
        domain: Where they are evaluated.
        coefficients: (width, N_t), in the backend's order.
    """

    block: Block
    domain: Domain
    coefficients: Columns

    @property
    def width(self) -> int:
        """Base elements in a row."""
        return self.block.width

    @property
    def log_rows(self) -> int:
        """log2 of its rows on all cosets together."""
        return self.domain.log_size

    def coset(self, number: int, backend: Backend) -> Columns:
        """The rows ``number``, ``number`` + b, …: (width, rows/b)."""
        log_blowup = self.domain.log_size - self.block.log_height
        return backend.evaluate(self.coefficients, coset(self.domain, number, log_blowup).shift)

    def at(self, rows: Sequence[int], backend: Backend) -> Columns:
        """The rows of these natural indices, (width, len(rows)), evaluated one by one."""
        return backend.eval_rows(self.coefficients, [self.domain.point(row) for row in rows])

    def values(self, witness: Witness, backend: Backend) -> Columns:
        """The columns on the trace: the witness, or, where that is not in the backend's memory, evaluated again."""
        return taken(witness) if isinstance(self.coefficients, np.ndarray) else backend.evaluate(self.coefficients, 1)

    def next_columns(self, backend: Backend) -> Columns:
        """The coefficients of the columns that are also opened at the next row."""
        picked = backend.empty(len(self.block.next), self.coefficients.shape[1])
        for row, column in zip(picked, self.block.next, strict=True):
            row[...] = self.coefficients[column]
        return picked


@dataclass(frozen=True)
class LayerSource:
    """A FRI layer: a row holds the values that fold into one, each three base elements.

    Attributes:
        domain: Where the layer is evaluated, n_l points.
        coefficients: (3, N_l), in the backend's order.
        log_fold: log2 of the values in a row; row m holds those at m + u · n_l/2^log_fold.
    """

    domain: Domain
    coefficients: Columns
    log_fold: int

    @property
    def width(self) -> int:
        """Base elements in a row."""
        return 3 << self.log_fold

    @property
    def log_rows(self) -> int:
        """log2 of its rows on all cosets together."""
        return self.domain.log_size - self.log_fold

    def coset(self, number: int, backend: Backend) -> Columns:
        """The rows ``number``, ``number`` + b, …: (width, rows/b)."""
        log_blowup = self.domain.log_size - self.coefficients.shape[1].bit_length() + 1
        values = backend.evaluate(self.coefficients, coset(self.domain, number, log_blowup).shift)
        return self._as_rows(values, backend.empty(self.width, values.shape[1] >> self.log_fold))

    def at(self, rows: Sequence[int], backend: Backend) -> Columns:
        """The rows of these natural indices, (width, len(rows)), evaluated one by one."""
        points = [self.domain.point(row + (u << self.log_rows)) for u in range(1 << self.log_fold) for row in rows]
        values = backend.eval_rows(self.coefficients, points)
        return self._as_rows(values, np.empty((self.width, len(rows)), dtype=np.uint64))

    def _as_rows(self, values: Columns, out: Columns) -> Columns:
        """From (3, slots · rows) to (slots · 3, rows), in ``out``."""
        slots, rows = 1 << self.log_fold, out.shape[1]
        out.reshape(slots, 3, rows)[...] = values.reshape(3, slots, rows).transpose(1, 0, 2)
        return out


S = TypeVar("S", bound=Source)


@dataclass(frozen=True)
class Commitment(Generic[S]):
    """A committed stage.

    Attributes:
        sources: What was committed, in table order.
        log_blowup: log2 of the number of cosets.
        tree: Over the rows of all sources.
        kept: For each coset the rows of each source, if the extension was kept.
    """

    sources: tuple[S, ...]
    log_blowup: int
    tree: Tree
    kept: tuple[tuple[Columns, ...], ...] | None

    @property
    def root(self) -> bytes:
        """The root of the tree."""
        return self.tree.root

    def coset(self, source: int, number: int, backend: Backend) -> Columns:
        """One source's rows on one coset: kept, or computed again."""
        if self.kept is not None:
            return self.kept[number][source]
        return self.sources[source].coset(number, backend)

    def rows(self, source: int, indices: Sequence[int], backend: Backend) -> Columns:
        """One source's rows of these natural indices, (width, len(indices))."""
        if self.kept is None and len(indices) < points_worth_a_coset(self.log_blowup):
            return self.sources[source].at(indices, backend)
        rows = np.empty((self.sources[source].width, len(indices)), dtype=np.uint64)
        wanted = np.asarray(indices, dtype=np.int64)
        in_coset, number = wanted >> self.log_blowup, wanted & ((1 << self.log_blowup) - 1)
        for which in np.unique(number):
            here = np.flatnonzero(number == which)
            rows[:, here] = backend.pick(self.coset(source, int(which), backend), in_coset[here].tolist())
        return rows


def commit(
    sources: Sequence[S],
    log_blowup: int,
    node_bytes: int,
    backend: Backend,
    *,
    keep: bool,
    report: Fraction = silent,
) -> Commitment[S]:
    """Hash the rows of all sources, coset by coset, into one mixed-height tree.

    Args:
        sources: In table order, at least one; rows of equal height are hashed together, in this order.
        log_blowup: log2 of the number of cosets.
        node_bytes: Length of row digests and nodes.
        backend: Transforms and hashes.
        keep: Keep the extension in memory.
        report: Told the fraction done.
    """
    levels = sorted({source.log_rows for source in sources}, reverse=True)
    builder = backend.new_tree(dict.fromkeys(levels, True), node_bytes)
    kept: list[tuple[Columns, ...]] = []
    for number in range(1 << log_blowup):
        digests = {}
        held: dict[int, Columns] = {}
        for level in levels:
            rows = {i: source.coset(number, backend) for i, source in enumerate(sources) if source.log_rows == level}
            digests[level] = backend.digest_rows(list(rows.values()), node_bytes)
            if keep:
                held |= rows
            del rows  # before the next level's take their place
        builder.add_coset(number, digests)
        if keep:
            kept.append(tuple(held[i] for i in range(len(sources))))
        report((number + 1) / (1 << log_blowup))
    return Commitment(tuple(sources), log_blowup, builder.finish(), tuple(kept) if keep else None)
