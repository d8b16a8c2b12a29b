"""The batch program's ELF in the emulator: the same public input and the same reasons as natively."""

from collections.abc import Sequence
from functools import cache
from itertools import islice

import pytest

from chain_template.batcher.reasons import Reason
from tests.zkvm.guest.batch.batches import hostile, mixed_batch, mixed_chain, twenty_mixed
from tests.zkvm.guest.batch.native import Outcome, run_native
from zkvm.emulator.emulator import MAX_CYCLES, Measurement, measure, words_to_bytes
from zkvm.emulator.errors import GuestTrap
from zkvm.guest import ELF, MANIFEST, batch_program, build_elf, errors, manifest, refusal

program = cache(batch_program)


def run_in_the_zkvm(data: bytes) -> Outcome:
    try:
        measured = measure(program(), data)
    except GuestTrap as trap:
        reason = refusal(trap)
        assert reason is not None, f"a trap without a reason for {data.hex()}"
        return Outcome(reason)
    return Outcome(None, words_to_bytes(measured.output))


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
    """A sample here; all of them in the slow test."""
    reasons = check_hostile(list(islice(hostile(mixed_batch()), 0, None, 20)))
    assert None in reasons and Reason.MISSING_NODE in reasons and len(reasons) > 8


@pytest.mark.slow
def test_every_hostile_batch() -> None:
    assert len(check_hostile(list(hostile(mixed_batch())))) > 8


def test_twenty_mixed_transactions_fit_one_proof_of_half_the_cycles() -> None:
    built = twenty_mixed().batch(1, 2)
    measured: Measurement = measure(program(), built.batch_input)
    assert words_to_bytes(measured.output) == built.output.public_input
    assert measured.cost.fits() and measured.cost.main <= MAX_CYCLES // 2


def test_a_changed_file_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zkvm.guest.ELF", MANIFEST)
    with pytest.raises(errors.StaleProgram):
        batch_program()


@pytest.mark.slow
def test_the_committed_file_is_what_the_sources_make() -> None:
    assert build_elf() == ELF.read_bytes(), "run `python -m zkvm.guest`"
    assert manifest()["compiler"].startswith("ziglang ")
