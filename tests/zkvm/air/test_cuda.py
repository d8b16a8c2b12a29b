"""CUDA C: compiled by the host's C++ compiler with the device's words defined away, it gives what NumPy gives."""

import ctypes
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from tests.zkvm.air.test_readers import IDS, TABLES, Random
from zkvm.air import Machine, Table, interpret
from zkvm.air.generate.c import symbol_of
from zkvm.air.generate.cuda import table_source
from zkvm.air.native import periodic_words, scalar_words
from zkvm.air.rows import RowsView, Words

CSRC = Path(__file__).parents[3] / "zkvm" / "csrc"
COMPILER = shutil.which("g++") or shutil.which("clang++")
SHIM = """
#include <stddef.h>
#include <stdint.h>
struct zk_index {{ unsigned x; }};
static zk_index blockIdx, threadIdx, blockDim;
{source}
template <class F> static void launch(size_t rows, F kernel) {{
    blockDim.x = 16;
    for (blockIdx.x = 0; blockIdx.x <= rows / blockDim.x; blockIdx.x++)
        for (threadIdx.x = 0; threadIdx.x < blockDim.x; threadIdx.x++) kernel();
}}
extern "C" void run_quotient(zk_rows *t, const uint64_t *weights, uint64_t *out) {{
    launch(t->rows, [=] {{ {symbol}_quotient(*t, weights, out, t->rows); }});
}}
"""
LOGUP_SHIM = """
extern "C" void run_logup(zk_rows *t, uint64_t *numerators, uint64_t *denominators) {{
    launch(t->rows, [=] {{ {symbol}_logup(*t, numerators, denominators); }});
}}
"""


class Rows(ctypes.Structure):
    """zk_rows of csrc/constraints/support.h."""

    _fields_ = (
        *((stage, ctypes.c_void_p) for stage in ("fixed", "main", "aux")),
        *((f"{stage}_stride", ctypes.c_size_t) for stage in ("fixed", "main", "aux")),
        *((name, ctypes.c_void_p) for name in ("first", "periodic", "scalars")),
        ("rows", ctypes.c_size_t),
    )


@pytest.mark.skipif(COMPILER is None, reason="no C++ compiler on the PATH")
@pytest.mark.parametrize(("machine", "table"), TABLES, ids=IDS)
def test_the_device_code_gives_what_numpy_gives(machine: Machine, table: Table, tmp_path: Path) -> None:
    library = _compile(machine, table, tmp_path)
    random = Random(11)
    scalars = random.scalars(machine)
    view = random.view(table, scalars)
    periodic, known = periodic_words(table, view), scalar_words(table, view, scalars)
    t = _rows(view, periodic, known)
    weights = [random.ext() for _ in table.constraints]
    words = np.array(weights, np.uint64)
    found = random.words(3, view.rows)
    expected = found.copy()
    interpret.quotient_rows(table, view, scalars, weights, expected)
    library.run_quotient(ctypes.byref(t), _address(words), _address(found))
    assert np.array_equal(found, expected)

    if not table.groups:
        return
    fractions = np.zeros((2, len(table.groups), 3, view.rows), np.uint64)
    reference = fractions.copy()
    interpret.logup_rows(table, view, scalars, *reference)
    library.run_logup(ctypes.byref(t), _address(fractions[0]), _address(fractions[1]))
    assert np.array_equal(fractions, reference)


def _compile(machine: Machine, table: Table, folder: Path) -> ctypes.CDLL:
    source = folder / "kernel.cc"
    shim = SHIM + (LOGUP_SHIM if table.groups else "")
    source.write_text(shim.format(source=table_source(machine, table), symbol=symbol_of(machine, table)))
    library = folder / "kernel.so"
    defines = ["-D__CUDACC__", "-D__device__=", "-D__global__=", "-D__forceinline__="]
    command = [
        str(COMPILER),
        "-std=c++17",
        "-O0",
        "-Wall",
        "-Wextra",
        "-Werror",
        "-Wno-unused-function",
        "-shared",
        "-fPIC",
    ]
    subprocess.run([*command, *defines, f"-I{CSRC}", str(source), "-o", str(library)], check=True)
    return ctypes.CDLL(str(library))


def _rows(view: RowsView, periodic: Words, known: Words) -> Rows:
    columns = [_address(view.columns[stage]) for stage in ("fixed", "main", "aux")]
    return Rows(*columns, *[view.rows] * 3, _address(view.first), _address(periodic), _address(known), view.rows)


def _address(array: Words) -> ctypes.c_void_p:
    assert array.flags.c_contiguous
    return ctypes.c_void_p(array.ctypes.data)
