"""The prover's kernels on one core, by instruction set: hashing, transforms, and the rest by the cell.

Seconds are of processor time on one thread, so that a busy machine does not show. Peers: PyCryptodome's keccak over the
same rows, NumPy's complex FFT of as many numbers, this project's NumPy reference.
"""

import struct
import time
from collections.abc import Callable

import numpy as np
from Crypto.Hash import keccak

from benchmarks.measure import Figure, in_turn, median
from zkvm import _kernels
from zkvm.backends.cpu import CpuBackend, instruction_sets
from zkvm.backends.cpu.memory import empty
from zkvm.backends.reference import ReferenceBackend
from zkvm.field import P

RUNS = 5
RATE_ELEMENTS = 17  # of 8 bytes in a block of keccak-256
WIDTH = 64
LOG_ROWS = 16
TRANSFORMS = ((12, 64), (16, 16), (20, 8))  # log2 of the size, columns
NODE_BYTES = 25


def _rate(work: Callable[[], object], amount: float) -> Callable[[], float]:
    """Millions of ``amount`` in a second of processor time."""

    def run() -> float:
        began = time.process_time()
        work()
        return amount / (time.process_time() - began) / 1e6

    return run


def _columns(width: int, rows: int) -> np.ndarray:
    values = empty(width, rows)
    values[...] = np.random.default_rng(1).integers(0, P, (width, rows), dtype=np.uint64)
    return values


def _figure(name: str, unit: str, ours: Callable[[], float], peer: Callable[[], float], peer_name: str) -> Figure:
    ours()
    mine, theirs = in_turn(ours, peer, RUNS)
    samples = {"ours": mine, "peer": theirs}
    return Figure(name, unit, "higher", median(mine), median(theirs), peer_name, samples)


def _hashing(backend: CpuBackend) -> list[Figure]:
    columns = _columns(WIDTH, 1 << LOG_ROWS)
    blocks = WIDTH // RATE_ELEMENTS + 1
    few = [struct.pack(f">{WIDTH}Q", *row) for row in columns[:, :4096].T.tolist()]

    def peer_rows() -> None:
        for row in few:
            keccak.new(digest_bits=256, data=row).digest()

    digests = backend.digest_rows([columns], NODE_BYTES)
    pairs = [pair.tobytes() for pair in digests[:8192].reshape(-1, 2 * NODE_BYTES)]

    def peer_nodes() -> None:
        for pair in pairs:
            keccak.new(digest_bits=256, data=pair).digest()

    rows = _rate(lambda: backend.digest_rows([columns], NODE_BYTES), blocks << LOG_ROWS)
    nodes = _rate(lambda: backend.hash_nodes(digests, None), 1 << (LOG_ROWS - 1))
    unit = "M permutations/s"
    return [
        _figure(f"keccak rows, {backend.isa}", unit, rows, _rate(peer_rows, blocks * len(few)), "pycryptodome"),
        _figure(f"keccak nodes, {backend.isa}", unit, nodes, _rate(peer_nodes, len(pairs)), "pycryptodome"),
    ]


def _transforms(backend: CpuBackend, isa: int) -> list[Figure]:
    figures = []
    for log_rows, width in TRANSFORMS:
        values, out = _columns(width, 1 << log_rows), _columns(width, 1 << log_rows)
        signal = values.astype(np.complex128)

        def forward(values: np.ndarray = values, out: np.ndarray = out, log_rows: int = log_rows) -> None:
            _kernels.evaluate(isa, values, log_rows, 0, len(values), 7, out)

        def inverse(values: np.ndarray = values, out: np.ndarray = out, log_rows: int = log_rows) -> None:
            _kernels.interpolate(isa, values, log_rows, 0, len(values), out)

        peer = _rate(lambda signal=signal: np.fft.fft(signal), values.size)
        for name, work in (("on a coset", forward), ("inverse", inverse)):
            label = f"NTT {name}, 2^{log_rows}, {backend.isa}"
            figures.append(_figure(label, "M elements/s", _rate(work, values.size), peer, "numpy.fft, complex"))
    return figures


def _pointwise(backend: CpuBackend) -> list[Figure]:
    columns, few = _columns(WIDTH, 1 << LOG_ROWS), _columns(WIDTH, 1 << 12)
    weights, point = np.ascontiguousarray(columns[:, :3]), (1, 2, 3)
    reference = ReferenceBackend()
    triple, small = np.ascontiguousarray(columns[:3]), np.ascontiguousarray(few[:3])
    cases = (
        ("combine", lambda b, many, ext: b.combine(many, weights), WIDTH),
        ("eval_at", lambda b, many, ext: b.eval_at(many, point), WIDTH),
        ("batch_inverse_ext", lambda b, many, ext: b.batch_inverse_ext(ext), 1),
        ("divide_by_points", lambda b, many, ext: b.divide_by_points([ext], [point], 7), 1),
        ("fold by 8", lambda b, many, ext: b.fold(ext, 7, 8, point), 1),
    )
    figures = []
    for name, call, width in cases:
        ours = _rate(lambda call=call: call(backend, columns, triple), width << LOG_ROWS)
        peer = _rate(lambda call=call: call(reference, few, small), width << 12)
        figures.append(_figure(f"{name}, {backend.isa}", "M cells/s", ours, peer, "the NumPy reference"))
    return figures


def figures() -> list[Figure]:
    found = []
    for number, isa in enumerate(instruction_sets()):
        backend = CpuBackend(isa, threads=1)
        found += [*_hashing(backend), *_transforms(backend, number), *_pointwise(backend)]
    return found
