"""The development prover on a real batch: it takes the right one and names what is wrong with any other."""

import threading
from dataclasses import replace
from functools import cache

import pytest

from cluster.errors import BatchRefused
from cluster.pool import Assignment, JobKey
from cluster.workers.unproven import UnprovenProver
from tests.unit.chain_template.batcher.toy_chain import ALICE, BOB, ToyChain
from tests.unit.cluster.pool_world import PROGRAM


@cache
def real_batch() -> Assignment:
    chain = ToyChain()
    chain.add(chain.call(ALICE, bytes.fromhex(BOB.address[2:]), value=5))
    batch = chain.batch(1, 1)
    return Assignment(1, JobKey(271, 1, PROGRAM), "alpha", batch.output.public_input, batch.batch_input, 1)


def prove(assignment: Assignment) -> bytes:
    return UnprovenProver().prove(assignment, threading.Event())


def test_a_right_batch_is_taken_without_a_proof() -> None:
    assert prove(real_batch()) == b""


def test_a_batch_that_claims_another_public_input_is_refused() -> None:
    batch = real_batch()
    with pytest.raises(BatchRefused, match=batch.public_input.hex()) as caught:
        prove(replace(batch, public_input=bytes(32)))
    assert caught.value.reason == "public-input-mismatch"


@pytest.mark.parametrize("cut", [0, 1, 10, 1_000])
def test_a_shortened_input_is_refused_with_the_programs_own_reason(cut: int) -> None:
    batch = real_batch()
    with pytest.raises(BatchRefused) as caught:
        prove(replace(batch, batch_input=batch.batch_input[:cut]))
    assert caught.value.reason in {"malformed", "version"}


def test_every_changed_byte_is_noticed() -> None:
    batch = real_batch()
    step = max(1, len(batch.batch_input) // 40)
    for position in range(0, len(batch.batch_input), step):
        changed = bytearray(batch.batch_input)
        changed[position] ^= 1
        with pytest.raises(BatchRefused):
            prove(replace(batch, batch_input=bytes(changed)))
