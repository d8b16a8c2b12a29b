"""Every backend there is: the reference, and the kernels of each instruction set this machine has."""

import pytest

from zkvm.backends.cpu import CpuBackend, instruction_sets
from zkvm.backends.reference import ReferenceBackend

BACKENDS = {"reference": ReferenceBackend()} | {f"cpu-{isa}": CpuBackend(isa) for isa in instruction_sets()}


@pytest.fixture(params=BACKENDS, scope="module")
def backend(request):
    return BACKENDS[request.param]


@pytest.fixture(params=[name for name in BACKENDS if name != "reference"], scope="module")
def cpu(request):
    return BACKENDS[request.param]


@pytest.fixture(scope="module")
def reference():
    return BACKENDS["reference"]
