"""A device for tests: the kernels' own text, compiled for the host and run by ``emulator.h``. No GPU is in it.

It shows what kernels compute and how they are launched: arguments, grids, sizes of buffers, barriers. It does not show
speed, nor what only real memory does.
"""

import ctypes
import hashlib
import os
import shutil
import subprocess
import weakref
from pathlib import Path

import numpy as np
import pytest

from zkvm.backends.cuda.errors import KernelRefused, OutOfDeviceMemory
from zkvm.backends.cuda.sources import MODULES, kernel_names

HERE = Path(__file__).parent
BUILD = HERE.parents[2] / "build" / "cuda-emulator"
COMPILER = os.environ.get("CXX") or shutil.which("g++") or shutil.which("clang++")
FLAGS = [
    "-std=c++17",
    "-Wall",
    "-Wextra",
    "-Werror",
    "-Wno-unused-function",
    "-Wno-unknown-pragmas",
    "-U_FORTIFY_SOURCE",
    "-shared",
]
FLAGS += ["-fPIC", "-fsanitize=alignment,shift,bounds", "-fsanitize-undefined-trap-on-error"]
ALIGNMENT, GUARD, POISON, FENCE = 256, 256, 0xA5, 0x5C
OUTCOMES = {
    1: "its grid is larger than a device takes",
    2: "some threads wait at a barrier that others never come to",
    3: "it wrote beyond the shared memory it asked for",
    4: "it was given another number of arguments than it has",
}
needs_compiler = pytest.mark.skipif(COMPILER is None, reason="no C++ compiler on the PATH")


def compiled(text, optimise="-O1"):
    """The library of a module, compiled once."""
    flags = [*FLAGS, optimise]
    kernels = kernel_names(text)
    end = (HERE / "emulator_end.h").read_text() + "".join(map(_entry, kernels))
    whole = f"{(HERE / 'emulator.h').read_text()}\n{text}\n{end}"
    key = hashlib.sha256("\0".join([whole, str(COMPILER), *flags]).encode()).hexdigest()[:24]
    library = BUILD / f"{key}.so"
    if not library.exists():
        BUILD.mkdir(parents=True, exist_ok=True)
        source = BUILD / f"{key}.{os.getpid()}.cc"
        source.write_text(whole)
        made = source.with_suffix(".so")
        done = subprocess.run([COMPILER, *flags, str(source), "-o", str(made)], capture_output=True, text=True)
        if done.returncode:
            raise KernelRefused(done.stderr[:4000])
        made.replace(library)  # another test process may have made the same
        source.unlink()
    return ctypes.CDLL(str(library))


def _entry(kernel):
    return (
        f'extern "C" int launch_{kernel}(const uint64_t *words, size_t count, const unsigned grid[2], '
        "unsigned threads, unsigned shared, uint64_t seed) {\n"
        f"    if (count != emulator::call<{kernel}>::count) return emulator::WRONG_ARGUMENTS;\n"
        f"    return emulator::launch<{kernel}>(words, grid, threads, shared, seed);\n}}\n"
    )


class EmulatedAllocation:
    """Memory between two fences; what is freed is poisoned again."""

    def __init__(self, device, size):
        self._raw = np.full(size + 2 * GUARD + ALIGNMENT, POISON, dtype=np.uint8)
        self.size = size
        self.address = -(-(self._raw.ctypes.data + GUARD) // ALIGNMENT) * ALIGNMENT
        start = self.address - self._raw.ctypes.data
        self.bytes = self._raw[start : start + size]
        self.fences = self._raw[start - GUARD : start], self._raw[start + size : start + size + GUARD]
        for fence in self.fences:
            fence[:] = FENCE
        device.used += size
        weakref.finalize(self, device.freed, size, self._raw, self.fences).atexit = False


class EmulatedDevice:
    """See ``zkvm.backends.cuda.device.Device``."""

    name = "emulator (no GPU)"

    def __init__(self, capacity=1 << 34, seed=1):
        self.capacity, self.seed = capacity, seed
        self.used = self.peak = self.launches = 0
        self.moved = {"to device": 0, "to host": 0}
        self.loaded = []
        self._live = weakref.WeakValueDictionary()

    def allocate(self, size):
        if self.used + size > self.capacity:
            raise OutOfDeviceMemory(size, self.capacity - self.used)
        made = EmulatedAllocation(self, size)
        self._live[made.address] = made
        self.peak = max(self.peak, self.used)
        return made

    def freed(self, size, raw, fences):
        self.used -= size
        _check(fences)
        raw[:] = POISON

    def upload(self, data):
        assert data.flags.c_contiguous
        made = self.allocate(data.nbytes)
        ctypes.memmove(made.address, data.ctypes.data, data.nbytes)
        self.moved["to device"] += data.nbytes
        return made

    def download(self, address, out):
        assert out.flags.c_contiguous and out.flags.writeable
        ctypes.memmove(out.ctypes.data, address, out.nbytes)
        self.moved["to host"] += out.nbytes

    def load(self, name, text):
        self.loaded.append(name)
        # Constraints are long straight lines over few rows.
        return EmulatedModule(self, name, compiled(text, "-O1" if name in MODULES else "-O0"))

    def synchronise(self):
        for allocation in list(self._live.values()):
            _check(allocation.fences)

    def memory(self):
        return self.capacity - self.used, self.capacity


def _check(fences):
    if any((fence != FENCE).any() for fence in fences):
        os.write(2, b"a kernel wrote beside its buffer\n")  # this may run where an exception would be swallowed
        os.abort()


class EmulatedModule:
    """Kernels of one text."""

    def __init__(self, device, name, library):
        self._device, self._name, self._library = device, name, library

    def launch(self, kernel, shape, arguments):
        assert all(0 <= word < 1 << 64 for word in arguments), (kernel, arguments)
        self._device.launches += 1
        words = (ctypes.c_uint64 * len(arguments))(*arguments)
        grid = (ctypes.c_uint * 2)(shape.blocks, shape.columns)
        entry = getattr(self._library, f"launch_{kernel}")
        seed = ctypes.c_uint64(self._device.seed * 0x9E3779B97F4A7C15 + self._device.launches)
        outcome = entry(words, ctypes.c_size_t(len(arguments)), grid, shape.threads, shape.shared, seed)
        if outcome:
            raise KernelRefused(f"{self._name}.{kernel}: {OUTCOMES[outcome]}: {shape}")
