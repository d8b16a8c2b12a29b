"""A stand-in for CuPy: what streams hold is run as late as it may be, in an order drawn anew, so that a missing event
shows. Its device's memory is the host's; a block that was freed is given out again at once on the stream it was
allocated on, as by CuPy's pool. Kernels are Python functions of addresses.
"""

import ctypes
import random
from collections import defaultdict, deque
from types import SimpleNamespace

import numpy as np

POISON = 0xA5
TO_DEVICE, TO_HOST = 1, 2


class Moment:
    """One record of an event: past once its stream has come to it."""

    past = False


class FakeCupy:
    """What ``CupyDevice`` uses of the module.

    Args:
        seed: Of the order in which streams go on.
        first: The number of the stream that goes on whenever it can; by chance, without it.
        kernels: Functions by name, of a launch's words.
        capacity: Bytes of the device.

    Attributes:
        on_device: Names of the kernels that were loaded before a launch asked for them.
    """

    def __init__(self, seed=1, first=None, kernels=(), capacity=1 << 30):
        self._random, self._first, self.capacity = random.Random(seed), first, capacity
        self.kernels, self.streams, self._current, self._pinned = dict(kernels), [], [], []
        self.on_device = set()
        self.cuda = SimpleNamespace(
            Stream=lambda non_blocking: Stream(self),
            Event=lambda disable_timing: Event(self),
            MemoryPool=lambda: Pool(self),
            Device=lambda index: Device(),
            alloc_pinned_memory=self._alloc_pinned,
            runtime=SimpleNamespace(
                getDeviceCount=lambda: 1,
                getDeviceProperties=lambda index: {"name": b"fake"},
                memGetInfo=lambda: (capacity, capacity),
                memcpyAsync=self._copy,
                memcpyHostToDevice=TO_DEVICE,
                memcpyDeviceToHost=TO_HOST,
                CUDARuntimeError=CudaError,
            ),
            driver=SimpleNamespace(CUDADriverError=CudaError),
            memory=SimpleNamespace(OutOfMemoryError=MemoryError),
            compiler=SimpleNamespace(CompileException=SyntaxError),
        )

    @property
    def current(self):
        return self._current[-1]

    def RawModule(self, code, options, backend):
        return SimpleNamespace(compile=lambda: None, get_function=lambda name: Function(self, name))

    def until(self, reached):
        """Let streams go on until that is so."""
        while not reached():
            ready = [stream for stream in self.streams if stream.ready]
            assert ready, "every stream waits for another"
            favoured = [stream for stream in ready if stream.ptr == self._first]
            (favoured or [self._random.choice(ready)])[0].step()

    def _alloc_pinned(self, size):
        made = Pinned(np.full(size, POISON, np.uint8))
        self._pinned.append(range(made.ptr, made.ptr + size))
        return made

    def _copy(self, target, source, size, kind, stream):
        # The driver reads ordinary memory of the host before it returns, pinned memory when the copy's turn comes.
        read = (
            None if any(source in part for part in self._pinned) or kind == TO_HOST else ctypes.string_at(source, size)
        )
        (on,) = [one for one in self.streams if one.ptr == stream]
        on.queue.append(lambda: ctypes.memmove(target, source if read is None else read, size))


class Function:
    """A kernel; it is on the device from when it is first asked something."""

    def __init__(self, cupy, name):
        self._cupy, self._name = cupy, name

    @property
    def num_regs(self):
        self._cupy.on_device.add(self._name)
        return 32

    def __call__(self, grid, block, words, shared_mem):
        work, values = self._cupy.kernels[self._name], [int(word) for word in words]
        self._cupy.current.queue.append(lambda: work(*values))


class CudaError(Exception):
    """Never raised."""


class Pinned(np.ndarray):
    """Memory of the host."""

    def __new__(cls, data):
        made = data.view(cls)
        made.ptr = data.ctypes.data
        return made


class Device:
    """The only one."""

    compute_capability = "90"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


class Stream:
    """Work in order: functions, moments to pass, moments to wait for."""

    def __init__(self, cupy):
        self._cupy, self.queue, self.ptr = cupy, deque(), len(cupy.streams)
        cupy.streams.append(self)

    def __enter__(self):
        self._cupy._current.append(self)
        return self

    def __exit__(self, *_):
        self._cupy._current.pop()

    def wait_event(self, event):
        if event.moment is not None:
            self.queue.append(("wait", event.moment))

    def synchronize(self):
        self._cupy.until(lambda: not self.queue)

    @property
    def ready(self):
        return bool(self.queue) and (callable(self.queue[0]) or self.queue[0][0] == "pass" or self.queue[0][1].past)

    def step(self):
        work = self.queue.popleft()
        if callable(work):
            work()
        elif work[0] == "pass":
            work[1].past = True


class Event:
    """The moment that was recorded last."""

    def __init__(self, cupy):
        self._cupy, self.moment = cupy, None

    def record(self, stream):
        self.moment = Moment()
        stream.queue.append(("pass", self.moment))

    def synchronize(self):
        moment = self.moment
        if moment is not None:
            self._cupy.until(lambda: moment.past)


class Pool:
    """Blocks that were freed, by stream and size."""

    def __init__(self, cupy):
        self._cupy, self._free, self._used = cupy, defaultdict(list), 0

    def malloc(self, size):
        where = self._cupy.current.ptr, size
        free = self._free[where]
        if not free and self._used + self.free_bytes() + size > self._cupy.capacity:
            raise MemoryError
        self._used += size
        return Block(self, where, free.pop() if free else np.full(size, POISON, np.uint8))

    def left(self, where, data):
        self._free[where].append(data)
        self._used -= data.nbytes

    def used_bytes(self):
        return self._used

    def free_bytes(self):
        return sum(block.nbytes for blocks in self._free.values() for block in blocks)

    def free_all_blocks(self):
        for stream in self._cupy.streams:
            stream.synchronize()  # as the device does before memory leaves it
        self._free.clear()

    def get_limit(self):
        return 0


class Block:
    """Memory in use."""

    def __init__(self, pool, where, data):
        self._pool, self._where, self._data = pool, where, data
        self.ptr = data.ctypes.data

    def __del__(self):
        self._pool.left(self._where, self._data)
