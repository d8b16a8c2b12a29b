"""The tree over all chains' executed batches, as L1's MessageRoot has it.

A chain's tree has a leaf for every executed batch; the shared tree has a leaf for every chain. Both double when they
are full and hold the empty leaf where nothing is yet; the root of a tree with one leaf is that leaf. A chain without
batches has the root zero.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from eth_hash.auto import keccak

from contracts.codec import u256
from shared_bridge.errors import ProofError

BATCH_LEAF_PADDING: Final = keccak(b"zkSync:BatchLeaf")
CHAIN_ID_LEAF_PADDING: Final = keccak(b"zkSync:ChainIdLeaf")
EMPTY_LEAF: Final = keccak(bytes(96))


def batch_leaf(chain_batch_root: bytes, batch_number: int) -> bytes:
    """Leaf of an executed batch in its chain's tree."""
    return keccak(BATCH_LEAF_PADDING + chain_batch_root + u256(batch_number))


def chain_id_leaf(chain_root: bytes, chain_id: int) -> bytes:
    """Leaf of a chain in the shared tree."""
    return keccak(CHAIN_ID_LEAF_PADDING + chain_root + u256(chain_id))


def fold(leaf: bytes, index: int, siblings: Sequence[bytes]) -> bytes:
    """The root that a path leads to.

    Raises:
        ProofError: The index is outside a tree of this height.
    """
    if index >> len(siblings):
        raise ProofError(f"leaf {index} is outside a tree of height {len(siblings)}")
    node = leaf
    for height, sibling in enumerate(siblings):
        node = keccak(sibling + node) if index >> height & 1 else keccak(node + sibling)
    return node


class GrowingTree:
    """A binary tree of as many levels as its leaves need."""

    def __init__(self, leaves: Sequence[bytes]) -> None:
        self._levels = [list(leaves)]
        empty = EMPTY_LEAF
        self._empty = [empty]
        while len(self._levels[-1]) > 1:
            below = self._levels[-1]
            if len(below) % 2:
                below = [*below, self._empty[-1]]
            self._levels.append([keccak(below[at] + below[at + 1]) for at in range(0, len(below), 2)])
            self._empty.append(keccak(self._empty[-1] * 2))

    @property
    def root(self) -> bytes:
        """The root; the empty leaf while there is none."""
        return self._levels[-1][0] if self._levels[0] else EMPTY_LEAF

    def path(self, index: int) -> list[bytes]:
        """Siblings from a leaf upwards."""
        if not 0 <= index < len(self._levels[0]):
            raise ProofError(f"the tree has {len(self._levels[0])} leaves; there is no leaf {index}")
        siblings = []
        for height, level in enumerate(self._levels[:-1]):
            at = (index >> height) ^ 1
            siblings.append(level[at] if at < len(level) else self._empty[height])
        return siblings


def chain_tree(batch_roots: Sequence[bytes]) -> GrowingTree:
    """Tree of a chain whose batches 1, 2, … have these ChainBatchRoots."""
    return GrowingTree([batch_leaf(root, number) for number, root in enumerate(batch_roots, 1)])


def chain_root(batch_roots: Sequence[bytes]) -> bytes:
    """Root of a chain's tree; zero before its first batch."""
    return chain_tree(batch_roots).root if batch_roots else bytes(32)


def shared_tree(chains: Mapping[int, Sequence[bytes]]) -> GrowingTree:
    """The tree over chains, given each chain's batch roots in the order in which chains were created."""
    return GrowingTree([chain_id_leaf(chain_root(roots), chain_id) for chain_id, roots in chains.items()])


def message_root(chains: Mapping[int, Sequence[bytes]]) -> bytes:
    """What ``getAggregatedRoot`` answers for these chains."""
    return shared_tree(chains).root
