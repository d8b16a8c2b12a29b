"""CUDA C of a table's constraints: the same formulas as the C kernels, a thread a row.

The text is for CuPy's ``RawModule`` (NVRTC) with ``zkvm/csrc`` on the include path; a vector has one lane there. The
kernels' arguments are those of the C kernels without the row range: ``zk_rows`` by value, then pointers to device
memory. Launch at least ``rows`` threads.
"""

from zkvm.air.generate.c import LOGUP, PROLOGUE, QUOTIENT, logup_parts, quotient_parts, symbol_of
from zkvm.air.machine import Machine
from zkvm.air.table import Table

_RTC_TYPES = """#ifdef __CUDACC_RTC__
typedef unsigned long long uint64_t;
typedef unsigned int uint32_t;
typedef unsigned char uint8_t;
#define UINT64_C(n) n##ULL
#endif
"""


def table_source(machine: Machine, table: Table) -> str:
    """CUDA C with the kernels ``<machine>_<table>_quotient`` and, for a table on a bus, ``<machine>_<table>_logup``."""
    symbol = symbol_of(machine, table)
    quotients, logups = quotient_parts(table), logup_parts(table)
    return "\n".join(
        [
            _RTC_TYPES + PROLOGUE,
            *quotients,
            *logups,
            _kernel(f"{symbol}_quotient", QUOTIENT, "quotient", len(quotients)),
            _kernel(f"{symbol}_logup", LOGUP, "logup", len(logups)) if logups else "",
        ]
    )


def _kernel(name: str, signature: tuple[str, str], function: str, count: int) -> str:
    declared, passed = signature
    fields = "t.fixed, t.main, t.aux, t.first, t.periodic, t.scalars"
    calls = "".join(f"        {function}_{part}(&strip, {passed}, row, row + 1);\n" for part in range(count))
    return (
        f'extern "C" __global__ void {name}(const zk_rows t, {declared}) {{\n'
        "    size_t row = (size_t)blockIdx.x * blockDim.x + threadIdx.x;\n"
        f"    if (row < t.rows) {{\n        zk_strip strip = {{{fields}, 0, t.rows}};\n{calls}    }}\n}}\n"
    )
