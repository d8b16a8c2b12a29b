"""Field elements to test with: random ones with the awkward ones among them."""

import numpy as np

from zkvm.field import P

EDGES = np.array([0, 1, P - 1, P - 2, 2**32 - 1, 2**32, P - 2**32, 2**63], dtype=np.uint64)


def columns(width, rows, seed=0):
    random = np.random.default_rng([width, rows, seed])
    values = random.integers(0, P, (width, rows), dtype=np.uint64)
    return np.where(random.random((width, rows)) < 0.2, random.choice(EDGES, (width, rows)), values)


def ext(seed):
    return tuple(int(value) for value in np.random.default_rng(seed).integers(0, P, 3, dtype=np.uint64))


def nonzero(width, rows, seed=0):
    """Columns in which no element is zero."""
    values = columns(width, rows, seed)
    return np.where(values == 0, np.uint64(1), values)
