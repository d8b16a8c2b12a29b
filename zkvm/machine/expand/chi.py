"""The fixed columns of CHI."""

import numpy as np

from zkvm.machine.expand.columns import Words
from zkvm.machine.tables.chi import KEYS, LOG_CHI_HEIGHT, RADIX


def chi_columns() -> Words:
    """Columns key and out, shape (2, 2^18)."""
    fixed: Words = np.zeros((2, 1 << LOG_CHI_HEIGHT), dtype=np.uint64)
    keys = np.arange(KEYS, dtype=np.uint64)
    bits = np.stack([keys // np.uint64(RADIX**x) % np.uint64(RADIX) & np.uint64(1) for x in range(5)])
    rows = bits ^ (1 - np.roll(bits, -1, axis=0)) & np.roll(bits, -2, axis=0)
    fixed[0, :KEYS] = keys
    fixed[1, :KEYS] = sum((rows[x] << np.uint64(x) for x in range(5)), start=np.zeros_like(keys))
    return fixed
