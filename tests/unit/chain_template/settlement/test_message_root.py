"""The message root's mirror against trees built in the plainest way, and its proof words against a plain verifier."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chain_template.batcher.log_tree import LogTree
from chain_template.config import L1Link
from chain_template.errors import L1Diverged
from chain_template.primitives import keccak
from chain_template.settlement.message_root import MessageRootMirror, metadata, path_to_root
from chain_template.settlement.on_l1 import ChainOnL1, L1Block
from contracts.artifacts import load
from contracts.client import L1Client, Log
from contracts.codec import abi_encode

L1_CHAIN_ID = 31337
EMPTY = keccak(bytes(96))
CONTRACT = load("MessageRoot")


def word(value: int) -> bytes:
    return value.to_bytes(32, "big")


def plain_root(leaves: list[bytes]) -> bytes:
    """Of the smallest full tree."""
    size = 1
    while size < len(leaves):
        size *= 2
    level = leaves + [EMPTY] * (size - len(leaves))
    while len(level) > 1:
        level = [keccak(a + b) for a, b in zip(level[::2], level[1::2], strict=True)]
    return level[0]


@dataclass
class FakeL1:
    """An L1 whose MessageRoot contract is a dictionary."""

    fork: int = 0
    number: int = 0
    chains: dict[int, list[bytes]] = field(default_factory=dict)
    logs: list[Log] = field(default_factory=list)
    roots: dict[int, bytes] = field(default_factory=dict)
    url: str = "fake"

    def block_hash(self, number: int) -> bytes:
        return keccak(b"%d/%d" % (self.fork, number))

    def head(self) -> L1Block:
        return L1Block(self.number, self.block_hash(self.number), self.number, 1)

    def emit(self, event: str, indexed: list[int], data: bytes) -> None:
        topics = (CONTRACT.event(event).topic, *map(word, indexed))
        here = self.block_hash(self.number)
        self.logs.append(Log("0x", topics, data, self.number, here, here, len(self.logs)))

    def add_chain(self, chain_id: int) -> None:
        self.emit("AddedChain", [chain_id, len(self.chains)], b"")
        self.chains[chain_id] = []

    def chain_root(self, chain_id: int) -> bytes:
        batches = self.chains[chain_id]
        leaves = [keccak(keccak(b"zkSync:BatchLeaf") + root + word(n)) for n, root in enumerate(batches, 1)]
        return plain_root(leaves) if leaves else bytes(32)

    def chain_leaf(self, chain_id: int) -> bytes:
        return keccak(keccak(b"zkSync:ChainIdLeaf") + self.chain_root(chain_id) + word(chain_id))

    def execute(self, chain_id: int, root: bytes) -> None:
        self.chains[chain_id].append(root)
        shared = plain_root([self.chain_leaf(each) for each in self.chains])
        self.roots[self.number] = shared
        self.emit("AppendedChainBatchRoot", [chain_id, len(self.chains[chain_id])], root)
        self.emit("NewChainRoot", [chain_id], self.chain_root(chain_id) + self.chain_leaf(chain_id))
        self.emit("NewInteropRoot", [L1_CHAIN_ID, self.number, 0], abi_encode(["bytes32[]"], [[shared]]))

    def get_logs(self, address: object, topics: object, first: int, last: int) -> list[Log]:
        return [log for log in self.logs if first <= log.block_number <= last]


class FakeChain(ChainOnL1):
    def __init__(self, l1: FakeL1) -> None:
        link = L1Link(
            url="http://127.0.0.1:1",
            l1_chain_id=L1_CHAIN_ID,
            bridgehub="0x",
            zk_chain="0x",
            validator_timelock="0x",
            base_token_asset_id="0x",
            contracts={"message_root": "0x" + "05" * 20},
        )
        super().__init__(L1Client(link.url), link)
        self.l1 = l1
        self.client = l1  # type: ignore[assignment]

    def block(self, number: int | str = "latest") -> L1Block | None:
        assert isinstance(number, int)
        return L1Block(number, self.l1.block_hash(number), number, 1) if number <= self.l1.number else None


def climb(node: bytes, index: int, path: list[bytes]) -> bytes:
    assert index >> len(path) == 0
    for sibling in path:
        node = keccak(sibling + node) if index & 1 else keccak(node + sibling)
        index >>= 1
    return node


def verify(words: list[bytes], leaf: bytes, index: int, chain_id: int, batch: int) -> tuple[int, int, bytes]:
    """Where a message-root proof ends: (chain id, block, root), as 0x10009 finds it."""
    at = 0

    def take(count: int) -> list[bytes]:
        nonlocal at
        at += count
        assert at <= len(words)
        return words[at - count : at]

    (first,) = take(1)
    assert (first[0], first[3], first[4:]) == (1, 0, bytes(28))
    batch_root = climb(keccak(leaf), index, take(first[1]))
    (mask,) = take(1)
    batch_leaf = keccak(keccak(b"zkSync:BatchLeaf") + batch_root + word(batch))
    chain_root = climb(batch_leaf, int.from_bytes(mask, "big"), take(first[2]))
    chain_leaf = keccak(keccak(b"zkSync:ChainIdLeaf") + chain_root + word(chain_id))
    packed, settlement_chain, second = take(3)
    assert (second[0], second[2], second[3], second[4:]) == (1, 0, 1, bytes(28))
    position = int.from_bytes(packed, "big")
    root = climb(chain_leaf, position & (1 << 128) - 1, take(second[1]))
    assert at == len(words)
    return int.from_bytes(settlement_chain, "big"), position >> 128, root


#: Add a chain; a new L1 block; or execute a batch of one of the chains.
steps = st.lists(st.sampled_from(["chain", "block", 0, 1, 2, 3, 4, 5]), max_size=40)


@settings(deadline=None)
@given(steps, st.integers(0, 5))
def test_every_batch_is_proven_under_every_later_root(script: list[str | int], cut: int) -> None:
    l1 = FakeL1()
    mirror = MessageRootMirror(FakeChain(l1))
    leaves: dict[tuple[int, int], tuple[LogTree, bytes, int]] = {}
    l1.add_chain(271)
    for at, step in enumerate(script):
        if step == "chain":
            l1.add_chain(272 + len(l1.chains))
        elif step == "block":
            if at % 6 == cut:
                mirror.follow(l1.head())
            l1.number += 1
        else:
            chain_id = list(l1.chains)[int(step) % len(l1.chains)]
            number = len(l1.chains[chain_id]) + 1
            leaf = keccak(b"%d/%d" % (chain_id, number)) * 2 + bytes(24)
            tree = LogTree([bytes(88), leaf])
            leaves[chain_id, number] = (tree, leaf, l1.number)
            l1.execute(chain_id, tree.chain_batch_root)
    l1.number += 1
    mirror.follow(l1.head())
    assert all(mirror.root_at(block) == root for block, root in l1.roots.items())
    assert mirror.root_at(l1.number) is None
    for (chain_id, number), (tree, leaf, executed_in) in leaves.items():
        for block, root in l1.roots.items():
            found = mirror.proof(chain_id, number, block)
            assert (found is None) == (block < executed_in)
            if found is not None:
                words = found.with_log(tree.proof(1))
                assert verify(words, leaf, 1, chain_id, number) == (L1_CHAIN_ID, block, root)
        own = mirror.proof(chain_id, number)
        assert own is not None and own.root.block_number == executed_in
    assert mirror.proof(271, len(l1.chains[271]) + 1) is None
    assert mirror.proof(271, 0) is None and mirror.proof(999, 1) is None


def test_what_a_chain_adds_itself_is_no_news_to_it() -> None:
    l1 = FakeL1()
    mirror = MessageRootMirror(FakeChain(l1))
    l1.add_chain(271)
    l1.add_chain(272)
    for block, chain_id in enumerate((271, 272, 271), 1):
        l1.number = block
        l1.execute(chain_id, keccak(b"%d" % block))
    mirror.follow(l1.head())
    mine, others = mirror.newest_of_others(271), mirror.newest_of_others(272)
    assert mine is not None and (mine.block_number, mine.root) == (2, l1.roots[2])
    assert others is not None and (others.block_number, others.root) == (3, l1.roots[3])
    assert mirror.newest_of_others(5) == others


def test_a_reorganisation_starts_over() -> None:
    l1 = FakeL1()
    mirror = MessageRootMirror(FakeChain(l1))
    l1.add_chain(271)
    l1.number = 4
    l1.execute(271, keccak(b"first"))
    assert mirror.follow(l1.head()) is False
    other = FakeL1(fork=1)
    other.add_chain(271)
    other.number = 3
    other.execute(271, keccak(b"second"))
    mirror._chain.l1 = mirror._chain.client = other  # type: ignore[attr-defined,assignment]
    assert mirror.follow(other.head()) is True
    assert (mirror.root_at(4), mirror.root_at(3)) == (None, other.roots[3])


def test_a_reorganisation_is_told_by_the_reading_that_succeeds() -> None:
    l1 = FakeL1()
    mirror = MessageRootMirror(FakeChain(l1))
    l1.add_chain(271)
    l1.number = 4
    l1.execute(271, keccak(b"first"))
    mirror.follow(l1.head())
    l1.number = 5
    l1.fork, was = 1, l1.head()
    with pytest.raises(L1Diverged, match="while it was read"):
        mirror.follow(was)
    l1.logs.clear()
    assert mirror.follow(l1.head()) is True
    assert mirror.root_at(4) is None
    assert mirror.follow(l1.head()) is False


def test_events_that_do_not_lead_to_the_root_are_no_proof() -> None:
    l1 = FakeL1()
    mirror = MessageRootMirror(FakeChain(l1))
    l1.add_chain(271)
    l1.execute(271, keccak(b"batch"))
    lying = l1.logs[-1]
    l1.logs[-1] = Log(
        lying.address, lying.topics, abi_encode(["bytes32[]"], [[keccak(b"no")]]), 0, lying.block_hash, bytes(32), 3
    )
    mirror.follow(l1.head())
    with pytest.raises(L1Diverged, match="do not lead to the message root"):
        mirror.proof(271, 1)


@given(st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=20), st.data())
def test_paths_lead_to_the_plain_root(leaves: list[bytes], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(leaves) - 1))
    path, root = path_to_root(leaves, index)
    assert root == plain_root(leaves) == climb(leaves[index], index, path)


def test_metadata_words() -> None:
    assert metadata(15, 3, is_final=False).hex() == "010f0300" + "00" * 28
    assert metadata(2, 0, is_final=True).hex() == "01020001" + "00" * 28
