"""Expressions: immutable formulas over a table's columns, shared wherever they are equal.

A value is an element of F_p, p = 2^64 − 2^32 + 1 (*base*), or of F = F_p[x]/(x³ − x − 1) (*extension*). The degree
counts columns: a committed, periodic or virtual column is 1, a challenge, parameter, public word or number is 0.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final, Literal, Union
from weakref import WeakValueDictionary

from zkvm.air.errors import BadRotation, NotAnExpression
from zkvm.field import P

Stage = Literal["fixed", "main", "aux"]
STAGES: Final[tuple[Stage, ...]] = ("fixed", "main", "aux")
LAST_ROW: Final = -1

Operand = Union["Expression", int]


class Op(Enum):
    """What a node is; the first eight are leaves."""

    CONSTANT = "constant"
    COLUMN = "column"
    PERIODIC = "periodic"
    ROW = "row"
    CHALLENGE = "challenge"
    PARAMETER = "parameter"
    PUBLIC = "public"
    TOTAL = "total"
    ADD = "add"
    SUB = "sub"
    MUL = "mul"
    NEG = "neg"


@dataclass(frozen=True, slots=True)
class ColumnRef:
    """A committed column: ``index`` counts columns of its stage (an aux column is three base columns)."""

    table: str
    stage: Stage
    index: int
    name: str
    rotation: int = 0


@dataclass(frozen=True, slots=True)
class PeriodicRef:
    """A periodic column of a table; ``extension`` where its values come from challenges."""

    table: str
    index: int
    name: str
    extension: bool
    rotation: int = 0


@dataclass(frozen=True, slots=True)
class RowRef:
    """The virtual column that is 1 in one row and 0 elsewhere; ``index`` −1 is the last row."""

    table: str
    index: int


Leaf = ColumnRef | PeriodicRef | RowRef | str | int

_DEGREES = {Op.COLUMN: 1, Op.PERIODIC: 1, Op.ROW: 1}


class Expression:
    """One node. Equal formulas are the same object, so ``is`` compares and a ``dict`` finds them.

    Attributes:
        op: What the node is.
        args: Operands, empty for a leaf.
        leaf: What a leaf stands for: a reference, a name, a number; None otherwise.
        degree: In columns.
        extension: True when the value is in F, False when it is in F_p.
    """

    __slots__ = ("__weakref__", "args", "degree", "extension", "leaf", "op")

    op: Op
    args: "tuple[Expression, ...]"
    leaf: Leaf | None
    degree: int
    extension: bool

    def __init__(self) -> None:
        raise NotAnExpression("expressions come from columns, challenges and constants, not from the class")

    # -- arithmetic ---------------------------------------------------------------------------------------------

    def __add__(self, other: Operand) -> "Expression":
        return add(self, lift(other))

    def __radd__(self, other: Operand) -> "Expression":
        return add(lift(other), self)

    def __sub__(self, other: Operand) -> "Expression":
        return subtract(self, lift(other))

    def __rsub__(self, other: Operand) -> "Expression":
        return subtract(lift(other), self)

    def __mul__(self, other: Operand) -> "Expression":
        return multiply(self, lift(other))

    def __rmul__(self, other: Operand) -> "Expression":
        return multiply(lift(other), self)

    def __neg__(self) -> "Expression":
        return negate(self)

    def __pow__(self, exponent: int) -> "Expression":
        if not isinstance(exponent, int) or exponent < 0:
            raise NotAnExpression(f"the exponent must be a natural number, not {exponent!r}", expression=self)
        result, square = constant(1), self
        while exponent:
            if exponent & 1:
                result = result * square
            exponent >>= 1
            if exponent:
                square = square * square
        return result

    # -- rotation -----------------------------------------------------------------------------------------------

    @property
    def next(self) -> "Expression":
        """The column in the next row; the next of the last row is row 0.

        Raises:
            BadRotation: this is not a column, or it is already rotated.
        """
        if not isinstance(self.leaf, ColumnRef | PeriodicRef):
            raise BadRotation("only a column has a next row; shifted() moves a formula", expression=self)
        return shifted(self)

    # -- reading ------------------------------------------------------------------------------------------------

    def __str__(self) -> str:
        return "".join(_text(self, budget=60))

    def __repr__(self) -> str:
        return f"<{self}>"

    def __reduce__(self) -> tuple[object, ...]:
        # Copies and unpickled expressions are shared like all others.
        return (_make, (self.op, self.args, self.leaf))


_nodes: "WeakValueDictionary[tuple[object, ...], Expression]" = WeakValueDictionary()


def _make(op: Op, args: tuple[Expression, ...] = (), leaf: Leaf | None = None) -> Expression:
    """The node, made once: a living node with the same operands is returned instead."""
    key = (op, args, leaf)
    found = _nodes.get(key)
    if found is not None:
        return found
    node = object.__new__(Expression)
    node.op, node.args, node.leaf = op, args, leaf
    if op is Op.MUL:
        node.degree = args[0].degree + args[1].degree
    else:
        node.degree = max((arg.degree for arg in args), default=_DEGREES.get(op, 0))
    node.extension = any(arg.extension for arg in args) or _leaf_is_extension(op, leaf)
    _nodes[key] = node
    return node


def _leaf_is_extension(op: Op, leaf: Leaf | None) -> bool:
    if isinstance(leaf, ColumnRef):
        return leaf.stage == "aux"
    if isinstance(leaf, PeriodicRef):
        return leaf.extension
    return op in (Op.CHALLENGE, Op.TOTAL)


def lift(value: object) -> Expression:
    """The value as an expression.

    Raises:
        NotAnExpression: it is neither an expression nor an integer.
    """
    if isinstance(value, Expression):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return constant(value)
    raise NotAnExpression(f"{value!r} is neither an expression nor an integer")


def constant(value: int) -> Expression:
    """A number, reduced mod p."""
    return _make(Op.CONSTANT, leaf=value % P)


def inverse_constant(value: int) -> Expression:
    """1/value mod p, for example ``inverse_constant(2**16)``.

    Raises:
        NotAnExpression: the value is 0 mod p.
    """
    if value % P == 0:
        raise NotAnExpression(f"{value} has no inverse mod p")
    return constant(pow(value, -1, P))


def challenge(name: str) -> Expression:
    """A challenge in F that the machine declares (or ``gamma``, ``beta``, which every machine has)."""
    return _make(Op.CHALLENGE, leaf=name)


def parameter(name: str) -> Expression:
    """A base element that the verifying key fixes."""
    return _make(Op.PARAMETER, leaf=name)


def public(index: int) -> Expression:
    """Public word number ``index``."""
    return _make(Op.PUBLIC, leaf=index)


def total_per_row(table: str) -> Expression:
    """S_t/N_t of a table: its claimed LogUp total over its height."""
    return _make(Op.TOTAL, leaf=table)


def column(reference: ColumnRef) -> Expression:
    """A committed column."""
    return _make(Op.COLUMN, leaf=reference)


def periodic(reference: PeriodicRef) -> Expression:
    """A periodic column."""
    return _make(Op.PERIODIC, leaf=reference)


def row(table: str, index: int) -> Expression:
    """1 in one row, 0 in the others; −1 is the last row."""
    return _make(Op.ROW, leaf=RowRef(table, index))


def add(left: Expression, right: Expression) -> Expression:
    """The sum, with numbers folded."""
    a, b = value_of(left), value_of(right)
    if a is not None and b is not None:
        return constant(a + b)
    if a == 0:
        return right
    if b == 0:
        return left
    return _make(Op.ADD, (left, right))


def subtract(left: Expression, right: Expression) -> Expression:
    """The difference, with numbers folded."""
    a, b = value_of(left), value_of(right)
    if a is not None and b is not None:
        return constant(a - b)
    if left is right:
        return constant(0)
    if a == 0:
        return negate(right)
    if b == 0:
        return left
    return _make(Op.SUB, (left, right))


def multiply(left: Expression, right: Expression) -> Expression:
    """The product, with numbers folded; a number always stands left."""
    a, b = value_of(left), value_of(right)
    if a is not None and b is not None:
        return constant(a * b)
    if a == 0 or b == 0:
        return constant(0)
    if a == 1:
        return right
    if b == 1:
        return left
    if a == P - 1:
        return negate(right)
    if b == P - 1:
        return negate(left)
    return _make(Op.MUL, (left, right) if b is None else (right, left))


def negate(value: Expression) -> Expression:
    """−value."""
    number = value_of(value)
    if number is not None:
        return constant(-number)
    if value.op is Op.NEG:
        return value.args[0]
    return _make(Op.NEG, (value,))


def value_of(node: Expression) -> int | None:
    """The number that a constant is; None for anything else."""
    return node.leaf if node.op is Op.CONSTANT and isinstance(node.leaf, int) else None


def shifted(expression: Expression) -> Expression:
    """The formula in the next row: every committed and periodic column moves by one.

    Raises:
        BadRotation: it holds a column that is already moved, or a virtual column such as ``first``.
    """
    moved: dict[Expression, Expression] = {}
    for node in topological((expression,)):
        moved[node] = _shifted_node(node, moved, expression)
    return moved[expression]


def _shifted_node(node: Expression, moved: dict[Expression, Expression], whole: Expression) -> Expression:
    if node.op is Op.ROW:
        raise BadRotation("a virtual column has no next row; write the row that is meant", expression=whole)
    if isinstance(node.leaf, ColumnRef):
        if node.leaf.rotation:
            raise BadRotation("the only rotations are this row and the next", expression=whole)
        return column(ColumnRef(node.leaf.table, node.leaf.stage, node.leaf.index, node.leaf.name, 1))
    if isinstance(node.leaf, PeriodicRef):
        if node.leaf.rotation:
            raise BadRotation("the only rotations are this row and the next", expression=whole)
        return periodic(PeriodicRef(node.leaf.table, node.leaf.index, node.leaf.name, node.leaf.extension, 1))
    if not node.args:
        return node
    return _make(node.op, tuple(moved[arg] for arg in node.args))


def topological(roots: Iterable[Expression]) -> list[Expression]:
    """Every node under the roots once, operands before what uses them, in a fixed order."""
    order: list[Expression] = []
    seen: set[Expression] = set()
    for root in roots:
        stack: list[tuple[Expression, Iterator[Expression]]] = [(root, iter(root.args))]
        if root in seen:
            continue
        seen.add(root)
        while stack:
            node, rest = stack[-1]
            following = next((arg for arg in rest if arg not in seen), None)
            if following is None:
                order.append(node)
                stack.pop()
            else:
                seen.add(following)
                stack.append((following, iter(following.args)))
    return order


_SIGNS = {Op.ADD: " + ", Op.SUB: " - ", Op.MUL: "*"}


def _text(node: Expression, budget: int) -> list[str]:
    """Infix text of about ``budget`` leaves; what does not fit is ``…``."""
    if not node.args:
        return [leaf_text(node)]
    if budget <= 1:
        return ["…"]
    if node.op is Op.NEG:
        return ["-", *_text(node.args[0], budget - 1)]
    share = budget // 2
    left, right = _text(node.args[0], budget - share), _text(node.args[1], share)
    inner = [*left, _SIGNS[node.op], *right]
    return inner if node.op is Op.MUL else ["(", *inner, ")"]


def leaf_text(node: Expression) -> str:
    """How a leaf is written in messages."""
    leaf = node.leaf
    if isinstance(leaf, ColumnRef | PeriodicRef):
        return leaf.name + ("'" if leaf.rotation else "")
    if isinstance(leaf, RowRef):
        return {0: "FIRST", LAST_ROW: "LAST"}.get(leaf.index, f"ROW({leaf.index})")
    if node.op is Op.PUBLIC:
        return f"public({leaf})"
    if node.op is Op.TOTAL:
        return f"total({leaf})"
    if isinstance(leaf, int) and leaf > P // 2:
        return f"-{P - leaf}"
    return str(leaf)
