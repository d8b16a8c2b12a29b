"""The evaluation domains of the protocol, in plain integers.

All tables live in one polynomial ring. With N the height of the tallest table, a table of height N/k stands for
polynomials f(X^k); its columns are evaluated on a coset of their own, small domain, and the row of a point x of the
large domain is the row of x^k in the small one.
"""

from dataclasses import dataclass
from functools import lru_cache

from zkvm.field import GENERATOR, P, root_of_unity

FINAL_COEFFICIENTS_LOG = 6
LARGEST_FOLD_LOG = 3


def bit_reverse(value: int, bits: int) -> int:
    """``value`` with its lowest ``bits`` bits in the opposite order."""
    return int(format(value, f"0{bits}b")[::-1], 2) if bits else 0


@dataclass(frozen=True)
class Domain:
    """The points ``shift · w^i``, w a root of unity of order 2^log_size."""

    log_size: int
    shift: int

    @property
    def size(self) -> int:
        """Number of points."""
        return 1 << self.log_size

    def point(self, index: int) -> int:
        """The point of a natural index."""
        return self.shift * pow(root_of_unity(self.log_size), index, P) % P

    def folded(self, log_arity: int) -> "Domain":
        """The domain of x^(2^log_arity)."""
        return Domain(self.log_size - log_arity, pow(self.shift, 1 << log_arity, P))


def evaluation_domain(log_height: int, log_blowup: int) -> Domain:
    """Where the columns of the tallest table, of 2^log_height rows, are evaluated and committed."""
    return Domain(log_height + log_blowup, GENERATOR)


def table_domain(log_table: int, log_tallest: int, log_blowup: int) -> Domain:
    """Where the columns of a table of 2^log_table rows are evaluated when the tallest has 2^log_tallest."""
    return Domain(log_table + log_blowup, pow(GENERATOR, 1 << (log_tallest - log_table), P))


def coset(domain: Domain, number: int, log_blowup: int) -> Domain:
    """Rows ``number``, ``number + b``, … of a domain, which are a coset of the trace's subgroup."""
    return Domain(domain.log_size - log_blowup, domain.point(number))


@lru_cache(maxsize=64)
def fold_logs(log_height: int) -> tuple[int, ...]:
    """log2 of the arity of each fold, from a degree bound of 2^log_height down to 2^6.

    Folds of 8 while they fit; the last is of 2, 4 or 8, so that the final polynomial always has 64 coefficients.
    """
    folds: list[int] = []
    while log_height > FINAL_COEFFICIENTS_LOG:
        folds.append(min(LARGEST_FOLD_LOG, log_height - FINAL_COEFFICIENTS_LOG))
        log_height -= folds[-1]
    return tuple(folds)
