"""Whole proofs of RISC-V programs: the bytes that the processors give."""

from collections.abc import Callable

import pytest

from tests.zkvm.assembler import assemble
from tests.zkvm.cuda.devices import device
from tests.zkvm.cuda.emulated import EmulatedDevice, needs_compiler
from tests.zkvm.machine.programs import INPUT, every_instruction
from zkvm.backends.cpu import CpuBackend
from zkvm.backends.cuda import CudaBackend
from zkvm.backends.cuda.device import Device
from zkvm.guest_kit.examples import example
from zkvm.machine.api import prove
from zkvm.machine.expand.device import MADE_ON_DEVICE
from zkvm.machine.heights import heights_for
from zkvm.machine.key import key_for
from zkvm.machine.machine import riscv
from zkvm.stark import device_memory
from zkvm.stark.device_memory import CONTEXT_BYTES
from zkvm.stark.profiles import FAST, L1, Profile

CASES = [
    pytest.param(device, FAST, id="cuda, fast", marks=[pytest.mark.gpu]),
    pytest.param(device, L1, id="cuda, l1", marks=[pytest.mark.gpu]),
    # A minute and a half of processor time; eight times as much at `l1`.
    pytest.param(EmulatedDevice, FAST, id="emulated, fast", marks=[pytest.mark.soak, needs_compiler]),
]


@pytest.mark.parametrize(("open_device", "profile"), CASES)
@pytest.mark.timeout(1800)
def test_every_instruction_gives_the_same_bytes(open_device: Callable[[], Device], profile: Profile) -> None:
    program, on_cpu, on_device = assemble(every_instruction()), CpuBackend(), CudaBackend(open_device())
    key = key_for(program, profile, on_cpu)
    expected = prove(program, INPUT, profile, key, on_cpu)
    found = prove(program, INPUT, profile, key, on_device)
    assert found.output == expected.output
    assert found.proof == expected.proof
    heights = heights_for(program, found.execution.cost)
    forecast = device_memory.forecast(riscv(), heights, profile, on_device.device.memory()[1], MADE_ON_DEVICE)
    assert on_device.device.peak <= forecast.device.peak - CONTEXT_BYTES


@pytest.mark.parametrize(
    "open_device",
    [
        pytest.param(device, id="cuda", marks=[pytest.mark.gpu]),
        pytest.param(EmulatedDevice, id="emulated", marks=[pytest.mark.soak, needs_compiler]),
    ],
)
@pytest.mark.timeout(1800)
def test_permutations_made_on_the_device_give_the_same_bytes(open_device: Callable[[], Device]) -> None:
    program, on_cpu = example("keccak"), CpuBackend()
    key = key_for(program, FAST, on_cpu)
    expected, found = (prove(program, INPUT, FAST, key, backend) for backend in (on_cpu, CudaBackend(open_device())))
    assert len(found.execution.log.keccak)
    assert found.proof == expected.proof


@pytest.mark.gpu
def test_a_program_s_key_is_the_same() -> None:
    program = assemble(every_instruction())
    keys = [key_for(program, FAST, backend).vk.to_bytes() for backend in (CpuBackend(), CudaBackend(device()))]
    assert keys[0] == keys[1]
