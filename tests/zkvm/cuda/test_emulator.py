"""The emulator itself: it computes what a device would, and shows what a device would only do now and then."""

import subprocess
import sys

import numpy as np
import pytest

from tests.zkvm.cuda.emulated import EmulatedDevice, compiled, needs_compiler
from zkvm.backends.cuda.arrays import upload
from zkvm.backends.cuda.device import Launch
from zkvm.backends.cuda.errors import KernelRefused, OutOfDeviceMemory
from zkvm.backends.cuda.launching import Kernels
from zkvm.backends.cuda.sources import flattened

pytestmark = needs_compiler

TEXT = """#include "kernel.h"
/* Each thread hands its number to its neighbour. */
ZK_KERNEL turned(uint64_t *out) {
    zk_shared[threadIdx.x] = threadIdx.x;
    __syncthreads();
    out[zk_thread()] = zk_shared[(threadIdx.x + 1) % blockDim.x];
}
ZK_KERNEL turned_without_a_barrier(uint64_t *out) {
    zk_shared[threadIdx.x] = threadIdx.x;
    out[zk_thread()] = zk_shared[(threadIdx.x + 1) % blockDim.x];
}
ZK_KERNEL never_all_at_the_barrier(uint64_t *out) {
    if (threadIdx.x % 2) __syncthreads();
    out[zk_thread()] = 0;
}
ZK_KERNEL what_shared_memory_holds(uint64_t *out) { out[zk_thread()] = zk_shared[threadIdx.x]; }
ZK_KERNEL one_word_too_far(uint64_t *out) {
    zk_shared[threadIdx.x + 1] = 1;
    out[zk_thread()] = 0;
}
ZK_KERNEL intrinsics(uint64_t *out) {
    out[0] = __umul64hi(0xFFFFFFFFFFFFFFFFULL, 0xFFFFFFFFFFFFFFFFULL);
    out[1] = (uint64_t)__brevll(0x1ULL << 3);
    out[2] = (uint64_t)__clzll(1LL << 40);
    out[3] = __byte_perm(0x44332211u, 0x88776655u, 0x0123) ;
    out[4] = __byte_perm(0x44332211u, 0x88776655u, 0x7410);
    out[5] = 9;
    zk_report_least(out + 5, 7);
    zk_report_least(out + 5, 8);
    out[6] = 0x1FFFFFFFFULL;
    out[6] += atomicAdd((unsigned *)(out + 6), 2u);
}
"""


@pytest.fixture
def module():
    kernels = Kernels(EmulatedDevice())
    loaded = kernels.module("test", lambda: flattened(TEXT))

    def run(kernel, threads, blocks=3, shared=None):
        out = kernels.empty(threads * blocks)
        shape = Launch(blocks, threads, shared=8 * threads if shared is None else shared)
        kernels.launch_from(loaded, kernel, shape, out)
        return out.to_host().reshape(blocks, threads)

    return run


def test_threads_of_a_block_meet_at_barriers(module):
    for row in module("turned", 64):
        assert row.tolist() == [(i + 1) % 64 for i in range(64)]


def test_a_missing_barrier_shows(module):
    found = module("turned_without_a_barrier", 64)
    assert all(row.tolist() != [(i + 1) % 64 for i in range(64)] for row in found)


def test_a_barrier_that_not_all_threads_come_to_is_refused(module):
    with pytest.raises(KernelRefused, match="barrier"):
        module("never_all_at_the_barrier", 8)
    assert module("turned", 8).shape == (3, 8)


def test_shared_memory_holds_nothing_to_rely_on(module):
    found = module("what_shared_memory_holds", 16)
    assert len(set(found.reshape(-1).tolist())) == found.size


def test_shared_memory_has_an_end(module):
    with pytest.raises(KernelRefused, match="shared memory"):
        module("one_word_too_far", 8)


def test_a_grid_that_no_device_takes_is_refused(module):
    for threads, shared in ((1025, 0), (8, 49 << 10)):
        with pytest.raises(KernelRefused, match="larger"):
            module("turned", threads, 1, shared)


def test_every_argument_is_given():
    kernels = Kernels(EmulatedDevice())
    loaded = kernels.module("test", lambda: flattened(TEXT))
    with pytest.raises(KernelRefused, match="number of arguments"):
        kernels.launch_from(loaded, "turned", Launch(1, 1), 1, 2)


def test_the_device_s_own_functions_are_as_documented(module):
    found = module("intrinsics", 1, 7)
    assert found.reshape(-1).tolist() == [2**64 - 2, 1 << 60, 23, 0x11223344, 0x88552211, 7, 0x200000000]


def test_memory_is_finite_and_comes_back():
    device = EmulatedDevice(capacity=1000)
    kept = device.allocate(600)
    with pytest.raises(OutOfDeviceMemory) as raised:
        device.allocate(401)
    assert (raised.value.needed, raised.value.free) == (401, 400)
    del kept
    assert device.memory() == (1000, 1000)


def test_what_does_not_compile_is_refused():
    with pytest.raises(KernelRefused, match="undefined_function"):
        compiled('extern "C" __global__ void broken(void) { undefined_function(); }')


PROGRAM = """
from tests.zkvm.cuda.emulated import EmulatedDevice
from zkvm.backends.cuda.launching import Kernels
kernels = Kernels(EmulatedDevice())
short = kernels.empty(7)
kernels.fill(kernels.empty(8), 1)
kernels.launch("pointwise", "fill", kernels.over(8), short, 8, 1)
kernels.device.synchronise()
"""


def test_a_write_beside_a_buffer_ends_the_process():
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60)
    assert done.returncode < 0
    assert "beside its buffer" in done.stderr


def test_uploads_are_copies():
    kernels = Kernels(EmulatedDevice())
    values = np.arange(5, dtype=np.uint64)
    there = upload(kernels, values)
    values[:] = 0
    assert there.tolist() == [0, 1, 2, 3, 4]
