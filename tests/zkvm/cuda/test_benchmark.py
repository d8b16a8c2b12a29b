"""The benchmark of devices runs through, in small, on the emulator: its figures there mean nothing."""

import pytest

from benchmarks import zkvm_gpu
from tests.zkvm.cuda.emulated import EmulatedDevice, needs_compiler
from zkvm.backends.cuda import CudaBackend

pytestmark = needs_compiler


def test_every_kernel_s_figure_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zkvm_gpu, "RUNS", 1)
    backend = CudaBackend(EmulatedDevice())
    copies = zkvm_gpu.bandwidth(backend, 8)
    found = [*zkvm_gpu.transforms(backend, copies, [(6, 2), (13, 1)]), *zkvm_gpu.hashing(backend, copies, 6, 20)]
    assert [figure.name for figure in found] == [
        "NTT on a coset, 2^6 × 2",
        "NTT inverse, 2^6 × 2",
        "NTT on a coset, 2^13 × 1",
        "NTT inverse, 2^13 × 1",
        "keccak rows of 20",
        "keccak nodes",
    ]
    assert all(figure.ours > 0 and "GB/s" in figure.notes for figure in found)
    assert zkvm_gpu.expansion(backend, 64).ours > 0
