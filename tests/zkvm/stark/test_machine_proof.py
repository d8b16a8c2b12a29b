"""A proof of the whole RISC-V machine: verified in good time, refused when anything is changed."""

import random
import time
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

import zkvm
from tests.zkvm.air.evm import Opened, committed_codes
from tests.zkvm.stark.honest import Honest
from tests.zkvm.stark.mutations import refused, regions
from tests.zkvm.stark.slow_prover import Witness
from tests.zkvm.stark.toys import Toy
from zkvm.air.scalars import Scalars
from zkvm.backends.cpu import CpuBackend
from zkvm.emulator.elf import Program
from zkvm.emulator.emulator import Execution, run
from zkvm.field.scalar import ONE, Ext, e_mul, e_pow, e_sub
from zkvm.machine.key import key_for
from zkvm.machine.machine import riscv
from zkvm.machine.trace import build_trace
from zkvm.stark.check_constraints import quotient_at
from zkvm.stark.errors import ConstraintMismatch, NonCanonicalElement, VerificationError
from zkvm.stark.key import ProvingKey, VerifyingKey
from zkvm.stark.layout import QUOTIENT, Layout
from zkvm.stark.profiles import FAST
from zkvm.stark.proof import Proof
from zkvm.stark.prover import prove
from zkvm.stark.transcript import Entry
from zkvm.stark.verifier import verify

GUEST = Path(zkvm.__file__).parent / "guest_kit/examples/elf/fibonacci.elf"
INPUT = (10).to_bytes(4, "little")
OUTPUT = (10, 55, 0, 0, 0, 0, 0, 0)


@dataclass(frozen=True)
class Run:
    execution: Execution
    key: ProvingKey
    honest: Honest


@pytest.fixture(scope="module")
def made() -> Run:
    program = Program.read(GUEST)
    key = key_for(program, FAST, CpuBackend())
    execution = run(program, INPUT)
    assert execution.output == OUTPUT
    log: list[Entry] = []
    trace = build_trace(program, execution.log)
    proof = prove(riscv(), key, trace, OUTPUT, FAST, CpuBackend(), log=log)
    toy = Toy(riscv(), Witness({}, public=list(OUTPUT)))
    return Run(execution, key, Honest(toy, FAST, key.vk, proof, tuple(log), ()))


def test_the_proof_is_verified_within_ten_seconds(made: Run) -> None:
    data = made.honest.proof.to_bytes()
    key = VerifyingKey.from_bytes(made.key.vk.to_bytes())
    log: list[Entry] = []
    started = time.thread_time()
    verify(riscv(), key, OUTPUT, FAST, data, log)
    assert time.thread_time() - started < 10
    assert tuple(log) == made.honest.log
    assert Proof.from_bytes(data, riscv(), FAST) == made.honest.proof


def test_the_contracts_on_l1_find_the_quotient_at_the_point(made: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """They sum the constraints to Q(z)(z^N − 1), and to something else when an opening is changed."""
    seen: list[tuple[Layout, tuple[Ext, ...], dict[int, Ext], Scalars, Ext, Ext]] = []
    monkeypatch.setattr("zkvm.stark.verifier.constraints_hold", lambda *given: bool(seen.append(given)) or True)
    verify(riscv(), made.key.vk, OUTPUT, FAST, made.honest.proof.to_bytes())
    ((shape, openings, totals, scalars, alpha, z),) = seen
    opened = Opened(riscv(), shape.log_heights, openings, totals, scalars, alpha, z)
    quotient = quotient_at(shape, openings[shape.stages[QUOTIENT].blocks[0].columns], z)
    right = e_mul(quotient, e_sub(e_pow(z, 1 << shape.log_height), ONE))
    assert opened.combined(committed_codes()) == right
    for changed in (0, shape.columns - 10, shape.columns):
        other = [*openings[:changed], ONE, *openings[changed + 1 :]]
        assert replace(opened, openings=other).combined(committed_codes()) != right


def test_every_other_output_is_refused(made: Run) -> None:
    data = made.honest.proof.to_bytes()
    for word in range(8):
        wrong = [value + (index == word) for index, value in enumerate(OUTPUT)]
        with pytest.raises(VerificationError):
            verify(riscv(), made.key.vk, wrong, FAST, data)


def test_a_proof_made_for_another_output_is_refused(made: Run) -> None:
    """The prover goes along; the constraints do not."""
    wrong = (10, 56, *OUTPUT[2:])
    trace = build_trace(made.execution.program, made.execution.log)
    proof = prove(riscv(), made.key, trace, wrong, FAST, CpuBackend())
    with pytest.raises(ConstraintMismatch):
        verify(riscv(), made.key.vk, wrong, FAST, proof.to_bytes())


def test_another_program_is_refused(made: Run) -> None:
    data = made.honest.proof.to_bytes()
    vk = made.key.vk
    for wrong in (
        replace(vk, parameters={**vk.parameters, "entry": vk.parameters["entry"] + 4}),
        replace(vk, roots={**vk.roots, 18: bytes(25)}),
        replace(vk, heights={**vk.heights, "rom": 2 * vk.heights["rom"]}),
    ):
        with pytest.raises(VerificationError):
            verify(riscv(), wrong, OUTPUT, FAST, data)


def test_every_part_of_the_proof_counts(made: Run) -> None:
    rng = random.Random(4)
    data = made.honest.proof.to_bytes()
    for name, begin, end in regions(made.honest):
        for offset in sorted({end - 1, rng.randrange(begin, end)} if begin < end else ()):
            changed = bytearray(data)
            changed[offset] ^= 1 << rng.randrange(8)
            refused(made.honest, bytes(changed))
        if name.split()[-1] in ("totals", "openings", "final", "rows", "leaves"):
            at = begin + 8 * rng.randrange((end - begin) // 8)
            refused(made.honest, data[:at] + b"\xff" * 8 + data[at + 8 :], NonCanonicalElement)


def test_other_heights_are_refused(made: Run) -> None:
    heights = made.honest.proof.log_heights
    for table, height in enumerate(heights):
        for by in (-1, 1):
            changed = (*heights[:table], height + by, *heights[table + 1 :])
            refused(made.honest, replace(made.honest.proof, log_heights=changed).to_bytes())
