"""Mixed-height Merkle trees over row digests; a backend lends the two operations that are heavy.

Domain point I is leaf bitrev(I). A table of 2^h rows is injected at level h: the digest of its row r enters the node
at position bitrev(r) of that level, which is an ancestor of every leaf whose domain point the row is evaluated at. With
b = 2^β cosets, the rows of coset j (j, j + b, j + 2b, …) are one block of consecutive positions.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from zkvm.backends.checks import is_array
from zkvm.backends.errors import IncompleteTree, WrongArgument, WrongArray

Bytes = npt.NDArray[np.uint8]

MAX_LEVEL = 32


class Hasher(Protocol):
    """What a tree needs of a backend."""

    def hash_nodes(self, children: Bytes, injected: Bytes | None) -> Bytes:
        """Parents (m, k) of children (2m, k): keccak-256(left ‖ right ‖ injected digest, if any), cut to k bytes."""
        ...

    def scatter_digests(self, digests: Bytes, out: Bytes) -> None:
        """Write the digest of row r to ``out[bitrev(r)]``; both (2^k, bytes)."""
        ...


class Tree:
    """A finished tree. Level l has 2^l nodes; level 0 is the root."""

    def __init__(self, levels: Sequence[Bytes]) -> None:
        self._levels = tuple(levels)

    @property
    def root(self) -> bytes:
        """The node at level 0."""
        return self.node(0, 0)

    @property
    def log_leaves(self) -> int:
        """log2 of the number of leaves."""
        return len(self._levels) - 1

    def node(self, level: int, position: int) -> bytes:
        """One node."""
        return bytes(self._levels[level][position])

    def nodes(self, level: int, positions: Sequence[int]) -> list[bytes]:
        """Some nodes of a level."""
        return [self.node(level, at) for at in positions]

    def open(self, positions: Iterable[int]) -> list[bytes]:
        """The siblings that lead from these leaves to the root, each once.

        From the leaves to the root, left to right; a node that can be computed from others is left out.

        Args:
            positions: Leaves, in any order, with or without repetitions.

        Raises:
            WrongArgument: there is no such leaf, or there are none.
        """
        known = sorted(set(positions))
        if not known or known[0] < 0 or known[-1] >> self.log_leaves:
            raise WrongArgument("positions", f"some leaves, each below 2^{self.log_leaves}", known[:1] + known[-1:])
        siblings: list[bytes] = []
        for level in range(self.log_leaves, 0, -1):
            held = set(known)
            siblings.extend(self.nodes(level, [at ^ 1 for at in known if at ^ 1 not in held]))
            known = sorted({at >> 1 for at in known})
        return siblings


class TreeBuilder:
    """Collects row digests coset by coset, then hashes upwards.

    Args:
        hasher: The backend.
        levels: log2 of the number of rows of each level that has rows; the largest is the leaves' level.
        node_bytes: Length of digests and nodes.

    Raises:
        WrongArgument: there is no level, or one beyond 2^32 rows.
    """

    def __init__(self, hasher: Hasher, levels: Mapping[int, bool], node_bytes: int) -> None:
        present = sorted(level for level, has_rows in levels.items() if has_rows)
        if not present or present[0] < 0 or present[-1] > MAX_LEVEL:
            raise WrongArgument("levels", "at least one, each 0 to 32", dict(levels))
        self._hasher = hasher
        self._node_bytes = node_bytes
        self._rows = {level: np.empty((1 << level, node_bytes), dtype=np.uint8) for level in present}
        self._added: dict[int, dict[int, int]] = {level: {} for level in present}  # first position: rows

    def add_coset(self, number: int, digests: Mapping[int, Bytes]) -> None:
        """Place the digests of one coset's rows, in natural order, at some or all levels.

        A level's number of cosets is its size divided by the digests'.

        Raises:
            WrongArray: digests of another length, or a number that is no part of the level's size.
            WrongArgument: there is no such level or coset.
        """
        self._check_coset(number, digests)
        for level, rows in digests.items():
            block = bit_reverse(number, level - len(rows).bit_length() + 1)
            self._hasher.scatter_digests(rows, self._rows[level][block * len(rows) : (block + 1) * len(rows)])
            self._added[level][block * len(rows)] = len(rows)

    def _check_coset(self, number: int, digests: Mapping[int, Bytes]) -> None:
        for level, rows in digests.items():
            if level not in self._rows:
                raise WrongArgument("digests", f"levels among {sorted(self._rows)}", level)
            self._check(level, rows)
            cosets = (1 << level) // len(rows)
            if not 0 <= number < cosets:
                raise WrongArgument("number", f"a coset among {cosets}", number)

    def _check(self, level: int, rows: Bytes) -> None:
        ok = is_array(rows) and rows.dtype == np.uint8 and rows.ndim == 2 and rows.flags.c_contiguous
        if not ok or rows.shape[1] != self._node_bytes or len(rows) == 0 or (1 << level) % len(rows):
            expected = f"a C-contiguous uint8 array (2^k ≤ 2^{level}, {self._node_bytes})"
            raise WrongArray(f"digests[{level}]", expected, f"{getattr(rows, 'shape', type(rows).__name__)}")
        if any(count != len(rows) for count in self._added[level].values()):
            raise WrongArray(f"digests[{level}]", "as long as those of the other cosets", f"{len(rows)} rows")

    def finish(self) -> Tree:
        """Hash every level from the one below; the row digests of injected levels are dropped.

        Raises:
            IncompleteTree: a coset was not added.
        """
        self._check_complete()
        top = max(self._rows)
        levels = [self._rows.pop(top)]
        for level in range(top - 1, -1, -1):
            levels.append(self._hasher.hash_nodes(levels[-1], self._rows.pop(level, None)))
        return Tree(levels[::-1])

    def _check_complete(self) -> None:
        for level, added in self._added.items():
            missing = (1 << level) - sum(added.values())
            if missing:
                raise IncompleteTree(level, missing)


def bit_reverse(value: int, bits: int) -> int:
    """``value`` with its lowest ``bits`` bits in the opposite order."""
    return int(format(value, f"0{bits}b")[::-1], 2) if bits else 0
