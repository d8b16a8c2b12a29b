"""The batch program's ELF in the emulator: the same public input and the same reasons as natively."""

from collections.abc import Sequence
from itertools import islice

import pytest

import zkvm.guest
from chain_template.batcher.reasons import Reason
from tests.zkvm.guest.batch.batches import hostile, mixed_batch, mixed_chain, twenty_mixed
from tests.zkvm.guest.batch.native import Outcome, run_native
from zkvm.emulator.opcodes import MAX_CYCLES
from zkvm.guest import ELF, MANIFEST, batch_program, build_elf, errors, manifest


def run_in_the_zkvm(data: bytes) -> Outcome:
    done = zkvm.guest.run_in_the_zkvm(data)
    return Outcome(done.reason, done.public_input)


@pytest.mark.parametrize(("first", "last"), [(1, 6), (2, 3), (4, 4), (5, 6)])
def test_honest_batches(first: int, last: int) -> None:
    built = mixed_chain().batch(first, last)
    assert run_in_the_zkvm(built.batch_input) == Outcome(None, built.output.public_input)


def check_hostile(cases: Sequence[tuple[str, bytes]]) -> set[str | None]:
    for name, data in cases:
        native = run_native(data)
        assert run_in_the_zkvm(data) == Outcome(native.reason, native.public_input), name
    return {run_native(data).reason for _, data in cases}


def test_hostile_batches() -> None:
    """A sample here; all of them in make soak."""
    reasons = check_hostile(list(islice(hostile(mixed_batch()), 0, None, 20)))
    assert None in reasons and Reason.MISSING_NODE in reasons and len(reasons) > 8


@pytest.mark.soak
def test_every_hostile_batch() -> None:
    assert len(check_hostile(list(hostile(mixed_batch())))) > 8


def test_twenty_mixed_transactions_fit_one_proof_of_half_the_cycles() -> None:
    built = twenty_mixed().batch(1, 2)
    done = zkvm.guest.run_in_the_zkvm(built.batch_input)
    assert done.public_input == built.output.public_input
    assert done.cost is not None and done.cost.fits() and done.cost.main <= MAX_CYCLES // 2


def test_a_changed_file_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zkvm.guest.ELF", MANIFEST)
    with pytest.raises(errors.StaleProgram):
        batch_program.__wrapped__()


@pytest.mark.slow
def test_the_committed_file_is_what_the_sources_make() -> None:
    assert build_elf() == ELF.read_bytes(), "run `python -m zkvm.guest`"
    assert manifest()["compiler"].startswith("ziglang ")
