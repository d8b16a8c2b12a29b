"""Opening many positions of a mixed tree at once."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.zkvm.stark.slow_prover import Tree, make_tree
from zkvm.stark.merkle_verify import Digests, belongs, row_digest

NODE = 25


def tree_of(logs: tuple[int, ...], seed: int = 0) -> Tree:
    """A tree with a matrix of two columns on each of these levels."""
    rng = random.Random(seed)
    return make_tree([[[rng.randrange(2**64) for _ in range(1 << log)] for _ in range(2)] for log in logs], NODE)


def opened(tree: Tree, positions: set[int]) -> tuple[int, dict[int, Digests], tuple[bytes, ...]]:
    top = max(tree.matrices)
    levels = {
        level: {p: row_digest(tree.row(level, p), NODE) for p in {q >> (top - level) for q in positions}}
        for level in tree.matrices
    }
    return top, levels, tree.siblings(top, positions)


logs = st.sampled_from([(4,), (5, 3), (5, 5, 4), (6, 4, 1), (3, 0)])


@given(logs, st.data())
@settings(deadline=None, max_examples=60)
def test_honest_openings_belong(shape: tuple[int, ...], data: st.DataObject) -> None:
    tree = tree_of(shape)
    positions = data.draw(st.sets(st.integers(0, (1 << max(shape)) - 1), min_size=1))
    top, levels, nodes = opened(tree, positions)
    assert belongs(tree.root, top, levels, nodes)
    if len(positions) == 1 << top:
        assert nodes == ()


@given(logs, st.data())
@settings(deadline=None, max_examples=120)
def test_any_change_does_not_belong(shape: tuple[int, ...], data: st.DataObject) -> None:
    tree = tree_of(shape)
    positions = data.draw(st.sets(st.integers(0, (1 << max(shape)) - 1), min_size=1, max_size=6))
    top, levels, nodes = opened(tree, positions)
    kind = data.draw(st.sampled_from(["root", "row", "node", "drop", "extra", "swap", "position"]))
    root = tree.root
    if kind == "root":
        root = bytes([root[0] ^ 1]) + root[1:]
    elif kind == "row":
        level = data.draw(st.sampled_from(sorted(levels)))
        position = data.draw(st.sampled_from(sorted(levels[level])))
        levels[level] = {**levels[level], position: bytes(NODE)}
    elif kind == "extra":
        nodes = (*nodes, bytes(NODE))
    elif kind == "position":
        known = dict(levels[top])
        position, digest = known.popitem()
        moved = (
            data.draw(st.integers(0, (1 << top) - 1).filter(lambda p: p not in levels[top]), label="moved")
            if len(levels[top]) < 1 << top
            else None
        )
        if moved is None:
            return
        known[moved] = digest
        levels[top] = known
    elif not nodes:
        return
    elif kind == "node":
        at = data.draw(st.integers(0, len(nodes) - 1))
        nodes = (*nodes[:at], bytes(NODE), *nodes[at + 1 :])
    elif kind == "drop":
        at = data.draw(st.integers(0, len(nodes) - 1))
        nodes = nodes[:at] + nodes[at + 1 :]
    elif kind == "swap":
        if len(nodes) < 2:
            return
        nodes = (nodes[1], nodes[0], *nodes[2:])
    assert not belongs(root, top, levels, nodes)


@pytest.mark.parametrize("wrong", [b"", bytes(24), bytes(32)])
def test_a_root_of_another_length_does_not_belong(wrong: bytes) -> None:
    tree = tree_of((4,))
    top, levels, nodes = opened(tree, {3})
    assert not belongs(wrong, top, levels, nodes)
