"""What only a real device shows: large copies, large transforms, the end of its memory. Skips where there is none."""

import numpy as np
import pytest

from tests.zkvm.backends.samples import columns
from tests.zkvm.cuda.devices import device
from zkvm.backends.cpu import CpuBackend
from zkvm.backends.cuda import CudaBackend
from zkvm.backends.cuda.arrays import DeviceArray, upload
from zkvm.backends.cuda.cupy_device import STAGED_FROM, STAGING_BYTES, CupyDevice
from zkvm.backends.cuda.errors import KernelRefused, OutOfDeviceMemory
from zkvm.backends.cuda.launching import Kernels

pytestmark = pytest.mark.gpu


@pytest.mark.parametrize("size", [8, STAGED_FROM - 8, STAGED_FROM, 2 * STAGING_BYTES, 5 * STAGING_BYTES + 8])
def test_copies_of_every_length_there_and_back(size: int) -> None:
    values = np.random.default_rng(size).integers(0, 2**64, size // 8, dtype=np.uint64)
    held = values.copy()
    there = upload(Kernels(device()), held)
    held[:] = 0
    assert (there.to_host() == values).all()


def test_uploads_beside_kernels_in_memory_that_kernels_have_read() -> None:
    kernels, rng = Kernels(device()), np.random.default_rng(5)
    held: list[tuple[DeviceArray, np.ndarray]] = []
    for _ in range(40):
        values = rng.integers(0, 2**64, (1, 1 << 20), dtype=np.uint64)
        there = upload(kernels, values)
        copies = kernels.empty(8, 1 << 20)
        copies[...] = there
        held.append((copies, values))
        del there  # the next upload is given its memory
        if len(held) == 8:
            for copy, expected in held:
                assert (copy.to_host() == expected).all()
            held.clear()


@pytest.mark.parametrize(("width", "log_rows"), [(3, 20), (2, 22), (1, 24), (200, 13)])
def test_large_transforms(width: int, log_rows: int) -> None:
    on_device, on_cpu = CudaBackend(device()), CpuBackend()
    coefficients = columns(width, 1 << log_rows)
    values = on_device.evaluate(coefficients, 7)
    assert (values.to_host() == on_cpu.evaluate(coefficients, 7)).all()  # type: ignore[attr-defined]
    back = on_device.interpolate(on_device.evaluate(coefficients, 1))
    assert (back.to_host() == coefficients).all()  # type: ignore[attr-defined]
    digests = on_device.digest_rows([values], 25)
    assert (digests.to_host() == on_cpu.digest_rows([on_cpu.evaluate(coefficients, 7)], 25)).all()  # type: ignore[attr-defined]


def test_more_memory_than_there_is() -> None:
    _, whole = device().memory()
    with pytest.raises(OutOfDeviceMemory) as raised:
        device().allocate(2 * whole)
    assert raised.value.needed == 2 * whole
    assert (upload(Kernels(device()), columns(2, 64)).to_host() == columns(2, 64)).all()


def test_a_limit_of_one_s_own() -> None:
    device()
    limited = CupyDevice(limit=1 << 20)
    assert limited.memory()[0] <= 1 << 20
    with pytest.raises(OutOfDeviceMemory):
        limited.allocate(1 << 21)


def test_a_kernel_that_does_not_compile() -> None:
    with pytest.raises(KernelRefused, match="broken"):
        device().load("broken", 'extern "C" __global__ void broken(void) { undefined(); }')


def test_loading_tells_how_far_it_is() -> None:
    told: list[float] = []
    CudaBackend(device()).warm_up(told.append)
    assert told == sorted(told) and told[-1] == 1.0
