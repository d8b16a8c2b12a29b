"""What the prover asks of a backend.

Arrays are uint64, C-contiguous, canonical (< p): ``(w, N)`` is w columns of N rows, each column contiguous;
``(3, N)`` is one column of extension elements by coordinate. N is a power of two. Rows are in natural order.
Coefficients are in bit-reversed order: index i holds the coefficient of X^bitrev(i).

Every operation raises ``WrongArray`` or ``WrongArgument`` before it starts when an argument has another type or shape.
Arguments may be NumPy's arrays, whatever the backend. Large results are arrays of the backend's own kind: NumPy's, or
arrays in a device's memory, which offer what the prover uses of NumPy's: shapes, basic slices, reshapes,
transpositions, iteration and assignment. Values at points (``eval_at``, ``eval_rows``, ``pick``) and digests of
messages are NumPy's.

That values are canonical is the caller's promise: they are checked once, where they enter the prover.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from zkvm.backends.tree import Tree, TreeBuilder
from zkvm.field.scalar import Ext

Array = npt.NDArray[np.uint64]
Bytes = npt.NDArray[np.uint8]


class Backend(Protocol):
    """The operations."""

    @property
    def name(self) -> str:
        """Which backend this is."""
        ...

    @property
    def threads(self) -> int:
        """How many run at once."""
        ...

    def empty(self, width: int, rows: int) -> Array:
        """Columns (width, rows) that hold anything, in memory such as this backend's results are in."""
        ...

    def interpolate(self, values: Array) -> Array:
        """Coefficients (w, N) of the columns ``values`` (w, N) on the subgroup of order N: inverse transform."""
        ...

    def evaluate(self, coefficients: Array, shift: int, out: Array | None = None) -> Array:
        """Values (w, N) at the points shift · w_N^i, natural order: transform on a coset.

        Args:
            coefficients: (w, N).
            shift: Not zero.
            out: Where to write, (w, N); must not overlap the coefficients.
        """
        ...

    def eval_at(self, coefficients: Array, point: Ext) -> Array:
        """The values (w, 3) of the columns at one point of F."""
        ...

    def eval_rows(self, coefficients: Array, points: Sequence[int]) -> Array:
        """The values (w, q) of the columns at q points of F_p."""
        ...

    def pick(self, columns: Array, rows: Sequence[int]) -> Array:
        """The rows of these indices, (w, len(rows)), on the host."""
        ...

    def combine(self, coefficients: Array, weights: Array) -> Array:
        """Σ_c weights[c] · column c, (3, N), for weights (w, 3) in F. Any N ≥ 1; rows or coefficients alike."""
        ...

    def add(self, left: Array, right: Array, out: Array | None = None) -> Array:
        """The sums left + right, (w, N) all; ``out`` may be an operand."""
        ...

    def multiply(self, columns: Array, factors: Array, out: Array | None = None) -> Array:
        """Every column of (w, N) times the factors (1, N), row by row; ``out`` may be the columns."""
        ...

    def multiply_ext(self, left: Array, right: Array, out: Array | None = None) -> Array:
        """The products (3, N) of elements of F; ``out`` may be an operand."""
        ...

    def batch_inverse_ext(self, values: Array) -> Array:
        """The inverses (3, N) of N ≥ 1 elements of F.

        Raises:
            NotInvertible: one of them is zero.
        """
        ...

    def prefix_sum_ext(self, values: Array) -> Array:
        """Sums of all earlier elements, (3, N): row 0 is zero, the last element is in no sum."""
        ...

    def total_ext(self, values: Array) -> Ext:
        """The sum of the N ≥ 1 elements of F in (3, N)."""
        ...

    def fold(self, values: Array, shift: int, arity: int, beta: Ext) -> Array:
        """A FRI fold: f on shift · w_n^i to g on the arity-th powers, n/arity points.

        With f(X) = Σ_(d<a) X^d f_d(X^a), g(Y) = Σ_d β^d f_d(Y).

        Args:
            values: f, (3, n), natural order.
            shift: Of f's domain.
            arity: 2, 4 or 8; at most n.
            beta: The folding challenge.
        """
        ...

    def divide_by_points(self, values: Sequence[Array], points: Sequence[Ext], shift: int) -> Array:
        """Σ_i values[i](x) / (x − points[i]) for every x = shift · w_n^r: (3, n) from as many (3, n).

        Raises:
            PointInDomain: a denominator is zero.
        """
        ...

    def digest_rows(self, groups: Sequence[Array], node_bytes: int) -> Bytes:
        """Row digests (N, node_bytes), natural order.

        A row is the concatenation, over the groups (w_i, N) in order, of its elements, eight bytes big-endian each;
        the digest is keccak-256 of that, cut to node_bytes (1 to 32).
        """
        ...

    def new_tree(self, levels: Mapping[int, bool], node_bytes: int) -> TreeBuilder:
        """Begin a mixed-height Merkle tree with row digests at these levels (log2 of the number of rows)."""
        ...

    def grind(self, state: bytes, bits: int) -> int:
        """The smallest 64-bit nonce for which keccak-256(state ‖ nonce, 8 bytes big-endian) begins with zero bits.

        Args:
            state: 32 bytes.
            bits: How many zero bits, 0 to 64.
        """
        ...

    def keccak256(self, messages: Bytes) -> Bytes:
        """Digests (count, 32) of equally long messages (count, length)."""
        ...


__all__ = ["Array", "Backend", "Bytes", "Tree", "TreeBuilder"]
