"""The batch program in C against the one in Python: the same public input and pubdata, the same reason of a refusal."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chain_template.batcher import batch_program
from chain_template.batcher.batch_input import decode_batch_input
from chain_template.batcher.reasons import Reason
from chain_template.errors import BatchError, BatchInputError
from chain_template.executor import make_executor
from chain_template.executor.interface import ChainRules
from tests.unit.chain_template.batcher.toy_chain import ALICE, CHAIN_ID, ToyChain
from tests.zkvm.guest.batch.batches import add_root, flow, hostile, mixed_batch, mixed_chain, relinked, twenty_mixed
from tests.zkvm.guest.batch.native import Outcome, Sanitized, run_native
from zkvm.guest import REFUSALS


@pytest.fixture(scope="module")
def sanitized() -> Iterator[Sanitized]:
    program = Sanitized()
    yield program
    program.close()


def run_python(data: bytes) -> Outcome:
    try:
        output = batch_program.run(data, executor="pyevm")
    except BatchInputError as exc:
        return Outcome(exc.reason)
    return Outcome(None, output.public_input, output.pubdata)


def test_reasons_have_the_same_numbers() -> None:
    assert REFUSALS[: len(Reason)] == tuple(reason.value for reason in Reason)


@pytest.mark.parametrize(
    ("first", "last"), [(first, last) for first in range(1, 7) for last in range(first, 7) if (first + last) % 3]
)
def test_any_cut_of_a_chain(first: int, last: int) -> None:
    built = mixed_chain().batch(first, last)
    assert run_native(built.batch_input) == Outcome(None, built.output.public_input, built.output.pubdata)


def test_under_sanitizers(sanitized: Sanitized) -> None:
    built = mixed_chain().batch(1, 6)
    assert sanitized(built.batch_input) == Outcome(None, built.output.public_input)


WRITES = st.lists(st.tuples(st.integers(0, 30), st.sampled_from([0, 0, 1, 2**255])), min_size=1, max_size=8)


@settings(max_examples=15, deadline=None)
@given(blocks=st.lists(WRITES, min_size=2, max_size=4), first=st.integers(1, 2))
def test_any_mix_of_writes_and_deletions(blocks: list[list[tuple[int, int]]], first: int) -> None:
    chain = ToyChain()
    for block in blocks:
        chain.add(*(chain.store(ALICE, slot, value) for slot, value in block))
    built = chain.batch(first, len(blocks))
    assert run_native(built.batch_input) == Outcome(None, built.output.public_input, built.output.pubdata)


@pytest.mark.parametrize("executor", ["native", "pyevm"])
def test_a_system_transaction_alone(executor: str) -> None:
    """Nobody pays the fee recipient; what either executor reads is a witness for the other and for the program."""
    chain = ToyChain()
    chain.executor = make_executor(executor, ChainRules(CHAIN_ID))
    chain.add(add_root(1, 7))
    built = chain.batch(1, 1)
    assert run_native(built.batch_input) == run_python(built.batch_input)
    assert run_native(built.batch_input).public_input == built.output.public_input


def test_more_than_a_number_can_say() -> None:
    chain = ToyChain()
    chain.add(flow(chain, 300, 1, 2**256 - 1))
    batch = decode_batch_input(chain.batch(1, 1).batch_input)
    (block,) = batch.blocks
    more = replace(block, transactions=(*block.transactions, flow(chain, 300, 1, 1)))
    data = replace(batch, blocks=(more,)).encode()
    assert run_native(data) == run_python(data) == Outcome(Reason.LIMIT)


# --- Hostile inputs ---


def check(name: str, data: bytes, sanitized: Sanitized) -> str | None:
    """All three agree; returns the reason."""
    expected = run_python(data)
    assert run_native(data) == expected, name
    assert sanitized(data) == Outcome(expected.reason, expected.public_input), name
    return expected.reason


def test_hostile_inputs(sanitized: Sanitized) -> None:
    """A sample here; all of them in make soak."""
    cases = list(hostile(mixed_batch()))
    reasons = [check(*case, sanitized) for case in cases[::11]]
    assert None in reasons and len(set(reasons)) > 8


@pytest.mark.soak
def test_every_hostile_input(sanitized: Sanitized) -> None:
    later = mixed_chain().batch(3, 4).batch_input
    cases = (*hostile(mixed_batch()), *hostile(later))
    reasons = {check(name, data, sanitized) for name, data in cases}
    # No chain of the test is so long, or asks for so much, that the others could come.
    assert reasons >= {None, *REFUSALS[: len(Reason)]} - {Reason.LIMIT}, reasons


@settings(max_examples=60, deadline=None)
@given(place=st.integers(0, 2**32), flip=st.integers(1, 255))
def test_any_changed_byte(sanitized: Sanitized, place: int, flip: int) -> None:
    honest = mixed_batch()
    at = place % len(honest)
    data = honest[:at] + bytes([honest[at] ^ flip]) + honest[at + 1 :]
    check(f"byte {at} flipped by {flip}", data, sanitized)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_state_that_no_chain_ever_had(sanitized: Sanitized, data: st.DataObject) -> None:
    """Its public input is of no use, since L1 does not know its commitment; but it does no harm either. The two may
    differ in whether a node that is never looked into is good; where both take a batch they say the same of it."""
    batch = decode_batch_input(data.draw(st.sampled_from([mixed_batch(), twenty_mixed().batch(1, 2).batch_input])))
    old = data.draw(st.sampled_from([*batch.nodes, *batch.codes]))
    at, flip = data.draw(st.integers(0, len(old) - 1)), data.draw(st.integers(1, 255))
    new = old[:at] + data.draw(st.sampled_from([bytes([old[at] ^ flip]), b"", bytes([flip, old[at]])])) + old[at + 1 :]
    forged = relinked(batch, old, new).encode()
    native = run_native(forged)
    assert sanitized(forged) == Outcome(native.reason, native.public_input)
    try:
        reference = run_python(forged)
    except BatchError:  # What a system contract with another code logs, the reference does not take.
        return
    except Exception as exc:  # The trie library's own word for a branch that no trie has.
        assert "Invariant" in str(exc)
        return
    if (native.reason is None) == (reference.reason is None):
        assert native == reference
