"""Compiles parts of the batch program for this machine, for tests to load with ctypes."""

import ctypes
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[3]
GUEST = ROOT / "zkvm" / "guest"
HERE = Path(__file__).parent
WARNINGS = ["-std=c11", "-Wall", "-Wextra", "-Werror", "-Wconversion"]
SANITIZERS = ["-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]


def compile_c(target: Path, sources: Sequence[Path], flags: Sequence[str]) -> Path:
    """Compile ``sources`` into ``target`` with the batch program's warnings as errors."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    assert compiler, "a C compiler built zkvm, and is gone"
    folders = [f"-I{folder}" for folder in (GUEST, ROOT / "zkvm" / "guest_kit", HERE)]
    command = [compiler, *WARNINGS, *flags, *folders, *map(str, sources), "-o", str(target)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return target


def shared_library(sources: Sequence[Path], *, limb_bits: int = 64, flags: Sequence[str] = ("-O2",)) -> ctypes.CDLL:
    """Build and load a shared library; its file is gone when this returns."""
    handle, name = tempfile.mkstemp(suffix=".so")
    os.close(handle)
    all_flags = [*flags, "-fPIC", "-shared", f"-DZK_LIMB_BITS={limb_bits}"]
    try:
        return ctypes.CDLL(str(compile_c(Path(name), sources, all_flags)))
    finally:
        Path(name).unlink()


def sources_of(*rooms: str) -> list[Path]:
    """Every C file of some rooms of the batch program."""
    return [path for room in rooms for path in sorted((GUEST / room).glob("*.c"))]
