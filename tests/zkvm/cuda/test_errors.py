"""What is said of devices that are missing, too old or broken: CUDA's codes become errors with a hint."""

import importlib.util

import pytest

from tests.zkvm.cuda.devices import device
from zkvm.backends.cuda.cupy_device import CupyDevice, error_for
from zkvm.backends.cuda.errors import (
    CupyMissing,
    DeviceLost,
    DriverTooOld,
    KernelRefused,
    NoDevice,
    OutOfDeviceMemory,
)


@pytest.mark.skipif(importlib.util.find_spec("cupy") is not None, reason="CuPy is installed here")
def test_without_cupy_there_is_no_device() -> None:
    with pytest.raises(CupyMissing, match="cupy") as raised:
        CupyDevice()
    assert "zkhub[cuda]" in raised.value.hint


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (2, OutOfDeviceMemory),
        (3, DriverTooOld),
        (35, DriverTooOld),
        (100, NoDevice),
        (101, NoDevice),
        (209, KernelRefused),
        (701, KernelRefused),
        (46, DeviceLost),
        (214, DeviceLost),
        (700, DeviceLost),
        (719, DeviceLost),
        (999, DeviceLost),
    ],
)
def test_a_code_of_cuda_is_the_error_that_it_means(code: int, expected: type) -> None:
    error = error_for(code, "cudaErrorSomething", 3)
    assert type(error) is expected
    assert error.index == 3
    assert error.hint


@pytest.mark.gpu
def test_a_device_that_is_not_there() -> None:
    device()
    with pytest.raises(NoDevice, match="9999"):
        CupyDevice(9999)
