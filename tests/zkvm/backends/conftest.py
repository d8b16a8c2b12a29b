"""Every backend there is: the reference, the kernels of each instruction set this machine has, and those for CUDA.

The CUDA kernels run on the tests' emulator; where there is a device, on that, too (``make test-gpu``).
"""

from functools import cache

import pytest

from tests.zkvm.cuda.devices import device
from tests.zkvm.cuda.emulated import EmulatedDevice, needs_compiler
from tests.zkvm.cuda.host import OnHost
from zkvm.backends.cpu import CpuBackend, instruction_sets
from zkvm.backends.cuda import CudaBackend, Tiling
from zkvm.backends.reference import ReferenceBackend

COMPILED = {f"cpu-{isa}": lambda isa=isa: CpuBackend(isa) for isa in instruction_sets()}
COMPILED["cuda"] = lambda: OnHost(CudaBackend(device()))
# Tiles so small that transforms of these sizes take up to three passes.
EMULATED = {"cuda-emulated": lambda: OnHost(CudaBackend(EmulatedDevice(), Tiling(8, 4, 5), trees_on_device=True))}
BACKENDS = {"reference": ReferenceBackend} | COMPILED | EMULATED
MARKS = {"cuda": [pytest.mark.gpu]} | {name: [needs_compiler] for name in EMULATED}


def parameters(names):
    return [pytest.param(name, marks=MARKS.get(name, [])) for name in names]


@cache
def made(name):
    return BACKENDS[name]()


@pytest.fixture(params=parameters(BACKENDS), scope="module")
def backend(request):
    return made(request.param)


@pytest.fixture(params=parameters(COMPILED | EMULATED), scope="module")
def fast(request):
    """All but the reference."""
    return made(request.param)


@pytest.fixture(params=parameters(COMPILED), scope="module")
def compiled(request):
    """Those that are no emulation: for sizes at which that takes seconds."""
    return made(request.param)


@pytest.fixture(scope="module")
def reference():
    return made("reference")
