"""The prover on a device: what it does before its first job, and when the device fails.

What is proven is decided by ``tests/zkvm``; here the proof itself is left out, and the device is the tests' emulator.
"""

import importlib.util
import threading
from collections.abc import Callable
from dataclasses import replace

import pytest

from cluster.errors import ProverBroken
from cluster.pool import Assignment, JobKey, Progress
from cluster.workers import cuda
from cluster.workers import stark as on_cpu
from cluster.workers.backends import make_backend
from cluster.workers.cuda import CudaStarkProver
from tests.unit.cluster.test_unproven import real_batch
from tests.zkvm.cuda.emulated import EmulatedDevice
from zkvm.backends.cuda.errors import CupyMissing, DeviceLost, NoDevice, OutOfDeviceMemory
from zkvm.backends.cuda.sources import MODULES
from zkvm.backends.interface import Backend
from zkvm.machine.machine import riscv
from zkvm.stark.profiles import FAST
from zkvm.stark.refusals import ProofDoesNotFitDevice


class Loading(EmulatedDevice):
    """Says what was loaded, without compiling it."""

    def load(self, name, text):  # type: ignore[no-untyped-def]
        self.loaded.append(name)


class Reached(Exception):
    """The proof would be made now."""

    def __init__(self, backend: Backend) -> None:
        super().__init__(backend.name)
        self.backend = backend


@pytest.fixture(autouse=True)
def _no_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    def reached(execution: object, profile: object, key: object, backend: Backend, *rest: object) -> None:
        raise Reached(backend)

    monkeypatch.setattr(cuda, "prove_execution", reached)
    monkeypatch.setattr(on_cpu, "prove_execution", reached)


def prover(open_device: Callable[[int], EmulatedDevice], **named: object) -> CudaStarkProver:
    made = CudaStarkProver(FAST, patience_s=0.0, open_device=open_device, **named)  # type: ignore[arg-type]
    made.warm_up()
    return made


def attempt(made: CudaStarkProver, seen: list[Progress] | None = None) -> str:
    """Which backend a batch would be proven with."""
    assert made._key is not None
    batch: Assignment = replace(real_batch(), key=JobKey(271, 1, made._key.vk.hash))
    with pytest.raises(Reached) as reached:
        made.prove(batch, threading.Event(), (seen if seen is not None else []).append)
    return reached.value.backend.name


def lost(index: int) -> EmulatedDevice:
    raise DeviceLost("it fell off the bus", index)


def test_every_kernel_is_loaded_before_the_first_job() -> None:
    device = Loading()
    made = prover(lambda index: device)
    assert device.loaded[: len(MODULES)] == list(MODULES)
    assert len(device.loaded) == len(MODULES) + len(riscv().tables)
    assert attempt(made) == "cuda"
    assert len(device.loaded) == len(MODULES) + len(riscv().tables)


def test_the_name_chooses_the_device_and_what_follows_its_failure() -> None:
    for name, device, may_fall_back in (
        ("stark-fast-cuda", 0, False),
        ("stark-fast-cuda@3", 3, False),
        ("stark-l1-cuda-or-cpu@1", 1, True),
    ):
        made = make_backend(name, 1 << 33)
        assert isinstance(made, CudaStarkProver)
        assert (made.device, made.may_fall_back, made.memory_bytes) == (device, may_fall_back, 1 << 33)


def test_a_device_is_opened_by_its_index() -> None:
    opened: list[int] = []

    def open_device(index: int) -> EmulatedDevice:
        opened.append(index)
        return Loading()

    prover(open_device, device=2)
    assert opened == [2]


def test_without_a_device_there_is_no_prover_unless_it_may_fall_back() -> None:
    def none(index: int) -> EmulatedDevice:
        raise NoDevice("there is no device 0: this machine has 0", index)

    with pytest.raises(NoDevice) as raised:
        prover(none)
    assert "nvidia-smi" in raised.value.hint
    assert attempt(prover(none, may_fall_back=True)) == "cpu"


@pytest.mark.skipif(importlib.util.find_spec("cupy") is not None, reason="CuPy is installed here")
def test_a_machine_without_cupy_is_told_what_to_install() -> None:
    with pytest.raises(CupyMissing) as raised:
        make_backend("stark-fast-cuda").warm_up()
    assert "zkhub[cuda]" in raised.value.hint


def test_a_lost_device_gives_the_job_back_and_is_opened_anew_for_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    devices = [Loading(), Loading()]
    left = list(devices)
    made = prover(lambda index: left.pop(0))

    def fails(*arguments: object) -> None:
        raise DeviceLost("a kernel broke it")

    with monkeypatch.context() as patch:
        patch.setattr(cuda, "prove_execution", fails)
        assert made._key is not None
        with pytest.raises(ProverBroken, match="a kernel broke it"):
            made.prove(replace(real_batch(), key=JobKey(271, 1, made._key.vk.hash)), threading.Event())
    assert attempt(made) == "cuda"
    assert not left and len(devices[1].loaded) == len(devices[0].loaded)


def test_a_lost_device_that_stays_lost_holds_the_job_for_its_patience_and_fails_it() -> None:
    made = prover(lambda index: Loading())
    made._backend, made.open_device = None, lost
    assert made._key is not None
    with pytest.raises(ProverBroken, match="fell off the bus"):
        made.prove(replace(real_batch(), key=JobKey(271, 1, made._key.vk.hash)), threading.Event())


@pytest.mark.parametrize("error", [DeviceLost("gone"), OutOfDeviceMemory(5, 4)])
def test_the_processors_take_over_in_the_middle_if_they_may(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    made = prover(lambda index: Loading(), may_fall_back=True)

    def fails(*arguments: object) -> None:
        raise error

    monkeypatch.setattr(cuda, "prove_execution", fails)
    assert attempt(made) == "cpu"


def test_a_proof_that_does_not_fit_the_device_is_not_begun() -> None:
    made = prover(lambda index: Loading(capacity=1 << 20))
    assert made._key is not None
    with pytest.raises(ProofDoesNotFitDevice, match="device memory"):
        made.prove(replace(real_batch(), key=JobKey(271, 1, made._key.vk.hash)), threading.Event())
    made.may_fall_back = True
    assert attempt(made) == "cpu"
