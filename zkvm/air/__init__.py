"""The constraint language: a machine's tables, constraints and buses, written once and read by all.

Readers: ``evaluate`` (the verifier's out-of-domain point), ``interpret`` (NumPy over rows), ``debug`` (which row breaks
which rule), ``generate`` (C, CUDA and Yul). This module itself imports no numeric library: the C generator runs while
the package is built.
"""

from zkvm.air.builder import TableBuilder
from zkvm.air.errors import AirError
from zkvm.air.expression import (
    Expression,
    Operand,
    Stage,
    challenge,
    inverse_constant,
    parameter,
    public,
    shifted,
)
from zkvm.air.machine import Machine
from zkvm.air.table import Bus, Constraint, Group, Interaction, Periodic, Table

__all__ = [
    "AirError",
    "Bus",
    "Constraint",
    "Expression",
    "Group",
    "Interaction",
    "Machine",
    "Operand",
    "Periodic",
    "Stage",
    "Table",
    "TableBuilder",
    "challenge",
    "inverse_constant",
    "parameter",
    "public",
    "shifted",
]
