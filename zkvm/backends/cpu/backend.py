"""The CPU backend: checks, then kernels over ranges of columns or rows."""

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np

from zkvm import _kernels
from zkvm.backends import checks
from zkvm.backends.cpu.kernels import Workers, available_threads, choose
from zkvm.backends.cpu.memory import empty, empty_bytes
from zkvm.backends.errors import PointInDomain
from zkvm.backends.tree import Bytes, TreeBuilder
from zkvm.field import P
from zkvm.field.base import Array
from zkvm.field.errors import NotInvertible
from zkvm.field.scalar import Ext

ROW_GRAIN = 1024  # rows that one thread takes at least; a multiple of every vector and tile
NODE_GRAIN = 64
DIGESTS_A_TILE = 256  # that are moved to their positions together
TILE_GRAIN = 8
NONCES_A_ROUND = 1 << 14  # for each thread
LAST_NONCE = 1 << 63


class CpuBackend:
    """See ``zkvm.backends.interface.Backend``.

    Args:
        isa: Instruction set, ``portable``, ``avx2`` or ``avx512``; without it ZKHUB_ISA's, or the machine's best.
        threads: How many run at once; without it as many as the process may use.

    Raises:
        UnknownInstructionSet: the build or the machine does not have it.
    """

    name = "cpu"

    def __init__(self, isa: str | None = None, threads: int | None = None) -> None:
        self._isa, self.isa = choose(isa)
        self._workers = Workers(threads or available_threads())

    @property
    def threads(self) -> int:
        """How many run at once."""
        return self._workers.threads

    def empty(self, width: int, rows: int) -> Array:
        """Uninitialised columns, in memory that was in use before if there is any."""
        return empty(width, rows)

    def interpolate(self, values: Array) -> Array:
        """Inverse transform."""
        log_rows = checks.columns("values", values)
        out = empty(*values.shape)
        self._workers.each(
            len(values), lambda begin, end: _kernels.interpolate(self._isa, values, log_rows, begin, end, out)
        )
        return out

    def evaluate(self, coefficients: Array, shift: int, out: Array | None = None) -> Array:
        """Transform on a coset."""
        log_rows = checks.columns("coefficients", coefficients)
        checks.element("shift", shift, nonzero=True)
        if out is not None:
            checks.like("out", out, coefficients.shape, coefficients)
        result = empty(*coefficients.shape) if out is None else out
        self._workers.each(
            len(coefficients),
            lambda begin, end: _kernels.evaluate(self._isa, coefficients, log_rows, begin, end, shift, result),
        )
        return result

    def eval_at(self, coefficients: Array, point: Ext) -> Array:
        """Out-of-domain evaluation."""
        log_rows = checks.columns("coefficients", coefficients)
        checks.ext("point", point)
        out = empty(len(coefficients), 3)
        self._workers.each(
            len(coefficients),
            lambda begin, end: _kernels.eval_at(self._isa, coefficients, log_rows, begin, end, *point, out),
        )
        return out

    def eval_rows(self, coefficients: Array, points: Sequence[int]) -> Array:
        """Evaluation at points of the base field."""
        log_rows = checks.columns("coefficients", coefficients)
        for point in points:
            checks.element("points", point)
        at = np.array(points, dtype=np.uint64)
        out = empty(len(coefficients), len(at))
        self._workers.each(
            len(coefficients),
            lambda begin, end: _kernels.eval_rows(self._isa, coefficients, log_rows, begin, end, at, out),
        )
        return out

    def pick(self, columns: Array, rows: Sequence[int]) -> Array:
        """Some rows."""
        checks.matrix("columns", columns)
        checks.rows("rows", rows, columns.shape[1])
        return np.ascontiguousarray(columns[:, np.asarray(rows, dtype=np.int64)])

    def combine(self, coefficients: Array, weights: Array) -> Array:
        """Weighted sum of columns."""
        checks.matrix("coefficients", coefficients)
        checks.weights("weights", weights, len(coefficients))
        rows = coefficients.shape[1]
        out = empty(3, rows)
        self._workers.each(
            rows,
            lambda begin, end: _kernels.combine(self._isa, coefficients, rows, weights, begin, end, out),
            ROW_GRAIN,
        )
        return out

    def add(self, left: Array, right: Array, out: Array | None = None) -> Array:
        """Sums, element by element."""
        checks.pointwise(left, right, left, out)
        result = empty(*left.shape) if out is None else out
        self._workers.each(
            left.size, lambda begin, end: _kernels.add(self._isa, left, right, begin, end, result), ROW_GRAIN
        )
        return result

    def multiply(self, columns: Array, factors: Array, out: Array | None = None) -> Array:
        """Columns times one column."""
        checks.matrix("columns", columns)
        checks.pointwise(factors, columns[:1], columns, out)
        result = empty(*columns.shape) if out is None else out
        self._workers.each(
            columns.shape[1],
            lambda begin, end: _kernels.multiply(self._isa, columns, factors, begin, end, result),
            ROW_GRAIN,
        )
        return result

    def multiply_ext(self, left: Array, right: Array, out: Array | None = None) -> Array:
        """Products of elements of F."""
        checks.matrix("left", left, 3)
        checks.pointwise(left, right, left, out)
        result = empty(*left.shape) if out is None else out
        self._workers.each(
            left.shape[1],
            lambda begin, end: _kernels.multiply_ext(self._isa, left, right, begin, end, result),
            ROW_GRAIN,
        )
        return result

    def batch_inverse_ext(self, values: Array) -> Array:
        """Inverses of elements of F."""
        checks.matrix("values", values, 3)
        rows = values.shape[1]
        out = empty(3, rows)
        found = self._workers.each(
            rows, lambda begin, end: _kernels.invert(self._isa, values, rows, begin, end, out), ROW_GRAIN
        )
        if not all(found):
            zeros = np.flatnonzero(~values.any(axis=0))
            raise NotInvertible(int(zeros[0]))
        return out

    def prefix_sum_ext(self, values: Array) -> Array:
        """Exclusive prefix sums."""
        checks.matrix("values", values, 3)
        out = empty(3, values.shape[1])

        def add_up(begin: int, end: int) -> None:
            for coordinate in range(begin, end):
                _kernels.prefix_sum(values[coordinate], out[coordinate])

        self._workers.each(3, add_up)
        return out

    def total_ext(self, values: Array) -> Ext:
        """The sum of all elements, of up to 2^32 rows: 32-bit halves add up in 64 bits."""
        checks.matrix("values", values, 3)
        halves = values.astype("<u8", copy=False).view("<u4").reshape(3, -1, 2).sum(axis=1, dtype=np.uint64)
        a, b, c = ((int(low) + (int(high) << 32)) % P for low, high in halves)
        return a, b, c

    def fold(self, values: Array, shift: int, arity: int, beta: Ext) -> Array:
        """One FRI fold."""
        log_rows = checks.columns("values", values, 3)
        checks.element("shift", shift, nonzero=True)
        checks.arity(arity, values.shape[1])
        checks.ext("beta", beta)
        log_arity = arity.bit_length() - 1
        rows = values.shape[1] // arity
        out = empty(3, rows)
        self._workers.each(
            rows,
            lambda begin, end: _kernels.fold(self._isa, values, log_rows, log_arity, begin, end, shift, *beta, out),
            ROW_GRAIN,
        )
        return out

    def divide_by_points(self, values: Sequence[Array], points: Sequence[Ext], shift: int) -> Array:
        """Σ values[i] / (x − points[i])."""
        log_rows = checks.divisions(values, points, shift)
        out = empty(3, 1 << log_rows)

        def divide(begin: int, end: int) -> bool:
            return all(
                _kernels.divide(self._isa, value, log_rows, begin, end, *point, shift, number > 0, out)
                for number, (value, point) in enumerate(zip(values, points, strict=True))
            )

        if not all(self._workers.each(1 << log_rows, divide, ROW_GRAIN)):
            raise PointInDomain
        return out

    def digest_rows(self, groups: Sequence[Array], node_bytes: int) -> Bytes:
        """Row digests."""
        rows = checks.groups(groups)
        checks.node_bytes(node_bytes)
        held = tuple(groups)
        out = empty_bytes(rows, node_bytes)
        self._workers.each(
            rows,
            lambda begin, end: _kernels.digest_rows(self._isa, held, rows, begin, end, node_bytes, out),
            NODE_GRAIN,
        )
        return out

    def new_tree(self, levels: Mapping[int, bool], node_bytes: int) -> TreeBuilder:
        """Begin a tree."""
        checks.node_bytes(node_bytes)
        return TreeBuilder(self, levels, node_bytes)

    def hash_nodes(self, children: Bytes, injected: Bytes | None) -> Bytes:
        """One level of a tree from the level below."""
        checks.nodes(children, injected)
        count, node_bytes = len(children) // 2, children.shape[1]
        out = empty_bytes(count, node_bytes)
        self._workers.each(
            count,
            lambda begin, end: _kernels.hash_nodes(self._isa, children, injected, begin, end, node_bytes, out),
            NODE_GRAIN,
        )
        return out

    def scatter_digests(self, digests: Bytes, out: Bytes) -> None:
        """Digests of rows to their positions in the tree."""
        checks.digests(digests, out)
        log_rows = len(digests).bit_length() - 1
        self._workers.each(
            max(1, len(digests) // DIGESTS_A_TILE),
            lambda begin, end: _kernels.scatter_digests(digests, log_rows, begin, end, out),
            TILE_GRAIN,
        )

    def grind(self, state: bytes, bits: int) -> int:
        """Smallest nonce with that many zero bits: the threads search a stretch, then the next."""
        checks.grinding(state, bits)
        stretch = NONCES_A_ROUND * self.threads
        for start in range(0, LAST_NONCE, stretch):
            search = partial(self._search, state, bits, start)
            nonces = [nonce for nonce in self._workers.each(stretch, search, NODE_GRAIN) if nonce is not None]
            if nonces:
                return nonces[0]
        raise AssertionError(f"no nonce below 2^63 shows {bits} bits of work")

    def _search(self, state: bytes, bits: int, start: int, begin: int, end: int) -> int | None:
        return _kernels.grind(self._isa, state, bits, start + begin, start + end)

    def keccak256(self, messages: Bytes) -> Bytes:
        """Digests of equally long messages."""
        checks.messages(messages)
        count, length = messages.shape
        out = np.empty((count, 32), dtype=np.uint8)
        self._workers.each(
            count,
            lambda begin, end: _kernels.hash_messages(self._isa, messages, length, begin, end, out),
            NODE_GRAIN,
        )
        return out
