"""Arrays in device memory: the part of NumPy's arrays that the prover uses.

Basic slices, reshapes of contiguous arrays and transpositions are views. Assignment copies on the device; from an array
of the host it uploads first. Nothing is ever brought to the host unless ``to_host`` is called.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from zkvm.backends.cuda.device import Allocation, Device

MOST_DIMENSIONS = 3
WORD = np.dtype(np.uint64)


class Copier(Protocol):
    """Fills and copies; the backend, with its kernels."""

    @property
    def device(self) -> Device:
        """Where arrays are."""
        ...

    def fill(self, target: "DeviceArray", value: int) -> None:
        """Write one number everywhere; the target is contiguous."""
        ...

    def copy(self, target: "DeviceArray", source: "DeviceArray") -> None:
        """Copy words between arrays of equal shape; the source's strides may be 0."""
        ...


@dataclass(frozen=True)
class Flags:
    """As ``numpy.ndarray.flags``."""

    c_contiguous: bool
    writeable: bool = True


class DeviceArray:
    """A view of device memory.

    Attributes:
        shape: Lengths of the dimensions.
        strides: Bytes from one element to the next, for each dimension.
        dtype: uint64; uint8 for digests, uint32 for records of the execution log.
        address: Of the first element.
    """

    on_device = True
    __array_ufunc__ = None  # an operation of NumPy on it is a mistake, not a transfer

    def __init__(
        self,
        copier: Copier,
        memory: Allocation,
        shape: Sequence[int],
        dtype: npt.DTypeLike = np.uint64,
        *,
        offset: int = 0,
        strides: Sequence[int] | None = None,
    ) -> None:
        self._copier, self._memory, self._offset = copier, memory, offset
        self.shape, self.dtype = tuple(shape), np.dtype(dtype)
        self.strides = tuple(strides) if strides is not None else contiguous_strides(self.shape, self.dtype.itemsize)

    @property
    def address(self) -> int:
        """Where the first element is."""
        return self._memory.address + self._offset

    @property
    def memory(self) -> Allocation:
        """What the view is of."""
        return self._memory

    @property
    def ndim(self) -> int:
        """Number of dimensions."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of elements."""
        return prod(self.shape)

    @property
    def nbytes(self) -> int:
        """Bytes of all elements."""
        return self.size * self.dtype.itemsize

    @property
    def flags(self) -> Flags:
        """Whether the elements follow one another."""
        expected = contiguous_strides(self.shape, self.dtype.itemsize)
        lengths = zip(self.shape, self.strides, expected, strict=True)
        return Flags(all(length == 1 or stride == wanted for length, stride, wanted in lengths))

    def __len__(self) -> int:
        return self.shape[0]

    def __iter__(self) -> "Iterator[DeviceArray]":
        return (self[index] for index in range(len(self)))

    def __getitem__(self, key: Any) -> "DeviceArray":
        shape, strides, offset = [], [], self._offset
        dimension = 0
        for part in self._parts(key):
            if part is None:
                shape.append(1)
                strides.append(0)
                continue
            length, stride = self.shape[dimension], self.strides[dimension]
            dimension += 1
            if isinstance(part, slice):
                start, stop, step = part.indices(length)
                shape.append(len(range(start, stop, step)))
                strides.append(stride * step)
                offset += start * stride
            else:
                if not -length <= part < length:
                    raise IndexError(f"index {part} of {length}")
                offset += part % length * stride
        return DeviceArray(self._copier, self._memory, shape, self.dtype, offset=offset, strides=strides)

    def _parts(self, key: Any) -> list[Any]:
        """One entry for each of the array's dimensions, and None for each new one."""
        parts = list(key) if isinstance(key, tuple) else [key]
        allowed = slice, int, np.integer, type(None), type(Ellipsis)
        left = self.ndim - sum(part is not None and part is not Ellipsis for part in parts)
        if left < 0 or not all(isinstance(part, allowed) for part in parts):
            raise IndexError(f"{key!r} is no basic index of an array with {self.ndim} dimensions")
        if Ellipsis not in parts:
            parts.append(Ellipsis)
        where = parts.index(Ellipsis)
        parts[where : where + 1] = [slice(None)] * left
        return parts

    def __setitem__(self, key: Any, value: "DeviceArray | npt.NDArray[Any] | int") -> None:
        target = self[key]
        if isinstance(value, int) and target.flags.c_contiguous and target.dtype == WORD:
            self._copier.fill(target, value)
            return
        source = value if isinstance(value, DeviceArray) else self._uploaded(value)
        if (source.memory, source.address, source.shape) == (target.memory, target.address, target.shape):
            return
        self._copier.copy(target, source.broadcast_to(target.shape))

    def _uploaded(self, value: "npt.NDArray[Any] | int") -> "DeviceArray":
        return upload(self._copier, np.asarray(value, dtype=self.dtype))

    def broadcast_to(self, shape: Sequence[int]) -> "DeviceArray":
        """A view in which dimensions of one element, and missing ones in front, repeat."""
        missing = len(shape) - self.ndim
        lengths, strides = (1,) * missing + self.shape, (0,) * missing + self.strides
        if missing < 0 or any(have not in (1, want) for have, want in zip(lengths, shape, strict=True)):
            raise ValueError(f"an array {self.shape} does not fill {tuple(shape)}")
        repeated = [0 if have != want else s for have, want, s in zip(lengths, shape, strides, strict=True)]
        return DeviceArray(self._copier, self._memory, shape, self.dtype, offset=self._offset, strides=repeated)

    def reshape(self, *shape: int) -> "DeviceArray":
        """The same elements in another shape; one length may be −1."""
        wanted = list(shape[0] if len(shape) == 1 and not isinstance(shape[0], int) else shape)
        if -1 in wanted:
            known = prod(length for length in wanted if length != -1)
            wanted[wanted.index(-1)] = self.size // known if known else 0
        if not self.flags.c_contiguous or prod(wanted) != self.size:
            raise ValueError(f"an array {self.shape} cannot be seen as {shape}")
        return DeviceArray(self._copier, self._memory, wanted, self.dtype, offset=self._offset)

    def transpose(self, *axes: int) -> "DeviceArray":
        """The dimensions in another order."""
        shape, strides = [self.shape[axis] for axis in axes], [self.strides[axis] for axis in axes]
        return DeviceArray(self._copier, self._memory, shape, self.dtype, offset=self._offset, strides=strides)

    def contiguous(self) -> "DeviceArray":
        """The array itself if its elements follow one another, else a copy."""
        if self.flags.c_contiguous:
            return self
        made = empty(self._copier, self.shape, self.dtype)
        self._copier.copy(made, self)
        return made

    def to_host(self, out: npt.NDArray[Any] | None = None) -> npt.NDArray[Any]:
        """A copy in the host's memory; in ``out`` if given, which is contiguous and of this shape."""
        source = self.contiguous()
        target = np.empty(self.shape, dtype=self.dtype) if out is None else out
        if self.size:
            self._copier.device.download(source.address, target.reshape(-1).view(np.uint8))
        return target

    def tobytes(self) -> bytes:
        """The elements' bytes."""
        return self.to_host().tobytes()

    __bytes__ = tobytes

    def tolist(self) -> Any:
        """The elements as Python's numbers in lists."""
        return self.to_host().tolist()

    def overlaps(self, other: object) -> bool:
        """Whether an element may be in both; both are contiguous."""
        if not isinstance(other, DeviceArray) or other.memory is not self.memory:
            return False
        return self._offset < other._offset + other.nbytes and other._offset < self._offset + self.nbytes


def contiguous_strides(shape: Sequence[int], itemsize: int) -> tuple[int, ...]:
    """Strides of elements that follow one another."""
    strides = [itemsize] * len(shape)
    for dimension in range(len(shape) - 1, 0, -1):
        strides[dimension - 1] = strides[dimension] * shape[dimension]
    return tuple(strides)


def empty(copier: Copier, shape: Sequence[int], dtype: npt.DTypeLike = np.uint64) -> DeviceArray:
    """An array that holds anything."""
    size = prod(shape) * np.dtype(dtype).itemsize
    return DeviceArray(copier, copier.device.allocate(max(size, 1)), shape, dtype)


def upload(copier: Copier, values: npt.NDArray[Any]) -> DeviceArray:
    """A copy of a host's array."""
    held = np.asarray(values, order="C")
    if not held.size:
        return empty(copier, held.shape, held.dtype)
    return DeviceArray(copier, copier.device.upload(held.reshape(-1).view(np.uint8)), held.shape, held.dtype)
