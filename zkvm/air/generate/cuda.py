"""CUDA C of a table's constraints: the same formulas as the C kernels, a thread a row.

The text includes headers of ``zkvm/csrc``; a vector has one lane there. A kernel's arguments are eight bytes each:
pointers to the columns of the stages, to FIRST, to the periodic values and to the scalars, the number of rows, then
what the C kernels are given besides the table. Launch at least ``rows`` threads.
"""

from zkvm.air.generate.c import LOGUP, PROLOGUE, QUOTIENT, logup_parts, quotient_parts, symbol_of
from zkvm.air.machine import Machine
from zkvm.air.table import Table

MAX_NODES = 100
"""Nodes of one function: what it keeps between them has to fit a thread's registers."""


def table_source(machine: Machine, table: Table) -> str:
    """CUDA C with the kernels ``<machine>_<table>_quotient`` and, for a table on a bus, ``<machine>_<table>_logup``."""
    symbol = symbol_of(machine, table)
    quotients, logups = quotient_parts(table, MAX_NODES), logup_parts(table, MAX_NODES)
    return "\n".join(
        [
            PROLOGUE,
            *quotients,
            *logups,
            _kernel(f"{symbol}_quotient", QUOTIENT, "quotient", len(quotients)),
            _kernel(f"{symbol}_logup", LOGUP, "logup", len(logups)) if logups else "",
        ]
    )


INPUTS = ("fixed", "main", "aux", "first", "periodic", "scalars")


def _kernel(name: str, signature: tuple[str, str], function: str, count: int) -> str:
    declared, passed = signature
    pointers = ", ".join(f"const uint64_t *{name}" for name in INPUTS)
    calls = "".join(f"        {function}_{part}(&strip, {passed}, row, row + 1);\n" for part in range(count))
    return (
        f'extern "C" __global__ void {name}({pointers}, uint64_t rows, {declared}) {{\n'
        "    size_t row = (size_t)blockIdx.x * blockDim.x + threadIdx.x;\n"
        f"    if (row < rows) {{\n        zk_strip strip = {{{', '.join(INPUTS)}, 0, rows}};\n{calls}    }}\n}}\n"
    )
