"""The tree over a batch's L2→L1 logs, and inclusion proofs in ZK Stack's word format.

The tree has 16,384 leaves (depth 14), keccak throughout. A used leaf is keccak of the log's 88 packed bytes, an unused
one keccak of 88 zero bytes, and L1 refuses a proof for the latter. What L1 stores for a batch is the *ChainBatchRoot*,
keccak(local logs root ‖ aggregated root); the aggregated root is zero as no chain settles on this one.

A proof is a list of 32-byte words, passed to the contracts unchanged: a metadata word (version 1, number of words of
the log leaf's proof, number of words of the batch leaf's proof, final-node flag, 28 zero bytes), the 14 siblings from
the leaf upwards, and the aggregated root.
"""

from collections.abc import Sequence
from functools import cached_property
from typing import Final

from chain_template.errors import BatchError
from chain_template.primitives import ZERO_HASH, keccak

TREE_DEPTH: Final = 14
MAX_LOGS: Final = 1 << TREE_DEPTH
LEAF_BYTES: Final = 88
PROOF_VERSION: Final = 1
#: No chain settles on this one, so there is nothing to aggregate.
AGGREGATED_ROOT: Final = ZERO_HASH


def _empty_subtrees() -> tuple[bytes, ...]:
    """Roots of subtrees without a log, by height: leaf first, whole tree last."""
    roots = [keccak(bytes(LEAF_BYTES))]
    for _ in range(TREE_DEPTH):
        roots.append(keccak(roots[-1] * 2))
    return tuple(roots)


EMPTY_SUBTREES: Final = _empty_subtrees()


class LogTree:
    """The log tree of one batch. Costs about two hashes a leaf, whatever the tree's size."""

    def __init__(self, leaves: Sequence[bytes]) -> None:
        """Build from packed logs in the order of the batch.

        Args:
            leaves: At most 16,384 strings of 88 bytes.

        Raises:
            BatchError: There are too many, or one is not 88 bytes long.
        """
        if len(leaves) > MAX_LOGS:
            raise BatchError(f"{len(leaves)} logs do not fit a batch; its tree has {MAX_LOGS} leaves")
        for index, leaf in enumerate(leaves):
            if len(leaf) != LEAF_BYTES:
                raise BatchError(f"log {index} has {len(leaf)} bytes; expected {LEAF_BYTES}")
        self._leaves = tuple(leaves)

    def __len__(self) -> int:
        return len(self._leaves)

    @cached_property
    def _levels(self) -> list[list[bytes]]:
        """The nodes above used leaves, level by level; what is missing on the right is an empty subtree."""
        levels = [[keccak(leaf) for leaf in self._leaves]]
        for height in range(TREE_DEPTH):
            below = levels[-1]
            if len(below) % 2:
                below = [*below, EMPTY_SUBTREES[height]]
            levels.append([keccak(below[at] + below[at + 1]) for at in range(0, len(below), 2)])
        return levels

    @property
    def local_root(self) -> bytes:
        """Root over the logs."""
        return self._levels[TREE_DEPTH][0] if self._leaves else EMPTY_SUBTREES[TREE_DEPTH]

    @property
    def chain_batch_root(self) -> bytes:
        """What L1 stores for the batch (``l2LogsRootHash``)."""
        return keccak(self.local_root + AGGREGATED_ROOT)

    def proof(self, index: int) -> list[bytes]:
        """The words that prove log ``index`` against :attr:`chain_batch_root`.

        Raises:
            BatchError: The batch has no such log.
        """
        if not 0 <= index < len(self._leaves):
            raise BatchError(f"the batch has {len(self._leaves)} logs; there is no log {index}")
        siblings = []
        for height in range(TREE_DEPTH):
            level, at = self._levels[height], (index >> height) ^ 1
            siblings.append(level[at] if at < len(level) else EMPTY_SUBTREES[height])
        metadata = bytes([PROOF_VERSION, TREE_DEPTH + 1, 0, 1]) + bytes(28)
        return [metadata, *siblings, AGGREGATED_ROOT]


def root_of_proof(leaf: bytes, index: int, words: Sequence[bytes]) -> bytes:
    """The ChainBatchRoot that a final proof leads to, as L1's ``MessageHashing`` computes it.

    Raises:
        BatchError: The words are not a final proof of this format, the index is outside the tree, or the leaf is the
            empty one.
    """
    expected = bytes([PROOF_VERSION, TREE_DEPTH + 1, 0, 1]) + bytes(28)
    if len(words) != TREE_DEPTH + 2 or words[0] != expected:
        raise BatchError("not a final inclusion proof of a log")
    if any(len(word) != 32 for word in words):
        raise BatchError("a proof word does not have 32 bytes")
    if not 0 <= index < MAX_LOGS:
        raise BatchError(f"log index {index} is outside a tree of {MAX_LOGS} leaves")
    node = keccak(leaf)
    if node == EMPTY_SUBTREES[0] or len(leaf) != LEAF_BYTES:
        raise BatchError("the empty leaf, or one of a wrong size, proves nothing")
    for height, sibling in enumerate(words[1 : TREE_DEPTH + 1]):
        node = keccak(sibling + node) if index >> height & 1 else keccak(node + sibling)
    return keccak(node + words[-1])
