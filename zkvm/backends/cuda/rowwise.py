"""Row by row on elements of F: how ``kernels/rowwise.cu`` is launched."""

from collections.abc import Sequence

from zkvm.backends.cuda.arrays import DeviceArray
from zkvm.backends.cuda.launching import Kernels
from zkvm.backends.errors import PointInDomain
from zkvm.field.errors import NotInvertible
from zkvm.field.scalar import Ext

INVERT_EACH = 8  # rows a thread, as the kernels have it
NONE = (1 << 64) - 1
"""A row that does not exist: no zero was found."""


def invert(kernels: Kernels, values: DeviceArray) -> DeviceArray:
    """Inverses of elements of F.

    Raises:
        NotInvertible: one of them is zero.
    """
    out, zero = kernels.empty(*values.shape), kernels.words(NONE)
    rows = values.shape[1]
    kernels.launch("rowwise", "invert", kernels.over(-(-rows // INVERT_EACH)), values, rows, out, zero)
    first = _first(zero)
    if first != NONE:
        raise NotInvertible(first)
    return out


def divide(kernels: Kernels, values: Sequence[DeviceArray], points: Sequence[Ext], shift: int) -> DeviceArray:
    """Σ values[i] / (x − points[i]).

    Raises:
        PointInDomain: a denominator is zero.
    """
    rows = values[0].shape[1]
    out, zero = kernels.empty(3, rows), kernels.words(NONE)
    shape, log_rows = kernels.over(-(-rows // INVERT_EACH)), rows.bit_length() - 1
    for number, (value, point) in enumerate(zip(values, points, strict=True)):
        kernels.launch("rowwise", "divide", shape, value, log_rows, *point, shift, int(number > 0), out, zero)
    if _first(zero) != NONE:
        raise PointInDomain
    return out


def fold(kernels: Kernels, values: DeviceArray, shift: int, arity: int, beta: Ext) -> DeviceArray:
    """One FRI fold."""
    rows = values.shape[1]
    out = kernels.empty(3, rows // arity)
    logs = (rows.bit_length() - 1, arity.bit_length() - 1)
    kernels.launch("rowwise", "fold", kernels.over(rows // arity), values, *logs, shift, *beta, out)
    return out


def _first(zero: DeviceArray) -> int:
    return int(zero.to_host()[0])
