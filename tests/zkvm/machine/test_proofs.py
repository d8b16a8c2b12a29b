"""Real proofs of whole runs, made on all cores and checked by the verifier in Python."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.zkvm.assembler import assemble
from tests.zkvm.machine.programs import INPUT, every_instruction, random_program
from tests.zkvm.machine.test_trace import signature
from zkvm.backends.cpu import CpuBackend
from zkvm.emulator.elf import Program
from zkvm.emulator.emulator import run
from zkvm.emulator.errors import GuestError
from zkvm.guest_kit.examples import example
from zkvm.machine.api import STAGES, Proven, prove, verify
from zkvm.machine.errors import OtherProgram
from zkvm.machine.key import key_for
from zkvm.machine.machine import riscv
from zkvm.machine.trace import build_trace
from zkvm.stark import prover
from zkvm.stark.errors import VerificationError
from zkvm.stark.key import ProvingKey
from zkvm.stark.profiles import FAST, L1, L1_128, Profile
from zkvm.stark.refusals import ProofDoesNotFit
from zkvm.stark.trace import Trace


@pytest.fixture(scope="module")
def backend() -> CpuBackend:
    return CpuBackend()


@pytest.fixture(scope="module")
def keys(backend: CpuBackend, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keys")


Honest = tuple[Program, ProvingKey, Proven]


@pytest.fixture(scope="module")
def honest(backend: CpuBackend, keys: Path) -> Honest:
    """Every instruction of RV32IM in one proof."""
    program = assemble(every_instruction())
    key = key_for(program, FAST, backend, keys)
    return program, key, prove(program, INPUT, FAST, key, backend)


def test_every_instruction_is_proven(honest: Honest) -> None:
    _, key, proven = honest
    verify(key.vk, proven.output, FAST, proven.proof)


@pytest.mark.parametrize("word", range(8))
def test_another_output_is_rejected(honest: Honest, word: int) -> None:
    _, key, proven = honest
    wrong = list(proven.output)
    wrong[word] ^= 1
    with pytest.raises(VerificationError):
        verify(key.vk, wrong, FAST, proven.proof)


def test_another_programs_key_is_rejected(honest: Honest, backend: CpuBackend, keys: Path) -> None:
    """A program that differs in one immediate."""
    program, key, proven = honest
    other = assemble(every_instruction().replace("xori t2, t0, 2047", "xori t2, t0, 2046"))
    assert (other.entry, other.halt_pc) == (program.entry, program.halt_pc)
    other_key = key_for(other, FAST, backend, keys)
    assert other_key.vk.hash != key.vk.hash
    with pytest.raises(VerificationError):
        verify(other_key.vk, proven.output, FAST, proven.proof)


@pytest.mark.parametrize("parameter", ["entry", "halt_pc", "in_lo", "zero_lo"])
def test_other_parameters_are_rejected(honest: Honest, parameter: str) -> None:
    _, key, proven = honest
    changed = replace(key.vk, parameters={**key.vk.parameters, parameter: key.vk.parameters[parameter] + 4})
    with pytest.raises(VerificationError):
        verify(changed, proven.output, FAST, proven.proof)


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("main", "c"),
        ("memb", "sg"),
        ("ram", "vi"),
        ("byte", "m_pair"),
        ("chi", "m"),
    ],
)
def test_a_changed_cell_is_not_proven(honest: Honest, backend: CpuBackend, table: str, column: str) -> None:
    """The prover proves what it is given; the verifier does not accept it."""
    program, key, _ = honest
    execution = run(program, INPUT)
    trace = build_trace(program, execution.log)
    cells = np.array(trace.main[table])
    cells[riscv().table(table).main.index(column), 1] += 1
    tampered = Trace({**trace.main, table: cells}, trace.fill_aux)
    proof = prover.prove(riscv(), key, tampered, execution.output, FAST, backend)
    with pytest.raises(VerificationError):
        verify(key.vk, execution.output, FAST, proof.to_bytes())


@pytest.mark.parametrize("other", ["li a0, 1", every_instruction().replace("xori t2, t0, 2047", "xori t2, t0, 2046")])
def test_the_key_must_be_the_programs(honest: Honest, backend: CpuBackend, other: str) -> None:
    """Another entry or end; or the same, and one immediate differs."""
    _, key, _ = honest
    with pytest.raises(OtherProgram):
        prove(assemble(other), INPUT, FAST, key, backend)


def test_a_guest_at_fault_is_not_proven(honest: Honest, backend: CpuBackend) -> None:
    """Before anything is expanded or committed."""
    _, key, _ = honest
    told: list[str] = []
    with pytest.raises(GuestError) as fault:
        prove(assemble("li a0, 1\nlw a0, 2(a0)"), b"", FAST, key, backend, progress=lambda stage, _: told.append(stage))
    assert (fault.value.pc, told) == (0x1004, ["execute"])


def test_a_proof_that_does_not_fit_is_not_begun(honest: Honest, backend: CpuBackend) -> None:
    program, key, _ = honest
    told: list[str] = []
    with pytest.raises(ProofDoesNotFit):
        prove(program, INPUT, FAST, key, backend, progress=lambda stage, _: told.append(stage), memory_limit=1 << 20)
    assert "commit main" not in told


def test_progress_is_told_by_stage(honest: Honest, backend: CpuBackend) -> None:
    program, key, proven = honest
    told: list[tuple[str, float]] = []
    again = prove(program, INPUT, FAST, key, backend, progress=lambda stage, done: told.append((stage, done)))
    assert again.proof == proven.proof
    assert list(dict.fromkeys(stage for stage, _ in told)) == list(STAGES)
    assert all(0 <= done <= 1 for _, done in told)


@pytest.mark.parametrize(
    ("name", "data"),
    [("keccak", bytes(1000)), ("ecrecover", signature()), ("sha256", b"abc")],
    ids=["keccak", "ecrecover", "sha256"],
)
def test_guests_are_proven(backend: CpuBackend, keys: Path, name: str, data: bytes) -> None:
    program = example(name)
    key = key_for(program, FAST, backend, keys)
    proven = prove(program, data, FAST, key, backend)
    verify(key.vk, proven.output, FAST, proven.proof)


@pytest.mark.parametrize("seed", [100, 101])
def test_random_programs_are_proven(backend: CpuBackend, keys: Path, seed: int) -> None:
    program = assemble(random_program(seed))
    key = key_for(program, FAST, backend, keys)
    proven = prove(program, INPUT, FAST, key, backend)
    verify(key.vk, proven.output, FAST, proven.proof)


@pytest.mark.slow
@pytest.mark.parametrize(
    "profile",
    [pytest.param(L1, id="l1", marks=pytest.mark.soak), pytest.param(L1_128, id="l1-128", marks=pytest.mark.soak)],
)
def test_proofs_for_l1(backend: CpuBackend, profile: Profile) -> None:
    program = example("fibonacci")
    key = key_for(program, profile, backend)
    proven = prove(program, (1000).to_bytes(4, "little"), profile, key, backend)
    assert proven.output[:2] == (1000, 1556111435)
    verify(key.vk, proven.output, profile, proven.proof)
    with pytest.raises(VerificationError):
        verify(key.vk, (1001, *proven.output[1:]), profile, proven.proof)
