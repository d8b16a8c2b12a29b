"""The priority tree against one that is built from scratch, and its proofs against ZK Stack's verification."""

import pytest
from eth_hash.auto import keccak
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import EncodingError
from contracts.priority_ops import EMPTY_HASH, PriorityOpsBatchInfo
from contracts.priority_tree import PriorityTree
from tests.unit.contracts.strategies import hashes


def naive_root(leaves: list[bytes]) -> bytes:
    if not leaves:
        return bytes(32)
    size = 1
    while size < len(leaves):
        size *= 2
    level = leaves + [EMPTY_HASH] * (size - len(leaves))
    while len(level) > 1:
        level = [keccak(level[i] + level[i + 1]) for i in range(0, len(level), 2)]
    return level[0]


def root_of_proof(proof: PriorityOpsBatchInfo, start: int) -> bytes:
    """The root that a range proof leads to: level by level, a border sibling where the range ends inside a pair."""
    nodes = list(proof.item_hashes)
    for left, right in zip(proof.left_path, proof.right_path, strict=True):
        if start % 2:
            nodes.insert(0, left)
        if len(nodes) % 2:
            nodes.append(right)
        nodes = [keccak(nodes[i] + nodes[i + 1]) for i in range(0, len(nodes), 2)]
        start //= 2
    assert len(nodes) == 1
    return nodes[0]


@given(st.lists(hashes, max_size=40))
def test_root_is_the_naive_one(leaves: list[bytes]) -> None:
    tree = PriorityTree()
    assert tree.root == bytes(32)
    for i, leaf in enumerate(leaves):
        assert tree.push(leaf) == i
        assert tree.root == naive_root(leaves[: i + 1])
    assert len(tree) == len(leaves)


@given(st.lists(hashes, min_size=1, max_size=40), st.data())
def test_ranges_are_proven(leaves: list[bytes], data: st.DataObject) -> None:
    tree = PriorityTree(leaves)
    start = data.draw(st.integers(0, len(leaves) - 1))
    count = data.draw(st.integers(1, len(leaves) - start))
    proof = tree.prove_range(start, count)
    assert proof.item_hashes == tuple(leaves[start : start + count])
    assert root_of_proof(proof, start) == tree.root


def test_no_operations_need_no_proof() -> None:
    assert PriorityTree([b"\1" * 32]).prove_range(1, 0) == PriorityOpsBatchInfo()


@pytest.mark.parametrize(("start", "count"), [(0, 4), (3, 1), (-1, 1), (0, -1)])
def test_ranges_beyond_the_tree_are_refused(start: int, count: int) -> None:
    with pytest.raises(EncodingError, match="3 operations"):
        PriorityTree([bytes([i]) * 32 for i in range(3)]).prove_range(start, count)


def test_leaves_have_32_bytes() -> None:
    with pytest.raises(EncodingError, match="31"):
        PriorityTree().push(bytes(31))
