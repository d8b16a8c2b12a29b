"""The soundness calculator: the published numbers, the profiles, and what every number does to the bits."""

from dataclasses import replace
from math import log2
from pathlib import Path

import pytest

from tests.zkvm.stark.honest import honest
from zkvm.air.examples import lookup, permutation
from zkvm.machine.machine import riscv
from zkvm.stark.domains import fold_logs
from zkvm.stark.errors import InsecureParameters, InsecureProof
from zkvm.stark.layout import layout
from zkvm.stark.profiles import FAST, L1, L1_128, PROFILES, Profile
from zkvm.stark.soundness import (
    GOLDILOCKS_3,
    Numbers,
    Regime,
    check_bits,
    fewest_queries,
    logup_bits,
    numbers_of,
    report,
    rounds,
    text,
    worst_numbers,
)
from zkvm.stark.verifier import verify

BABYBEAR, MERSENNE = log2(2**31 - 2**27 + 1), log2(2**31 - 1)
GOLDILOCKS_2 = GOLDILOCKS_3 * 2 / 3

# The published search for m goes in steps. With exactly these the whole table comes out.
STEPS = (1, 2, 3, 4, 5, 6, 8, 10, 14, 20, 30, 50, 100)
JOHNSON, UNIQUE = STEPS, (0,)


def _published(log_field: float, log_blowup: int, target: int, round_grinding: int) -> Numbers:
    """Trace 2^21, 400 batched columns, 1000 constraints, 20 bits of grinding at 100, 22 at 128."""
    return Numbers(
        log_height=21,
        log_blowup=log_blowup,
        queries=0,
        grinding_bits=20 if target == 100 else 22,
        batch_degree=399,
        constraints=1000,
        degree=4,
        messages=0,
        tuple_width=0,
        own_degree=0,
        folds=fold_logs(21),
        log_field=log_field,
        round_grinding=round_grinding,
    )


@pytest.mark.parametrize(
    ("field", "target", "regime", "round_grinding", "wanted"),
    [
        (GOLDILOCKS_3, 100, UNIQUE, 0, [193, 118, 97, 88, 84]),
        (GOLDILOCKS_3, 100, JOHNSON, 0, [163, 81, 54, 41, 33]),
        (5 * BABYBEAR, 100, JOHNSON, 0, [173, 85, 56, 42, 34]),
        (GOLDILOCKS_2, 100, JOHNSON, 20, [194, 91, 61, 48, 42]),
        (4 * MERSENNE, 100, JOHNSON, 20, [221, 103, 68, 57, None]),
        (4 * BABYBEAR, 100, JOHNSON, 20, [243, 103, 68, 57, None]),
        (GOLDILOCKS_3, 128, JOHNSON, 0, [219, 108, 72, 54, 44]),
        (GOLDILOCKS_3, 128, UNIQUE, 0, [256, 157, 128, 117, 111]),
        (5 * BABYBEAR, 128, JOHNSON, 20, [276, 123, 83, 64, 56]),
        (4 * BABYBEAR, 128, JOHNSON, 20, [None] * 5),
        (GOLDILOCKS_2, 128, JOHNSON, 20, [None] * 5),
        (4 * MERSENNE, 128, JOHNSON, 20, [None] * 5),
    ],
)
def test_the_published_table_of_queries(
    field: float, target: int, regime: tuple[int, ...], round_grinding: int, wanted: list[int | None]
) -> None:
    found = [fewest_queries(_published(field, b, target, round_grinding), target, regime) for b in range(1, 6)]
    assert found == wanted


def test_searching_every_m_never_takes_more_queries() -> None:
    for target in (100, 128):
        for log_blowup in range(1, 6):
            numbers = _published(GOLDILOCKS_3, log_blowup, target, 0)
            stepped, every = fewest_queries(numbers, target, JOHNSON), fewest_queries(numbers, target)
            assert stepped is not None
            assert every is not None
            assert stepped - 3 <= every <= stepped


def test_a_published_system_of_128_bits() -> None:
    """ZisK's last proof: 54 queries at ρ = 1/16, 22 bits of grinding, 2^15 rows, 145 batched columns."""
    numbers = replace(_published(GOLDILOCKS_3, 4, 128, 0), log_height=15, queries=54, batch_degree=144)
    numbers = replace(numbers, folds=fold_logs(15))
    assert report(numbers).bits >= 128
    assert fewest_queries(numbers, 128) == 54


def test_the_published_bus_bits() -> None:
    """16 messages a row, 2^24 rows, 8 entries."""
    assert round(logup_bits(GOLDILOCKS_3, 2**28, 8)) == 161
    assert round(logup_bits(GOLDILOCKS_2, 2**28, 8)) == 97
    assert int(logup_bits(5 * BABYBEAR, 2**28, 8)) in (123, 124)
    assert int(logup_bits(4 * MERSENNE, 2**28, 8)) in (92, 93)


# -- our profiles -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
def test_a_profile_has_the_fewest_queries_that_reach_its_target_at_any_heights(profile: Profile) -> None:
    numbers = worst_numbers(riscv(), profile)
    assert report(numbers).bits >= profile.target_bits
    assert fewest_queries(numbers, profile.target_bits) == profile.queries
    assert report(replace(numbers, queries=profile.queries - 1)).bits < profile.target_bits


def test_the_profiles_are_the_ones_that_were_decided() -> None:
    assert (FAST.blowup, FAST.queries, FAST.target_bits) == (4, 81, 100)
    assert (L1.blowup, L1.queries, L1.target_bits) == (32, 33, 100)
    assert (L1_128.blowup, L1_128.queries, L1_128.target_bits) == (32, 44, 128)


def test_the_worst_numbers_bound_those_of_any_heights() -> None:
    worst = report(worst_numbers(lookup(), FAST)).bits
    for heights in ((6, 8), (18, 8), (8, 8)):
        assert report(numbers_of(layout(lookup(), FAST, heights))).bits >= worst


def test_lifted_tables_lengthen_the_batch() -> None:
    equal = numbers_of(layout(permutation(), FAST, (8, 8)))
    lifted = numbers_of(layout(permutation(), FAST, (8, 6)))
    shape = layout(permutation(), FAST, (8, 6))
    assert equal.batch_degree == shape.columns + shape.next_columns[-1]
    assert lifted.batch_degree == 2 * shape.columns + shape.lifted[-1].columns.stop - 1


@pytest.mark.parametrize(
    ("name", "worse"),
    [
        ("queries", -1),
        ("grinding_bits", -1),
        ("batch_degree", 10**9),
        ("constraints", 10**12),
        ("messages", 10**12),
        ("own_degree", 10**18),
        ("log_height", 3),
        ("node_bytes", -1),
        ("log_field", -40.0),
    ],
)
def test_every_number_counts(name: str, worse: float) -> None:
    """Made worse, at least one round loses bits and none gains."""
    numbers = worst_numbers(riscv(), FAST)
    changed = replace(numbers, **{name: getattr(numbers, name) + worse})
    for regime in (Regime(0), Regime(20)):
        before = [entry.bits for entry in rounds(numbers, regime)]
        after = [entry.bits for entry in rounds(changed, regime)]
        assert len(before) == len(after)
        assert all(a <= b for a, b in zip(after, before, strict=True))
        assert after != before


def test_the_prover_and_the_verifier_refuse_less_than_the_target() -> None:
    made = honest("fibonacci")
    weak = replace(made.profile, target_bits=60)
    with pytest.raises(InsecureParameters, match="queries"):
        check_bits(layout(made.toy.machine, weak, made.proof.log_heights))
    with pytest.raises(InsecureProof):
        verify(made.toy.machine, made.key, made.toy.witness.public, weak, made.proof.to_bytes())


def test_the_page_has_the_bits_that_are_computed() -> None:
    """After a change of the machine by more than a bit: run ``python -m zkvm.stark.soundness`` and paste."""
    page = (Path(__file__).parents[3] / "docs/explanation/zkvm/soundness.md").read_text()
    printed = page.split("```text\n")[1].split("```")[0].splitlines()
    computed = "\n".join(text(entry, report(worst_numbers(riscv(), entry))) for entry in PROFILES.values())
    rows = [line for line in printed if "queries, " not in line]
    for found, wanted in zip(rows, computed.splitlines(), strict=True):
        if wanted.startswith(" "):
            assert found[:30] == wanted[:30]
            assert abs(float(found[30:]) - float(wanted[30:])) < 1


def test_what_the_statement_of_validity_says_of_the_profiles() -> None:
    page = (Path(__file__).parents[3] / "docs/explanation/validity.md").read_text()
    rows = []
    for entry in PROFILES.values():
        made = report(worst_numbers(riscv(), entry))
        numbers = f"{entry.queries} | {entry.grinding_bits} | {entry.node_bytes}"
        rows.append(f"| `{entry.name}` | {made.bits:.1f} | {made.weakest.name} | {numbers} |")
    assert "\n".join(rows) in page
