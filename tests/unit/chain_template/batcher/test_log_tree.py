import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chain_template.batcher.log_tree import (
    EMPTY_SUBTREES,
    LEAF_BYTES,
    MAX_LOGS,
    TREE_DEPTH,
    LogTree,
    root_of_proof,
)
from chain_template.errors import BatchError
from chain_template.primitives import keccak

leaves_of_a_batch = st.lists(st.binary(min_size=88, max_size=88).filter(any), min_size=1, max_size=40)


def full_tree_root(leaves):
    """The definition, without any short cut: all 16,384 leaves."""
    level = [keccak(leaf) for leaf in leaves]
    level += [keccak(bytes(LEAF_BYTES))] * (MAX_LOGS - len(level))
    while len(level) > 1:
        level = [keccak(level[at] + level[at + 1]) for at in range(0, len(level), 2)]
    return level[0]


def test_the_empty_leaf_is_zk_stacks():
    assert EMPTY_SUBTREES[0].hex().startswith("72abee45")
    assert EMPTY_SUBTREES[0].hex().endswith("43ba")


@pytest.mark.parametrize("count", [0, 1, 2, 3, 5, 300])
def test_root_is_that_of_the_full_tree(count):
    leaves = [number.to_bytes(LEAF_BYTES, "big") for number in range(1, count + 1)]
    root = full_tree_root(leaves)
    assert LogTree(leaves).local_root == root
    assert LogTree(leaves).chain_batch_root == keccak(root + bytes(32))


def test_a_full_tree_is_accepted_and_one_more_leaf_is_not():
    leaves = [number.to_bytes(LEAF_BYTES, "big") for number in range(1, MAX_LOGS + 1)]
    tree = LogTree(leaves)
    assert tree.local_root == full_tree_root(leaves)
    assert root_of_proof(leaves[-1], MAX_LOGS - 1, tree.proof(MAX_LOGS - 1)) == tree.chain_batch_root
    with pytest.raises(BatchError, match="16385 logs"):
        LogTree([*leaves, leaves[0]])


@settings(max_examples=40, deadline=None)
@given(leaves=leaves_of_a_batch, data=st.data())
def test_a_proof_proves_its_leaf_and_no_other(leaves, data):
    tree = LogTree(leaves)
    index = data.draw(st.integers(0, len(leaves) - 1))
    words = tree.proof(index)
    assert len(words) == 1 + TREE_DEPTH + 1
    assert words[0] == bytes([1, 15, 0, 1]) + bytes(28)
    assert root_of_proof(leaves[index], index, words) == tree.chain_batch_root
    other = bytes([leaves[index][0] ^ 1]) + leaves[index][1:]
    if any(other):
        assert root_of_proof(other, index, words) != tree.chain_batch_root
    at = data.draw(st.integers(1, TREE_DEPTH + 1))
    forged = [*words[:at], keccak(words[at]), *words[at + 1 :]]
    assert root_of_proof(leaves[index], index, forged) != tree.chain_batch_root


def test_malformed_proofs_are_refused():
    leaf = bytes(87) + b"\x01"
    words = LogTree([leaf]).proof(0)
    for wrong in (words[:-1], [bytes(32), *words[1:]], [*words[:-1], b"short"]):
        with pytest.raises(BatchError):
            root_of_proof(leaf, 0, wrong)
    with pytest.raises(BatchError, match="empty leaf"):
        root_of_proof(bytes(88), 1, words)
    with pytest.raises(BatchError, match="outside"):
        root_of_proof(leaf, MAX_LOGS, words)


def test_bad_leaves_and_indices_are_refused():
    with pytest.raises(BatchError, match="log 1 has 87 bytes"):
        LogTree([bytes(88), bytes(87)])
    with pytest.raises(BatchError, match="no log 1"):
        LogTree([bytes(88)]).proof(1)
