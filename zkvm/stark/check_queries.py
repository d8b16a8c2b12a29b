"""The query checks: opened rows are in their trees, make the DEEP sum, and fold down to the final polynomial."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import mul

from zkvm.field import P, root_of_unity
from zkvm.field.scalar import ONE, ZERO, Ext, e_add, e_inv, e_mul, e_mul_base, e_sub
from zkvm.stark.domains import bit_reverse, evaluation_domain
from zkvm.stark.errors import FinalMismatch, FoldMismatch, MerkleMismatch, WrongOpenings
from zkvm.stark.layout import Block, Layout, Stage
from zkvm.stark.merkle_verify import belongs, row_digest
from zkvm.stark.proof import LayerOpening, Row, StageOpening

Rows = Mapping[int, Mapping[int, Row]]
"""log2 of a level's size → position → opened row."""


def check_stage(stage: Stage, root: bytes, opening: StageOpening, log_domain: int, positions: Sequence[int]) -> Rows:
    """The opened rows of a tree, after checking that they are in it.

    Raises:
        WrongOpenings: Not the rows that these positions need.
        MerkleMismatch: They are not under this root.
    """
    rows: dict[int, dict[int, Row]] = {}
    for level, opened in zip(stage.levels, opening.rows, strict=True):
        wanted = ancestors(positions, log_domain - level.log_rows)
        if len(opened) != len(wanted):
            raise WrongOpenings(f"{len(opened)} rows of 2^{level.log_rows} in the {stage.name} tree, not {len(wanted)}")
        rows[level.log_rows] = dict(zip(wanted, opened, strict=True))
    if stage.levels:
        digests = {
            size: {position: row_digest(row, len(root)) for position, row in level.items()}
            for size, level in rows.items()
        }
        if not belongs(root, stage.levels[0].log_rows, digests, opening.nodes):
            raise MerkleMismatch(stage.name)
    return rows


def check_layer(
    number: int, root: bytes, opening: LayerOpening, log_leaves: int, shift: int, positions: Sequence[int]
) -> dict[int, tuple[Ext, ...]]:
    """The opened leaves of a FRI layer by position, after checking that they are in its tree.

    Raises:
        WrongOpenings: Not the leaves that these positions need.
        MerkleMismatch: They are not under this root.
    """
    wanted = ancestors(positions, shift)
    if len(opening.leaves) != len(wanted):
        raise WrongOpenings(f"{len(opening.leaves)} leaves of FRI layer {number}, not {len(wanted)}")
    leaves = dict(zip(wanted, opening.leaves, strict=True))
    digests = {
        position: row_digest([coordinate for value in leaf for coordinate in value], len(root))
        for position, leaf in leaves.items()
    }
    if not belongs(root, log_leaves, {log_leaves: digests}, opening.nodes):
        raise MerkleMismatch(f"fri {number}")
    return leaves


def ancestors(positions: Sequence[int], levels: int) -> list[int]:
    """The distinct positions so many levels above, ascending."""
    return sorted({position >> levels for position in positions})


class DeepSum:
    """The polynomial that FRI tests, at a point of the domain, from the opened rows there.

    D(x) = Σ_c δ^c (f_c(x) − v_c)/(x − z)                             every column,
         + Σ_c δ^(C+c) (f_c(x) − v'_c)/(x − g z)                      columns also opened at the next row,
         + Σ_c δ^(2C+c) (f_c(x) − v_c)/(x − w_k z)                    main and aux columns of tables k times lower.

    The last line holds the lower tables' columns to polynomials in X^k: without it a prover could commit to rows that
    only half of a larger polynomial agrees with.
    """

    def __init__(self, shape: Layout, openings: Sequence[Ext], z: Ext, delta: Ext) -> None:
        self._shape = shape
        self._domain = evaluation_domain(shape.log_height, shape.profile.log_blowup)
        total = shape.columns
        powers = [ONE]
        for _ in range(3 * total - 1):
            powers.append(e_mul(powers[-1], delta))
        following = [(total + c, c, openings[total + i]) for i, c in enumerate(shape.next_columns)]
        next_point = e_mul_base(z, root_of_unity(shape.log_height))
        self._terms = [
            _Term.of(z, powers, [(c, c, openings[c]) for c in range(total)]),
            _Term.of(next_point, powers, following),
        ]
        for log_lift, blocks in sorted(_by_lift(shape).items()):
            columns = [c for block in blocks for c in range(block.first, block.first + block.width)]
            lifted = [(2 * total + c, c, openings[c]) for c in columns]
            self._terms.append(_Term.of(e_mul_base(z, root_of_unity(log_lift)), powers, lifted))

    def at(self, position: int, rows: Sequence[Rows]) -> Ext:
        """The sum at the point of a query position, from the rows of the four stages."""
        log_domain = self._shape.log_domain
        x = self._domain.point(bit_reverse(position, log_domain))
        row = list(self._row(position, rows))
        result = ZERO
        for term in self._terms:
            result = e_add(result, term.at(x, row))
        return result

    def _row(self, position: int, rows: Sequence[Rows]) -> Iterator[int]:
        """The values of all base columns at a position, in the order of the openings."""
        for stage, opened in zip(self._shape.stages, rows, strict=True):
            parts: dict[int, Row] = {}
            for level in stage.levels:
                whole, start = opened[level.log_rows][position >> (self._shape.log_domain - level.log_rows)], 0
                for block in level.blocks:
                    parts[block.first] = whole[start : start + block.width]
                    start += block.width
            for block in stage.blocks:
                yield from parts[block.first]


@dataclass(frozen=True)
class _Term:
    """Σ weight·(f_c(x) − v)/(x − point) over some columns.

    Attributes:
        point: Where the columns were opened.
        columns: Their numbers.
        weights: Coordinates of the weights: three lists.
        claimed: Σ weight·v.
    """

    point: Ext
    columns: tuple[int, ...]
    weights: tuple[list[int], list[int], list[int]]
    claimed: Ext

    @classmethod
    def of(cls, point: Ext, powers: Sequence[Ext], entries: Sequence[tuple[int, int, Ext]]) -> "_Term":
        """The term of these (exponent, column, claimed value)."""
        weights = [powers[exponent] for exponent, _, _ in entries]
        claimed = ZERO
        for weight, (_, _, value) in zip(weights, entries, strict=True):
            claimed = e_add(claimed, e_mul(weight, value))
        c0, c1, c2 = ([weight[i] for weight in weights] for i in range(3))
        return cls(point, tuple(column for _, column, _ in entries), (c0, c1, c2), claimed)

    def at(self, x: int, row: Sequence[int]) -> Ext:
        if not self.columns:
            return ZERO
        values = [row[column] for column in self.columns]
        c0, c1, c2 = (sum(map(mul, weights, values)) % P for weights in self.weights)
        return e_mul(e_sub((c0, c1, c2), self.claimed), e_inv(e_sub((x, 0, 0), self.point)))


def _by_lift(shape: Layout) -> dict[int, list[Block]]:
    found: dict[int, list[Block]] = {}
    for block in shape.lifted:
        found.setdefault(shape.log_height - block.log_height, []).append(block)
    return found


def check_folds(
    shape: Layout,
    values: Mapping[int, Ext],
    layers: Sequence[Mapping[int, tuple[Ext, ...]]],
    betas: Sequence[Ext],
    final: Sequence[Ext],
) -> None:
    """Follow every query from the DEEP sum through the layers to the final polynomial.

    Args:
        shape: The layout.
        values: Query position → DEEP sum there.
        layers: For each layer, leaf position → the values that fold together.
        betas: The challenge of each layer.
        final: The final polynomial's coefficients, constant first.

    Raises:
        FoldMismatch: A layer does not hold what the one before gives.
        FinalMismatch: The final polynomial does not.
    """
    domain = evaluation_domain(shape.log_height, shape.profile.log_blowup)
    expected = dict(values)  # position in the current domain → value, for one query position each
    origin = {position: position for position in values}
    for number, (log_arity, leaves, beta) in enumerate(zip(shape.folds, layers, betas, strict=True)):
        for position, value in expected.items():
            slot = bit_reverse(position & ((1 << log_arity) - 1), log_arity)
            if leaves[position >> log_arity][slot] != value:
                raise FoldMismatch(number, origin[position])
        origin = {position >> log_arity: first for position, first in origin.items()}
        log_leaves = domain.log_size - log_arity
        expected = {
            leaf: fold(leaves[leaf], domain.point(bit_reverse(leaf, log_leaves)), log_arity, beta) for leaf in origin
        }
        domain = domain.folded(log_arity)
    for position, value in expected.items():
        if value != _evaluate(final, domain.point(bit_reverse(position, domain.log_size))):
            raise FinalMismatch(origin[position])


def fold(leaf: Sequence[Ext], y: int, log_arity: int, beta: Ext) -> Ext:
    """The folded value: g(y^a) = Σ_d (β/y)^d · (1/a)·Σ_u ω^(−ud)·f(ω^u y), ω of order a."""
    arity = 1 << log_arity
    step = pow(root_of_unity(log_arity), -1, P)
    ratio = e_mul_base(beta, pow(y, -1, P))
    result = ZERO
    for degree in reversed(range(arity)):
        twiddles = [pow(step, u * degree, P) for u in range(arity)]
        part = (
            sum(value[0] * twiddle for value, twiddle in zip(leaf, twiddles, strict=True)) % P,
            sum(value[1] * twiddle for value, twiddle in zip(leaf, twiddles, strict=True)) % P,
            sum(value[2] * twiddle for value, twiddle in zip(leaf, twiddles, strict=True)) % P,
        )
        result = e_add(e_mul(result, ratio), part)
    return e_mul_base(result, pow(arity, -1, P))


def _evaluate(coefficients: Sequence[Ext], x: int) -> Ext:
    result = ZERO
    for coefficient in reversed(coefficients):
        result = e_add(e_mul_base(result, x), coefficient)
    return result
