"""Merkle-Patricia tries against the public vectors and the ``trie`` library."""

import itertools
import json
from collections.abc import Iterable, Iterator, MutableMapping
from typing import Any

import pytest
import rlp
from hypothesis import given, settings
from hypothesis import strategies as st
from trie.exceptions import ValidationError
from trie.hexary import HexaryTrie

from chain_template.primitives import keccak
from tests.conformance.vectors import unpacked
from tests.zkvm.guest.chain.scripts import (
    EMPTY_ROOT,
    ROOT_STEP,
    Output,
    Reason,
    Runner,
    Step,
    delete,
    get,
    put,
    sized,
    start,
)

Change = tuple[bytes, bytes]
"""A key and its new value, empty where it is deleted."""


def script_of(changes: Iterable[Change]) -> bytes:
    return b"".join(put(key, value) if value else delete(key) for key, value in changes)


def root_of(run: Runner, changes: Iterable[Change]) -> bytes:
    reason, output = run(start() + script_of(changes) + ROOT_STEP)
    assert reason == Reason.OK
    return Output(output).root()[1]


# --- Vectors ---


def vector_bytes(text: str | None) -> bytes:
    if text is None:
        return b""
    return bytes.fromhex(text[2:]) if text.startswith("0x") else text.encode()


def vectors(name: str) -> Iterator[tuple[list[Change], bytes]]:
    cases: dict[str, Any] = json.loads((unpacked("ethereum-tests") / "TrieTests" / f"{name}.json").read_text())
    assert cases
    for case in cases.values():
        pairs = case["in"].items() if isinstance(case["in"], dict) else case["in"]
        yield [(vector_bytes(key), vector_bytes(value)) for key, value in pairs], vector_bytes(case["root"])


@pytest.mark.parametrize("name", ["trietest", "trieanyorder"])
def test_published_roots(run: Runner, name: str) -> None:
    for changes, root in vectors(name):
        orders = itertools.islice(itertools.permutations(changes), 24) if name == "trieanyorder" else [changes]
        for order in orders:
            assert root_of(run, order) == root


@pytest.mark.parametrize("name", ["trietest_secureTrie", "trieanyorder_secureTrie", "hex_encoded_securetrie_test"])
def test_published_roots_over_hashed_keys(run: Runner, name: str) -> None:
    for changes, root in vectors(name):
        assert root_of(run, [(keccak(key), value) for key, value in changes]) == root


# --- The trie library ---


class Recording(MutableMapping[bytes, bytes]):
    """The library's database: what it reads from the old nodes is what a witness has."""

    def __init__(self, old: dict[bytes, bytes]) -> None:
        self.old, self.new, self.read = old, dict[bytes, bytes](), dict[bytes, bytes]()

    def __getitem__(self, key: bytes) -> bytes:
        if key in self.new:
            return self.new[key]
        self.read[key] = self.old[key]
        return self.old[key]

    def __setitem__(self, key: bytes, value: bytes) -> None:
        self.new[key] = value

    def __delitem__(self, key: bytes) -> None:
        raise NotImplementedError

    def __iter__(self) -> Iterator[bytes]:
        raise NotImplementedError

    def __len__(self) -> int:
        return len(self.old) + len(self.new)


def nodes_below(root: bytes, nodes: MutableMapping[bytes, bytes]) -> dict[bytes, bytes]:
    """All nodes of a trie that have a hash."""
    found: dict[bytes, bytes] = {}
    pending: list[Any] = [] if root == EMPTY_ROOT else [root]
    while pending:
        item = pending.pop()
        if isinstance(item, bytes):
            found[item] = nodes[item]
            item = rlp.decode(nodes[item])
        if len(item) == 17:
            pending += [child for child in item[:16] if child]
        elif item[0][0] < 0x20:
            pending.append(item[1])
    return found


# Few nibbles, so that keys share prefixes and are prefixes of each other.
SHORT_KEYS = st.lists(st.sampled_from([0x00, 0x01, 0x10, 0x11, 0xF0]), max_size=4).map(bytes)
# As in the chain's tries: all of one length, some alike up to the last nibbles.
LONG_KEYS = st.tuples(SHORT_KEYS, st.sampled_from([0, 1, 0x10]), SHORT_KEYS).map(
    lambda parts: parts[0].ljust(28, bytes([parts[1]])) + parts[2].ljust(4, b"\x01")
)
# Around the size from which on a node is known by its hash.
VALUE_SIZES = st.sampled_from([0, 1, 20, 26, 27, 28, 29, 30, 31, 32, 60, 200])


@st.composite
def runs(draw: st.DrawFn) -> tuple[dict[bytes, bytes], list[tuple[Step, bytes, bytes]]]:
    """A trie to begin with, and steps. No value comes twice: the library would find a node that it has just written
    where another one with the same hash stands."""
    keys = draw(st.sampled_from([SHORT_KEYS, LONG_KEYS]))
    number = itertools.count(1)

    def value() -> bytes:
        return next(number).to_bytes(2) + b"\x07" * draw(VALUE_SIZES)

    old = {key: value() for key in draw(st.lists(keys, max_size=14, unique=True))}
    known = st.sampled_from(sorted(old)) | keys if old else keys
    kinds = st.sampled_from([Step.GET, Step.PUT, Step.DELETE, Step.DELETE, Step.ROOT])
    drawn = draw(st.lists(st.tuples(kinds, known), max_size=14))
    return old, [(kind, key, value() if kind == Step.PUT else b"") for kind, key in drawn]


def script_step(kind: Step, key: bytes, value: bytes) -> bytes:
    if kind == Step.ROOT:
        return ROOT_STEP
    if kind == Step.GET:
        return get(key)
    return put(key, value) if kind == Step.PUT else delete(key)


def value_in(trie: Any, key: bytes) -> bytes:
    """What the library finds. It trips over a key that ends inside of an extension; nothing is there."""
    try:
        return bytes(trie.get(key))
    except ValidationError as exc:
        if "Traverse should never return an extension node" not in str(exc):
            raise
        return b""


@settings(deadline=None, max_examples=100)
@given(case=runs(), data=st.data())
def test_any_run_needs_and_gives_what_the_library_does(
    run: Runner, case: tuple[dict[bytes, bytes], list[tuple[Step, bytes, bytes]]], data: st.DataObject
) -> None:
    old, steps = case
    before: dict[bytes, bytes] = {}
    builder = HexaryTrie(before)
    for key, value in old.items():
        builder[key] = value
    recording = Recording(before)
    reference: Any = HexaryTrie(recording, builder.root_hash)
    answers: list[bytes] = []
    for kind, key, value in steps:
        if kind == Step.GET:
            answers.append(value_in(reference, key))
        elif kind == Step.ROOT:
            answers.append(reference.root_hash)
        elif kind == Step.PUT:
            reference[key] = value
        else:
            del reference[key]
    body = b"".join(script_step(*step) for step in steps) + ROOT_STEP

    reason, written = run(start(builder.root_hash, recording.read.values()) + body)
    assert reason == Reason.OK
    output, found, new = Output(written), list[bytes](), dict[bytes, bytes]()
    for kind, *_ in [step for step in steps if step[0] in (Step.GET, Step.ROOT)]:
        if kind == Step.GET:
            found.append(output.sized())
        else:
            nodes, root = output.root()
            found.append(root)
            new |= nodes
    last, root = output.root()
    output.end()
    new |= last
    assert (found, root) == (answers, reference.root_hash)

    assert all(keccak(node) == key for key, node in new.items())
    after = nodes_below(root, recording.old | recording.new)
    assert nodes_below(root, before | new) == after
    if Step.ROOT not in [step[0] for step in steps]:
        assert new.keys() <= after.keys()

    if recording.read:
        lost = data.draw(st.sampled_from(sorted(recording.read)))
        rest = [node for key, node in recording.read.items() if key != lost]
        assert run(start(builder.root_hash, rest) + body)[0] == Reason.MISSING_NODE


# --- Limits and bad input ---


def malformed_nodes() -> dict[str, bytes]:
    name, empty = b"\xaa" * 32, [b""] * 17
    return {
        "nothing": b"",
        "not a list": rlp.encode(b"leaf"),
        "bytes behind it": rlp.encode([b"\x20", b"value"]) + b"\0",
        "no canonical form": b"\xc4\x20\x81\x01\x01",
        "an item": rlp.encode([b"\x20"]),
        "three items": rlp.encode([b"\x20", b"value", b""]),
        "18 items": rlp.encode([*empty, b""]),
        "no path": rlp.encode([b"", b"value"]),
        "a path that is a list": rlp.encode([[b"\x20"], b"value"]),
        "an unknown flag": rlp.encode([b"\x40", b"value"]),
        "a nibble beside an even path": rlp.encode([b"\x21", b"value"]),
        "a leaf without a value": rlp.encode([b"\x20", b""]),
        "a leaf with a list": rlp.encode([b"\x20", [b"value"]]),
        "an extension without a path": rlp.encode([b"\0", name]),
        "an extension to nothing": rlp.encode([b"\x11", b""]),
        "a name too short": rlp.encode([b"\x11", name[1:]]),
        "a name too long": rlp.encode([*empty[1:], name + b"\xaa"][::-1]),
        "a child too long to stand in its parent": rlp.encode([[b"\x20", name], *empty[1:]]),
        "a branch with a list as its value": rlp.encode([*empty[1:], [b"value"]]),
    }


@pytest.mark.parametrize("what", malformed_nodes())
def test_malformed_nodes(run: Runner, what: str) -> None:
    node = malformed_nodes()[what]
    begin = start(keccak(node), [node])
    for step in (get(b"\x10"), put(b"\x10", b"value"), delete(b"\x10")):
        assert run(begin + step)[0] == Reason.MALFORMED


def test_a_node_that_stands_in_its_parent_is_checked_too(run: Runner) -> None:
    node = rlp.encode([[b"\x40", b"value"], *[b""] * 16])
    assert run(start(keccak(node), [node]) + get(b"\x10")) == (Reason.OK, sized(b""))
    assert run(start(keccak(node), [node]) + get(b"\x01"))[0] == Reason.MALFORMED


def test_keys_beyond_the_limit(run: Runner) -> None:
    longest = b"\x12" * 64
    assert run(start() + put(longest, b"value") + get(longest)) == (Reason.OK, sized(b"value"))
    for step in (get(longest + b"\0"), put(longest + b"\0", b"value"), delete(longest + b"\0")):
        assert run(start() + step)[0] == Reason.LIMIT


def test_any_lack_of_memory_is_told(run: Runner) -> None:
    changes = [(bytes([i * 17 % 256, i]), bytes([i]) * i) for i in range(1, 40)]
    script = start() + script_of(changes) + script_of((key, b"") for key, _ in changes[::2]) + ROOT_STEP
    enough = next(size for size in itertools.count(1 << 12, 1 << 12) if run(script, size)[0] == Reason.OK)
    for memory in range(0, enough - (1 << 12), 1009):
        assert run(script, memory)[0] == Reason.OUT_OF_MEMORY


# --- Ordered tries ---


@pytest.mark.parametrize("count", [0, 1, 2, 16, 17, 127, 128, 129, 256, 300])
def test_ordered_roots(run: Runner, count: int) -> None:
    items = [bytes([i % 256]) * (1 + i * 37 % 90) for i in range(count)]
    expected = HexaryTrie({})
    for i, item in enumerate(items):
        expected[rlp.encode(i)] = item
    step = bytes([Step.ORDERED_ROOT]) + count.to_bytes(4, "little") + b"".join(map(sized, items))
    assert run(start() + step) == (Reason.OK, expected.root_hash)
