"""The chain's own copy of L1's priority tree, and the proofs that a batch's operations are the next ones."""

from collections.abc import Iterator, Sequence
from typing import Final

from chain_template.errors import L1Diverged
from chain_template.store import Snapshot
from contracts.messages import PriorityOpsBatchInfo
from contracts.priority_tree import PriorityTree

_PAGE: Final = 1_000


class PriorityTreeMirror:
    """Follows the operations in the store; made anew when L1 reorganised some of them away."""

    def __init__(self) -> None:
        self._tree = PriorityTree()
        self._leaves: list[bytes] = []

    def __len__(self) -> int:
        return len(self._leaves)

    @property
    def root(self) -> bytes:
        """The tree's root, one of those that L1 remembers."""
        return self._tree.root

    def follow(self, snapshot: Snapshot, settled: int) -> None:
        """Take in what the store has learned since.

        Args:
            snapshot: The store as it is.
            settled: How many operations are in executed batches: those were compared before and cannot change.
        """
        kept = min(settled, len(self._leaves))
        leaves = list(_leaves_from(snapshot, kept))
        following = self._leaves[kept:]
        if leaves[: len(following)] == following:
            new = leaves[len(following) :]
        else:
            new = self._leaves[:kept] + leaves
            self._tree, self._leaves = PriorityTree(), []
        for leaf in new:
            self._tree.push(leaf)
        self._leaves += new

    def proofs(self, first: int, counts: Sequence[int]) -> list[PriorityOpsBatchInfo]:
        """A proof for each of several batches that follow each other.

        Args:
            first: Id of the first operation of the first batch.
            counts: How many operations each batch holds.

        Raises:
            L1Diverged: A batch holds operations that L1 has not shown (yet).
        """
        if first + sum(counts) > len(self._leaves):
            raise L1Diverged(
                f"batches hold operations up to {first + sum(counts) - 1}; L1 has shown {len(self._leaves)}"
            )
        found = []
        for count in counts:
            found.append(self._tree.prove_range(first, count))
            first += count
        return found


def _leaves_from(snapshot: Snapshot, first: int) -> Iterator[bytes]:
    while page := snapshot.priority_operations(first, first + _PAGE - 1):
        for operation in page:
            if operation.operation_id != first:
                raise L1Diverged(f"the store lacks L1 operation {first}")
            yield operation.hash
            first += 1
