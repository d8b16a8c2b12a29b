"""What a stranger hands in counts only if it holds: a stored proof of the whole machine, and wrong ones."""

from dataclasses import replace

import pytest

from chain_template.settlement.proofs import pack_parts
from cluster.errors import NotCheckable, ProofWrong
from cluster.pool import Assignment, JobKey
from cluster.workers.checking import check_for
from tests.unit.cluster.test_unproven import real_batch
from tests.zkvm.onchain.proofs import stored
from zkvm.emulator.emulator import words_to_bytes


def job() -> Assignment:
    """The job whose proof is stored: its public input is what the program put out."""
    made = stored()
    return Assignment(1, JobKey(271, 1, made.key.hash), "alpha", words_to_bytes(made.public), b"not looked at", 1)


def handed_in() -> bytes:
    return pack_parts(stored().parts())


def test_a_proof_that_proves_the_batch_is_taken() -> None:
    check_for("stark-l1")(job(), handed_in())


def test_a_proof_of_another_output_or_program_is_refused() -> None:
    check = check_for("stark-l1")
    other = words_to_bytes((10, 89, 0, 0, 0, 0, 0, 0))
    with pytest.raises(ProofWrong):
        check(replace(job(), public_input=other), handed_in())
    with pytest.raises(ProofWrong, match="07" * 32):
        check(replace(job(), key=JobKey(271, 1, b"\x07" * 32)), handed_in())


@pytest.mark.parametrize("place", [0.02, 0.3, 0.6, 0.98])
def test_a_proof_with_one_bit_changed_is_refused(place: float) -> None:
    proof = bytearray(handed_in())
    proof[int(len(proof) * place)] ^= 1
    with pytest.raises(ProofWrong):
        check_for("stark-l1")(job(), bytes(proof))


@pytest.mark.parametrize("proof", [b"", b"\0", b"trust me", bytes(100_000)])
def test_what_is_no_proof_is_refused(proof: bytes) -> None:
    with pytest.raises(ProofWrong):
        check_for("stark-l1")(job(), proof)


def test_a_proof_of_another_profile_is_refused() -> None:
    with pytest.raises(ProofWrong):
        check_for("stark-fast")(job(), handed_in())


def test_in_the_development_mode_the_batch_is_executed_again() -> None:
    check = check_for("unproven")
    check(real_batch(), b"")
    with pytest.raises(ProofWrong):
        check(replace(real_batch(), public_input=bytes(32)), b"")
    with pytest.raises(ProofWrong):
        check(real_batch(), b"a proof of nothing")


@pytest.mark.parametrize("backend", ["my_module:Prover", "stark-nosuch", "nosuch"])
def test_what_nobody_can_check_nobody_from_outside_may_make(backend: str) -> None:
    with pytest.raises(NotCheckable, match=backend):
        check_for(backend)
