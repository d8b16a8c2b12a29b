"""The field of the proof system: Goldilocks, p = 2^64 − 2^32 + 1, and its cubic extension F = F_p[x] / (x³ − x − 1).

``scalar`` works on plain integers (the verifier's arithmetic), ``base`` and ``extension`` on NumPy arrays (the
reference that the compiled kernels are held to). This package itself needs no NumPy.
"""

from functools import cache

from zkvm.field.errors import NoSuchRoot

P = 2**64 - 2**32 + 1
GENERATOR = 7
TWO_ADICITY = 32


@cache
def root_of_unity(log2: int) -> int:
    """The generator of the subgroup of order ``2^log2``: 7^((p−1)/2^log2).

    Each is the square of the next, and the one of order 4 is 2^48.

    Raises:
        NoSuchRoot: the field has no subgroup of that order.
    """
    if not 0 <= log2 <= TWO_ADICITY:
        raise NoSuchRoot(log2)
    return pow(GENERATOR, (P - 1) >> log2, P)


__all__ = ["GENERATOR", "TWO_ADICITY", "P", "root_of_unity"]
