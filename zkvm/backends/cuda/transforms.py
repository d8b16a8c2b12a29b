"""Transforms: how they are cut into passes, and the tables of roots that the passes read.

``kernels/ntt.cu`` says what a pass does. A tile is what one block of threads holds in shared memory.
"""

from collections import OrderedDict
from dataclasses import dataclass

from zkvm.backends.cuda.arrays import DeviceArray
from zkvm.backends.cuda.device import Launch
from zkvm.backends.cuda.launching import Kernels
from zkvm.field import P, root_of_unity

MOST_COLUMNS = 65_535  # in a grid's second dimension
KEPT_TABLES = 64
LOG_SPLIT = 11  # powers up to 2^22 come from two tables of 16 KiB, which stay in the nearest cache


@dataclass(frozen=True)
class Tiling:
    """How transforms are cut.

    Attributes:
        log_tile: log2 of the elements of a tile: 8 bytes each of shared memory.
        log_across: log2 of the most points that a pass across transforms; the rest of its tile are neighbours.
        log_threads: log2 of the most threads of a block.
    """

    log_tile: int = 12
    log_across: int = 10
    log_threads: int = 9


@dataclass(frozen=True)
class Across:
    """A pass over points 2^distance apart: 2^bits of them, 2^lanes neighbours side by side."""

    distance: int
    bits: int
    lanes: int


def passes(log_rows: int, tiling: Tiling) -> tuple[int, tuple[Across, ...]]:
    """log2 of the first pass's block, and the passes across in forward order.

    They are as few as can be and as equal as can be: short ones have more neighbours in a tile.
    """
    block = min(log_rows, tiling.log_tile)
    left = log_rows - block
    count = -(-left // tiling.log_across)
    found, distance = [], block
    for number in range(count):
        bits = (left + count - 1 - number) // count
        found.append(Across(distance, bits, tiling.log_tile - bits))
        distance += bits
    return block, tuple(found)


class Transforms:
    """Both directions on one device.

    Args:
        kernels: Where.
        tiling: How they are cut.
    """

    def __init__(self, kernels: Kernels, tiling: Tiling) -> None:
        self._kernels, self._tiling = kernels, tiling
        self._tables: OrderedDict[tuple[object, ...], DeviceArray] = OrderedDict()

    def forward(self, coefficients: DeviceArray, out: DeviceArray, shift: int) -> None:
        """Values at shift · w^i in natural order."""
        log_rows = coefficients.shape[1].bit_length() - 1
        block, across = passes(log_rows, self._tiling)
        roots = self._roots(inverse=False)
        inner = outer = None
        if shift != 1:
            inner = self._reversed_powers(block, pow(shift, 1 << (log_rows - block), P))
            outer = self._reversed_powers(log_rows - block, shift)
        tiles = 1 << (log_rows - block)
        for source, target in self._slices(coefficients, out):
            shape = self._shape(block, tiles, len(source))
            self._kernels.launch(
                "ntt", "ntt_forward_block", shape, source, target, log_rows, block, roots, inner, outer
            )
            for one in across:
                self._across("ntt_forward_across", one, log_rows, target, target, inverse=False)

    def inverse(self, values: DeviceArray, out: DeviceArray) -> None:
        """Coefficients in bit-reversed order."""
        log_rows = values.shape[1].bit_length() - 1
        block, across = passes(log_rows, self._tiling)
        roots, scale = self._roots(inverse=True), pow(1 << log_rows, -1, P)
        for first, target in self._slices(values, out):
            source = first
            for one in reversed(across):
                self._across("ntt_inverse_across", one, log_rows, source, target, inverse=True)
                source = target
            shape = self._shape(block, 1 << (log_rows - block), len(target))
            self._kernels.launch("ntt", "ntt_inverse_block", shape, source, target, log_rows, block, roots, scale)

    def _across(
        self, kernel: str, one: Across, log_rows: int, source: DeviceArray, target: DeviceArray, *, inverse: bool
    ) -> None:
        order = one.distance + one.bits
        split = min(order, LOG_SPLIT)
        root = _root(order, inverse)
        low = self._powers(1 << split, root, 1)
        high = self._powers(1 << (order - split), root, 1 << split)
        log_tile = one.bits + one.lanes
        shape = self._shape(log_tile, 1 << (log_rows - log_tile), len(target))
        geometry = (log_rows, one.distance, one.bits, one.lanes)
        self._kernels.launch(
            "ntt", kernel, shape, source, target, *geometry, self._roots(inverse=inverse), low, high, split
        )

    def _shape(self, log_tile: int, tiles: int, columns: int) -> Launch:
        """A butterfly a thread, or several where that would be more than a block has."""
        threads = 1 << max(0, min(log_tile - 1, self._tiling.log_threads))
        return Launch(tiles, threads, columns, 8 << log_tile)

    def _slices(self, source: DeviceArray, target: DeviceArray) -> list[tuple[DeviceArray, DeviceArray]]:
        """At most as many columns at a time as a grid has."""
        starts = range(0, len(source), MOST_COLUMNS)
        return [(source[at : at + MOST_COLUMNS], target[at : at + MOST_COLUMNS]) for at in starts]

    def _roots(self, *, inverse: bool) -> DeviceArray:
        bits = self._tiling.log_tile
        return self._table(("roots", inverse), 1 << bits, "roots_by_level", bits, int(inverse))

    def _reversed_powers(self, bits: int, base: int) -> DeviceArray:
        return self._table(("reversed", bits, base), 1 << bits, "powers_reversed", bits, base)

    def _powers(self, count: int, base: int, stride: int) -> DeviceArray:
        return self._table(("powers", count, base, stride), count, "powers", count, base, stride)

    def _table(self, key: tuple[object, ...], count: int, kernel: str, *arguments: int) -> DeviceArray:
        """A table made once; the least recently used ones are dropped."""
        if key not in self._tables:
            table = self._kernels.empty(count)
            self._kernels.launch("ntt", kernel, self._kernels.over(count), table, *arguments)
            self._tables[key] = table
            while len(self._tables) > KEPT_TABLES:
                self._tables.popitem(last=False)
        self._tables.move_to_end(key)
        return self._tables[key]


def _root(order: int, inverse: bool) -> int:
    root = root_of_unity(order)
    return pow(root, -1, P) if inverse else root
