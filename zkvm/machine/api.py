"""Prove what a program computes, and check such a proof: the two calls that the rest of the project makes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from zkvm.backends.cuda import CudaBackend
from zkvm.backends.interface import Backend
from zkvm.emulator.elf import Program
from zkvm.emulator.emulator import Execution, run
from zkvm.machine.errors import OtherProgram
from zkvm.machine.expand.device import MADE_ON_DEVICE
from zkvm.machine.heights import heights_for
from zkvm.machine.machine import riscv
from zkvm.machine.program import fixed_columns, parameters
from zkvm.machine.trace import build_trace, expansion_for
from zkvm.stark import prover, verifier
from zkvm.stark.device_memory import CONTEXT_BYTES, DeviceForecast, forecast
from zkvm.stark.key import ProvingKey, VerifyingKey
from zkvm.stark.profiles import Profile
from zkvm.stark.refusals import ProofDoesNotFitDevice

Progress = Callable[[str, float], None]
"""Told which stage is under way and the fraction of it that is done."""

STAGES = ("execute", "expand", *prover.STAGES)
"""The stages of ``prove``, in order."""


@dataclass(frozen=True)
class Proven:
    """A run and the proof of it.

    Attributes:
        output: The public words.
        proof: The proof's bytes; with the verifying key and the output they convince anybody.
        execution: The run: its cost, its hints, its log.
    """

    output: tuple[int, ...]
    proof: bytes
    execution: Execution


def prove(
    program: Program,
    input_bytes: bytes,
    profile: Profile,
    key: ProvingKey,
    backend: Backend,
    hints: Sequence[int] | None = None,
    progress: Progress | None = None,
    memory_limit: int | None = None,
) -> Proven:
    """Run a program and prove its output.

    Args:
        program: The guest.
        input_bytes: Its input, which stays private.
        profile: The parameters of the proof.
        key: ``key_for(program, profile, backend)``.
        backend: Computes.
        hints: Words for the guest's hint cursor; made while the guest asks, if left out.
        progress: Told how far the work is, by ``STAGES``.
        memory_limit: Bytes the process may use; what the machine has free, if left out.

    Raises:
        GuestError: the guest did what cannot be proven; nothing was proven.
        OtherProgram: the key is of another program.
        TableTooTall: the run needs more rows than a proof may have.
        ProofDoesNotFit: the memory forecast exceeds the limit.
        StarkError: as ``zkvm.stark.prover.prove``.
    """
    report = progress or _silent
    report("execute", 0.0)
    execution = run(program, input_bytes, hints)
    return prove_execution(execution, profile, key, backend, report, memory_limit)


def check_device(backend: CudaBackend, execution: Execution, profile: Profile) -> DeviceForecast:
    """What a proof takes of the memory of the backend's device, and of the host beside it.

    Raises:
        ProofDoesNotFitDevice: That is more than is free there now.
    """
    free = backend.device.memory()[0] + CONTEXT_BYTES
    needed = forecast(riscv(), heights_for(execution.program, execution.cost), profile, free, MADE_ON_DEVICE)
    if needed.device.peak > free:
        raise ProofDoesNotFitDevice(needed.device.peak, free, needed.device.peak_stage)
    return needed


def prove_execution(
    execution: Execution,
    profile: Profile,
    key: ProvingKey,
    backend: Backend,
    progress: Progress | None = None,
    memory_limit: int | None = None,
) -> Proven:
    """Prove a run that is already there. Arguments and errors as of ``prove``."""
    check_key(execution.program, key)
    report = progress or _silent
    report("expand", 0.0)
    trace = build_trace(execution.program, execution.log, expansion_for(backend))
    proof = prover.prove(riscv(), key, trace, execution.output, profile, backend, progress, memory_limit=memory_limit)
    return Proven(execution.output, proof.to_bytes(), execution)


def verify(key: VerifyingKey, output: Sequence[int], profile: Profile, proof: bytes) -> None:
    """Check that the key's program has an input on which it ends with this output.

    Raises:
        VerificationError: the proof does not prove that; the subclass says which check failed.
    """
    verifier.verify(riscv(), key, output, profile, proof)


def check_key(program: Program, key: ProvingKey) -> None:
    """Refuse a key with which only a worthless proof would be made.

    Raises:
        OtherProgram: the key's constants, instructions or data are not the program's.
    """
    expected = parameters(program)
    for name, value in expected.items():
        if key.vk.parameters.get(name) != value:
            raise OtherProgram(f"{name} is {value:#x} in the program and {key.vk.parameters.get(name)} in the key")
    for name, columns in fixed_columns(program).items():
        if not np.array_equal(columns, key.fixed[name]):
            raise OtherProgram(f"the columns of {name} differ")


def _silent(stage: str, fraction: float) -> None:
    pass
