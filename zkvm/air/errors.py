"""What a machine's definition can get wrong.

::

    ZkvmError
    └── AirError                    names the table, the id and the expression it is about
        ├── DuplicateName           a table, column, constraint id or bus is defined twice
        ├── BadName                 a name is empty or has odd characters
        ├── BadHeight               a table's height range makes no sense, or a period or row does not fit it
        ├── BadPeriod               a periodic column's length is not a power of two
        ├── DegreeTooHigh           of a constraint, a bus entry or a multiplicity
        ├── ConstantConstraint      it holds everywhere or nowhere: no column is in it
        ├── NotBase                 a bus entry or multiplicity uses what is known only after the challenges
        ├── NotScalar               a challenge-periodic value uses a column
        ├── BadRotation             rotation of a rotation, of a virtual column, or of a formula
        ├── ForeignColumn           a column of another table
        ├── EmptyTuple              a bus message without entries
        ├── BusMismatch             two buses share an id, or one bus has messages of two lengths
        ├── UnusedColumn            no constraint and no interaction reads it
        ├── UnknownName             a challenge, parameter or public word that the machine does not declare
        ├── NotAnExpression         an operand that is neither an expression nor an integer
        ├── BadPoint                opened values of the wrong number, or a point in the domain
        ├── BadTrace                columns of the wrong shape, type or range
        └── NotCompiled             no compiled kernels for this machine in this build
"""

from zkvm.errors import ZkvmError


class AirError(ZkvmError):
    """Base of the errors of machine definitions.

    Attributes:
        table: The table's name, empty when the machine as a whole is meant.
        id: The constraint, column, bus or name it is about.
        expression: The offending expression as text, shortened; may be empty.
    """

    def __init__(self, message: str, *, table: str = "", id: str = "", expression: object = "") -> None:
        self.table = table
        self.id = id
        self.expression = str(expression)
        where = ".".join(part for part in (table, id) if part)
        text = f"{where}: {message}" if where else message
        super().__init__(f"{text}: {self.expression}" if self.expression else text)


class DuplicateName(AirError):
    """A table, column, constraint id or bus is defined twice."""


class BadName(AirError):
    """A name is empty or has characters other than letters, digits, ``_`` and ``.``."""


class BadHeight(AirError):
    """A height range is empty or out of range, or a period or a row does not fit the least height."""


class BadPeriod(AirError):
    """A periodic column's length is not a power of two."""


class DegreeTooHigh(AirError):
    """A constraint, a bus entry or a multiplicity exceeds its degree."""


class ConstantConstraint(AirError):
    """No column is in the constraint."""


class NotBase(AirError):
    """A bus entry or multiplicity depends on a challenge or on an auxiliary column."""


class NotScalar(AirError):
    """A challenge-periodic value depends on a row."""


class BadRotation(AirError):
    """Only columns and periodic columns can be rotated, and only once."""


class ForeignColumn(AirError):
    """A column of another table in this table's expression."""


class EmptyTuple(AirError):
    """A bus message without entries."""


class BusMismatch(AirError):
    """Two buses share an id or a name, or one bus carries messages of different lengths."""


class UnusedColumn(AirError):
    """A column that no constraint and no interaction reads: the prover could put anything there."""


class UnknownName(AirError):
    """A challenge, parameter or public word that the machine does not declare."""


class NotAnExpression(AirError):
    """An operand that is neither an expression nor an integer."""


class BadPoint(AirError):
    """Opened values that are not one a column, or a point that lies in the table's domain."""


class BadTrace(AirError):
    """Columns of the wrong shape or type, or values outside the field."""


class NotCompiled(AirError):
    """No compiled kernels for this machine in this build."""

    hint = (
        "register the machine in zkvm/air/generate/machines.py and run `make native`, or ask for the reference backend"
    )
