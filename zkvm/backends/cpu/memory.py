"""Memory for results: on a cache line's boundary, in large pages, and used again.

A page that the process never touched has to be found and cleared by the system, on a virtual machine perhaps by the one
beneath it: that can cost more than the transform which fills it. So large blocks whose arrays are gone are kept for the
next results of that size. Before new memory is asked for, as much kept memory is given back: blocks in use and kept
together never exceed what was once in use together.
"""

import mmap
import threading
import weakref

import numpy as np

from zkvm.backends.tree import Bytes
from zkvm.field.base import Array

ALIGNMENT = 64  # bytes: a cache line, and a vector of AVX-512
LARGE = 1 << 21  # bytes: a large page, and the least that is kept
SLACK = 8  # a kept block serves a result that leaves no more than an eighth of it unused


class BlockPool:
    """Blocks of whole large pages: lent as arrays, back when no array looks at them any more."""

    def __init__(self) -> None:
        self._lock = threading.RLock()  # a block may come back while one is being looked for, by garbage collection
        self._kept: list[mmap.mmap] = []  # longest unused first

    def lend(self, size: int) -> Bytes:
        """``size`` bytes, not cleared. The block returns by itself when this array and all its views are gone."""
        rounded = -(-size // LARGE) * LARGE
        block = self._take(rounded) or self._new(rounded)
        array = np.frombuffer(block, dtype=np.uint8)
        weakref.finalize(array, self._keep, block).atexit = False
        return array[:size]

    def kept(self) -> int:
        """Bytes that are kept for later."""
        with self._lock:
            return sum(len(block) for block in self._kept)

    def give_back(self) -> int:
        """Leave everything that is kept to the system; returns how many bytes that were."""
        with self._lock:
            given, self._kept = self._kept, []
        return sum(map(len, given))

    def _take(self, size: int) -> mmap.mmap | None:
        """The smallest kept block that fits; without one, kept blocks are given up for the new one to come."""
        with self._lock:
            fitting = [block for block in self._kept if size <= len(block) <= size + size // SLACK]
            if fitting:
                best = min(fitting, key=len)
                self._kept.remove(best)
                return best
            given_up = 0
            while self._kept and given_up < size:
                given_up += len(self._kept.pop(0))
            return None

    def _new(self, size: int) -> mmap.mmap:
        block = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        if hasattr(mmap, "MADV_HUGEPAGE"):
            block.madvise(mmap.MADV_HUGEPAGE)
        return block

    def _keep(self, block: mmap.mmap) -> None:
        with self._lock:
            self._kept.append(block)


POOL = BlockPool()


def empty_bytes(*shape: int) -> Bytes:
    """An uninitialised uint8 array."""
    size = int(np.prod(shape))
    return POOL.lend(size).reshape(shape) if size >= LARGE else np.empty(shape, dtype=np.uint8)


def empty(*shape: int) -> Array:
    """An uninitialised uint64 array that begins on a cache line."""
    size = 8 * int(np.prod(shape))
    if size >= LARGE:
        return POOL.lend(size).view(np.uint64).reshape(shape)
    raw = np.empty(size + ALIGNMENT, dtype=np.uint8)
    start = -raw.ctypes.data % ALIGNMENT
    return raw[start : start + size].view(np.uint64).reshape(shape)
