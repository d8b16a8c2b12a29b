"""The C kernels under the address and undefined-behaviour sanitizers."""

import os
import platform
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from zkvm.backends.cpu import instruction_sets

HERE = Path(__file__).parent
CSRC = HERE.parents[2] / "zkvm" / "csrc"
SANITIZE = ["-std=gnu11", "-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", f"-I{CSRC}"]
ISA_FLAGS = {
    "portable": [],
    "avx2": ["-mavx2", "-mbmi2"],
    "avx512": ["-mavx2", "-mbmi2", "-mavx512f", "-mavx512dq", "-mavx512vl", "-mavx512bw"],
}
PER_ISA = ["kernels.c", "hash/rows.c", "hash/nodes.c", "ntt/ntt.c", "ntt/plan.c"]
PER_ISA += ["poly/sums.c", "poly/rowwise.c", "pointwise/pointwise.c"]


@pytest.mark.slow
@pytest.mark.skipif(platform.system() != "Linux", reason="the sanitizers' options are those of Linux compilers")
@pytest.mark.parametrize("which", ["first and last", pytest.param("all", marks=pytest.mark.soak)])
def test_no_kernel_leaves_its_buffers_or_the_language(tmp_path, which):
    """The portable kernels and those of the machine's best instruction set; in make soak, all there are."""
    compiler = os.environ.get("CC") or shutil.which("cc")
    known = instruction_sets()
    isas = known if which == "all" else tuple(dict.fromkeys((known[0], known[-1])))
    has = [f"-DZK_HAS_{isa}=1" for isa in isas]
    jobs = [(CSRC / "hash/scatter.c", "scatter.o", []), (HERE / "sanitized.c", "main.o", has)]
    for isa in isas:
        flags = [*ISA_FLAGS[isa], f"-DZK_ISA={isa}", f"-DZK_ISA_{isa}=1"]
        jobs += [(CSRC / source, f"{isa}-{source.replace('/', '-')}.o", flags) for source in PER_ISA]

    def compile_one(job):
        source, target, flags = job
        subprocess.run([compiler, *SANITIZE, *flags, "-c", str(source), "-o", str(tmp_path / target)], check=True)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(compile_one, jobs))
    program = tmp_path / "sanitized"
    objects = [str(tmp_path / target) for _, target, _ in jobs]
    subprocess.run([compiler, *SANITIZE, *objects, "-o", str(program)], check=True)
    done = subprocess.run([str(program)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-4000:]
    assert tuple(done.stdout.split()) == isas
