"""The STARK prover on an NVIDIA device: the same proofs, and what becomes of a job when the device fails.

A device that fails costs its job one attempt: the error goes to the pool, which gives the job to somebody. Where the
device is lost the worker's process ends after that and is started again; else the device is opened anew before the next
job, which the worker holds for a while as long as that fails, and gives back. A worker that may fall back proves on the
processors instead, and tries the device again for the next job.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from cluster.errors import ProverBroken
from cluster.workers.stark import LOOK_S, WAITING, StarkProver, Tell
from zkvm.backends.cuda import CudaBackend
from zkvm.backends.cuda.constraints import DeviceConstraints
from zkvm.backends.cuda.cupy_device import CupyDevice
from zkvm.backends.cuda.device import Device
from zkvm.backends.cuda.errors import DeviceError, DeviceLost
from zkvm.emulator.emulator import Execution
from zkvm.machine.api import Proven, check_device, prove_execution
from zkvm.machine.machine import riscv
from zkvm.stark.device_memory import DeviceForecast
from zkvm.stark.key import ProvingKey
from zkvm.stark.refusals import ProofDoesNotFitDevice

log = structlog.get_logger(__name__)


@dataclass
class CudaStarkProver(StarkProver):
    """Proves batches on one device, one at a time.

    Attributes:
        device: Which, as CUDA counts those that the process sees.
        may_fall_back: Whether to prove on the processors when the device cannot.
        open_device: Opens it.
    """

    device: int = 0
    may_fall_back: bool = False
    open_device: Callable[[int], Device] = field(default=CupyDevice, repr=False)
    _backend: CudaBackend | None = field(default=None, repr=False)

    def warm_up(self) -> None:
        """Make the keys, open the device and load every kernel, so that the first proof takes no longer than others.

        Raises:
            DeviceError: The device cannot be used, and nothing else may be.
        """
        super().warm_up()
        try:
            self._backend = self._opened()
        except DeviceError as error:
            self._fallen(error)

    def _opened(self) -> CudaBackend:
        backend = CudaBackend(self.open_device(self.device))
        began = time.monotonic()
        for what, load in (("kernels", backend), ("constraints", DeviceConstraints(riscv(), backend.kernels))):
            load.warm_up(_progress(self.device, what))
        free, total = backend.device.memory()
        seconds = round(time.monotonic() - began, 1)
        log.info("device ready", device=self.device, name=backend.device.name, free=free, total=total, seconds=seconds)
        return backend

    def _compute(self, execution: Execution, key: ProvingKey, tell: Tell) -> Proven:
        try:
            backend = self._backend or self._reopened(tell)
            host = self._wait_for_device_memory(backend, execution, tell).host
            with self._promised(lambda limit: (host, "commit main"), tell) as limit:
                return prove_execution(execution, self.profile, key, backend, tell, limit)
        except DeviceError as error:
            self._backend = None
            self._fallen(error)
        except ProofDoesNotFitDevice as error:
            self._fallen(error)
        return super()._compute(execution, key, tell)

    def _fallen(self, error: DeviceError | ProofDoesNotFitDevice) -> None:
        """Go on without the device, or not."""
        if not self.may_fall_back:
            if isinstance(error, DeviceLost):  # CUDA keeps the error for the rest of the process's life.
                raise ProverBroken(error.message, hint=error.hint) from error
            raise error
        log.warning("proving on the processors", device=self.device, error=error.message, hint=error.hint)

    def _reopened(self, tell: Tell) -> CudaBackend:
        """The device opened anew, as soon as it can be."""
        began = time.monotonic()
        while True:
            try:
                self._backend = self._opened()
            except DeviceError:
                waited = time.monotonic() - began
                if self.may_fall_back or waited > self.patience_s:
                    raise
                tell(WAITING, waited / self.patience_s)
                time.sleep(LOOK_S)
            else:
                return self._backend

    def _wait_for_device_memory(self, backend: CudaBackend, execution: Execution, tell: Tell) -> DeviceForecast:
        """What the proof takes, as soon as that fits what other processes leave of the device.

        Raises:
            ProofDoesNotFitDevice: Waiting did not help.
        """
        began = time.monotonic()
        while True:
            try:
                return check_device(backend, execution, self.profile)
            except ProofDoesNotFitDevice:
                waited = time.monotonic() - began
                if waited > self.patience_s:
                    raise
                tell(WAITING, waited / self.patience_s)
                time.sleep(LOOK_S)


def _progress(device: int, what: str) -> Callable[[float], None]:
    def report(fraction: float) -> None:
        log.info("loading", device=device, what=what, done=round(fraction, 2))

    return report
