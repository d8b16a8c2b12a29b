"""The STARK prover on batches it must not prove; that it proves the right ones is in ``tests/e2e/settlement``."""

import threading
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from cluster.errors import Abandoned, BatchRefused, OtherProgramWanted
from cluster.pool import Assignment, JobKey, Progress
from cluster.workers import stark
from cluster.workers.memory import MachineMemory
from cluster.workers.stark import ALL_STAGES, StarkProver
from tests.unit.cluster.test_unproven import real_batch
from zkvm.stark.profiles import FAST
from zkvm.stark.refusals import ProofDoesNotFit


@pytest.fixture(scope="module")
def prover() -> StarkProver:
    made = StarkProver(FAST, patience_s=0.0)
    made.warm_up()
    return made


@pytest.fixture
def batch(prover: StarkProver) -> Assignment:
    assert prover._key is not None
    return replace(real_batch(), key=JobKey(271, 1, prover._key.vk.hash))


def prove(prover: StarkProver, batch: Assignment) -> bytes:
    return prover.prove(batch, threading.Event())


def test_another_program_than_its_own_is_not_proven(prover: StarkProver, batch: Assignment) -> None:
    other = replace(batch, key=replace(batch.key, program_id=b"\x07" * 32))
    with pytest.raises(OtherProgramWanted, match="07" * 32) as caught:
        prove(prover, other)
    assert "upgrade" in caught.value.hint


def test_what_the_program_refuses_is_refused_with_its_reason(prover: StarkProver, batch: Assignment) -> None:
    with pytest.raises(BatchRefused) as caught:
        prove(prover, replace(batch, batch_input=batch.batch_input[:-1]))
    assert caught.value.reason == "malformed"


def test_a_batch_that_claims_another_public_input_is_refused(prover: StarkProver, batch: Assignment) -> None:
    with pytest.raises(BatchRefused, match=batch.public_input.hex()) as caught:
        prove(prover, replace(batch, public_input=bytes(32)))
    assert caught.value.reason == "public-input-mismatch"


def test_what_does_not_fit_the_memory_is_not_begun(prover: StarkProver, batch: Assignment) -> None:
    """The forecast is made before anything large is."""
    seen: list[Progress] = []
    small = replace(prover, memory_bytes=200_000_000)
    with pytest.raises(ProofDoesNotFit, match="GiB"):
        small.prove(batch, threading.Event(), seen.append)
    assert {progress.stage for progress in seen} <= {"wait for memory", "execute"}


def test_memory_of_another_prover_is_waited_for_however_long_that_takes(
    prover: StarkProver, batch: Assignment, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    machine = MachineMemory(tmp_path, lambda: 2**40)
    waiting, limits = threading.Event(), []

    def proving(*arguments: object) -> None:
        limits.append(arguments[5])
        raise Abandoned("far enough")

    def report(progress: Progress) -> None:
        if progress.stage == "wait for memory":
            waiting.set()

    monkeypatch.setattr(stark, "prove_execution", proving)
    monkeypatch.setattr(stark, "LOOK_S", 0.01)
    sharing = replace(prover, machine_memory=machine)

    def prove_it() -> None:
        with suppress(Abandoned):
            sharing.prove(batch, threading.Event(), report)

    attempt = threading.Thread(target=prove_it, daemon=True)
    with machine.ticket() as other:
        assert other.ask(lambda free: free - 1000).promised
        attempt.start()
        assert waiting.wait(60)
        attempt.join(0.5)
        assert attempt.is_alive() and not limits
    attempt.join(60)
    assert limits and 0 < limits[0] < 2**36


def test_an_abandoned_attempt_stops_at_its_next_sign_of_life(
    prover: StarkProver, batch: Assignment, monkeypatch: pytest.MonkeyPatch
) -> None:
    abandoned = threading.Event()

    def proving(*arguments: object) -> None:
        tell = arguments[4]
        assert callable(tell)
        tell("logup", 0.5)
        abandoned.set()
        tell("logup", 0.6)
        raise AssertionError("it went on")

    monkeypatch.setattr(stark, "prove_execution", proving)
    seen: list[Progress] = []
    with pytest.raises(Abandoned):
        prover.prove(batch, abandoned, seen.append)
    assert seen[-1] == Progress("logup", ALL_STAGES.index("logup") + 1, len(ALL_STAGES), 0.5)
