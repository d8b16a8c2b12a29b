"""What can go wrong with a device.

::

    zkvm.backends.errors.BackendError
    └── DeviceError                  has the device's index
        ├── NoDevice                 no device here, or none with this index
        │   ├── CupyMissing          the Python package that talks to devices is not installed
        │   └── DriverTooOld         NVIDIA's driver is missing or older than CuPy's CUDA
        ├── DeviceTooOld             the device lacks what the kernels need
        ├── OutOfDeviceMemory        an allocation did not fit
        ├── KernelRefused            the compiler or the driver does not take a kernel
        └── DeviceLost               the device fails everything from now on
"""

from zkvm.backends.errors import BackendError


class DeviceError(BackendError):
    """Base of the errors of devices.

    Attributes:
        index: Which device, as CUDA counts them.
    """

    def __init__(self, message: str, index: int = 0) -> None:
        super().__init__(message)
        self.index = index


class NoDevice(DeviceError):
    """There is no such device."""

    hint = "`nvidia-smi -L` lists the devices there are; CUDA_VISIBLE_DEVICES hides some"


class CupyMissing(NoDevice):
    """CuPy cannot be imported."""

    hint = "install the extra `cuda`: pip install 'zkhub[cuda]'"


class DriverTooOld(NoDevice):
    """The driver is missing, or serves an older CUDA than CuPy was made for."""

    hint = "install NVIDIA's driver 580 or newer (CUDA 13)"


class DeviceTooOld(DeviceError):
    """The device's compute capability is too low."""

    hint = "devices of compute capability 8.0 and newer prove (A100, RTX 30, L4, H100, B200 and their like)"


class OutOfDeviceMemory(DeviceError):
    """An allocation did not fit.

    Attributes:
        needed: Bytes that were asked for.
        free: Bytes that were left.
    """

    hint = "end what else uses the device, or give the prover a smaller memory limit so that it plans for less"

    def __init__(self, needed: int, free: int, index: int = 0) -> None:
        super().__init__(f"{needed:,} bytes of device memory were asked for and {free:,} are left", index)
        self.needed = needed
        self.free = free


class KernelRefused(DeviceError):
    """A kernel does not compile, load or start."""

    hint = "the kernels of this version are made for CUDA 13; `make test-gpu` says which fail"


class DeviceLost(DeviceError):
    """The device does not answer any more: it fell off the bus, or a kernel broke it."""

    hint = "the driver's log (`dmesg | grep -i xid`) says why; the process has to be started again to use the device"
