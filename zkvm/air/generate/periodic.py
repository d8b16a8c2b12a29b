"""Periodic columns at a point, as formulas: Σ v_i L_i over the subgroup of the period, with as few products as may be.

L_i is written as the virtual column of row i in a table called after the period. Values that are formulas of challenges
are expanded to monomials, so that what they have in common is seen:

* Values that are one number in most rows are that number plus a sum over the other rows, since Σ L_i = 1.
* A sum Σ_i x^((d·i + r) mod M)·w_i·L_i with M = d·period is a *stream* W_r. One follows from another, as
  W_(r+d) = x^d W_r + (1 − x^M) w_e L_e, where row e is the one whose exponent wraps. KECCAK's weights, fifty columns of
  32 sums each, are sums of streams: two products a stream instead of thirty-two.
* Otherwise rows are summed for each monomial.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from zkvm.air.expression import (
    Expression,
    Op,
    PeriodicRef,
    add,
    challenge,
    constant,
    multiply,
    negate,
    parameter,
    row,
    subtract,
    topological,
    value_of,
)
from zkvm.air.table import Periodic, Table
from zkvm.field import P

Monomial = tuple[tuple[str, int], ...]
"""Names and exponents, sorted by name; parameters are not distinguished from challenges here."""
Polynomial = dict[Monomial, int]
STEPS = (1, 2, 4, 8)
"""The steps d that a stream may have: how many numbers of a sequence lie in one row."""

_PREFIX = "period."


def period_row(period: int, index: int) -> Expression:
    """L_index over the subgroup of order ``period``, as a leaf."""
    return row(f"{_PREFIX}{period}", index)


def period_of(name: str) -> int | None:
    """The period, if the name of a virtual column's table is one of ``period_row``."""
    return int(name.removeprefix(_PREFIX)) if name.startswith(_PREFIX) else None


@lru_cache(maxsize=64)
def without_periodic(table: Table) -> tuple[Expression, ...]:
    """A table's constraints with every periodic column replaced."""
    wanted = [constraint.expression for constraint in table.constraints]
    moved: dict[Expression, Expression] = {}
    for node in topological(wanted):
        if isinstance(node.leaf, PeriodicRef):
            moved[node] = as_sum(table.periodic[node.leaf.index], node.leaf.rotation)
        else:
            moved[node] = _rebuilt(node, [moved[arg] for arg in node.args])
    return tuple(moved[formula] for formula in wanted)


def as_sum(column: Periodic, rotation: int = 0) -> Expression:
    """A periodic column over the L_i of its period; ``rotation`` rows on."""
    names: dict[str, Expression] = {}
    values = _expanded(column.values, names)
    values = values[rotation:] + values[:rotation]
    streams = _streams(values) if column.extension else None
    return _by_monomials(values, names) if streams is None else streams.formula(names)


def _rebuilt(node: Expression, args: Sequence[Expression]) -> Expression:
    if node.op is Op.NEG:
        return negate(args[0])
    if node.op is Op.MUL and args[1].op is Op.SUB and args[1].args[0] is args[0]:  # a square is cheaper
        return args[0] * args[0] - args[0] * args[1].args[1]
    return {Op.ADD: add, Op.SUB: subtract, Op.MUL: multiply}[node.op](args[0], args[1]) if args else node


# -- values as polynomials in the challenges --------------------------------------------------------------------------


def _expanded(formulas: Sequence[Expression], names: dict[str, Expression]) -> list[Polynomial]:
    """The formulas as sums of monomials; ``names`` gets the leaves that it meets."""
    known: dict[Expression, Polynomial] = {}
    for node in topological(formulas):
        known[node] = _combined(node, [known[arg] for arg in node.args], names)
    return [known[formula] for formula in formulas]


def _combined(node: Expression, args: Sequence[Polynomial], names: dict[str, Expression]) -> Polynomial:
    number = value_of(node)
    if number is not None:
        return {(): number} if number else {}
    if not args:
        name = f"{node.op.value} {node.leaf}"
        names[name] = challenge(str(node.leaf)) if node.op is Op.CHALLENGE else parameter(str(node.leaf))
        return {((name, 1),): 1}
    if node.op is Op.MUL:
        terms = [(_times(a, b), x * y) for a, x in args[0].items() for b, y in args[1].items()]
    else:
        signs = {Op.ADD: (1, 1), Op.SUB: (1, -1), Op.NEG: (-1,)}[node.op]
        terms = [(m, sign * x) for sign, arg in zip(signs, args, strict=True) for m, x in arg.items()]
    return _sum_of(terms)


def _sum_of(terms: Iterable[tuple[Monomial, int]]) -> Polynomial:
    result: Polynomial = defaultdict(int)
    for monomial, factor in terms:
        result[monomial] = (result[monomial] + factor) % P
    return {monomial: factor for monomial, factor in result.items() if factor}


def _times(a: Monomial, b: Monomial) -> Monomial:
    exponents = Counter(dict(a))
    exponents.update(dict(b))
    return tuple(sorted(exponents.items()))


def _formula(monomial: Monomial, names: Mapping[str, Expression]) -> Expression:
    result = constant(1)
    for name, exponent in monomial:
        result = result * _power(names[name], exponent)
    return result


def _power(base: Expression, exponent: int) -> Expression:
    """A power, sharing the product of every even power below it."""
    if exponent <= 1:
        return base if exponent else constant(1)
    if exponent % 2:
        return base * _power(base, exponent - 1)
    half = exponent // 2
    return (
        _power(base, half) * _power(base, half) if half & (half - 1) == 0 else base * base * _power(base, exponent - 2)
    )


# -- sums -------------------------------------------------------------------------------------------------------------


def _by_monomials(values: Sequence[Polynomial], names: Mapping[str, Expression]) -> Expression:
    """Σ over monomials of the monomial times its rows' sum, with what every value contains taken out."""
    period = len(values)
    common = _common(values)
    usual, often = Counter(tuple(sorted(value.items())) for value in values).most_common(1)[0]
    base: Polynomial = dict(usual) if often * 2 > period else {}
    rows: dict[Monomial, Expression] = {(): constant(0)}
    for index, value in enumerate(values):
        terms = [*value.items(), *((monomial, -factor) for monomial, factor in base.items())]
        for monomial, factor in _sum_of(terms).items():
            found = rows.get(monomial, constant(0))
            rows[monomial] = _plus(found, factor, period_row(period, index))
    rows = {monomial: found for monomial, found in rows.items() if value_of(found) != 0}
    if base:
        result = sum((factor * _formula(monomial, names) for monomial, factor in base.items()), constant(0))
        return sum((_formula(monomial, names) * found for monomial, found in rows.items()), result)
    inner = sum((_formula(_quotient(monomial, common), names) * found for monomial, found in rows.items()), constant(0))
    return _formula(common, names) * inner


def _plus(total: Expression, factor: int, term: Expression) -> Expression:
    """Total + factor·term, with a small negative factor subtracted."""
    return total - (P - factor) * term if factor > P // 2 else total + factor * term


def _common(values: Iterable[Polynomial]) -> Monomial:
    """The largest monomial that divides every one of them."""
    found: dict[str, int] | None = None
    for value in values:
        for monomial in value:
            own = dict(monomial)
            found = own if found is None else {name: min(e, own[name]) for name, e in found.items() if name in own}
    return tuple(sorted((found or {}).items()))


def _quotient(monomial: Monomial, divisor: Monomial) -> Monomial:
    taken = dict(divisor)
    left = ((name, exponent - taken.get(name, 0)) for name, exponent in monomial)
    return tuple((name, exponent) for name, exponent in left if exponent)


# -- streams ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Streams:
    """A column as Σ factor·x^(M·block)·W_r.

    Attributes:
        name: Of x.
        step: d.
        weights: w_i, a monomial without x for every row.
        terms: (factor, block, r).
    """

    name: str
    step: int
    weights: tuple[Monomial, ...]
    terms: tuple[tuple[int, int, int], ...]

    def formula(self, names: Mapping[str, Expression]) -> Expression:
        """The column; equal streams of different columns are the same expressions."""
        x = names[self.name]
        modulus = self.step * len(self.weights)
        rows = [_formula(weight, names) * period_row(len(self.weights), i) for i, weight in enumerate(self.weights)]
        result = constant(0)
        for factor, block, start in self.terms:
            result = result + factor * (_power(x, modulus * block) * self._stream(x, rows, start))
        return result

    def _stream(self, x: Expression, rows: Sequence[Expression], start: int) -> Expression:
        wraps, offset = divmod(start, self.step)
        stream = sum((_power(x, self.step * i) * term for i, term in enumerate(rows)), constant(0))
        for number in range(wraps):
            wrapped = rows[len(rows) - 1 - number]
            stream = _power(x, self.step) * stream + (1 - _power(x, self.step * len(rows))) * wrapped
        return _power(x, offset) * stream


def _streams(values: Sequence[Polynomial]) -> _Streams | None:
    """The column as streams, if it is a sum of them."""
    if not all(values):
        return None
    names = [name for name, _ in next(iter(values[0]))] or [name for m in values[1] for name, _ in m]
    for name in dict.fromkeys(names):
        weights = tuple(_common([{_quotient(m, ((name, dict(m).get(name, 0)),)): 1 for m in v}]) for v in values)
        exponents = [_exponents(value, name, weight) for value, weight in zip(values, weights, strict=True)]
        for step in STEPS:
            terms = _followed([found for found in exponents if found is not None], step)
            if terms is not None and None not in exponents:
                return _Streams(name, step, weights, terms)
    return None


def _exponents(value: Polynomial, name: str, weight: Monomial) -> dict[int, int] | None:
    """Exponent of ``name`` → factor, if nothing but the weight is beside it."""
    found = {}
    for monomial, factor in value.items():
        exponent = dict(monomial).get(name, 0)
        if _quotient(monomial, (*weight, (name, exponent))):
            return None
        found[exponent] = factor
    return found


def _followed(rows: Sequence[Mapping[int, int]], step: int) -> tuple[tuple[int, int, int], ...] | None:
    """The streams that begin with the first row's terms, if they give every row exactly."""
    modulus = step * len(rows)
    terms = tuple((factor, *divmod(exponent, modulus)) for exponent, factor in sorted(rows[0].items()))
    for index, found in enumerate(rows):
        expected = {block * modulus + (start + step * index) % modulus: factor for factor, block, start in terms}
        if expected != found:
            return None
    return terms
