"""What the CUDA backend asks of a device: memory, copies, kernels.

Kernels and copies to the host are done in the order in which they were asked for. A copy from the host may run beside
kernels that were launched before it; those launched after it wait for it.

There are two implementations: ``cupy_device.CupyDevice``, and the emulator of the tests, which runs the same kernels on
the host.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

Host = npt.NDArray[np.uint8]
"""Bytes of the host, contiguous."""


class Allocation(Protocol):
    """Device memory: freed when nothing refers to it any more."""

    @property
    def address(self) -> int:
        """Where it begins, a multiple of 256."""
        ...


@dataclass(frozen=True)
class Launch:
    """The shape of a grid.

    Attributes:
        blocks: In the first dimension, up to 2^31 − 1.
        threads: Of a block, up to 1,024.
        columns: Blocks in the second dimension, up to 65,535.
        shared: Bytes of shared memory of a block, up to 48 KiB.
    """

    blocks: int
    threads: int
    columns: int = 1
    shared: int = 0


class Module(Protocol):
    """Compiled kernels."""

    def launch(self, kernel: str, shape: Launch, arguments: Sequence[int]) -> None:
        """Run a kernel of the module; every argument is eight bytes: an address or an unsigned number."""
        ...


class Device(Protocol):
    """One device. Every call may raise an error of ``zkvm.backends.cuda.errors``."""

    @property
    def name(self) -> str:
        """What it is, for people."""
        ...

    @property
    def peak(self) -> int:
        """The most bytes of it that were in use at once so far."""
        ...

    def allocate(self, size: int) -> Allocation:
        """``size`` bytes, not cleared.

        Raises:
            OutOfDeviceMemory: There is not so much left.
        """
        ...

    def upload(self, data: Host) -> Allocation:
        """New memory with a copy of the host's bytes, at least one; ``data`` may change as soon as this returns.

        Raises:
            OutOfDeviceMemory: There is not so much left.
        """
        ...

    def download(self, address: int, out: Host) -> None:
        """Copy to the host; ``out`` is complete when this returns."""
        ...

    def load(self, name: str, text: str) -> Module:
        """Compile a module, or take it from the cache.

        Args:
            name: For messages.
            text: Without anything left to include.

        Raises:
            KernelRefused: The compiler does not take it.
        """
        ...

    def synchronise(self) -> None:
        """Wait until all that was asked for is done."""
        ...

    def memory(self) -> tuple[int, int]:
        """Bytes that this process may still take, and bytes of the whole device."""
        ...
