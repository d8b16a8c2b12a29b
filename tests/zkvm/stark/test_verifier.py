"""Honest proofs are accepted, and nothing else about the statement is."""

from dataclasses import replace

import pytest

from tests.zkvm.stark.honest import CASES, honest
from tests.zkvm.stark.slow_prover import SlowProver, make_key
from tests.zkvm.stark.toys import TOY, Toy, accumulator_toy, fibonacci_toy, lookup_toy, permutation_toy
from zkvm.air import Bus, Machine, TableBuilder
from zkvm.air.examples import accumulator, fibonacci
from zkvm.field import P
from zkvm.stark.errors import (
    BusesUnbalanced,
    ConstraintMismatch,
    DegenerateChallenge,
    FinalMismatch,
    FoldMismatch,
    TooManyInteractions,
    VerificationError,
    WrongHeights,
    WrongKey,
    WrongProfile,
    WrongPublics,
)
from zkvm.stark.layout import layout
from zkvm.stark.profiles import Profile
from zkvm.stark.proof import LayerOpening, Proof, StageOpening
from zkvm.stark.transcript import Entry, Transcript
from zkvm.stark.verifier import _check_heights, verify

cases = pytest.mark.parametrize("case", CASES)


@cases
def test_an_honest_proof_is_accepted(case: str) -> None:
    made = honest(case)
    assert not any(made.excess)  # the last FRI layer really has 64 coefficients
    made.verify(made.proof.to_bytes())


@cases
def test_prover_and_verifier_have_the_same_transcript(case: str) -> None:
    made = honest(case)
    log: list[Entry] = []
    made.verify(made.proof.to_bytes(), log)
    assert tuple(log) == made.log


@cases
def test_bytes_and_object_are_one_to_one(case: str) -> None:
    made = honest(case)
    data = made.proof.to_bytes()
    again = Proof.from_bytes(data, made.toy.machine, made.profile)
    assert again == made.proof
    assert again.to_bytes() == data


# -- false witnesses --------------------------------------------------------------------------------------------------


def _refuse(toy: Toy, error: type[VerificationError]) -> None:
    key = make_key(toy.machine, toy.witness.fixed, {}, TOY)
    proof = SlowProver(toy.machine, key, toy.witness, TOY).prove()
    with pytest.raises(error):
        verify(toy.machine, key, toy.witness.public, TOY, proof.to_bytes())


def test_a_wrong_witness_fails_at_the_constraints() -> None:
    """A prover that goes on with a quotient that is none makes a proof that fails where it lies."""
    toy = fibonacci_toy()
    toy.witness.main["fib"][0][5] += 1
    _refuse(toy, ConstraintMismatch)


def test_a_wrong_public_word_fails_at_the_constraints() -> None:
    toy = fibonacci_toy()
    toy.witness.public[0] += 1
    _refuse(toy, ConstraintMismatch)


def test_a_wrong_own_column_fails() -> None:
    toy = accumulator_toy()
    toy.witness.main["blocks"][0][9] += 1
    _refuse(toy, ConstraintMismatch)


@pytest.mark.parametrize("heights", [(8, 6), (6, 7), (6, 6)])
def test_an_unreceived_message_unbalances_the_buses(heights: tuple[int, int]) -> None:
    toy = permutation_toy(*heights)
    toy.witness.main["receiver"][2][0] += 1
    _refuse(toy, BusesUnbalanced)


def test_a_value_that_is_not_in_the_fixed_table_unbalances_the_buses() -> None:
    toy = lookup_toy()
    toy.witness.main["user"][2][0] += 1
    _refuse(toy, BusesUnbalanced)


def test_fixed_columns_of_another_key_are_refused() -> None:
    toy = lookup_toy()
    key = make_key(toy.machine, toy.witness.fixed, {}, TOY)
    toy.witness.fixed["squares"][1][200] += 1
    other = make_key(toy.machine, toy.witness.fixed, {}, TOY)
    proof = SlowProver(toy.machine, other, toy.witness, TOY).prove()
    with pytest.raises(VerificationError):
        verify(toy.machine, key, [], TOY, proof.to_bytes())


class _LyingFolds(SlowProver):
    """Tests the wrong polynomial: one value of the DEEP sum in eight is off."""

    def deep(self, z, openings, delta):  # type: ignore[no-untyped-def]
        values = super().deep(z, openings, delta)
        return [((value[0] + (i % 8 == 3)) % P, *value[1:]) for i, value in enumerate(values)]


def test_a_word_that_is_no_polynomial_is_refused() -> None:
    toy = fibonacci_toy(8)
    key = make_key(toy.machine, {}, {}, TOY)
    proof = _LyingFolds(toy.machine, key, toy.witness, TOY).prove()
    with pytest.raises((FoldMismatch, FinalMismatch)):
        verify(toy.machine, key, toy.witness.public, TOY, proof.to_bytes())


# -- other statements -------------------------------------------------------------------------------------------------


def test_other_public_words_are_refused() -> None:
    made = honest("fibonacci")
    data = made.proof.to_bytes()
    for public, error in (
        ([], WrongPublics),
        ([1, 2], WrongPublics),
        ([1 << 32], WrongPublics),
        ([-1], WrongPublics),
        ([1], VerificationError),
    ):
        with pytest.raises(error):
            verify(fibonacci(), made.key, public, TOY, data)


def test_another_machine_or_profile_is_refused() -> None:
    made = honest("fibonacci")
    data = made.proof.to_bytes()
    public = made.toy.witness.public
    with pytest.raises(WrongKey):
        verify(accumulator(), made.key, [], TOY, data)
    with pytest.raises(WrongKey):
        verify(fibonacci(), made.key, public, replace(TOY, log_blowup=3), data)
    with pytest.raises(WrongKey):
        verify(fibonacci(), made.key, public, replace(TOY, node_bytes=24), data)
    with pytest.raises(WrongProfile):
        verify(fibonacci(), made.key, public, replace(TOY, id=7), data)
    with pytest.raises(VerificationError):
        verify(fibonacci(), made.key, public, replace(TOY, queries=7), data)


def test_another_key_is_refused() -> None:
    made = honest("lookup, low user")
    machine, data = made.toy.machine, made.proof.to_bytes()
    key = made.key
    for wrong, error in (
        (replace(key, constraints=bytes(32)), WrongKey),
        (replace(key, machine="other"), WrongKey),
        (replace(key, parameters={"entry": 1}), WrongKey),
        (replace(key, heights={}), WrongKey),
        (replace(key, heights={"squares": 255}), WrongKey),
        (replace(key, roots={8: key.roots[8]}), WrongKey),
        (replace(key, roots={**key.roots, 8: b"short"}), WrongKey),
        (replace(key, roots={**key.roots, 8: bytes(25)}), VerificationError),
    ):
        with pytest.raises(error):
            verify(machine, wrong, [], TOY, data)


def test_a_height_that_the_key_does_not_allow_is_refused() -> None:
    made = honest("lookup, low user")
    wrong = replace(made.proof, log_heights=(7, 9))
    with pytest.raises(WrongHeights):
        made.verify(wrong.to_bytes())


# -- refusals that no honest prover's proof comes near ----------------------------------------------------------------


def _hollow(machine: Machine, heights: tuple[int, ...], profile: Profile = TOY) -> bytes:
    """A well-formed proof of zeros."""
    shape = layout(machine, profile, heights)
    node, zero = bytes(TOY.node_bytes), (0, 0, 0)
    stages = tuple(
        StageOpening(tuple(((0,) * level.width,) for level in stage.levels), (node,) if stage.levels else ())
        for stage in shape.stages
    )
    return Proof(
        TOY.id,
        heights,
        node,
        node,
        node,
        (zero,) * len(shape.totals),
        (zero,) * shape.openings,
        (node,) * len(shape.folds),
        (zero,) * 64,
        0,
        stages,
        tuple(LayerOpening(((zero,) * (1 << fold),), ()) for fold in shape.folds),
    ).to_bytes()


def test_so_many_rows_that_a_multiplicity_could_wrap_are_refused() -> None:
    t = TableBuilder("busy", log_height=(6, 26))
    flag, bus = t.main("flag"), Bus("B", 1)
    for _ in range(1 << 6):
        t.send(bus, flag, flag)
    machine = Machine("busy", (t.build(),))
    tall = replace(TOY, max_log_height=26)
    key = make_key(machine, {}, {}, tall)
    _check_heights(layout(machine, tall, (25,)), key)
    with pytest.raises(TooManyInteractions):
        verify(machine, key, [], tall, _hollow(machine, (26,), tall))


def test_a_hollow_proof_is_refused() -> None:
    made = honest("permutation, low receiver")
    with pytest.raises(VerificationError):
        verify(made.toy.machine, made.key, [], TOY, _hollow(made.toy.machine, (8, 6)))


def test_a_point_in_the_base_field_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    made = honest("fibonacci")
    draw = Transcript.challenge

    def degenerate(self: Transcript, label: str) -> tuple[int, int, int]:
        return (5, 0, 0) if label == "z" else draw(self, label)

    monkeypatch.setattr(Transcript, "challenge", degenerate)
    with pytest.raises(DegenerateChallenge):
        made.verify(made.proof.to_bytes())
