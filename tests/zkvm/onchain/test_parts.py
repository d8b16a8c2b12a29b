"""A proof becomes parts and a proof again, and nothing else does."""

import random

import pytest

from tests.zkvm.onchain.proofs import stored
from zkvm.machine.machine import riscv
from zkvm.onchain import MAX_PART_BYTES, join, split
from zkvm.onchain.errors import MalformedParts, ProofTooLarge
from zkvm.onchain.join import key_of
from zkvm.stark.errors import VerificationError, WrongKey
from zkvm.stark.profiles import FAST

LIMITS = (MAX_PART_BYTES, 60_000, 30_000)


@pytest.mark.parametrize("limit", LIMITS)
def test_the_parts_of_a_proof_are_that_proof(limit: int) -> None:
    made = stored()
    parts = made.parts(limit)
    assert all(len(part) <= limit for part in parts)
    assert sum(map(len, parts)) < len(made.proof) + 9_000 * len(parts)
    assert join(riscv(), made.profile, parts) == made.proof
    assert join(riscv(), made.profile, parts, made.public) == made.proof
    assert key_of(riscv(), made.profile, parts) == made.key


def test_a_part_without_room_for_a_query_is_refused() -> None:
    with pytest.raises(ProofTooLarge) as refused:
        stored().parts(10_000)
    assert refused.value.size > refused.value.limit == 10_000


def test_only_a_proof_with_its_key_is_split() -> None:
    made = stored()
    with pytest.raises(WrongKey):
        split(riscv(), made.key, FAST, made.public, made.proof)
    for wrong in (b"", made.proof[:-1], made.proof + b"\0"):
        with pytest.raises(VerificationError):
            split(riscv(), made.key, made.profile, made.public, wrong)


def test_other_parts_are_refused() -> None:
    made = stored()
    first, second, *rest = made.parts(60_000)
    wrong = (
        [],
        [first],
        [first, *rest],
        [second, first, *rest],
        [first, second, second, *rest],
        [first, second, *rest, rest[-1]],
        [first[:-1], second, *rest],
        [first, second + b"\0", *rest],
        [first, made.parts(50_000)[1], *rest],
    )
    for parts in wrong:
        with pytest.raises(MalformedParts) as refused:
            join(riscv(), made.profile, parts, made.public)
        assert 0 <= refused.value.part <= len(parts)


def test_a_changed_byte_is_refused_or_makes_another_proof() -> None:
    """No byte of the parts can change unnoticed, but for the roots of other heights, which are the key's."""
    made = stored()
    parts = made.parts()
    rng = random.Random(7)
    for number, part in enumerate(parts):
        for _ in range(12):
            changed = bytearray(part)
            changed[rng.randrange(len(part))] ^= 1 << rng.randrange(8)
            others = [bytes(changed) if at == number else each for at, each in enumerate(parts)]
            try:
                assert join(riscv(), made.profile, others, made.public) != made.proof
            except MalformedParts:
                continue
