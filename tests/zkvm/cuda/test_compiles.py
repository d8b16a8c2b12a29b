"""Every kernel compiles for every kind of device that proves, and fits its registers. No device is needed."""

import pytest

from tests.zkvm.cuda.nvrtc import ARCHITECTURES, compile_to_cubin
from zkvm.air.examples import lookup
from zkvm.air.generate.cuda import table_source
from zkvm.backends.cuda.sources import MODULES, flattened, kernel_names, module_text
from zkvm.machine.machine import riscv

MOST_REGISTERS = 128
"""Of a hand-written kernel: two blocks of 256 threads on a multiprocessor at least."""
SMALL = [(lookup(), "user"), (riscv(), "chi"), (riscv(), "image")]
LARGE = [(riscv(), table.name) for table in riscv().tables]


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("module", MODULES)
def test_the_kernels_compile_and_keep_to_their_registers(module: str, architecture: str) -> None:
    text = module_text(module)
    cubin, resources, said = compile_to_cubin(text, architecture)
    assert cubin.startswith(b"\x7fELF")
    assert "warning" not in said
    assert set(resources) == set(kernel_names(text))
    for kernel, taken in resources.items():
        assert taken.spilled == taken.stack == 0, f"{kernel} keeps {taken} in local memory"
        assert taken.registers <= MOST_REGISTERS, f"{kernel} takes {taken}"


@pytest.mark.parametrize(("machine", "table"), SMALL, ids=[f"{machine.name}-{table}" for machine, table in SMALL])
def test_constraints_compile(machine, table: str) -> None:
    _constraints_compile(machine, table, "sm_90")


@pytest.mark.soak
@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize(("machine", "table"), LARGE, ids=[table for _, table in LARGE])
def test_all_constraints_compile(machine, table: str, architecture: str) -> None:
    _constraints_compile(machine, table, architecture)


def _constraints_compile(machine, table: str, architecture: str) -> None:
    text = flattened(table_source(machine, machine.table(table)))
    _, resources, said = compile_to_cubin(text, architecture)
    assert "warning" not in said
    assert set(resources) == set(kernel_names(text))
    for kernel, taken in resources.items():
        assert taken.spilled == taken.stack == 0, f"{kernel} keeps {taken} in local memory"


def test_what_does_not_compile_is_told() -> None:
    with pytest.raises(AssertionError, match="undefined"):
        compile_to_cubin('extern "C" __global__ void broken(void) { undefined(); }', "sm_90")
