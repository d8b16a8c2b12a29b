"""Weighted sums of columns, evaluations and running sums: how ``kernels/sums.cu`` is launched."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from zkvm.backends.cuda.arrays import DeviceArray
from zkvm.backends.cuda.device import Launch
from zkvm.backends.cuda.launching import THREADS, Kernels
from zkvm.field import P
from zkvm.field.scalar import Ext, e_mul

LOG_LOW = 10  # coefficients that share the powers of their low index bits
MOST_CHUNKS = 64  # blocks that share a column
MOST_COLUMNS = 65_535
SCAN_EACH = 4  # elements a thread, as the kernels have it
POINTS = 3  # of the base field that are evaluated at together


def combine(kernels: Kernels, columns: DeviceArray, weights: DeviceArray, out: DeviceArray) -> None:
    """Σ_c weights[c] · column c, (3, N)."""
    width, rows = columns.shape
    kernels.launch("sums", "combine", kernels.over(rows), columns, width, rows, weights, out)


def eval_at(kernels: Kernels, coefficients: DeviceArray, point: Ext) -> npt.NDArray[np.uint64]:
    """The values (w, 3) at a point of F, on the host."""
    return _evaluate(kernels, coefficients, point, extension=True)


def eval_rows(kernels: Kernels, coefficients: DeviceArray, points: Sequence[int]) -> npt.NDArray[np.uint64]:
    """The values (w, q) at points of F_p, on the host."""
    found = np.empty((len(coefficients), len(points)), dtype=np.uint64)
    for first in range(0, len(points), POINTS):
        here = list(points[first : first + POINTS])
        a, b, c = here + [0] * (POINTS - len(here))
        found[:, first : first + len(here)] = _evaluate(kernels, coefficients, (a, b, c), extension=False)[
            :, : len(here)
        ]
    return found


def _evaluate(kernels: Kernels, coefficients: DeviceArray, point: Ext, *, extension: bool) -> npt.NDArray[np.uint64]:
    width, rows = coefficients.shape
    log_rows = rows.bit_length() - 1
    low = min(log_rows, LOG_LOW)
    high = log_rows - low
    stepped = point
    for _ in range(high):
        stepped = _square(stepped, extension)
    powers = [_powers(kernels, bits, at, extension) for bits, at in ((low, stepped), (high, point))]
    chunks = min(1 << high, MOST_CHUNKS)
    threads = min(1 << low, THREADS)
    found = np.empty((width, 3), dtype=np.uint64)
    for first in range(0, width, MOST_COLUMNS):
        part = coefficients[first : first + MOST_COLUMNS]
        shares = kernels.empty(3 * len(part) * chunks)
        shape = Launch(chunks, threads, len(part), 3 * 8 * threads)
        kernels.launch("sums", "eval_columns", shape, part, low, high, *powers, int(extension), shares)
        sums = kernels.empty(3, len(part))
        kernels.launch("sums", "sum_groups", kernels.over(sums.size), shares, chunks, sums.size, sums)
        found[first : first + len(part)] = sums.to_host().T
    return found


def _powers(kernels: Kernels, bits: int, point: Ext, extension: bool) -> DeviceArray:
    table = kernels.empty(3, 1 << bits)
    kernels.launch("sums", "point_powers", kernels.over(1 << bits), table, bits, *point, int(extension))
    return table


def _square(point: Ext, extension: bool) -> Ext:
    if extension:
        return e_mul(point, point)
    a, b, c = (value * value % P for value in point)
    return a, b, c


def prefix_sums(kernels: Kernels, values: DeviceArray, threads: int = THREADS) -> DeviceArray:
    """Sums of all earlier elements of each column: tile by tile, then of the tiles' sums, then both together."""
    columns, rows = values.shape
    out = kernels.empty(columns, rows)
    tiles = -(-rows // (threads * SCAN_EACH))
    totals = kernels.empty(columns, tiles)
    shape = Launch(tiles, threads, columns, 2 * 8 * threads)
    kernels.launch("sums", "scan_tiles", shape, values, rows, out, totals)
    if tiles > 1:
        starts = prefix_sums(kernels, totals, threads)
        kernels.launch("sums", "scan_add", Launch(tiles, threads, columns), out, rows, starts)
    return out
