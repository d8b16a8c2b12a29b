"""The priority tree: every request from L1 in order, and proofs that a batch took the next ones.

The twin of ZK Stack's ``PriorityTree.sol``: an append-only keccak tree that doubles when it is full; leaf i
is the canonical hash of priority operation i, empty leaves are keccak(""). A proof covers consecutive leaves:
the siblings left of the first and right of the last, one a level.
"""

from collections.abc import Iterable

from eth_hash.auto import keccak

from contracts.errors import EncodingError
from contracts.priority_ops import EMPTY_HASH, PriorityOpsBatchInfo


class PriorityTree:
    """All priority operations of a chain since its first, kept in memory (32 bytes a node)."""

    def __init__(self, canonical_hashes: Iterable[bytes] = ()) -> None:
        self._levels: list[list[bytes]] = [[]]
        self._empty: list[bytes] = [EMPTY_HASH]
        for canonical_hash in canonical_hashes:
            self.push(canonical_hash)

    def __len__(self) -> int:
        return len(self._levels[0])

    @property
    def root(self) -> bytes:
        """The root; 32 zero bytes while the tree is empty, as on L1."""
        return self._levels[-1][0] if len(self) else bytes(32)

    def push(self, canonical_hash: bytes) -> int:
        """Append an operation and return its id."""
        if len(canonical_hash) != 32:
            raise EncodingError(f"a canonical hash has 32 bytes, not {len(canonical_hash)}")
        index = len(self)
        if index == 1 << self._height:
            self._grow()
        self._levels[0].append(canonical_hash)
        for level in range(self._height):
            index //= 2
            node = keccak(self._node(level, 2 * index) + self._node(level, 2 * index + 1))
            parents = self._levels[level + 1]
            if index < len(parents):
                parents[index] = node
            else:
                parents.append(node)
        return len(self) - 1

    def prove_range(self, start: int, count: int) -> PriorityOpsBatchInfo:
        """Proof that the operations ``start`` .. ``start + count - 1`` stand where they stand.

        Raises:
            EncodingError: The range reaches beyond the tree.
        """
        if start < 0 or count < 0 or start + count > len(self):
            raise EncodingError(
                f"operations {start} to {start + count - 1} are not all in a tree of {len(self)} operations"
            )
        if count == 0:
            return PriorityOpsBatchInfo()
        left_path, right_path = [], []
        left, right = start, start + count - 1
        for level in range(self._height):
            # A sibling inside the range is computed by the verifier; what stands here then is never read.
            left_path.append(self._node(level, left - 1) if left % 2 else EMPTY_HASH)
            right_path.append(self._node(level, right + 1) if right % 2 == 0 else EMPTY_HASH)
            left, right = left // 2, right // 2
        items = tuple(self._levels[0][start : start + count])
        return PriorityOpsBatchInfo(tuple(left_path), tuple(right_path), items)

    @property
    def _height(self) -> int:
        return len(self._levels) - 1

    def _node(self, level: int, index: int) -> bytes:
        nodes = self._levels[level]
        return nodes[index] if index < len(nodes) else self._empty[level]

    def _grow(self) -> None:
        """Double the capacity: today's root becomes the left child of a new one."""
        self._empty.append(keccak(self._empty[-1] * 2))
        self._levels.append([self._levels[-1][0]])
