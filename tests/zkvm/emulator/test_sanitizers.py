"""The emulator's core, built with the address and undefined-behaviour sanitizers, on random programs."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
CORE = ["core", "memory", "precompiles", "profile", "uint256", "secp256k1", "keccak_f"]
HALTED, AT_LIMIT, FAULT_JUMP, FAULT_UNALIGNED, FAULT_RANGE = 0, 1, 16, 17, 18


@pytest.fixture(scope="module")
def fuzzer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    compiler = shutil.which("cc") or shutil.which("gcc")
    assert compiler, "a C compiler built zkvm, and is gone"
    program = tmp_path_factory.mktemp("fuzz") / "fuzz"
    csrc = ROOT / "zkvm" / "csrc"
    sources = [Path(__file__).with_name("fuzz.c"), *(csrc / "emulator" / f"{name}.c" for name in CORE)]
    warnings = ["-std=c11", "-O1", "-g", "-Wall", "-Wextra", "-Werror"]
    flags = [*warnings, "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
    done = subprocess.run(
        [compiler, *flags, f"-I{csrc}", *map(str, sources), "-o", str(program)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return program


def test_random_programs(fuzzer: Path) -> None:
    done = subprocess.run([fuzzer, "1", "800"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    seen = {int(status): int(times) for status, times in (line.split() for line in done.stdout.splitlines())}
    assert sum(seen.values()) == 800
    for status in (HALTED, AT_LIMIT, FAULT_JUMP, FAULT_UNALIGNED, FAULT_RANGE):
        assert seen[status] > 10, seen
