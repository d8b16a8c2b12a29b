import pytest
import rlp
from hypothesis import given, settings
from hypothesis import strategies as st
from trie.hexary import HexaryTrie

from chain_template.errors import MissingStateNode
from chain_template.primitives import EMPTY_TRIE_ROOT, keccak
from chain_template.state.lookup import TrieLookup

# Short keys over few values meet in long shared paths and in nodes shorter than a hash, which stand in their parents.
keys = st.binary(min_size=2, max_size=2) | st.binary(min_size=32, max_size=32)
values = st.binary(min_size=1, max_size=3) | st.binary(min_size=40, max_size=40)


@settings(max_examples=200, deadline=None)
@given(content=st.dictionaries(st.binary(min_size=2, max_size=2), values), others=st.lists(keys, max_size=20))
def test_it_finds_what_the_general_trie_finds(content, others):
    nodes = {}
    trie = HexaryTrie(nodes)
    for key, value in content.items():
        trie[key] = value
    lookup = TrieLookup(nodes, trie.root_hash)
    for key in [*content, *others]:
        assert lookup.get(key) == (content.get(key, b"") if len(key) == 2 else trie.get(key))


def test_each_node_is_read_once():
    nodes = {}
    trie = HexaryTrie(nodes)
    for number in range(100):
        trie[keccak(bytes([number]))] = bytes([number + 1]) * 40
    reads = []

    class Counting(dict):
        def __getitem__(self, key):
            reads.append(key)
            return super().__getitem__(key)

    lookup = TrieLookup(Counting(nodes), trie.root_hash)
    for number in range(100):
        assert lookup.get(keccak(bytes([number]))) == bytes([number + 1]) * 40
    assert len(reads) == len(set(reads)) > 100


def test_an_empty_trie_needs_no_nodes():
    assert TrieLookup({}, EMPTY_TRIE_ROOT).get(b"\x01" * 32) == b""


@pytest.mark.parametrize(
    "content", [None, b"\xff\xff", rlp.encode(b"text"), rlp.encode([b"", b"x"]), rlp.encode([b"a"] * 3)]
)
def test_what_is_no_trie_node_is_a_typed_error(content):
    root = keccak(b"root")
    nodes = {} if content is None else {root: content}
    with pytest.raises(MissingStateNode):
        TrieLookup(nodes, root).get(b"\x01" * 32)
