import pytest
from eth_hash.auto import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

from shared_bridge import message_root as mr
from shared_bridge.errors import ProofError

roots = st.binary(min_size=32, max_size=32)


def naive_root(leaves):
    """Pad to the next power of two with empty leaves, and hash pairs."""
    size = 1
    while size < len(leaves):
        size *= 2
    level = [*leaves, *[keccak(bytes(96))] * (size - len(leaves))]
    while len(level) > 1:
        level = [keccak(level[at] + level[at + 1]) for at in range(0, len(level), 2)]
    return level[0]


@settings(deadline=None)
@given(st.lists(roots, min_size=1, max_size=33))
def test_growing_trees_are_padded_trees(leaves):
    tree = mr.GrowingTree(leaves)
    assert tree.root == naive_root(leaves)
    for index, leaf in enumerate(leaves):
        assert mr.fold(leaf, index, tree.path(index)) == tree.root


def test_constants_are_zk_stacks():
    assert mr.BATCH_LEAF_PADDING.hex().startswith("d82fec4a") and mr.BATCH_LEAF_PADDING.hex().endswith("9cf4")
    assert mr.CHAIN_ID_LEAF_PADDING.hex().startswith("39bc6936") and mr.CHAIN_ID_LEAF_PADDING.hex().endswith("7f61")
    assert mr.EMPTY_LEAF.hex().startswith("46700b4d") and mr.EMPTY_LEAF.hex().endswith("8c21")


def test_a_chain_without_batches_has_the_root_zero():
    assert mr.chain_root([]) == bytes(32)
    assert mr.message_root({5: []}) == mr.chain_id_leaf(bytes(32), 5)
    assert mr.message_root({}) == mr.EMPTY_LEAF


@given(st.lists(roots, min_size=1, max_size=8), st.integers(0, 100))
def test_leaves_outside_are_refused(leaves, extra):
    tree = mr.GrowingTree(leaves)
    with pytest.raises(ProofError):
        tree.path(len(leaves) + extra)
    with pytest.raises(ProofError):
        mr.fold(leaves[0], 1 << len(tree.path(0)), tree.path(0))
