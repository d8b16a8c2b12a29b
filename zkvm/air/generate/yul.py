"""Yul of a table's constraints at the out-of-domain point: every value in F.

An element of F is one word of three lanes, 85 bits apart: c0 + 2^85 c1 + 2^170 c2. The spare bits let sums and
differences go unreduced; the generator knows a bound of every value and reduces where a lane could overflow. Values
used once are nested, the others lie in memory. A program around the functions calls ``memoryguard``, so that the
compiler may move what does not fit the stack.

The caller gives the values of the leaves in the order of ``YulFunction.inputs``: opened columns (an aux column as one
element, v0 + v1 x + v2 x²), virtual and periodic columns, challenges, public words, parameters, S_t/N. Where periodic
and virtual columns come from is the verifier's business: it has cheaper ways than one formula a value.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from zkvm.air.expression import Expression, Op, topological, value_of
from zkvm.air.generate.c import symbol_of
from zkvm.air.machine import Machine
from zkvm.air.table import Table
from zkvm.field import P
from zkvm.field.scalar import Ext

LANE_BITS = 85
LANE_LIMIT = 1 << LANE_BITS
WORD_BYTES = 32
MAX_NESTING = 4
"""The EVM's stack reaches 16 deep; a nested value keeps its left neighbours on it."""

SUPPORT = f"""
function e_reduce(a) -> r {{
    r := or(mod(and(a, {LANE_LIMIT - 1:#x}), {P:#x}), or(
        shl({LANE_BITS}, mod(and(shr({LANE_BITS}, a), {LANE_LIMIT - 1:#x}), {P:#x})),
        shl({2 * LANE_BITS}, mod(shr({2 * LANE_BITS}, a), {P:#x}))))
}}
function e_mul(a, b) -> r {{
    let a1 := and(shr({LANE_BITS}, a), {LANE_LIMIT - 1:#x})
    let a2 := shr({2 * LANE_BITS}, a)
    a := and(a, {LANE_LIMIT - 1:#x})
    let b1 := and(shr({LANE_BITS}, b), {LANE_LIMIT - 1:#x})
    let b2 := shr({2 * LANE_BITS}, b)
    b := and(b, {LANE_LIMIT - 1:#x})
    let third := add(mul(a1, b2), mul(a2, b1))
    let fourth := mul(a2, b2)
    r := or(mod(add(mul(a, b), third), {P:#x}), or(
        shl({LANE_BITS}, mod(add(add(mul(a, b1), mul(a1, b)), add(third, fourth)), {P:#x})),
        shl({2 * LANE_BITS}, mod(add(add(mul(a, b2), mul(a1, b1)), add(mul(a2, b), fourth)), {P:#x}))))
}}
function e_mul_base(a, n) -> r {{
    r := or(mulmod(and(a, {LANE_LIMIT - 1:#x}), n, {P:#x}), or(
        shl({LANE_BITS}, mulmod(and(shr({LANE_BITS}, a), {LANE_LIMIT - 1:#x}), n, {P:#x})),
        shl({2 * LANE_BITS}, mulmod(shr({2 * LANE_BITS}, a), n, {P:#x}))))
}}
"""
"""Arithmetic of F on packed words: operands of ``e_mul`` may have lanes up to 2^85, results are canonical."""


@dataclass(frozen=True)
class YulFunction:
    """A generated function ``name(input, output, scratch)`` over memory.

    Attributes:
        name: Of the function.
        inputs: The leaves whose packed values lie at ``input``, a word each.
        outputs: Number of constraints; their canonical packed values go to ``output``, a word each.
        scratch_words: Words it uses from ``scratch`` on.
        source: Its text; it needs ``SUPPORT`` beside it.
    """

    name: str
    inputs: tuple[Expression, ...]
    outputs: int
    scratch_words: int
    source: str


def pack(value: Ext) -> int:
    """An element of F as a word."""
    return value[0] | value[1] << LANE_BITS | value[2] << 2 * LANE_BITS


def unpack(word: int) -> Ext:
    """A word with canonical lanes as an element of F."""
    return word % LANE_LIMIT, (word >> LANE_BITS) % LANE_LIMIT, word >> 2 * LANE_BITS


def constraints_function(machine: Machine, table: Table) -> YulFunction:
    """The function that computes every constraint of a table."""
    formulas = [constraint.expression for constraint in table.constraints]
    inputs = tuple(node for node in topological(formulas) if not node.args and value_of(node) is None)
    body = _Body(inputs, formulas)
    for index, constraint in enumerate(table.constraints):
        value = body.canonical(constraint.expression)
        body.lines.append(f"mstore({_at('output', index)}, {value}) // {constraint.id}")
    name = f"{symbol_of(machine, table)}_constraints"
    text = "\n    ".join(body.lines)
    return YulFunction(
        name, inputs, len(formulas), body.slots, f"function {name}(input, output, scratch) {{\n    {text}\n}}\n"
    )


@dataclass(frozen=True)
class _Value:
    """Text that computes a value; every lane is below ``bound``; ``nesting`` counts calls around each other."""

    text: str
    bound: int
    nesting: int


class _Body:
    def __init__(self, inputs: Iterable[Expression], formulas: list[Expression]) -> None:
        self.lines: list[str] = []
        self.slots = 0
        nodes = topological(formulas)
        self._uses = Counter(arg for node in nodes for arg in node.args) + Counter(formulas)
        self._values = {leaf: _Value(f"mload({_at('input', index)})", P, 0) for index, leaf in enumerate(inputs)}
        for node in nodes:
            number = value_of(node)
            if number is not None:
                self._values[node] = _Value(f"{number:#x}", number + 1, 0)

    def canonical(self, formula: Expression) -> str:
        """The formula's value with lanes below p."""
        for node in topological((formula,)):
            if node not in self._values:
                value = self._compute(node)
                keep = self._uses[node] == 1 and value.nesting < MAX_NESTING
                self._values[node] = value if keep else self._store(value)
        value = self._values[formula]
        return value.text if value.bound <= P else f"e_reduce({value.text})"

    def _store(self, value: _Value) -> _Value:
        at = _at("scratch", self.slots)
        self.slots += 1
        self.lines.append(f"mstore({at}, {value.text})")
        return _Value(f"mload({at})", value.bound, 0)

    def _compute(self, node: Expression) -> _Value:
        args = [self._values[arg] for arg in node.args]
        nesting = 1 + max(arg.nesting for arg in args)
        if node.op is Op.MUL:
            return self._product(node, args[0], args[1], nesting)
        if node.op is Op.ADD:
            left, right = _fitting(args[0], args[1], args[0].bound + args[1].bound)
            return _Value(f"add({left.text}, {right.text})", left.bound + right.bound - 1, nesting)
        left, right = (_Value("", 1, 0), args[0]) if node.op is Op.NEG else (args[0], args[1])
        left, right = _fitting(left, right, left.bound + right.bound + P)
        multiple = -(-right.bound // P) * P
        lanes = multiple * (1 + LANE_LIMIT + LANE_LIMIT**2)
        start = f"add({left.text}, {lanes:#x})" if left.text else f"{lanes:#x}"
        return _Value(f"sub({start}, {right.text})", left.bound + multiple, nesting)

    def _product(self, node: Expression, left: _Value, right: _Value, nesting: int) -> _Value:
        number = value_of(node.args[0])
        if number is not None and right.bound * number < LANE_LIMIT:
            return _Value(f"mul({right.text}, {number:#x})", (right.bound - 1) * number + 1, nesting)
        for factor, other in ((node.args[0], right), (node.args[1], left)):
            if factor.op in (Op.CONSTANT, Op.PUBLIC, Op.PARAMETER):  # in the first lane alone
                return _Value(f"e_mul_base({other.text}, {self._values[factor].text})", P, nesting)
        return _Value(f"e_mul({left.text}, {right.text})", P, nesting)


def _fitting(left: _Value, right: _Value, bound: int) -> tuple[_Value, _Value]:
    """Both values, reduced if their sum could overflow a lane."""
    if bound <= LANE_LIMIT:
        return left, right
    return _reduced(left), _reduced(right)


def _reduced(value: _Value) -> _Value:
    return value if value.bound <= P else _Value(f"e_reduce({value.text})", P, value.nesting + 1)


def _at(base: str, index: int) -> str:
    return f"add({base}, {index * WORD_BYTES:#x})" if index else base
