"""The CUDA backend: checks, then kernels on one device.

Arguments may be arrays of the host or of the device; what is on the host is uploaded. Results are on the device, but
for a few numbers (values at points, digests of messages, openings), which are on the host. ``out`` may be either.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import numpy as np

from zkvm.backends import checks
from zkvm.backends.cuda import hashing, rowwise, sums
from zkvm.backends.cuda.arrays import DeviceArray
from zkvm.backends.cuda.device import Device
from zkvm.backends.cuda.launching import Kernels
from zkvm.backends.cuda.transforms import Tiling, Transforms
from zkvm.backends.cuda.tree import DeviceTreeBuilder
from zkvm.backends.tree import Bytes, TreeBuilder
from zkvm.field import P
from zkvm.field.base import Array
from zkvm.field.scalar import Ext


class CudaBackend:
    """See ``zkvm.backends.interface.Backend``.

    Args:
        device: Where the work is done.
        tiling: How transforms are cut; the default is made for large ones.
        trees_on_device: Whether nodes of trees stay in device memory.
    """

    name = "cuda"
    threads = 1

    def __init__(self, device: Device, tiling: Tiling | None = None, *, trees_on_device: bool = False) -> None:
        self.kernels = Kernels(device)
        self.trees_on_device = trees_on_device
        self._transforms = Transforms(self.kernels, tiling or Tiling())

    @property
    def device(self) -> Device:
        """Where the work is done."""
        return self.kernels.device

    def warm_up(self, report: Callable[[float], None]) -> None:
        """Load every hand-written module; told the fraction done."""
        self.kernels.warm_up(report)

    def empty(self, width: int, rows: int) -> Array:
        """Uninitialised columns on the device."""
        return _public(self.kernels.empty(width, rows))

    def interpolate(self, values: Array) -> Array:
        """Inverse transform."""
        checks.columns("values", values)
        source = self._here(values)
        # An upload is nobody else's: coefficients take its place.
        out = self.kernels.empty(*source.shape) if isinstance(values, DeviceArray) else source
        self._transforms.inverse(source, out)
        return _public(out)

    def evaluate(self, coefficients: Array, shift: int, out: Array | None = None) -> Array:
        """Transform on a coset."""
        checks.columns("coefficients", coefficients)
        checks.element("shift", shift, nonzero=True)
        if out is not None:
            checks.like("out", out, coefficients.shape, coefficients)
        target = self._target(out, coefficients.shape)
        self._transforms.forward(self._here(coefficients), target, shift)
        return _given(target, out)

    def eval_at(self, coefficients: Array, point: Ext) -> Array:
        """Out-of-domain evaluation."""
        checks.columns("coefficients", coefficients)
        checks.ext("point", point)
        return sums.eval_at(self.kernels, self._here(coefficients), point)

    def eval_rows(self, coefficients: Array, points: Sequence[int]) -> Array:
        """Evaluation at points of the base field."""
        checks.columns("coefficients", coefficients)
        for point in points:
            checks.element("points", point)
        return sums.eval_rows(self.kernels, self._here(coefficients), points)

    def pick(self, columns: Array, rows: Sequence[int]) -> Array:
        """Some rows, on the host."""
        checks.matrix("columns", columns)
        checks.rows("rows", rows, columns.shape[1])
        source, out = self._here(columns), self.kernels.empty(len(columns), len(rows))
        if out.size:
            width, stride = source.shape
            wanted = self.kernels.words(*rows)
            shape = self.kernels.over(out.size)
            self.kernels.launch("pointwise", "pick", shape, source, stride, width, wanted, len(rows), out)
        return out.to_host()

    def combine(self, coefficients: Array, weights: Array) -> Array:
        """Weighted sum of columns."""
        checks.matrix("coefficients", coefficients)
        checks.weights("weights", weights, len(coefficients))
        out = self.kernels.empty(3, coefficients.shape[1])
        sums.combine(self.kernels, self._here(coefficients), self._here(weights), out)
        return _public(out)

    def add(self, left: Array, right: Array, out: Array | None = None) -> Array:
        """Sums, element by element."""
        checks.pointwise(left, right, left, out)
        target = self._target(out, left.shape)
        operands = self._here(left), self._here(right)
        self.kernels.launch("pointwise", "add", self.kernels.over(target.size), *operands, target.size, target)
        return _given(target, out)

    def multiply(self, columns: Array, factors: Array, out: Array | None = None) -> Array:
        """Columns times one column."""
        checks.matrix("columns", columns)
        checks.pointwise(factors, columns[:1], columns, out)
        target, rows = self._target(out, columns.shape), columns.shape[1]
        source, times = self._here(columns), self._here(factors)
        for first in range(0, len(columns), sums.MOST_COLUMNS):
            part, to = source[first : first + sums.MOST_COLUMNS], target[first : first + sums.MOST_COLUMNS]
            self.kernels.launch("pointwise", "multiply", self.kernels.over(rows, len(part)), part, times, rows, to)
        return _given(target, out)

    def multiply_ext(self, left: Array, right: Array, out: Array | None = None) -> Array:
        """Products of elements of F."""
        checks.matrix("left", left, 3)
        checks.pointwise(left, right, left, out)
        target, rows = self._target(out, left.shape), left.shape[1]
        operands = self._here(left), self._here(right)
        self.kernels.launch("pointwise", "multiply_ext", self.kernels.over(rows), *operands, rows, target)
        return _given(target, out)

    def batch_inverse_ext(self, values: Array) -> Array:
        """Inverses of elements of F."""
        checks.matrix("values", values, 3)
        return _public(rowwise.invert(self.kernels, self._here(values)))

    def prefix_sum_ext(self, values: Array) -> Array:
        """Exclusive prefix sums."""
        checks.matrix("values", values, 3)
        return _public(sums.prefix_sums(self.kernels, self._here(values)))

    def total_ext(self, values: Array) -> Ext:
        """The sum of all elements of F."""
        checks.matrix("values", values, 3)
        source = self._here(values)
        last = [source.shape[1] - 1]
        before, own = self.pick(_public(sums.prefix_sums(self.kernels, source)), last), self.pick(values, last)
        a, b, c = ((int(x) + int(y)) % P for x, y in zip(before[:, 0], own[:, 0], strict=True))
        return a, b, c

    def fold(self, values: Array, shift: int, arity: int, beta: Ext) -> Array:
        """One FRI fold."""
        checks.columns("values", values, 3)
        checks.element("shift", shift, nonzero=True)
        checks.arity(arity, values.shape[1])
        checks.ext("beta", beta)
        return _public(rowwise.fold(self.kernels, self._here(values), shift, arity, beta))

    def divide_by_points(self, values: Sequence[Array], points: Sequence[Ext], shift: int) -> Array:
        """Σ values[i] / (x − points[i])."""
        checks.divisions(values, points, shift)
        return _public(rowwise.divide(self.kernels, [self._here(value) for value in values], points, shift))

    def digest_rows(self, groups: Sequence[Array], node_bytes: int) -> Bytes:
        """Row digests."""
        checks.groups(groups)
        checks.node_bytes(node_bytes)
        return cast(Bytes, hashing.digest_rows(self.kernels, [self._here(group) for group in groups], node_bytes))

    def new_tree(self, levels: Mapping[int, bool], node_bytes: int) -> TreeBuilder:
        """Begin a tree."""
        checks.node_bytes(node_bytes)
        return DeviceTreeBuilder(self.kernels, self, levels, node_bytes, on_device=self.trees_on_device)

    def hash_nodes(self, children: Bytes, injected: Bytes | None) -> Bytes:
        """One level of a tree from the level below."""
        checks.nodes(children, injected)
        beside = None if injected is None else self._here(injected)
        return cast(Bytes, hashing.hash_nodes(self.kernels, self._here(children), beside))

    def scatter_digests(self, digests: Bytes, out: Bytes) -> None:
        """Digests of rows to their positions in the tree."""
        checks.digests(digests, out)
        target = self._target(out, out.shape, np.uint8)
        hashing.scatter_digests(self.kernels, self._here(digests), target)
        _given(target, out)

    def grind(self, state: bytes, bits: int) -> int:
        """Smallest nonce with that many zero bits."""
        checks.grinding(state, bits)
        return hashing.grind(self.kernels, state, bits)

    def keccak256(self, messages: Bytes) -> Bytes:
        """Digests of equally long messages, on the host."""
        checks.messages(messages)
        if not len(messages):
            return np.empty((0, 32), dtype=np.uint8)
        return hashing.hash_messages(self.kernels, self._here(messages)).to_host()

    def _here(self, array: Any) -> DeviceArray:
        """The array on the device."""
        return array if isinstance(array, DeviceArray) else self.kernels.upload(array)

    def _target(self, out: Any, shape: tuple[int, ...], dtype: type = np.uint64) -> DeviceArray:
        """Where to write: ``out`` if it is on the device."""
        return out if isinstance(out, DeviceArray) else self.kernels.empty(*shape, dtype=dtype)


def _public(array: DeviceArray) -> Array:
    """The array as callers know it: it does what the prover asks of NumPy's."""
    return cast(Array, array)


def _given(target: DeviceArray, out: Any) -> Array:
    """What was asked for: in ``out`` if there is one."""
    if out is None or out is target:
        return _public(target)
    target.to_host(out)
    return cast(Array, out)
