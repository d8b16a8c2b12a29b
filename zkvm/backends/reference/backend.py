"""The reference backend: checks, then NumPy."""

from collections.abc import Mapping, Sequence

import numpy as np

from zkvm.backends import checks
from zkvm.backends.reference import hashing, pointwise, transforms
from zkvm.backends.tree import Bytes, TreeBuilder
from zkvm.field import base, extension
from zkvm.field.base import Array
from zkvm.field.scalar import Ext


class ReferenceBackend:
    """See ``zkvm.backends.interface.Backend``: every operation as its definition says, on one thread."""

    name = "reference"
    threads = 1

    def empty(self, width: int, rows: int) -> Array:
        """Uninitialised columns."""
        return np.empty((width, rows), dtype=np.uint64)

    def interpolate(self, values: Array) -> Array:
        """Inverse transform."""
        checks.columns("values", values)
        return transforms.interpolate(values)

    def evaluate(self, coefficients: Array, shift: int, out: Array | None = None) -> Array:
        """Transform on a coset."""
        checks.columns("coefficients", coefficients)
        checks.element("shift", shift, nonzero=True)
        if out is None:
            return transforms.evaluate(coefficients, shift)
        checks.like("out", out, coefficients.shape, coefficients)
        out[...] = transforms.evaluate(coefficients, shift)
        return out

    def eval_at(self, coefficients: Array, point: Ext) -> Array:
        """Out-of-domain evaluation."""
        checks.columns("coefficients", coefficients)
        checks.ext("point", point)
        return transforms.eval_at(coefficients, point)

    def eval_rows(self, coefficients: Array, points: Sequence[int]) -> Array:
        """Evaluation at points of the base field."""
        checks.columns("coefficients", coefficients)
        for point in points:
            checks.element("points", point)
        return transforms.eval_rows(coefficients, points)

    def pick(self, columns: Array, rows: Sequence[int]) -> Array:
        """Some rows."""
        checks.matrix("columns", columns)
        checks.rows("rows", rows, columns.shape[1])
        return np.ascontiguousarray(columns[:, np.asarray(rows, dtype=np.int64)])

    def combine(self, coefficients: Array, weights: Array) -> Array:
        """Weighted sum of columns."""
        checks.matrix("coefficients", coefficients)
        checks.weights("weights", weights, len(coefficients))
        return transforms.combine(coefficients, weights)

    def add(self, left: Array, right: Array, out: Array | None = None) -> Array:
        """Sums, element by element."""
        checks.pointwise(left, right, left, out)
        return _into(out, base.add(left, right))

    def multiply(self, columns: Array, factors: Array, out: Array | None = None) -> Array:
        """Columns times one column."""
        checks.matrix("columns", columns)
        checks.pointwise(factors, columns[:1], columns, out)
        return _into(out, base.mul(columns, factors))

    def multiply_ext(self, left: Array, right: Array, out: Array | None = None) -> Array:
        """Products of elements of F."""
        checks.matrix("left", left, 3)
        checks.pointwise(left, right, left, out)
        return _into(out, extension.mul(left, right))

    def batch_inverse_ext(self, values: Array) -> Array:
        """Inverses of elements of F."""
        checks.matrix("values", values, 3)
        return extension.inv(values)

    def prefix_sum_ext(self, values: Array) -> Array:
        """Exclusive prefix sums."""
        checks.matrix("values", values, 3)
        return pointwise.prefix_sum_ext(values)

    def total_ext(self, values: Array) -> Ext:
        """The sum of all elements."""
        checks.matrix("values", values, 3)
        a, b, c = base.total(values).tolist()
        return a, b, c

    def fold(self, values: Array, shift: int, arity: int, beta: Ext) -> Array:
        """One FRI fold."""
        checks.columns("values", values, 3)
        checks.element("shift", shift, nonzero=True)
        checks.arity(arity, values.shape[1])
        checks.ext("beta", beta)
        return pointwise.fold(values, shift, arity, beta)

    def divide_by_points(self, values: Sequence[Array], points: Sequence[Ext], shift: int) -> Array:
        """Σ values[i] / (x − points[i])."""
        checks.divisions(values, points, shift)
        return pointwise.divide_by_points(values, points, shift)

    def digest_rows(self, groups: Sequence[Array], node_bytes: int) -> Bytes:
        """Row digests."""
        checks.groups(groups)
        checks.node_bytes(node_bytes)
        return hashing.digest_rows(groups, node_bytes)

    def new_tree(self, levels: Mapping[int, bool], node_bytes: int) -> TreeBuilder:
        """Begin a tree."""
        checks.node_bytes(node_bytes)
        return TreeBuilder(self, levels, node_bytes)

    def hash_nodes(self, children: Bytes, injected: Bytes | None) -> Bytes:
        """One level of a tree from the level below."""
        checks.nodes(children, injected)
        return hashing.hash_nodes(children, injected)

    def scatter_digests(self, digests: Bytes, out: Bytes) -> None:
        """Digests of rows to their positions in the tree."""
        checks.digests(digests, out)
        hashing.scatter_digests(digests, out)

    def grind(self, state: bytes, bits: int) -> int:
        """Smallest nonce with that many zero bits."""
        checks.grinding(state, bits)
        return hashing.grind(state, bits)

    def keccak256(self, messages: Bytes) -> Bytes:
        """Digests of equally long messages."""
        checks.messages(messages)
        return hashing.keccak256(messages) if len(messages) else np.empty((0, 32), dtype=np.uint8)


def _into(out: Array | None, result: Array) -> Array:
    if out is None:
        return result
    out[...] = result
    return out
