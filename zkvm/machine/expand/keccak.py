"""The rows of KECCAK: from the calls of a run to the table's witness columns, in NumPy over all permutations."""

import numpy as np
from numpy.typing import NDArray

from zkvm.emulator.log import Structured
from zkvm.machine.errors import ImpossibleCall
from zkvm.machine.expand.columns import Words
from zkvm.machine.tables.keccak import (
    BLOCKS,
    CELLS,
    KEYS,
    LANES,
    RADIX,
    ROTATIONS,
    ROUND_CONSTANTS,
    ROUNDS,
    SLICES,
    call_cells,
    call_row,
    columns,
    rows_of_block,
    rows_of_permutation,
)

Bits = NDArray[np.uint64]
"""Cells of one block of n permutations: (n, cells, 64)."""

_AT_ONCE = 256
"""Permutations expanded together: what is in hand stays within the cache."""


def expand_keccak(calls: Structured, k: int, rows: int, second: NDArray[np.uint32] | None = None) -> Words:
    """The witness columns of the table, shape (31k + 2, rows).

    Args:
        calls: The run's calls, ``zkvm.emulator.log.KECCAK_CALL``.
        k: Slices a row.
        rows: The table's height.
        second: What the calling instructions have as y, which the table ignores; zero where it is not given.

    Raises:
        ImpossibleCall: the state after a call is not the permutation of the state before.
    """
    main: Words = np.zeros((len(columns(k)), rows), dtype=np.uint64)
    shape = (len(main), len(calls), BLOCKS, rows_of_block(k))
    view = main[:, : len(calls) * rows_of_permutation(k)].reshape(shape)
    second = np.zeros(len(calls), dtype=np.uint32) if second is None else second
    for begin in range(0, len(calls), _AT_ONCE):
        part = slice(begin, begin + _AT_ONCE)
        _permute(calls[part], k, view[:, part])
        _put_calls(calls[part], second[part], k, view[:, part, 0])
    view[-2, :, 0] = 1
    view[-1, :, ROUNDS] = 1
    return main


def permutations(calls: Structured, k: int, rows: int, second: NDArray[np.uint32]) -> tuple[Words, Words]:
    """KECCAK's columns and CHI's multiplicities; arguments and errors as of ``expand_keccak``."""
    main = expand_keccak(calls, k, rows, second)
    return main, chi_multiplicities(main, k)[None]


def chi_multiplicities(main: Words, k: int, height: int = 1 << 18) -> Words:
    """How often the rows of the table look up each row of CHI, shape (height,)."""
    counts: Words = np.zeros(height, dtype=np.uint64)
    asks = main[-2] == 0
    for s in range(k):
        for y in range(KEYS):
            keys = main[CELLS * s + LANES + y][asks].astype(np.int64)
            counts += np.bincount(keys, minlength=height).astype(np.uint64)
    return counts


def _permute(calls: Structured, k: int, view: Words) -> None:
    """Fill in the slices of all blocks; view has the shape (columns, n, blocks, rows of a block)."""
    state = _bits(calls["before"])
    _put_slices(view[:, :, 0], k, range(LANES), state)
    _put_slices(view[:, :, 0], k, [CELLS - 1], state[:, :1])
    for r, constant in enumerate(ROUND_CONSTANTS):
        keys = _keys(state)
        state = _chi(keys)
        block = view[:, :, r + 1]
        _put_slices(block, k, range(LANES, LANES + KEYS), keys)
        _put_slices(block, k, range(LANES), state)
        state[:, 0] ^= np.array([constant >> z & 1 for z in range(SLICES)], dtype=np.uint64)
        _put_slices(block, k, [CELLS - 1], state[:, :1])
    wrong = np.flatnonzero(np.any(state != _bits(calls["after"]), axis=(1, 2)))
    if len(wrong):
        raise ImpossibleCall("KECCAK", int(calls["ts"][wrong[0]]), "the state after it is not the permutation")


def _bits(words: NDArray[np.uint32]) -> Bits:
    """(n, 50) words as (n, 25, 64) bits."""
    data = np.ascontiguousarray(words, dtype="<u4").view(np.uint8)
    return np.unpackbits(data, axis=1, bitorder="little").reshape(-1, LANES, SLICES).astype(np.uint64)


def _put_slices(block: Words, k: int, cells: range | list[int], values: Bits) -> None:
    """Write the given cells of all slices of one block: slice z = k·row + s."""
    for s in range(k):
        for position, cell in enumerate(cells):
            block[CELLS * s + cell] = values[:, position, s::k]


def _keys(state: Bits) -> Bits:
    """θ, ρ, π over the integers, and the rows that go into χ: (n, 5, 64)."""
    sums = state.reshape(-1, 5, 5, SLICES).sum(axis=1)
    around = np.roll(sums, 1, axis=1) + np.roll(np.roll(sums, -1, axis=1), 1, axis=2)
    keys = np.zeros((len(state), KEYS, SLICES), dtype=np.uint64)
    for lane, rotation in enumerate(ROTATIONS):
        x, y = lane % 5, lane // 5
        moved = np.roll(state[:, lane] + around[:, x], rotation, axis=1)
        keys[:, (2 * x + 3 * y) % 5] += np.uint64(RADIX**y) * moved
    return keys


def _chi(keys: Bits) -> Bits:
    """The bits that CHI answers: lane x + 5Y is bit x of row Y."""
    digits: Bits = np.stack([keys // np.uint64(RADIX**x) % np.uint64(RADIX) & np.uint64(1) for x in range(5)], axis=2)
    rows: Bits = digits ^ (1 - np.roll(digits, -1, axis=2)) & np.roll(digits, -2, axis=2)
    return rows.reshape(-1, LANES, SLICES)


def _put_calls(calls: Structured, second: NDArray[np.uint32], k: int, load: Words) -> None:
    """The words, the time, the pointer and the call in the K cells of the load blocks; load is (columns, n, rows)."""
    cells = call_cells(k)
    rows = call_row(k)
    for w in range(k):
        for cell, words in ((cells.new[w], calls["after"]), (cells.old[w], calls["before"])):
            numbers = words[:, w::k]
            load[_column(cell), :, : numbers.shape[1]] = numbers
    load[_column(cells.ts)] = calls["ts"][:, None]
    load[_column(cells.pointer)] = calls["pointer"][:, None]
    load[_column(cells.new[0]), :, rows] = second


def _column(cell: int) -> int:
    """Where K cell number 5·slice + Y of a row is."""
    return CELLS * (cell // KEYS) + LANES + cell % KEYS
