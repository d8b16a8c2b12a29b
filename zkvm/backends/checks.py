"""The arguments that every backend refuses, in one place so that all refuse the same."""

from collections.abc import Sequence
from typing import Any, TypeGuard

import numpy as np
import numpy.typing as npt

from zkvm.backends.errors import WrongArgument, WrongArray
from zkvm.field import TWO_ADICITY, P
from zkvm.field.scalar import Ext

Array = npt.NDArray[np.uint64]

STATE_BYTES = 32
ARITIES = (2, 4, 8)


def is_array(value: object) -> TypeGuard[npt.NDArray[Any]]:
    """Whether it is an array: NumPy's, or one in a device's memory that can do what the prover asks of arrays."""
    return isinstance(value, np.ndarray) or bool(getattr(value, "on_device", False))


def _overlap(value: npt.NDArray[Any], other: npt.NDArray[Any]) -> bool:
    if isinstance(value, np.ndarray) and isinstance(other, np.ndarray):
        return np.may_share_memory(value, other)
    overlaps = getattr(value, "overlaps", None)
    return bool(overlaps is not None and overlaps(other))


def _describe(value: object) -> str:
    if is_array(value):
        order = "C" if value.flags.c_contiguous else "not C"
        return f"{value.dtype} {value.shape}, {order}-contiguous"
    return type(value).__name__


def matrix(argument: str, value: object, width: int | None = None, dtype: type = np.uint64) -> None:
    """Refuse everything but a C-contiguous two-dimensional array of this type and, if given, this first dimension."""
    shape = f"({'w' if width is None else width}, N)"
    expected = f"a C-contiguous {np.dtype(dtype)} array {shape}"
    if not is_array(value) or value.dtype != dtype or value.ndim != 2 or not value.flags.c_contiguous:
        raise WrongArray(argument, expected, _describe(value))
    if (width is not None and value.shape[0] != width) or value.shape[1] == 0:
        raise WrongArray(argument, expected, _describe(value))


def columns(argument: str, value: object, width: int | None = None) -> int:
    """Refuse everything but columns whose length is a power of two up to 2^32; returns log2 of it."""
    matrix(argument, value, width)
    assert is_array(value)
    rows = int(value.shape[1])
    log_rows = rows.bit_length() - 1
    if rows != 1 << log_rows or log_rows > TWO_ADICITY:
        raise WrongArray(argument, "columns of 2^k rows, k ≤ 32", _describe(value))
    return log_rows


def like(argument: str, value: object, shape: tuple[int, ...], other: Array) -> None:
    """Refuse everything but a writable uint64 array of this shape that shares no memory with ``other``."""
    matrix(argument, value)
    assert is_array(value)
    if value.shape != shape or not value.flags.writeable:
        raise WrongArray(argument, f"writable {shape}", _describe(value))
    if _overlap(value, other):
        raise WrongArray(argument, "memory of its own", "an overlapping view")


def pointwise(left: object, right: object, result: Array, out: object) -> None:
    """Refuse operands of two shapes, and everything but a writable array of the result's shape to write to."""
    matrix("left", left)
    matrix("right", right)
    assert is_array(left)
    assert is_array(right)
    if left.shape != right.shape:
        raise WrongArray("right", f"{left.shape}", _describe(right))
    if out is not None:
        matrix("out", out)
        assert is_array(out)
        if out.shape != result.shape or not out.flags.writeable:
            raise WrongArray("out", f"writable {result.shape}", _describe(out))


def weights(argument: str, value: object, count: int) -> None:
    """Refuse everything but a (count, 3) array."""
    ok = is_array(value) and value.dtype == np.uint64 and value.shape == (count, 3)
    if not ok or not value.flags.c_contiguous:  # type: ignore[attr-defined]
        raise WrongArray(argument, f"a C-contiguous uint64 array ({count}, 3)", _describe(value))


def element(argument: str, value: object, *, nonzero: bool = False) -> None:
    """Refuse everything but a canonical element of F_p."""
    if not isinstance(value, int) or not int(nonzero) <= value < P:
        raise WrongArgument(argument, "an element of F_p" + (" other than 0" if nonzero else ""), value)


def ext(argument: str, value: Ext) -> None:
    """Refuse everything but a canonical element of F."""
    if not isinstance(value, tuple) or len(value) != 3:
        raise WrongArgument(argument, "an element of F: three integers", value)
    for coordinate in value:
        element(argument, coordinate)


def rows(argument: str, value: Sequence[int], count: int) -> None:
    """Refuse a row that there is not."""
    for row in value:
        if not 0 <= row < count:
            raise WrongArgument(argument, f"rows below {count}", row)


def arity(value: int, rows: int) -> None:
    """Refuse a fold that FRI does not have, or one larger than the domain."""
    if value not in ARITIES or value > rows:
        raise WrongArgument("arity", f"one of {ARITIES} and at most {rows}", value)


def node_bytes(value: int) -> None:
    """Refuse a digest length that keccak-256 does not have."""
    if not isinstance(value, int) or not 1 <= value <= 32:
        raise WrongArgument("node_bytes", "1 to 32", value)


def groups(value: Sequence[Array]) -> int:
    """Refuse everything but one or more matrices of equally many rows and at least one column; returns the rows."""
    if not value:
        raise WrongArgument("groups", "at least one matrix", value)
    for number, group in enumerate(value):
        matrix(f"groups[{number}]", group)
        if group.shape[0] == 0 or group.shape[1] != value[0].shape[1]:
            raise WrongArray(f"groups[{number}]", f"(w ≥ 1, {value[0].shape[1]})", _describe(group))
    return int(value[0].shape[1])


def divisions(values: Sequence[Array], points: Sequence[Ext], shift: int) -> int:
    """Refuse anything but as many numerators as points, all on one domain; returns log2 of its size."""
    if not values or len(values) != len(points):
        raise WrongArgument("points", f"as many as values ({len(values)}), at least one", len(points))
    log_rows = columns("values[0]", values[0], 3)
    for number, (value, point) in enumerate(zip(values, points, strict=True)):
        if columns(f"values[{number}]", value, 3) != log_rows:
            raise WrongArray(f"values[{number}]", f"(3, {1 << log_rows})", _describe(value))
        ext(f"points[{number}]", point)
    element("shift", shift, nonzero=True)
    return log_rows


def grinding(state: bytes, bits: int) -> None:
    """Refuse a state that is not 32 bytes and work that a 64-bit word cannot show."""
    if not isinstance(state, bytes) or len(state) != STATE_BYTES:
        raise WrongArgument("state", "32 bytes", state)
    if not isinstance(bits, int) or not 0 <= bits <= 64:
        raise WrongArgument("bits", "0 to 64", bits)


def messages(value: Any) -> None:
    """Refuse everything but a two-dimensional C-contiguous uint8 array."""
    if not is_array(value) or value.dtype != np.uint8 or value.ndim != 2 or not value.flags.c_contiguous:
        raise WrongArray("messages", "a C-contiguous uint8 array (count, length)", _describe(value))


def nodes(children: Any, injected: Any) -> None:
    """Refuse everything but an even number of digests and, if given, half as many to inject, equally long."""
    digest_array("children", children)
    if len(children) % 2:
        raise WrongArray("children", "an even number of digests", _describe(children))
    if injected is not None:
        digest_array("injected", injected)
        if injected.shape != (len(children) // 2, children.shape[1]):
            raise WrongArray("injected", f"{(len(children) // 2, children.shape[1])}", _describe(injected))


def digests(value: Any, out: Any) -> None:
    """Refuse everything but 2^k digests and as much writable room."""
    digest_array("digests", value)
    digest_array("out", out)
    if len(value) & (len(value) - 1) or out.shape != value.shape or not out.flags.writeable:
        raise WrongArray("out", f"writable {value.shape}, 2^k rows", _describe(out))


def digest_array(argument: str, value: Any) -> None:
    """Refuse everything but a C-contiguous uint8 array of one or more digests of 1 to 32 bytes."""
    matrix(argument, value, dtype=np.uint8)
    if not len(value) or value.shape[1] > 32:
        raise WrongArray(argument, "digests of 1 to 32 bytes", _describe(value))
