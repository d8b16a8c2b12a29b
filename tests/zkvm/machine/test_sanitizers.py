"""The compiled expansion, built with the address and undefined-behaviour sanitizers, on logs of noise."""

import os
import shutil
import subprocess
from pathlib import Path

CSRC = Path(__file__).parents[3] / "zkvm" / "csrc"
SOURCES = ("main", "memory", "alu", "arith256")
FLAGS = ["-std=c11", "-O1", "-g", "-Wall", "-Wextra", "-Werror"]
SANITIZE = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
ROUNDS = 400


def test_no_log_leads_outside_of_the_buffers(tmp_path: Path) -> None:
    compiler = os.environ.get("CC") or shutil.which("cc")
    assert compiler, "a C compiler built zkvm, and is gone"
    sources = [Path(__file__).with_name("fuzz.c"), *(CSRC / "expand" / f"{name}.c" for name in SOURCES)]
    program = tmp_path / "fuzz"
    command = [compiler, *FLAGS, *SANITIZE, f"-I{CSRC}", *map(str, sources), "-o", str(program)]
    built = subprocess.run(command, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    done = subprocess.run([str(program), "1", str(ROUNDS)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    expanded, refused = map(int, done.stdout.split())
    assert (expanded, refused) == (ROUNDS // 2, ROUNDS // 2)
