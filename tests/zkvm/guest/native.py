"""Compiles parts of the batch program for this machine, for tests to load with ctypes."""

import ctypes
import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[3]
GUEST = ROOT / "zkvm" / "guest"
HERE = Path(__file__).parent
BUILT = ROOT / "build" / "tests"
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
    """Load a shared library, built where no test has built the same before; files are kept in ``build/``."""
    all_flags = [*flags, "-fPIC", "-shared", f"-DZK_LIMB_BITS={limb_bits}"]
    built = BUILT / f"{_key(sources, all_flags)}.so"
    if not built.exists():
        BUILT.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=BUILT) as staging:
            compile_c(Path(staging) / "library.so", sources, all_flags).rename(built)
    return ctypes.CDLL(str(built))


def _key(sources: Sequence[Path], flags: Sequence[str]) -> str:
    """What decides what comes out: the sources, every header that they may have, the flags, the machine."""
    folders = (GUEST, ROOT / "zkvm" / "guest_kit", HERE)
    files = {*sources, *(header for folder in folders for header in folder.rglob("*.h"))}
    content = hashlib.sha256(repr((sorted(map(str, sources)), flags, platform.uname(), os.environ.get("CC"))).encode())
    for file in sorted(files):
        content.update(str(file).encode() + file.read_bytes())
    return content.hexdigest()[:32]


def sources_of(*rooms: str) -> list[Path]:
    """Every C file of some rooms of the batch program."""
    return [path for room in rooms for path in sorted((GUEST / room).glob("*.c"))]
