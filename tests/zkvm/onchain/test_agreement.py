"""Python and Solidity give one verdict about every proof; and they say the same on the way to it."""

import random

import pytest
from eth_hash.auto import keccak

from tests.zkvm.onchain.mutations import mutants
from tests.zkvm.onchain.proofs import Stored, stored
from tests.zkvm.onchain.revm import OnL1
from tests.zkvm.onchain.tracing import hashed
from zkvm.machine.machine import riscv
from zkvm.onchain import join
from zkvm.onchain.errors import MalformedParts
from zkvm.onchain.join import key_of
from zkvm.stark.errors import VerificationError
from zkvm.stark.transcript import TAG, Entry
from zkvm.stark.verifier import verify

IN_THE_GATE = 40
AT_LEAST = 1_000


def accepted_in_python(made: Stored, parts: list[bytes]) -> bool:
    """The parts are a proof of the statement, by the readable verifier."""
    try:
        key = key_of(riscv(), made.profile, parts)
        proof = join(riscv(), made.profile, parts, made.public)
        verify(riscv(), key, made.public, made.profile, proof)
    except (MalformedParts, VerificationError):
        return False
    return key.hash == made.key.hash


def test_both_accept_the_honest_proof() -> None:
    made = stored()
    for limit in (120_000, 60_000):
        assert accepted_in_python(made, made.parts(limit))
        assert OnL1(made.profile).verdict(made.statement, made.parts(limit)) == ""


def test_both_refuse_some_mutants() -> None:
    made = stored()
    every = list(mutants(made, seed=1))
    _agree(made, random.Random(2).sample(every, IN_THE_GATE))


@pytest.mark.soak
def test_both_refuse_every_mutant() -> None:
    made = stored()
    every = [mutant for seed in range(3) for mutant in mutants(made, seed)]
    assert len(every) >= AT_LEAST
    errors = _agree(made, every)
    for error in ("MerkleMismatch", "NonCanonicalElement", "WrongHeights", "WrongKey", "WrongContext", "WrongPart"):
        assert error in errors
    for error in ("BusesUnbalanced", "ConstraintMismatch", "GrindingTooWeak", "WrongPosition", "MalformedProof"):
        assert error in errors


def _agree(made: Stored, mutated: list[tuple[str, list[bytes]]]) -> set[str]:
    """Neither accepts any of these; the contract's errors."""
    l1, errors = OnL1(made.profile), set()
    for name, parts in mutated:
        verdict = l1.verdict(made.statement, parts)
        assert verdict not in ("", "revert"), name
        assert not accepted_in_python(made, parts), name
        errors.add(verdict)
    return errors


def test_the_transcripts_are_the_same_message_by_message() -> None:
    """Every hash of the transcript, in order, among all that the contract hashes while it takes the first part."""
    made = stored()
    log: list[Entry] = []
    verify(riscv(), made.key, made.public, made.profile, made.proof, log)
    state, wanted = keccak(TAG), []
    for entry in log:
        message = state + (entry.data if entry.action == "absorb" else b"")
        state = keccak(message)
        wanted.append((entry.label, message))
    found = iter(hashed(made.profile, made.statement, made.parts()[0]))
    for label, message in wanted:
        assert message in found, label  # `in` goes on behind what it found: the order is held as well
