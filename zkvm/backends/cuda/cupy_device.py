"""A real device, through CuPy: its memory pool, its compiler cache, two streams.

Kernels, copies to the host and short copies run on one stream in the order of the calls. Long copies from the host run
on a second one, beside the kernels: what is launched later waits for them, and they wait for whatever used their memory
before. Long copies go through two pinned buffers, so that one is filled or emptied while the other is on its way.
"""

import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from importlib import import_module
from typing import Any

import numpy as np

from zkvm.backends.cuda.device import Allocation, Host, Launch, Module
from zkvm.backends.cuda.errors import (
    CupyMissing,
    DeviceError,
    DeviceLost,
    DeviceTooOld,
    DriverTooOld,
    KernelRefused,
    NoDevice,
    OutOfDeviceMemory,
)
from zkvm.backends.cuda.sources import OPTIONS, kernel_names

LEAST_CAPABILITY = 80
STAGING_BYTES = 16 << 20
COPY_THREADS = 4
STAGED_FROM = 1 << 20  # bytes; shorter copies are left to the driver

# Codes that CUDA's runtime and driver share.
OUT_OF_MEMORY = 2
INSUFFICIENT_DRIVER = (3, 34, 35, 36)  # not initialised, stub library, older than the runtime, unsupported call
NO_DEVICE = (100, 101)
REFUSED = (98, 200, 209, 218, 222, 500, 701)  # functions, images and launches that cannot be


class CupyDevice:
    """See ``zkvm.backends.cuda.device.Device``.

    Args:
        index: Which device, as CUDA counts them.
        limit: Bytes of its memory that may be taken; what is free, without it.

    Raises:
        CupyMissing, DriverTooOld, NoDevice, DeviceTooOld: There is none to work with.
    """

    def __init__(self, index: int = 0, limit: int | None = None) -> None:
        self.index = index
        self._peak = 0
        self._cupy = _cupy(index)
        with self._errors():
            self._check()
            properties = self._cupy.cuda.runtime.getDeviceProperties(index)
            self._name = str(properties["name"].decode())
            self._device = self._cupy.cuda.Device(index)
            capability = int(self._device.compute_capability)
            if capability < LEAST_CAPABILITY:
                raise DeviceTooOld(f"{self._name} has compute capability {capability / 10}, 8.0 is needed", index)
            with self._device:
                self._stream, self._arrivals = (self._cupy.cuda.Stream(non_blocking=True) for _ in range(2))
                self._arrived, self._left = (self._cupy.cuda.Event(disable_timing=True) for _ in range(2))
                self._pool = self._cupy.cuda.MemoryPool()
                if limit is not None:
                    self._pool.set_limit(size=limit)
                self._threads = ThreadPoolExecutor(COPY_THREADS, thread_name_prefix="staging")
                self._staging = [_Staged(self._cupy) for _ in range(2)]

    @property
    def name(self) -> str:
        """What it is, for people."""
        return self._name

    @property
    def peak(self) -> int:
        """The most bytes of the pool that were in use at once."""
        return self._peak

    def allocate(self, size: int) -> Allocation:
        """``size`` bytes of the pool."""
        with self._here():
            return _Memory(self._taken(size))

    def upload(self, data: Host) -> Allocation:
        """A copy of the host's bytes: beside the kernels, if it is long."""
        runtime = self._cupy.cuda.runtime
        if data.nbytes < STAGED_FROM:
            made = self.allocate(data.nbytes)
            with self._here():
                runtime.memcpyAsync(
                    made.address, data.ctypes.data, data.nbytes, runtime.memcpyHostToDevice, self._stream.ptr
                )
            return made
        # The pool gives out again on a stream only what was allocated on it: here, what earlier uploads have left.
        with self._here(), self._arrivals:
            arriving = _Memory(self._taken(data.nbytes), self._leave)
            self._arrivals.wait_event(self._left)
            self._send(arriving.address, data)
            self._arrived.record(self._arrivals)
            self._stream.wait_event(self._arrived)
            return arriving

    def _send(self, address: int, data: Host) -> None:
        """Copy to the device through pinned memory."""
        runtime = self._cupy.cuda.runtime
        for number, start in enumerate(range(0, data.nbytes, STAGING_BYTES)):
            part, staged = data[start : start + STAGING_BYTES], self._staging[number % 2]
            staged.done.synchronize()  # what it held before is where it belongs
            self._copy(staged.bytes, part)
            runtime.memcpyAsync(
                address + start, staged.address, part.nbytes, runtime.memcpyHostToDevice, self._arrivals.ptr
            )
            staged.done.record(self._arrivals)

    def _taken(self, size: int) -> Any:
        """Memory of the pool, of the current stream's part of it."""
        full = self._cupy.cuda.memory.OutOfMemoryError
        try:
            try:
                pointer = self._pool.malloc(size)
            except full:
                self._pool.free_all_blocks()  # what the other stream does not use counts, too
                pointer = self._pool.malloc(size)
        except full as error:
            raise OutOfDeviceMemory(size, self.memory()[0], self.index) from error
        self._peak = max(self._peak, int(self._pool.used_bytes()))
        return pointer

    def _leave(self) -> None:
        """An upload's memory goes back: the next upload waits for the kernels that were launched until now."""
        with suppress(DeviceError), self._here():  # a lost device says so in the next call, too
            self._left.record(self._stream)

    def download(self, address: int, out: Host) -> None:
        """Copy to the host."""
        runtime = self._cupy.cuda.runtime
        with self._here():
            if out.nbytes < STAGED_FROM:
                runtime.memcpyAsync(out.ctypes.data, address, out.nbytes, runtime.memcpyDeviceToHost, self._stream.ptr)
                self._stream.synchronize()
                return
            waiting: list[tuple[_Staged, Host]] = []
            for number, start in enumerate(range(0, out.nbytes, STAGING_BYTES)):
                part, staged = out[start : start + STAGING_BYTES], self._staging[number % 2]
                if len(waiting) == 2:
                    self._empty(*waiting.pop(0))
                staged.done.synchronize()  # an upload may still be reading it
                runtime.memcpyAsync(
                    staged.address, address + start, part.nbytes, runtime.memcpyDeviceToHost, self._stream.ptr
                )
                staged.done.record(self._stream)
                waiting.append((staged, part))
            for staged, part in waiting:
                self._empty(staged, part)

    def load(self, name: str, text: str) -> Module:
        """Compile with NVRTC, or take it from CuPy's cache on disk, and have every kernel of it on the device.

        CUDA loads a kernel when it is asked for by name (CUDA C++ Programming Guide, "Lazy Loading"): here, not in the
        middle of the first proof.
        """
        with self._here():
            module = self._cupy.RawModule(code=text, options=OPTIONS, backend="nvrtc")
            try:
                module.compile()
            except self._cupy.cuda.compiler.CompileException as refused:
                raise KernelRefused(f"module {name} does not compile: {refused}", self.index) from refused
            functions = {kernel: module.get_function(kernel) for kernel in kernel_names(text)}
            for function in functions.values():
                _ = function.num_regs  # CuPy looks the kernel up when something is asked of it
            return _Module(self, functions)

    def synchronise(self) -> None:
        """Wait for the stream."""
        with self._here():
            self._stream.synchronize()

    def memory(self) -> tuple[int, int]:
        """Bytes free, those that the pool keeps included, and all there are."""
        with self._here():
            free, total = self._cupy.cuda.runtime.memGetInfo()
            kept, limit = self._pool.free_bytes(), self._pool.get_limit()
            left = int(free) + int(kept)
            return (min(left, limit - self._pool.used_bytes()) if limit else left), int(total)

    def run(self, function: Any, shape: Launch, arguments: Sequence[int]) -> None:
        """Launch one kernel."""
        with self._here():
            words = tuple(np.uint64(word) for word in arguments)
            function((shape.blocks, shape.columns), (shape.threads,), words, shared_mem=shape.shared)

    def _empty(self, staged: "_Staged", part: Host) -> None:
        """Copy what was downloaded to where it belongs."""
        staged.done.synchronize()
        self._copy(part, staged.bytes[: part.nbytes])

    def _copy(self, target: Host, source: Host) -> None:
        """Copy within the host, on a few threads: one alone is slower than the bus."""
        step = max(1, -(-source.nbytes // COPY_THREADS))
        parts = [slice(start, start + step) for start in range(0, source.nbytes, step)]
        list(self._threads.map(lambda part: np.copyto(target[: source.nbytes][part], source[part]), parts))

    def _check(self) -> None:
        count = int(self._cupy.cuda.runtime.getDeviceCount())
        if not 0 <= self.index < count:
            raise NoDevice(f"there is no device {self.index}: this machine has {count}", self.index)

    @contextmanager
    def _here(self) -> Iterator[None]:
        """This device, its stream, and errors of ours for CuPy's."""
        with self._errors(), self._device, self._stream:
            yield

    @contextmanager
    def _errors(self) -> Iterator[None]:
        cuda = self._cupy.cuda
        try:
            yield
        except (cuda.runtime.CUDARuntimeError, cuda.driver.CUDADriverError) as failed:
            raise error_for(int(failed.status), str(failed), self.index) from failed


def error_for(code: int, message: str, index: int) -> DeviceError:
    """Our error for one of CUDA's codes. What is not known to be harmless is taken as the device's end."""
    if code == OUT_OF_MEMORY:
        return OutOfDeviceMemory(0, 0, index)
    if code in INSUFFICIENT_DRIVER:
        return DriverTooOld(f"CUDA cannot start: {message}", index)
    if code in NO_DEVICE:
        return NoDevice(f"there is no device {index}: {message}", index)
    if code in REFUSED:
        return KernelRefused(f"device {index} does not take a kernel: {message}", index)
    return DeviceLost(f"device {index} failed: {message}", index)


class _Memory:
    """An allocation of the pool."""

    def __init__(self, pointer: Any, leave: Callable[[], None] | None = None) -> None:
        self._pointer = pointer  # the block goes back to the pool with it
        self.address = int(pointer.ptr)
        if leave is not None:
            weakref.finalize(self, leave).atexit = False  # comes before the block goes back


class _Staged:
    """Pinned memory of the host, and the event after the last copy that used it."""

    def __init__(self, cupy: Any) -> None:
        self._memory = cupy.cuda.alloc_pinned_memory(STAGING_BYTES)
        self.address = int(self._memory.ptr)
        self.bytes = np.frombuffer(self._memory, dtype=np.uint8, count=STAGING_BYTES)
        self.done = cupy.cuda.Event(disable_timing=True)


class _Module:
    """A loaded module."""

    def __init__(self, device: CupyDevice, functions: Mapping[str, Any]) -> None:
        self._device, self._functions = device, functions

    def launch(self, kernel: str, shape: Launch, arguments: Sequence[int]) -> None:
        """Run a kernel."""
        self._device.run(self._functions[kernel], shape, arguments)


def _cupy(index: int) -> Any:
    """CuPy, imported when a device is wanted and not before: it takes a second, and most of the hub has no use for it.

    Raises:
        CupyMissing: It is not installed, or lacks what it needs.
    """
    try:
        return import_module("cupy")
    except ImportError as missing:
        raise CupyMissing(f"CuPy cannot be imported: {missing}", index) from missing
