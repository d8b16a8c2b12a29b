"""Domains, folds, profiles and layouts."""

import pytest

from zkvm.air.examples import lookup, permutation
from zkvm.field import P
from zkvm.stark.domains import bit_reverse, coset, evaluation_domain, fold_logs, table_domain
from zkvm.stark.errors import InvalidParameters, UnknownProfile, WrongHeights
from zkvm.stark.layout import layout
from zkvm.stark.profiles import FAST, PROFILES, Profile, profile


@pytest.mark.parametrize("log_height", range(6, 28))
def test_folds_end_at_64_coefficients(log_height: int) -> None:
    folds = fold_logs(log_height)
    assert log_height - sum(folds) == 6
    assert all(fold == 3 for fold in folds[:-1])
    assert all(1 <= fold <= 3 for fold in folds[-1:])


def test_a_point_of_the_large_domain_is_a_row_of_the_small_one() -> None:
    large = evaluation_domain(8, 2)
    for log_table in range(9):
        small = table_domain(log_table, 8, 2)
        for index in (0, 1, 5, 77, 1023):
            lifted = pow(large.point(index), 1 << (8 - log_table), P)
            assert lifted == small.point(index % small.size)


def test_cosets_are_the_rows_one_blow_up_apart() -> None:
    domain = table_domain(6, 8, 2)
    for number in range(4):
        part = coset(domain, number, 2)
        assert [part.point(i) for i in range(64)] == [domain.point(number + 4 * i) for i in range(64)]


def test_a_folded_domain_has_the_powers() -> None:
    domain = evaluation_domain(7, 2)
    folded = domain.folded(3)
    assert all(folded.point(i) == pow(domain.point(i), 8, P) for i in range(folded.size))


def test_bits_are_reversed() -> None:
    assert [bit_reverse(i, 3) for i in range(8)] == [0, 4, 2, 6, 1, 5, 3, 7]
    assert bit_reverse(0, 0) == 0


def test_profiles_are_found_by_name() -> None:
    assert profile("fast") is FAST
    assert len({entry.id for entry in PROFILES.values()}) == len(PROFILES)
    with pytest.raises(UnknownProfile, match="did you mean l1-128"):
        profile("l1-127")


@pytest.mark.parametrize(
    "change",
    [
        {"log_blowup": 1},
        {"log_blowup": 9},
        {"max_log_height": 31},
        {"queries": 0},
        {"queries": 1 << 12},
        {"grinding_bits": 65},
        {"grinding_bits": -1},
        {"node_bytes": 15},
        {"node_bytes": 33},
    ],
)
def test_impossible_profiles_are_refused(change: dict[str, int]) -> None:
    values = {"log_blowup": 2, "queries": 9, "grinding_bits": 0, "node_bytes": 25, "target_bits": 9}
    with pytest.raises(InvalidParameters, match="profile odd"):
        Profile("odd", 9, **{"max_log_height": 20, **values, **change})


def test_a_layout_numbers_every_column_once() -> None:
    shape = layout(lookup(), FAST, (10, 8))
    numbers = [c for stage in shape.stages for block in stage.blocks for c in range(block.first, block.columns.stop)]
    assert numbers == list(range(shape.columns))
    assert shape.openings == shape.columns + len(shape.next_columns)
    assert [level.log_rows for level in shape.stages[1].levels] == [12, 10]
    assert [level.width for level in shape.stages[1].levels] == [15, 1]
    assert shape.totals == (0, 1)
    assert {block.table for block in shape.lifted} == {1}


@pytest.mark.parametrize("heights", [(), (8,), (8, 8, 8), (5, 8), (8, 19), (-1, 8), (8, 255)])
def test_impossible_heights_are_refused(heights: tuple[int, ...]) -> None:
    with pytest.raises(WrongHeights):
        layout(permutation(), FAST, heights)
