"""Formulas over F as Yul: statements over memory, one word an element.

An element of F is one word of three lanes, 85 bits apart: c0 + 2^85 c1 + 2^170 c2. The spare bits let sums and
differences go unreduced; the generator knows a bound of every value and reduces where a lane could overflow. Values
used once are nested, the others are variables, which the compiler keeps in memory where the stack is too short.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from zkvm.air.expression import Expression, Op, topological, value_of
from zkvm.field import P
from zkvm.field.scalar import Ext

LANE_BITS = 85
LANE_LIMIT = 1 << LANE_BITS
LANES = 1 + LANE_LIMIT + LANE_LIMIT**2
"""1 in every lane."""
WORD_BYTES = 32
MAX_NESTING = 4
"""The EVM's stack reaches 16 deep; a nested value keeps its left neighbours on it."""
MASK = 0x20
"""Where the mask of the first lane lies in memory: as a literal the compiler would compute it, again and again."""
MULTIPLES = 21
"""How many words with P·2^j in every lane lie in memory: a difference adds one, to stay above zero."""
BASE = 0x2000
"""Where generated code's memory begins; the compiler keeps its variables below."""

SUPPORT = f"""
function e_reduce(a) -> r {{
    let m := mload({MASK:#x})
    r := or(mod(and(a, m), {P:#x}), or(
        shl({LANE_BITS}, mod(and(shr({LANE_BITS}, a), m), {P:#x})),
        shl({2 * LANE_BITS}, mod(shr({2 * LANE_BITS}, a), {P:#x}))))
}}
function e_mul(a, b) -> r {{
    let m := mload({MASK:#x})
    let a2 := shr({2 * LANE_BITS}, a)
    let b2 := shr({2 * LANE_BITS}, b)
    let a1 := and(shr({LANE_BITS}, a), m)
    let b1 := and(shr({LANE_BITS}, b), m)
    a := and(a, m)
    b := and(b, m)
    let outer := add(b, b2)
    r := or(or(
        shl({2 * LANE_BITS}, mod(add(mul(a2, outer), add(mul(a1, b1), mul(a, b2))), {P:#x})),
        shl({LANE_BITS}, mod(add(mul(a2, add(b1, b2)), add(mul(a1, outer), mul(a, b1))), {P:#x}))),
        mod(add(add(mul(a2, b1), mul(a1, b2)), mul(a, b)), {P:#x}))
}}
function e_square(a) -> r {{
    let m := mload({MASK:#x})
    let a1 := and(shr({LANE_BITS}, a), m)
    let a2 := shr({2 * LANE_BITS}, a)
    a := and(a, m)
    let third := shl(1, mul(a1, a2))
    let fourth := mul(a2, a2)
    r := or(mod(add(mul(a, a), third), {P:#x}), or(
        shl({LANE_BITS}, mod(add(shl(1, mul(a, a1)), add(third, fourth)), {P:#x})),
        shl({2 * LANE_BITS}, mod(add(shl(1, mul(a, a2)), add(mul(a1, a1), fourth)), {P:#x}))))
}}
function e_mul_base(a, n) -> r {{
    let m := mload({MASK:#x})
    r := or(mulmod(and(a, m), n, {P:#x}), or(
        shl({LANE_BITS}, mulmod(and(shr({LANE_BITS}, a), m), n, {P:#x})),
        shl({2 * LANE_BITS}, mulmod(shr({2 * LANE_BITS}, a), n, {P:#x}))))
}}
function e_join(a, b, c) -> r {{
    let m := mload({MASK:#x})
    let b2 := shr({2 * LANE_BITS}, b)
    let c1 := and(shr({LANE_BITS}, c), m)
    let c2 := shr({2 * LANE_BITS}, c)
    b := and(b, {LANE_LIMIT**2 - 1:#x})
    r := add(add(a, add(b2, c1)), add(
        shl({LANE_BITS}, add(add(b, b2), add(c1, c2))),
        shl({2 * LANE_BITS}, add(and(c, m), c2))))
}}
"""
"""Arithmetic of F on packed words. Operands of ``e_mul``, ``e_mul_base`` and ``e_reduce`` may have lanes up to 2^85,
results are canonical. ``e_join`` is a + b x + c x² of canonical a, b, c, with lanes below ``JOINED``."""

JOINED = 5 * P


def multiple_at(double: int) -> int:
    """Where the word lies that has P·2^double in every lane."""
    return BASE + WORD_BYTES * double


def pack(value: Ext) -> int:
    """An element of F as a word."""
    return value[0] | value[1] << LANE_BITS | value[2] << 2 * LANE_BITS


def unpack(word: int) -> Ext:
    """A word with canonical lanes as an element of F."""
    return word % LANE_LIMIT, (word >> LANE_BITS) % LANE_LIMIT, word >> 2 * LANE_BITS


@dataclass(frozen=True)
class Value:
    """Text that computes a value.

    Attributes:
        text: A Yul expression.
        bound: Every lane is below it.
        nesting: Calls around each other in the text.
        base: Only the first lane can be other than zero, and it is canonical.
    """

    text: str
    bound: int = P
    nesting: int = 0
    base: bool = False


class Body:
    """Statements that compute formulas, each shared node once.

    Args:
        formulas: All that will be asked for.
        leaf: The value of a leaf that is no number.
    """

    def __init__(self, formulas: Iterable[Expression], leaf: Callable[[Expression], Value]) -> None:
        self.lines: list[str] = []
        self._variables = 0
        wanted = list(formulas)
        nodes = topological(wanted)
        self._uses = Counter(arg for node in nodes for arg in node.args) + Counter(wanted)
        self._values: dict[Expression, Value] = {}
        self._leaf = leaf

    def value(self, formula: Expression, limit: int = LANE_LIMIT) -> Value:
        """The formula's value, with lanes below ``limit``; it may be named once for each of the formulas given."""
        for node in topological((formula,)):
            if node not in self._values:
                self._values[node] = self._kept(node, self._made(node))
        value = self._values[formula]
        return value if value.bound <= limit else _reduced(value)

    def _made(self, node: Expression) -> Value:
        number = value_of(node)
        if number is not None:
            return Value(f"{number:#x}", number + 1, 0, base=True)
        return self._compute(node) if node.args else self._leaf(node)

    def _kept(self, node: Expression, value: Value) -> Value:
        """The value, in a variable if it is used again or too deep to nest."""
        if value.nesting == 0 or (self._uses[node] == 1 and value.nesting < MAX_NESTING):
            return value
        name, self._variables = f"v{self._variables}", self._variables + 1
        self.lines.append(f"let {name} := {value.text}")
        return Value(name, value.bound, 0, value.base)

    def _compute(self, node: Expression) -> Value:
        args = [self._values[arg] for arg in node.args]
        if node.op is Op.MUL:
            return self._product(node, args[0], args[1])
        if node.op is Op.ADD:
            left, right = _fitting(args[0], args[1], args[0].bound + args[1].bound)
            return Value(f"add({left.text}, {right.text})", left.bound + right.bound - 1, _around(left, right))
        return self._difference(None if node.op is Op.NEG else args[0], args[-1])

    def _difference(self, left: Value | None, right: Value) -> Value:
        if left is not None:
            left, right = _fitting(left, right, left.bound + 2 * right.bound + P)
        double = max(0, (-(-right.bound // P) - 1).bit_length())
        multiple = f"mload({multiple_at(double):#x})"
        start = f"add({left.text}, {multiple})" if left is not None else multiple
        bound = (P << double) + (left.bound if left is not None else 1)
        return Value(f"sub({start}, {right.text})", bound, _around(left or right, right))

    def _product(self, node: Expression, left: Value, right: Value) -> Value:
        number = value_of(node.args[0])
        if number is not None and number > P // 2 and (right.bound - 1) * (P - number) < LANE_LIMIT // 4:
            return self._difference(None, _scaled(right, P - number))
        if number is not None and (right.bound - 1) * number < LANE_LIMIT - 1:
            return _scaled(right, number)
        nesting = _around(left, right)
        for factor, other in ((left, right), (right, left)):
            if factor.base:
                return Value(f"e_mul_base({other.text}, {factor.text})", P, nesting)
        if node.args[0] is node.args[1]:
            return Value(f"e_square({left.text})", P, nesting)
        return Value(f"e_mul({left.text}, {right.text})", P, nesting)


def _scaled(value: Value, number: int) -> Value:
    return Value(f"mul({value.text}, {number:#x})", (value.bound - 1) * number + 1, value.nesting + 1)


def _around(left: Value, right: Value) -> int:
    return 1 + max(left.nesting, right.nesting)


def _fitting(left: Value, right: Value, bound: int) -> tuple[Value, Value]:
    """Both values, reduced if their sum could overflow a lane."""
    if bound <= LANE_LIMIT:
        return left, right
    return _reduced(left), _reduced(right)


def _reduced(value: Value) -> Value:
    return value if value.bound <= P else Value(f"e_reduce({value.text})", P, value.nesting + 1)
