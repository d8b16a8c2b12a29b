"""Compiles guests: ``python -m zkvm.guest_kit.build guest.c -o guest.elf``.

Two compilers will do: clang as the package ziglang brings it (the default; one version of that package makes the same
bytes everywhere), or Debian's riscv64-unknown-elf-gcc.
"""

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from zkvm.emulator.elf import load
from zkvm.guest_kit.errors import CompilationFailed, CompilerMissing

KIT: Final = Path(__file__).parent

_GCC: Final = "riscv64-unknown-elf-gcc"
_COMMON: Final = [
    "-std=c11",
    "-O2",
    "-g0",
    "-Wall",
    "-Wextra",
    "-Werror",
    "-ffreestanding",
    "-nostdlib",
    "-static",
    "-fno-pic",
    "-fno-pie",
    "-fno-stack-protector",
    "-fno-asynchronous-unwind-tables",
    "-fno-ident",
    "-Wl,--build-id=none",
    "-Wl,-z,max-page-size=4",
]
_FLAGS: Final = {
    "zig": ["-target", "riscv32-freestanding-none", "-mcpu=generic_rv32+m", "-fno-sanitize=all"],
    "gcc": ["-march=rv32im", "-mabi=ilp32", "-fno-tree-loop-distribute-patterns", "-Wl,--no-warn-rwx-segments"],
}


class Compiler(StrEnum):
    """The compilers that make guests."""

    ZIG = "zig"
    GCC = "gcc"


def build(
    sources: Sequence[Path],
    *,
    compiler: Compiler = Compiler.ZIG,
    includes: Sequence[Path] = (),
    libc: Path = KIT / "libc.c",
) -> bytes:
    """The ELF file of a guest, checked to be a program of the machine.

    Args:
        sources: C files, the first in the folder that the others' paths are taken from.
        compiler: Which one.
        includes: Folders of headers, beside the kit's.
        libc: What defines memcpy and its like.

    The working directory of the compiler is that of the first source, so that no path of this machine gets in.

    Raises:
        CompilerMissing: Neither is installed where it should be.
        CompilationFailed: With what the compiler said.
        ProgramError: The result is no program of the machine.
    """
    first = sources[0].resolve()
    here = first.parent
    names = [os.path.relpath(source.resolve(), here) for source in sources]
    kit = [os.path.relpath(path, here) for path in (KIT / "crt0.S", libc.resolve())]
    folders = [f"-I{os.path.relpath(folder.resolve(), here)}" for folder in (KIT, *includes)]
    output = f".{first.stem}.{os.getpid()}.elf"
    command = [
        *_command(compiler),
        *_COMMON,
        *_FLAGS[compiler],
        *folders,
        f"-Wl,-T,{os.path.relpath(KIT, here)}/link.ld",
    ]
    command += [*kit, *names, *(["-lgcc"] if compiler is Compiler.GCC else []), "-o", output]
    try:
        done = subprocess.run(command, cwd=here, capture_output=True, text=True, check=False)
        if done.returncode:
            raise CompilationFailed(" ".join(command), done.stderr)
        elf = (here / output).read_bytes()
    finally:
        (here / output).unlink(missing_ok=True)
    load(elf)
    return elf


def _command(compiler: Compiler) -> list[str]:
    if compiler is Compiler.ZIG:
        if find_spec("ziglang") is None:
            raise CompilerMissing("ziglang")
        return [sys.executable, "-m", "ziglang", "cc"]
    if shutil.which(_GCC) is None:
        raise CompilerMissing(_GCC)
    return [_GCC]


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m zkvm.guest_kit.build", description="Compile a guest.")
    parser.add_argument("sources", nargs="+", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("-I", "--include", type=Path, action="append", default=[])
    parser.add_argument("--compiler", type=Compiler, choices=list(Compiler), default=Compiler.ZIG)
    options = parser.parse_args(arguments)
    options.output.write_bytes(build(options.sources, compiler=options.compiler, includes=options.include))


if __name__ == "__main__":
    main()
