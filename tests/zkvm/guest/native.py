"""Compiles parts of the batch program for this machine, for tests to load with ctypes."""

import ctypes
import fcntl
import hashlib
import os
import platform
import shutil
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from random import Random

ROOT = Path(__file__).parents[3]
GUEST = ROOT / "zkvm" / "guest"
HERE = Path(__file__).parent
FOLDERS = (GUEST, ROOT / "zkvm" / "guest_kit", HERE)
BUILT = ROOT / "build" / "tests"
WARNINGS = ["-std=c11", "-Wall", "-Wextra", "-Werror", "-Wconversion"]
SANITIZERS = ["-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]


def shared_library(sources: Sequence[Path], *, limb_bits: int = 64, flags: Sequence[str] = ("-O2",)) -> ctypes.CDLL:
    """Load a library of these sources. See ``program``."""
    return ctypes.CDLL(str(_linked(sources, [*flags, f"-DZK_LIMB_BITS={limb_bits}"], "-shared")))


def program(sources: Sequence[Path], *, limb_bits: int = 64, flags: Sequence[str] = SANITIZERS) -> Path:
    """The program of these sources.

    Files are kept in ``build/tests`` by what they are made of, so a source is compiled once for all tests and processes
    that want it with these flags.
    """
    return _linked(sources, [*flags, f"-DZK_LIMB_BITS={limb_bits}"])


def _linked(sources: Sequence[Path], flags: Sequence[str], *kind: str) -> Path:
    # Processes that want the same sources begin elsewhere, so that they share the work and seldom wait.
    order = Random(os.getpid()).sample(list(sources), len(sources))
    made = {source: _compiled(source, flags) for source in order}
    objects = [made[source] for source in sources]
    key = _digest([*(each.name for each in objects), *flags, *kind])
    return _made(f"{key}.so" if kind else key, [*flags, *kind, *map(str, objects)])


def _compiled(source: Path, flags: Sequence[str]) -> Path:
    every = [*WARNINGS, *flags, "-fPIC", *(f"-I{folder}" for folder in FOLDERS)]
    key = _digest([*every, str(source), source.read_text(), _headers(), platform.uname(), os.environ.get("CC")])
    return _made(f"{source.stem}-{key}.o", [*every, "-c", str(source)])


def _made(name: str, arguments: Sequence[str]) -> Path:
    """The compiler's output, made by whoever comes first; the others wait."""
    compiler = os.environ.get("CC") or shutil.which("cc")
    assert compiler, "a C compiler built zkvm, and is gone"
    BUILT.mkdir(parents=True, exist_ok=True)
    target, staged = BUILT / name, BUILT / f"{name}.new"
    with (BUILT / f"{name}.lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        if not target.exists():
            done = subprocess.run(
                [compiler, *arguments, "-o", str(staged)], capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, done.stderr
            staged.rename(target)
    return target


@cache
def _headers() -> str:
    """Every header that a source may have."""
    return _digest(
        [part for folder in FOLDERS for file in sorted(folder.rglob("*.h")) for part in (file, file.read_text())]
    )


def _digest(parts: Sequence[object]) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]


def sources_of(*rooms: str) -> list[Path]:
    """Every C file of some rooms of the batch program."""
    return [path for room in rooms for path in sorted((GUEST / room).glob("*.c"))]
