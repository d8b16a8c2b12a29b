"""What a constraint knows besides its table's columns: challenges, public words, parameters and the table's total."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from zkvm.air.errors import UnknownName
from zkvm.air.expression import Expression, Op, topological
from zkvm.field import P
from zkvm.field.scalar import ZERO, Ext, e_add, e_mul, e_neg, e_sub


@dataclass(frozen=True)
class Scalars:
    """The values of the leaves of degree 0.

    Attributes:
        challenges: By name, gamma and beta among them.
        publics: The public words.
        parameters: By name.
        total: S_t, the table's claimed LogUp total; zero where it has none or before it is known.
    """

    challenges: Mapping[str, Ext] = field(default_factory=dict)
    publics: Sequence[int] = ()
    parameters: Mapping[str, int] = field(default_factory=dict)
    total: Ext = ZERO
    _known: dict[int, dict[Expression, Ext]] = field(default_factory=dict, init=False, repr=False, compare=False)

    def with_total(self, total: Ext) -> "Scalars":
        """The same with a table's total."""
        return Scalars(self.challenges, self.publics, self.parameters, total)

    def values(self, expressions: Iterable[Expression], log_height: int) -> list[Ext]:
        """The values of formulas of degree 0; each node is computed once in this object's life.

        Raises:
            UnknownName: a leaf has no value, or is a column.
        """
        wanted = list(expressions)
        known = self._known.setdefault(log_height, {})
        for node in topological(expression for expression in wanted if expression not in known):
            if node not in known:
                args = [known[arg] for arg in node.args]
                known[node] = apply(node.op, args) if args else self.leaf(node, log_height)
        return [known[expression] for expression in wanted]

    def leaf(self, node: Expression, log_height: int) -> Ext:
        """The value of a leaf of degree 0.

        Raises:
            UnknownName: there is no value for it.
        """
        if node.op is Op.TOTAL:
            return e_mul(self.total, lift(pow(1 << log_height, -1, P)))
        try:
            match node.op, node.leaf:
                case Op.CONSTANT, int(value):
                    return lift(value)
                case Op.CHALLENGE, str(name):
                    return self.challenges[name]
                case Op.PARAMETER, str(name):
                    return lift(self.parameters[name])
                case Op.PUBLIC, int(index):
                    return lift(self.publics[index])
        except (KeyError, IndexError):
            pass
        raise UnknownName(f"no value was given for {node.op.value} {node}", expression=node)


def lift(value: int) -> Ext:
    """A base element as an element of F."""
    return (value % P, 0, 0)


def apply(op: Op, args: Sequence[Ext]) -> Ext:
    """One operation on elements of F."""
    if op is Op.ADD:
        return e_add(args[0], args[1])
    if op is Op.SUB:
        return e_sub(args[0], args[1])
    if op is Op.MUL:
        return e_mul(args[0], args[1])
    return e_neg(args[0])
