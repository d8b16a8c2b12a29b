"""Mixed-height trees: every backend's root against a recursive definition, openings, and what is refused."""

import numpy as np
import pytest
from eth_hash.auto import keccak
from hypothesis import given
from hypothesis import strategies as st

from tests.zkvm.backends.samples import columns
from tests.zkvm.backends.test_definitions import bit_reverse
from zkvm.backends.errors import IncompleteTree, WrongArgument, WrongArray
from zkvm.backends.reference import ReferenceBackend

BYTES = 25
COSETS = 4
LEVELS = (6, 5, 3)


def build(backend, levels=LEVELS):
    """A tree over random digests, and the digests by level in natural order."""
    rows = {level: ReferenceBackend().digest_rows([columns(2, 1 << level, level)], BYTES) for level in levels}
    builder = backend.new_tree(dict.fromkeys(levels, True), BYTES)
    for number in range(COSETS):
        builder.add_coset(
            number, {level: np.ascontiguousarray(digests[number::COSETS]) for level, digests in rows.items()}
        )
    return builder.finish(), rows


def node(rows, level, position):
    """The definition: leaves are row digests; an inner node hashes its children and the row injected at its level."""
    top = max(rows)
    own = rows[level][bit_reverse(position, level)].tobytes() if level in rows else b""
    if level == top:
        return own
    children = node(rows, level + 1, 2 * position) + node(rows, level + 1, 2 * position + 1)
    return keccak(children + own)[:BYTES]


def test_every_node_is_as_defined(backend):
    tree, rows = build(backend)
    assert tree.log_leaves == 6
    assert tree.root == node(rows, 0, 0)
    for level in range(7):
        assert [tree.node(level, at) for at in range(1 << level)] == [node(rows, level, at) for at in range(1 << level)]


def test_a_tree_of_one_row(backend):
    builder = backend.new_tree({0: True, 4: False}, BYTES)
    digest = backend.digest_rows([columns(3, 1)], BYTES)
    builder.add_coset(0, {0: digest})
    tree = builder.finish()
    assert tree.root == digest.tobytes()
    assert tree.open([0]) == []


def verify(rows, positions, siblings, root):
    """Recompute the root from row digests and siblings, in the order of the protocol."""
    top = max(rows)
    nodes = iter(siblings)
    known = {at: rows[top][bit_reverse(at, top)].tobytes() for at in sorted(set(positions))}
    for level in range(top - 1, -1, -1):
        parents = {}
        for at in sorted(known):
            if at >> 1 in parents:
                continue
            own, other = known[at], known.get(at ^ 1)
            other = next(nodes) if other is None else other
            injected = rows[level][bit_reverse(at >> 1, level)].tobytes() if level in rows else b""
            pair = other + own if at & 1 else own + other
            parents[at >> 1] = keccak(pair + injected)[:BYTES]
        known = parents
    return known[0] == root and next(nodes, None) is None


TREE, ROWS = build(ReferenceBackend())


@given(st.lists(st.integers(0, 63), min_size=1, max_size=20))
def test_openings_lead_to_the_root_and_hold_nothing_else(positions):
    siblings = TREE.open(positions)
    assert verify(ROWS, positions, siblings, TREE.root)
    assert siblings == TREE.open(sorted(set(positions)))


def test_a_whole_tree_needs_no_siblings():
    assert TREE.open(range(64)) == []


@given(st.integers(0, 63), st.integers(0, 5), st.integers(0, 8 * BYTES - 1))
def test_a_changed_sibling_misses_the_root(position, which, bit):
    siblings = TREE.open([position])
    changed = int.from_bytes(siblings[which], "big") ^ 1 << bit
    siblings[which] = changed.to_bytes(BYTES, "big")
    assert not verify(ROWS, [position], siblings, TREE.root)


@pytest.mark.parametrize("positions", [[], [64], [-1, 3]])
def test_positions_that_do_not_exist_are_refused(positions):
    with pytest.raises(WrongArgument, match="positions"):
        TREE.open(positions)


def test_a_missing_coset_is_noticed(backend):
    builder = backend.new_tree({4: True}, BYTES)
    digests = backend.digest_rows([columns(1, 4)], BYTES)
    for number in (0, 1, 3, 3):
        builder.add_coset(number, {4: digests})
    with pytest.raises(IncompleteTree) as refused:
        builder.finish()
    assert (refused.value.level, refused.value.missing) == (4, 4)


def test_cosets_of_a_level_are_equally_long(backend):
    builder = backend.new_tree({4: True}, BYTES)
    digests = backend.digest_rows([columns(1, 4)], BYTES)
    builder.add_coset(0, {4: digests})
    with pytest.raises(WrongArray, match="other cosets"):
        builder.add_coset(0, {4: np.ascontiguousarray(digests[:2])})


@pytest.mark.parametrize(
    ("number", "digests", "error"),
    [
        (4, {4: np.zeros((4, BYTES), np.uint8)}, WrongArgument),
        (-1, {4: np.zeros((4, BYTES), np.uint8)}, WrongArgument),
        (0, {5: np.zeros((4, BYTES), np.uint8)}, WrongArgument),
        (0, {4: np.zeros((3, BYTES), np.uint8)}, WrongArray),
        (0, {4: np.zeros((0, BYTES), np.uint8)}, WrongArray),
        (0, {4: np.zeros((4, 32), np.uint8)}, WrongArray),
        (0, {4: np.zeros((4, BYTES), np.uint64)}, WrongArray),
        (0, {4: np.zeros((4, 2 * BYTES), np.uint8)[:, ::2]}, WrongArray),
    ],
)
def test_digests_that_do_not_fit_are_refused(backend, number, digests, error):
    with pytest.raises(error):
        backend.new_tree({4: True}, BYTES).add_coset(number, digests)


@pytest.mark.parametrize("levels", [{}, {3: False}, {33: True}, {-1: True}])
def test_levels_that_no_tree_has_are_refused(backend, levels):
    with pytest.raises(WrongArgument, match="levels"):
        backend.new_tree(levels, BYTES)
