"""Generated kernels under the sanitizers: every row range, over columns that end where their memory ends."""

import shutil
import subprocess
from pathlib import Path

import pytest

from zkvm.air import Machine, Table, examples
from zkvm.air.generate.c import symbol_of, table_source
from zkvm.air.generate.plan import plan
from zkvm.air.native import instruction_sets
from zkvm.machine.machine import riscv

CSRC = Path(__file__).parents[3] / "zkvm" / "csrc"
COMPILER = shutil.which("gcc") or shutil.which("clang")
FLAGS = {
    "portable": [],
    "avx2": ["-mavx2", "-mbmi2"],
    "avx512": ["-mavx2", "-mbmi2", "-mavx512f", "-mavx512dq", "-mavx512vl", "-mavx512bw"],
}
# A bus, a next row and rows by name; periodic columns of both kinds; a real table with all of it.
CASES = [
    (examples.permutation(), examples.permutation().table("receiver")),
    (examples.fibonacci(), examples.fibonacci().table("fib")),
    (examples.accumulator(), examples.accumulator().table("blocks")),
    (riscv(), riscv().table("image")),
    (riscv(), riscv().table("ram")),
]
PROGRAM = """
#include <stdio.h>
#include <stdlib.h>
{source}
static uint64_t *words(size_t count) {{
    uint64_t *at = malloc(count * sizeof *at + (count == 0));
    for (size_t i = 0; i < count; i++) at[i] = (i * 0x9E3779B97F4A7C15ULL) % GL_P;
    return at;
}}
int main(void) {{
    const size_t rows = 128;
    uint64_t *memory[] = {{words({fixed} * rows), words({main} * rows), words({aux} * rows), words(rows),
                          words({periodic}), words(3 * {scalars}), words(3 * {constraints}), words(3 * rows),
                          words(3 * {groups} * rows), words(3 * {groups} * rows)}};
    const zk_rows t = {{memory[0], memory[1], memory[2], rows, rows, rows, memory[3], memory[4], memory[5], rows}};
    for (size_t begin = 0; begin < rows; begin += 8) {{
        for (size_t end = begin; end <= rows; end += 8) {{
            ZK_NAME({symbol}_quotient)(&t, memory[6], memory[7], rows, begin, end);
            ZK_NAME({symbol}_logup)(&t, memory[8], memory[9], begin, end);
        }}
    }}
    for (size_t i = 0; i < 3 * rows; i++) if (memory[7][i] >= GL_P) return 1;
    for (size_t i = 0; i < sizeof memory / sizeof *memory; i++) free(memory[i]);
    return 0;
}}
"""


@pytest.mark.skipif(COMPILER is None, reason="no C compiler on the PATH")
@pytest.mark.parametrize(("machine", "table"), CASES, ids=[table.name for _, table in CASES])
@pytest.mark.parametrize("isa", list(instruction_sets()))
def test_kernels_stay_inside_their_arrays(machine: Machine, table: Table, isa: str, tmp_path: Path) -> None:
    layout = plan(table)
    source, program = tmp_path / "kernel.c", tmp_path / "kernel"
    source.write_text(
        PROGRAM.format(
            source=table_source(machine, table),
            symbol=symbol_of(machine, table),
            fixed=table.width("fixed"),
            main=table.width("main"),
            aux=table.width("aux"),
            periodic=layout.periodic_words,
            scalars=len(layout.scalars),
            constraints=len(table.constraints),
            groups=len(table.groups),
        )
    )
    sanitize = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-O1", "-std=c11", "-Wall", "-Wextra"]
    command = [str(COMPILER), *sanitize, *FLAGS[isa], f"-DZK_ISA={isa}", f"-DZK_ISA_{isa}=1", f"-I{CSRC}"]
    subprocess.run([*command, str(source), "-o", str(program)], check=True)
    ran = subprocess.run([str(program)], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
