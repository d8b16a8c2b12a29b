"""The kernels on one device: loaded when first needed, launched over arrays."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from zkvm.backends.cuda.arrays import MOST_DIMENSIONS, WORD, DeviceArray, empty, upload
from zkvm.backends.cuda.device import Device, Launch, Module
from zkvm.backends.cuda.sources import MODULES, module_text

THREADS = 256
MOST_BLOCKS = 1 << 21
"""Of kernels whose threads take elements a grid apart."""

Argument = DeviceArray | int | None


class Kernels:
    """Loads modules, fills and copies; the rest of the backend launches through it.

    Args:
        device: Where.
    """

    def __init__(self, device: Device) -> None:
        self._device = device
        self._modules: dict[str, Module] = {}

    @property
    def device(self) -> Device:
        """Where the kernels run."""
        return self._device

    def warm_up(self, report: Callable[[float], None]) -> None:
        """Load every hand-written module; told the fraction done."""
        for done, name in enumerate(MODULES):
            self.module(name, lambda name=name: module_text(name))  # type: ignore[misc]
            report((done + 1) / len(MODULES))

    def module(self, name: str, text: Callable[[], str]) -> Module:
        """A module by name; its text is asked for only when it is not loaded yet."""
        if name not in self._modules:
            self._modules[name] = self._device.load(name, text())
        return self._modules[name]

    def launch(self, module: str, kernel: str, shape: Launch, *arguments: Argument) -> None:
        """Run a kernel of a hand-written module. An array stands for its address, None for no array."""
        self.launch_from(self.module(module, lambda: module_text(module)), kernel, shape, *arguments)

    def launch_from(self, module: Module, kernel: str, shape: Launch, *arguments: Argument) -> None:
        """Run a kernel of any loaded module."""
        words = [0 if one is None else one if isinstance(one, int) else one.address for one in arguments]
        module.launch(kernel, shape, words)

    def over(self, count: int, columns: int = 1) -> Launch:
        """A grid for ``count`` elements that threads take a grid apart."""
        return Launch(min(-(-count // THREADS), MOST_BLOCKS), THREADS, columns)

    def empty(self, *shape: int, dtype: npt.DTypeLike = np.uint64) -> DeviceArray:
        """An array that holds anything."""
        return empty(self, shape, dtype)

    def upload(self, values: npt.NDArray[np.unsignedinteger[Any]]) -> DeviceArray:
        """A copy of a host's array."""
        return upload(self, values)

    def words(self, *values: int) -> DeviceArray:
        """A few numbers."""
        return upload(self, np.array(values, dtype=np.uint64))

    def fill(self, target: DeviceArray, value: int) -> None:
        """Write one number to all words of a contiguous array."""
        if target.size:
            self.launch("pointwise", "fill", self.over(target.size), target, target.size, value)

    def copy(self, target: DeviceArray, source: DeviceArray) -> None:
        """Copy words between arrays of equal shape and any strides."""
        if target.dtype != WORD or source.dtype != WORD:
            raise TypeError(f"words are copied, not {source.dtype} to {target.dtype}")
        if target.ndim > MOST_DIMENSIONS:
            raise ValueError(f"arrays have up to {MOST_DIMENSIONS} dimensions, this has {target.ndim}")
        if not target.size:
            return
        missing = MOST_DIMENSIONS - target.ndim
        to, origin = ([0] * missing + [s // WORD.itemsize for s in a.strides] for a in (target, source))
        lengths = [1] * missing + list(target.shape)
        self.launch("pointwise", "copy", self.over(target.size), target, *to, source, *origin, *lengths)

    def copy_bytes(self, target: DeviceArray, source: DeviceArray) -> None:
        """Copy between contiguous arrays of bytes."""
        self.launch("hash", "copy_bytes", self.over(source.nbytes), source, target, source.nbytes)
