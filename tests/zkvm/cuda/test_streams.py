"""Two streams and one order: whatever a device does first, kernels read what was uploaded and nothing later.

CuPy's calls are those of ``fake_cupy``; on a device the same is asked in ``test_device``.
"""

import ctypes
import random

import numpy as np
import pytest

from tests.zkvm.cuda.fake_cupy import FakeCupy, Stream
from zkvm.backends.cuda import cupy_device
from zkvm.backends.cuda.cupy_device import CupyDevice
from zkvm.backends.cuda.device import Launch
from zkvm.backends.cuda.errors import OutOfDeviceMemory

STAGED_FROM, STAGING = 64, 32
SHAPE = Launch(1, 1)
KERNELS = 'extern "C" __global__ void copied(u64 source, u64 target, u64 size)'


def copied(source: int, target: int, size: int) -> None:
    """Kernel: every byte, plus one."""
    data = np.frombuffer(ctypes.string_at(source, size), np.uint8) + np.uint8(1)
    ctypes.memmove(target, data.tobytes(), size)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch):
    """Opens a device on a fake of CuPy whose copies are long from 64 bytes on."""
    monkeypatch.setattr(cupy_device, "STAGED_FROM", STAGED_FROM)
    monkeypatch.setattr(cupy_device, "STAGING_BYTES", STAGING)

    def open_device(seed: int = 1, first: int | None = None, capacity: int = 1 << 30) -> tuple[CupyDevice, FakeCupy]:
        fake = FakeCupy(seed, first, {"copied": copied}, capacity)
        monkeypatch.setattr(cupy_device, "_cupy", lambda index: fake)
        return CupyDevice(), fake

    return open_device


def wrong_bytes(device: CupyDevice, seed: int, steps: int = 60) -> int:
    """How many buffers hold something else than they should after random uploads, kernels, frees and downloads."""
    rng, wrong = random.Random(seed), 0
    kernels = device.load("kernels", KERNELS)
    live: list[tuple[object, bytes]] = []

    def check(memory, expected: bytes) -> int:
        out = np.empty(len(expected), np.uint8)
        device.download(memory.address, out)
        return int(out.tobytes() != expected)

    for _ in range(steps):
        what = rng.random()
        if what < 0.45 or not live:
            data = rng.randbytes(rng.choice((8, STAGED_FROM, 3 * STAGING + 8)))
            host = np.frombuffer(data, np.uint8).copy()
            live.append((device.upload(host), data))
            host[:] = 0
        elif what < 0.75:
            memory, data = rng.choice(live)
            made = device.allocate(len(data))
            kernels.launch("copied", SHAPE, [memory.address, made.address, len(data)])
            live.append((made, bytes(byte + 1 & 0xFF for byte in data)))
        elif what < 0.97:
            live.pop(rng.randrange(len(live)))
        else:
            wrong += check(*rng.choice(live))
    return wrong + sum(check(*one) for one in live)


@pytest.mark.parametrize("first", [None, 0, 1], ids=["by chance", "kernels first", "copies first"])
@pytest.mark.parametrize("seed", range(12))
def test_every_order_gives_the_same_bytes(opened, seed: int, first: int | None) -> None:
    device, _ = opened(seed, first)
    assert wrong_bytes(device, seed) == 0


def test_a_missing_wait_shows(opened, monkeypatch: pytest.MonkeyPatch) -> None:
    wait = Stream.wait_event
    for missing, first in ((0, 0), (1, 1)):  # kernels that wait for no copy; copies that wait for no kernel
        monkeypatch.setattr(
            Stream, "wait_event", lambda self, event, missing=missing: self.ptr != missing and wait(self, event)
        )
        assert sum(wrong_bytes(opened(seed, first)[0], seed) for seed in range(12)) > 0


def test_a_long_copy_runs_beside_kernels_and_a_later_kernel_waits_for_it(opened) -> None:
    device, fake = opened(first=1)
    kernels, arrivals = fake.streams
    module = device.load("kernels", KERNELS)
    early, late = device.allocate(96), device.allocate(96)
    module.launch("copied", SHAPE, [early.address, early.address, 96])
    there = device.upload(np.arange(96, dtype=np.uint8))
    arrivals.synchronize()
    assert len(kernels.queue) == 2, "the copy is done, the kernel before it is not, and then there is a wait"
    module.launch("copied", SHAPE, [there.address, late.address, 96])
    out = np.empty(96, np.uint8)
    device.download(late.address, out)
    assert out.tolist() == list(range(1, 97))


def test_memory_of_an_upload_is_used_again_and_counted(opened) -> None:
    device, _ = opened()
    first = device.upload(np.zeros(96, np.uint8))
    address = first.address
    assert device.peak == 96
    del first
    assert device.allocate(96).address != address, "kernels have memory of their own"
    assert device.upload(np.ones(96, np.uint8)).address == address


def test_memory_that_one_stream_left_is_there_for_the_other(opened) -> None:
    device, _ = opened(capacity=200)
    device.upload(np.zeros(96, np.uint8))
    kept = device.allocate(160)
    with pytest.raises(OutOfDeviceMemory):
        device.upload(np.zeros(96, np.uint8))
    del kept
    assert device.upload(np.zeros(96, np.uint8)).address


def test_kernels_are_on_the_device_before_the_first_launch(opened) -> None:
    device, fake = opened()
    device.load("kernels", KERNELS)
    assert fake.on_device == {"copied"}
