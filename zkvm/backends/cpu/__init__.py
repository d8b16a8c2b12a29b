"""The fast backend: compiled kernels for AVX-512, AVX2 or any machine, on all cores."""

from zkvm.backends.cpu.backend import CpuBackend
from zkvm.backends.cpu.kernels import instruction_sets

__all__ = ["CpuBackend", "instruction_sets"]
