"""The verifier of proof words against the prover of the chain template, which was written without it."""

import pytest
from eth_hash.auto import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

from chain_template.batcher.log_tree import LogTree
from shared_bridge import log_proof, message_root
from shared_bridge.errors import ProofError

leaves = st.binary(min_size=88, max_size=88).filter(any)
trees = st.lists(leaves, min_size=1, max_size=40).map(LogTree)
roots = st.binary(min_size=32, max_size=32)


def leaf_of(tree, index):
    return keccak(tree._leaves[index])


@settings(max_examples=30, deadline=None)
@given(trees, st.data())
def test_final_proofs_of_the_chain_lead_to_its_batch_root(tree, data):
    index = data.draw(st.integers(0, len(tree) - 1))
    assert log_proof.root_of_final_proof(leaf_of(tree, index), index, tree.proof(index)) == tree.chain_batch_root


@settings(max_examples=60, deadline=None)
@given(trees, st.data())
def test_a_changed_word_index_or_leaf_leads_elsewhere_or_is_refused(tree, data):
    index = data.draw(st.integers(0, len(tree) - 1))
    words, leaf, claimed = tree.proof(index), leaf_of(tree, index), index
    kind = data.draw(st.sampled_from(["word", "index", "leaf", "cut", "add"]))
    if kind == "word":
        at = data.draw(st.integers(0, len(words) - 1))
        bit = data.draw(st.integers(0, 255))
        words[at] = (int.from_bytes(words[at]) ^ 1 << bit).to_bytes(32)
    elif kind == "index":
        claimed = index ^ 1 << data.draw(st.integers(0, 20))
    elif kind == "leaf":
        leaf = keccak(leaf)
    elif kind == "cut":
        words = words[: data.draw(st.integers(0, len(words) - 1))]
    else:
        words = [*words, bytes(32)]
    try:
        reached = log_proof.root_of_final_proof(leaf, claimed, words)
    except ProofError:
        return
    # Where both siblings are equal, left and right cannot be told apart; two equal leaves are the only such case here.
    if kind == "index" and reached == tree.chain_batch_root:
        assert leaf_of(tree, claimed) == leaf if claimed < len(tree) else False
    else:
        assert reached != tree.chain_batch_root


def test_the_empty_leaf_proves_nothing():
    tree = LogTree([b"\x01" * 88])
    words = tree.proof(0)
    sibling = words[1]
    assert sibling == keccak(bytes(88))
    with pytest.raises(ProofError, match="empty leaf"):
        log_proof.root_of_final_proof(sibling, 1, [words[0], leaf_of(tree, 0), *words[2:]])


def test_words_of_a_wrong_size_are_refused():
    words = LogTree([b"\x01" * 88]).proof(0)
    with pytest.raises(ProofError, match="32 bytes"):
        log_proof.root_of_final_proof(keccak(b"\x01" * 88), 0, [*words[:-1], b"\x00"])


@st.composite
def worlds(draw):
    """Chains with their batches' roots; one batch is of a known log tree."""
    ids = draw(st.lists(st.integers(1, 2**48 - 1), min_size=1, max_size=6, unique=True))
    chains = {chain: draw(st.lists(roots, max_size=6)) for chain in ids}
    chain = draw(st.sampled_from(ids))
    tree = draw(trees)
    at = draw(st.integers(0, len(chains[chain])))
    chains[chain].insert(at, tree.chain_batch_root)
    return chains, chain, at, tree


def words_between(world, index, block=1234, l1=9):
    chains, chain, at, tree = world
    place = list(chains).index(chain)
    return log_proof.between_chains(
        tree.proof(index)[1:],
        (at, message_root.chain_tree(chains[chain]).path(at)),
        (l1, block),
        (place, message_root.shared_tree(chains).path(place)),
    )


@settings(max_examples=40, deadline=None)
@given(worlds(), st.data())
def test_proofs_between_chains_lead_to_the_message_root(world, data):
    chains, chain, at, tree = world
    index = data.draw(st.integers(0, len(tree) - 1))
    words = words_between(world, index)
    target = log_proof.message_root_of_proof(leaf_of(tree, index), index, words, chain_id=chain, batch_number=at + 1)
    assert target == log_proof.MessageRootTarget(1234, 9, message_root.message_root(chains))
    assert log_proof.target_of(words) == (1234, 9)


@settings(max_examples=80, deadline=None)
@given(worlds(), st.data())
def test_a_mutated_word_between_chains_does_not_pass(world, data):
    chains, chain, at, tree = world
    index = data.draw(st.integers(0, len(tree) - 1))
    words = words_between(world, index)
    which = data.draw(st.integers(0, len(words) - 1))
    words[which] = (int.from_bytes(words[which]) ^ 1 << data.draw(st.integers(0, 255))).to_bytes(32)
    expected = log_proof.MessageRootTarget(1234, 9, message_root.message_root(chains))
    try:
        reached = log_proof.message_root_of_proof(
            leaf_of(tree, index), index, words, chain_id=chain, batch_number=at + 1
        )
    except ProofError:
        return
    assert reached != expected


@settings(max_examples=40, deadline=None)
@given(worlds(), st.data())
def test_another_chain_or_batch_does_not_pass(world, data):
    chains, chain, at, tree = world
    index = data.draw(st.integers(0, len(tree) - 1))
    words = words_between(world, index)
    other = data.draw(st.sampled_from([(chain + 1, at + 1), (chain, at + 2), (chain, at)]))
    reached = log_proof.message_root_of_proof(
        leaf_of(tree, index), index, words, chain_id=other[0], batch_number=other[1]
    )
    assert reached.root != message_root.message_root(chains)


def test_final_and_other_proofs_are_not_taken_for_each_other():
    tree = LogTree([b"\x02" * 88])
    with pytest.raises(ProofError, match="final proof"):
        log_proof.message_root_of_proof(leaf_of(tree, 0), 0, tree.proof(0), chain_id=1, batch_number=1)
    words = words_between(({7: [tree.chain_batch_root]}, 7, 0, tree), 0)
    with pytest.raises(ProofError, match="not a final proof"):
        log_proof.root_of_final_proof(leaf_of(tree, 0), 0, words)


def test_packed_logs_have_the_contracts_layout():
    sender, message = b"\xaa" * 20, b"hello"
    expected = b"\x00\x01\x00\x07" + log_proof.L1_MESSENGER + bytes(12) + sender + keccak(message)
    assert log_proof.message_leaf(sender, message, 7) == keccak(expected)
    assert log_proof.result_leaf(b"\x05" * 32, 3, succeeded=False) == keccak(
        b"\x00\x01\x00\x03" + log_proof.BOOTLOADER + b"\x05" * 32 + bytes(32)
    )
    with pytest.raises(ProofError):
        log_proof.packed_log(sender, bytes(32), bytes(32), 1 << 16)
    with pytest.raises(ProofError):
        log_proof.packed_log(sender, bytes(31), bytes(32), 1)
