"""The backend for NVIDIA's devices: CUDA C kernels, compiled when the prover starts."""

from zkvm.backends.cuda.backend import CudaBackend
from zkvm.backends.cuda.transforms import Tiling

__all__ = ["CudaBackend", "Tiling"]
