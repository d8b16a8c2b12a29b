"""Trees whose digests are on a device: a coset's part of the tree is hashed as soon as its rows are.

The rows of one coset are consecutive positions at every level, so all nodes above them, down to one a coset, need
nothing of the other cosets. Only those nodes are kept: on the device if there is room for them, else on the host. The
device never holds more than one coset's part besides.
"""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np

from zkvm.backends.cuda import hashing
from zkvm.backends.cuda.arrays import DeviceArray
from zkvm.backends.cuda.launching import Kernels
from zkvm.backends.errors import WrongArgument
from zkvm.backends.tree import Bytes, Hasher, Tree, TreeBuilder, bit_reverse


class DeviceTree(Tree):
    """A tree whose levels may be on the device: nodes come from there many at a time."""

    def __init__(self, kernels: Kernels, levels: Sequence[Any]) -> None:
        super().__init__(cast(Sequence[Bytes], levels))
        self._kernels = kernels

    def nodes(self, level: int, positions: Sequence[int]) -> list[bytes]:
        """Some nodes of a level."""
        held: Any = self._levels[level]
        if not positions or not isinstance(held, DeviceArray):
            return super().nodes(level, positions)
        return hashing.pick_digests(self._kernels, held, positions)


class DeviceTreeBuilder(TreeBuilder):
    """As ``TreeBuilder``. Which way the first coset comes, with all levels at once or not, the others must come too.

    Args:
        kernels: Hash.
        hasher: The backend, for what is left to the general way.
        levels: As there.
        node_bytes: As there.
        on_device: Whether nodes stay on the device.
    """

    def __init__(
        self, kernels: Kernels, hasher: Hasher, levels: Mapping[int, bool], node_bytes: int, *, on_device: bool
    ) -> None:
        super().__init__(hasher, levels, node_bytes)
        self._kernels, self._on_device = kernels, on_device
        self._by_coset: bool | None = None
        self._log_cosets = 0
        self._nodes: dict[int, Any] = {}

    def add_coset(self, number: int, digests: Mapping[int, Bytes]) -> None:
        """As ``TreeBuilder.add_coset``.

        Raises:
            WrongArray, WrongArgument: As there, or a coset comes another way than the first.
        """
        self._check_coset(number, digests)
        cosets = {(1 << level) // len(rows) for level, rows in digests.items()}
        complete = set(digests) == set(self._rows) and len(cosets) == 1
        if self._by_coset is None:
            self._by_coset = complete
        if self._by_coset and not complete:
            raise WrongArgument("digests", f"of all levels {sorted(self._rows)}, as the first coset's", sorted(digests))
        if not complete or not self._by_coset:
            super().add_coset(number, digests)
            return
        self._log_cosets = cosets.pop().bit_length() - 1
        self._hash_upwards(bit_reverse(number, self._log_cosets), digests)

    def _hash_upwards(self, block: int, digests: Mapping[int, Bytes]) -> None:
        """All nodes of one coset, which is block number ``block`` of every level."""
        nodes: DeviceArray | None = None
        for level in range(max(self._rows), self._log_cosets - 1, -1):
            own = self._in_position(digests[level]) if level in digests else None
            nodes = own if nodes is None else hashing.hash_nodes(self._kernels, nodes, own)
            assert nodes is not None
            if level in digests:
                self._added[level][block * len(nodes)] = len(nodes)
            self._put(level, block, nodes)

    def _on_the_device(self, rows: Any) -> DeviceArray:
        return rows if isinstance(rows, DeviceArray) else self._kernels.upload(rows)

    def _in_position(self, digests: Bytes) -> DeviceArray:
        rows = self._on_the_device(digests)
        placed = self._kernels.empty(*rows.shape, dtype=np.uint8)
        hashing.scatter_digests(self._kernels, rows, placed)
        return placed

    def _put(self, level: int, block: int, nodes: DeviceArray) -> None:
        shape = (1 << level, self._node_bytes)
        if level not in self._nodes:
            made = self._kernels.empty(*shape, dtype=np.uint8) if self._on_device else np.empty(shape, np.uint8)
            self._nodes[level] = made
        target = self._nodes[level][block * len(nodes) : (block + 1) * len(nodes)]
        if isinstance(target, DeviceArray):
            self._kernels.copy_bytes(target, nodes)
        else:
            nodes.to_host(target)

    def finish(self) -> Tree:
        """As ``TreeBuilder.finish``."""
        if not self._by_coset:
            return super().finish()
        self._check_complete()
        for level in range(self._log_cosets - 1, -1, -1):
            nodes = hashing.hash_nodes(self._kernels, self._on_the_device(self._nodes[level + 1]), None)
            self._nodes[level] = nodes if self._on_device else nodes.to_host()
        return DeviceTree(self._kernels, [self._nodes[level] for level in range(max(self._rows) + 1)])
