import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chain_template.errors import L1Diverged
from chain_template.settlement.priority_tree import PriorityTreeMirror
from chain_template.store.records import L1Cursor
from contracts.messages import priority_operations_hash
from contracts.priority_tree import PriorityTree
from tests.unit.chain_template.batcher.stored_chain import (
    ALICE,
    BOB,
    StoredChain,
    make_config,
    operation,
    raw_address,
)


@pytest.fixture
def chain(tmp_path):
    chain = StoredChain(make_config(tmp_path / "chain"))
    yield chain
    chain.store.close()


def ask(chain, *ids, to=ALICE):
    chain.request(*(operation(number, raw_address(to), 1) for number in ids))


def follow(chain, mirror, settled=0):
    with chain.store.snapshot() as snapshot:
        mirror.follow(snapshot, settled)
        return [found.hash for found in snapshot.priority_operations(0, 10_000)]


def test_the_mirror_is_the_tree_over_all_operations(chain):
    mirror = PriorityTreeMirror()
    assert follow(chain, mirror) == [] and len(mirror) == 0
    assert mirror.root == PriorityTree().root
    for ids in ((0,), (1, 2), (3, 4, 5, 6)):
        ask(chain, *ids)
        hashes = follow(chain, mirror)
        assert mirror.root == PriorityTree(hashes).root
        assert follow(chain, mirror, settled=1) == hashes
        assert mirror.root == PriorityTree(hashes).root


def test_proofs_of_batches_that_follow_each_other(chain):
    mirror = PriorityTreeMirror()
    ask(chain, *range(7))
    hashes = follow(chain, mirror)
    tree = PriorityTree(hashes)
    first, none, second = mirror.proofs(2, [3, 0, 2])
    assert first == tree.prove_range(2, 3)
    assert none.item_hashes == ()
    assert second == tree.prove_range(5, 2)
    assert priority_operations_hash(first.item_hashes) == priority_operations_hash(hashes[2:5])
    with pytest.raises(L1Diverged, match="up to 7"):
        mirror.proofs(5, [3])


@pytest.mark.parametrize("settled", [0, 2])
def test_operations_that_l1_replaced_are_replaced(chain, settled):
    mirror = PriorityTreeMirror()
    ask(chain, *range(6))
    follow(chain, mirror)
    chain.store.drop_priority_operations_from(3, L1Cursor(1, b"\x01" * 32))
    hashes = follow(chain, mirror, settled)
    assert len(hashes) == 3 and mirror.root == PriorityTree(hashes).root
    ask(chain, *range(3, 9), to=BOB)
    # The tail is the same again in number, not in content.
    hashes = follow(chain, mirror, settled)
    assert mirror.root == PriorityTree(hashes).root


@settings(max_examples=20, deadline=None)
@given(cuts=st.lists(st.integers(0, 12), min_size=1, max_size=5))
def test_whatever_is_dropped_and_asked_again(tmp_path_factory, cuts):
    chain = StoredChain(make_config(tmp_path_factory.mktemp("chain")))
    try:
        mirror = PriorityTreeMirror()
        count = 0
        for at, cut in enumerate(cuts):
            if cut < count:
                chain.store.drop_priority_operations_from(cut, L1Cursor(1, b"\x01" * 32))
                count = cut
            ask(chain, *range(count, count + at + 1), to=(ALICE, BOB)[at % 2])
            count += at + 1
            hashes = follow(chain, mirror)
            assert mirror.root == PriorityTree(hashes).root
    finally:
        chain.store.close()
