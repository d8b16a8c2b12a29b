"""Thousands of proofs that are almost honest: every one is refused with a typed error, and none takes long."""

import random
import struct
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.zkvm.stark.honest import CASES, Honest, honest
from tests.zkvm.stark.mutations import refused, regions
from tests.zkvm.stark.toys import TOY
from zkvm.field import P
from zkvm.stark.errors import (
    BusesUnbalanced,
    ConstraintMismatch,
    GrindingTooWeak,
    MalformedProof,
    MerkleMismatch,
    NonCanonicalElement,
    WrongHeights,
    WrongOpenings,
    WrongProfile,
)
from zkvm.stark.layout import layout
from zkvm.stark.proof import MAGIC, LayerOpening, Proof, StageOpening, longest_bytes
from zkvm.stark.transcript import Entry, Transcript

SAMPLES_A_REGION = 20

cases = pytest.mark.parametrize("case", CASES)


# -- bytes ------------------------------------------------------------------------------------------------------------


@cases
def test_a_flipped_bit_anywhere_is_refused(case: str) -> None:
    made = honest(case)
    data = made.proof.to_bytes()
    rng = random.Random(case)
    for _, begin, end in regions(made):
        offsets = range(begin, end)
        if len(offsets) > SAMPLES_A_REGION:
            offsets = sorted({begin, end - 1, *rng.sample(offsets, SAMPLES_A_REGION)})
        for offset in offsets:
            changed = bytearray(data)
            changed[offset] ^= 1 << rng.randrange(8)
            refused(made, bytes(changed))


@cases
def test_a_changed_word_anywhere_is_refused(case: str) -> None:
    """Whole words set to the values that code forgets: 0, 1, the largest element, p, all ones."""
    made = honest(case)
    data = made.proof.to_bytes()
    rng = random.Random(case)
    for _, begin, end in regions(made):
        for value in (0, 1, P - 1, P, 2**64 - 1):
            length = min(8, end - begin)
            if not length:
                continue
            offset = begin + 8 * rng.randrange((end - begin) // 8) if end - begin >= 8 else begin
            changed = data[:offset] + (value % 256**length).to_bytes(length, "big") + data[offset + length :]
            if changed != data:
                refused(made, changed)


@cases
def test_a_truncated_or_extended_proof_is_refused(case: str) -> None:
    made = honest(case)
    data = made.proof.to_bytes()
    edges = {edge + by for _, begin, end in regions(made) for edge in (begin, end) for by in (-1, 0, 1)}
    for length in sorted(edge for edge in edges if 0 <= edge < len(data)):
        refused(made, data[:length], MalformedProof)
    for tail in (b"\0", bytes(8), data, data[-25:]):
        refused(made, data + tail, MalformedProof)
        refused(made, tail + data)


@cases
def test_a_cut_or_a_copy_inside_is_refused(case: str) -> None:
    made = honest(case)
    data = made.proof.to_bytes()
    for _, begin, end in regions(made):
        if begin < end:
            refused(made, data[:begin] + data[end:])
            refused(made, data[:end] + data[begin:end] + data[end:])


@cases
def test_an_element_that_is_not_below_p_is_refused(case: str) -> None:
    """v + p is the same element in another coat; wherever it fits, and p for those where it does not."""
    made = honest(case)
    data = made.proof.to_bytes()
    rng = random.Random(case)
    for name, begin, end in regions(made):
        if name.split()[-1] not in ("totals", "openings", "final", "rows", "leaves"):
            continue
        words = range(begin, end, 8)
        small = [at for at in words if int.from_bytes(data[at : at + 8], "big") < 2**64 - P]
        for at in small[:10] + rng.sample(words, min(5, len(words))):
            value = int.from_bytes(data[at : at + 8], "big")
            bad = value + P if value + P < 2**64 else P + value % (2**64 - P)
            error = refused(made, data[:at] + bad.to_bytes(8, "big") + data[at + 8 :], NonCanonicalElement)
            assert isinstance(error, MalformedProof)
            assert error.offset == at


@given(st.binary(max_size=400))
@settings(max_examples=150, deadline=None)
def test_random_bytes_are_refused(data: bytes) -> None:
    made = honest("lookup, low user")
    refused(made, data)
    refused(made, MAGIC + data)
    refused(made, made.proof.to_bytes()[:16] + data)


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_random_pieces_of_honest_proofs_are_refused(data: st.DataObject) -> None:
    made = honest("permutation, low receiver")
    source = made.proof.to_bytes()
    begin = data.draw(st.integers(0, len(source)))
    end = data.draw(st.integers(begin, min(len(source), begin + 300)))
    piece = data.draw(st.one_of(st.binary(max_size=300), st.just(source[: end - begin])))
    if source[begin:end] != piece:
        refused(made, source[:begin] + piece + source[end:])


# -- fields -----------------------------------------------------------------------------------------------------------


def swaps(items: tuple) -> Iterator[tuple]:  # type: ignore[type-arg]
    """The tuple with two neighbours exchanged, with one dropped, with one doubled, with one replaced by another.

    In a long tuple at some eight places.
    """
    for i in range(0, len(items), max(1, len(items) // 8)):
        yield items[:i] + items[i + 1 :]
        yield (*items[:i], items[i], *items[i:])
        if i + 1 < len(items) and items[i] != items[i + 1]:
            yield (*items[:i], items[i + 1], items[i], *items[i + 2 :])
            yield (*items[:i], items[i], items[i], *items[i + 2 :])


def changed_openings(proof: Proof) -> Iterator[Proof]:
    for s, stage in enumerate(proof.stages):

        def put(new: StageOpening, s: int = s) -> Proof:
            return replace(proof, stages=(*proof.stages[:s], new, *proof.stages[s + 1 :]))

        for nodes in swaps(stage.nodes):
            yield put(replace(stage, nodes=nodes))
        for level, rows in enumerate(stage.rows):
            for new in swaps(rows):
                yield put(replace(stage, rows=(*stage.rows[:level], new, *stage.rows[level + 1 :])))
    for number, layer in enumerate(proof.layers):

        def place(new: LayerOpening, number: int = number) -> Proof:
            return replace(proof, layers=(*proof.layers[:number], new, *proof.layers[number + 1 :]))

        for nodes in swaps(layer.nodes):
            yield place(replace(layer, nodes=nodes))
        for leaves in swaps(layer.leaves):
            yield place(replace(layer, leaves=leaves))
        for index, leaf in enumerate(layer.leaves):
            turned = (*layer.leaves[:index], (*leaf[1:], leaf[0]), *layer.leaves[index + 1 :])
            yield place(replace(layer, leaves=turned))


@cases
def test_dropped_doubled_and_reordered_rows_and_nodes_are_refused(case: str) -> None:
    made = honest(case)
    data = made.proof.to_bytes()
    count = 0
    for changed in changed_openings(made.proof):
        if changed.to_bytes() != data:
            error = refused(made, changed.to_bytes())
            assert isinstance(error, WrongOpenings | MerkleMismatch | MalformedProof)
            count += 1
    assert count > 40


@cases
def test_exchanged_messages_are_refused(case: str) -> None:
    made = honest(case)
    proof, data = made.proof, made.proof.to_bytes()
    changes = [
        replace(proof, main_root=proof.aux_root, aux_root=proof.main_root),
        replace(proof, quotient_root=proof.main_root, main_root=proof.quotient_root),
        *(replace(proof, openings=new) for new in swaps(proof.openings)),
        *(replace(proof, totals=new) for new in swaps(proof.totals)),
        *(replace(proof, final=new) for new in swaps(proof.final)),
        *(replace(proof, layer_roots=new) for new in swaps(proof.layer_roots)),
        *(replace(proof, nonce=proof.nonce + by) for by in range(1, 40)),
    ]
    for changed in changes:
        if changed.to_bytes() != data:
            refused(made, changed.to_bytes())


@cases
def test_other_heights_are_refused(case: str) -> None:
    made = honest(case)
    for table in range(len(made.proof.log_heights)):
        for height in (*range(33), 63, 64, 255):
            heights = list(made.proof.log_heights)
            if heights[table] != height:
                heights[table] = height
                refused(made, replace(made.proof, log_heights=tuple(heights)).to_bytes())
    with pytest.raises(WrongHeights):
        made.verify(replace(made.proof, log_heights=tuple(255 for _ in made.proof.log_heights)).to_bytes())


def test_another_profile_is_refused() -> None:
    made = honest("fibonacci")
    for number in (0, 1, 2, 3, 901, 65535):
        refused(made, replace(made.proof, profile_id=number).to_bytes(), WrongProfile)


def test_too_little_work_is_refused() -> None:
    made = honest("fibonacci")
    weak = 0
    for nonce in range(made.proof.nonce):  # the honest prover took the first that is enough
        refused(made, replace(made.proof, nonce=nonce).to_bytes(), GrindingTooWeak)
        weak += 1
    for nonce in range(made.proof.nonce + 1, made.proof.nonce + 200):
        error = refused(made, replace(made.proof, nonce=nonce).to_bytes())
        weak += isinstance(error, GrindingTooWeak)
        assert isinstance(error, GrindingTooWeak | WrongOpenings | MerkleMismatch)
    assert weak > 150


def test_changed_totals_are_refused_even_when_they_balance() -> None:
    made = honest("permutation, low receiver")
    first, second = made.proof.totals
    refused(made, replace(made.proof, totals=(first, (1, 2, 3))).to_bytes(), BusesUnbalanced)
    shifted = tuple((a + 1) % P for a in first), tuple((a - 1) % P for a in second)
    refused(made, replace(made.proof, totals=shifted).to_bytes(), ConstraintMismatch)


def test_the_proof_of_one_machine_is_none_of_another() -> None:
    """The bytes of each case, given to each other case's verifier."""
    for case in CASES:
        for other in CASES:
            same = honest(case).key == honest(other).key  # another trace of one program proves the same
            if not same:
                refused(honest(other), honest(case).proof.to_bytes())


# -- time and memory --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [0, TOY.queries + 1, 0xFFFF])
def test_an_impossible_count_is_refused_before_anything_is_read(count: int) -> None:
    made = honest("fibonacci")
    data = made.proof.to_bytes()
    for name, begin, _ in regions(made):
        if name.endswith(" count") and "node" not in name:
            refused(made, data[:begin] + struct.pack(">H", count) + bytes(10**6), MalformedProof)


def test_no_honest_proof_is_longer_than_forecast() -> None:
    for case in CASES:
        made = honest(case)
        assert len(made.proof.to_bytes()) <= longest_bytes(
            layout(made.toy.machine, made.profile, made.proof.log_heights)
        )


# -- the transcript ---------------------------------------------------------------------------------------------------


def messages(made: Honest) -> list[bytes]:
    """All that a prover says before the queries, and the statement."""
    flat: Callable[[object], bytes] = lambda values: b"".join(  # noqa: E731
        c.to_bytes(8, "big")
        for value in values  # type: ignore[attr-defined]
        for c in value
    )
    proof = made.proof
    heights = b"".join((1 << log_height).to_bytes(8, "big") for log_height in proof.log_heights)
    public = b"".join(word.to_bytes(8, "big") for word in made.toy.witness.public)
    return [
        made.profile.id.to_bytes(8, "big") + made.key.hash + public + heights,
        proof.main_root,
        proof.aux_root + flat(proof.totals),
        proof.quotient_root,
        flat(proof.openings),
        *proof.layer_roots,
        flat(proof.final),
        proof.nonce.to_bytes(8, "big"),
    ]


@cases
def test_everything_the_prover_says_is_absorbed(case: str) -> None:
    made = honest(case)
    log: list[Entry] = []
    made.verify(made.proof.to_bytes(), log)
    assert [entry.data for entry in log if entry.action == "absorb"] == messages(made)


@cases
def test_a_change_of_any_message_changes_every_later_challenge_and_none_before(case: str) -> None:
    made = honest(case)
    rng = random.Random(case)
    for changed in range(sum(entry.action == "absorb" for entry in made.log)):
        transcript, absorbed = Transcript(), -1
        for entry in made.log:
            if entry.action == "draw":
                drawn = transcript.draw(entry.label).to_bytes(32, "big")
                assert (drawn == entry.data) == (absorbed < changed)
                continue
            absorbed += 1
            data = bytearray(entry.data)
            if absorbed == changed:
                data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
            transcript.absorb(entry.label, bytes(data))


def test_the_challenges_come_in_the_order_of_the_protocol() -> None:
    made = honest("accumulator")
    assert [(entry.action, entry.label) for entry in made.log if entry.label != "queries"] == [
        ("absorb", "statement"),
        ("absorb", "main root"),
        ("draw", "gamma"),
        ("draw", "beta"),
        ("draw", "zeta"),
        ("absorb", "aux root and totals"),
        ("draw", "alpha"),
        ("absorb", "quotient root"),
        ("draw", "z"),
        ("absorb", "openings"),
        ("draw", "delta"),
        ("absorb", "final polynomial"),
        ("absorb", "nonce"),
    ]


def test_the_machines_stand_for_all_that_a_proof_can_have() -> None:
    """The cases cover: no tree for a stage, a fixed tree, tables of other heights, layers, no layers."""
    made = [honest(case) for case in CASES]
    assert any(not entry.proof.stages[2].rows for entry in made)
    assert any(entry.proof.stages[0].rows for entry in made)
    assert any(len(entry.proof.stages[1].rows) == 2 for entry in made)
    assert {len(entry.proof.layers) for entry in made} >= {0, 1, 2}
