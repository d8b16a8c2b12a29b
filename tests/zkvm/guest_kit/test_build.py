"""Building guests: reproducible, with errors that say what the compiler said."""

import shutil
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest

from zkvm._emulator import Machine
from zkvm.emulator.elf import load
from zkvm.emulator.emulator import run
from zkvm.emulator.errors import GuestTrap, InputTooShort, OutputNotWritten
from zkvm.guest_kit import build as kit
from zkvm.guest_kit.build import Compiler, build, main
from zkvm.guest_kit.errors import CompilationFailed, CompilerMissing, StaleExample
from zkvm.guest_kit.examples import HERE, NAMES, elf_path, example, manifest
from zkvm.guest_kit.secp256k1_table import TABLE, render

HALTED = 0

needs_gcc = pytest.mark.skipif(shutil.which("riscv64-unknown-elf-gcc") is None, reason="no cross gcc")


def guest(folder: Path, body: str, name: str = "guest") -> Path:
    source = folder / f"{name}.c"
    source.write_text(f'#include "zkhub_guest.h"\nvoid guest_main(void) {{ {body} }}\n')
    return source


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_committed_elfs_are_what_their_sources_make(name: str) -> None:
    assert manifest()["compiler"] == {"ziglang": version("ziglang")}
    assert build([HERE / f"{name}.c"]) == elf_path(name).read_bytes()


@pytest.mark.slow
def test_a_build_does_not_depend_on_where_it_is(tmp_path: Path) -> None:
    source = guest(tmp_path, "uint32_t out[8] = {1}; zkhub_halt(out);")
    (tmp_path / "elsewhere").mkdir()
    other = shutil.copy(source, tmp_path / "elsewhere" / "guest.c")
    assert build([source]) == build([Path(other)])


def test_the_table_of_the_generator_is_what_its_script_writes() -> None:
    assert TABLE.read_text() == render()


def test_a_changed_elf_is_noticed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    copy = tmp_path / "fibonacci.elf"
    copy.write_bytes(elf_path("fibonacci").read_bytes() + b"\0")
    monkeypatch.setattr("zkvm.guest_kit.examples.elf_path", lambda name: copy)
    with pytest.raises(StaleExample):
        example("fibonacci")


@needs_gcc
@pytest.mark.parametrize("name", NAMES)
def test_gcc_makes_guests_that_agree(name: str) -> None:
    program = load(build([HERE / f"{name}.c"], compiler=Compiler.GCC))
    data = {"fibonacci": b"\x0a\0\0\0", "ecrecover": bytes(range(96)) + b"\0"}.get(name, b"the same message")
    assert run(program, data).output == run(example(name), data).output


@needs_gcc
def test_what_the_compiler_says(tmp_path: Path) -> None:
    with pytest.raises(CompilationFailed, match="undeclared"):
        build([guest(tmp_path, "zkhub_halt(nothing);")], compiler=Compiler.GCC)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["guest.c"]


@needs_gcc
@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("", OutputNotWritten),
        ("zkhub_trap();", GuestTrap),
        ("zkhub_require(zkhub_input_size() == 0);", GuestTrap),
        ("uint32_t out[8] = {zkhub_input()[4]}; zkhub_halt(out);", InputTooShort),
        ("zkhub_halt(zkhub_hint(9, 0, 0, 0));", InputTooShort),
    ],
)
def test_ends_of_a_guest(tmp_path: Path, body: str, error: type[Exception]) -> None:
    program = load(build([guest(tmp_path, body)], compiler=Compiler.GCC))
    with pytest.raises(error):
        run(program, b"1234", [])


@needs_gcc
@pytest.mark.parametrize(("code", "told"), [(1, 1), (1023, 1023), (1024, 0), (0, 0)])
def test_a_guest_says_why_it_refuses(tmp_path: Path, code: int, told: int) -> None:
    program = load(build([guest(tmp_path, f"zkhub_refuse({code});")], compiler=Compiler.GCC))
    with pytest.raises(GuestTrap) as caught:
        run(program, b"")
    assert caught.value.code == told


@needs_gcc
def test_a_length_that_leads_out_of_the_input_region_is_refused(tmp_path: Path) -> None:
    """Whoever proves chooses the length word; the guest's own start-up code must not believe it."""
    program = load(build([guest(tmp_path, "uint32_t out[8] = {1}; zkhub_halt(out);")], compiler=Compiler.GCC))
    for length, good in [(0, True), (0x0FFF_FFF8, True), (0x0FFF_FFF9, False), (0xFFFF_FFFF, False)]:
        words = np.array([length], dtype="<u4")
        rows, row_at, code_low, entry = program.native
        machine = Machine(rows, row_at, code_low, entry, program.image.tobytes(), words.tobytes(), 1 << 20)
        status, *_ = machine.run(0, 1000, -1)
        assert (status == HALTED) is good


@needs_gcc
def test_static_data_and_the_c_library(tmp_path: Path) -> None:
    body = """
        static uint32_t zero[4], seven = 7;
        static const uint32_t table[4] = {1, 2, 3, 4};
        uint32_t out[8] = {zero[0], seven, table[zkhub_input_size() & 3]};
        __builtin_memcpy(out + 3, table, 8 + (zkhub_input_size() & 4));
        out[6] = (uint32_t)((uint64_t)0x123456789abcdefULL / (1000 + zkhub_input_size()));
        seven++;
        out[7] = seven;
        zkhub_halt(out);
    """
    program = load(build([guest(tmp_path, body)], compiler=Compiler.GCC))
    quotient = 0x123456789ABCDEF // 1006 & 0xFFFF_FFFF
    assert run(program, b"123456").output == (0, 7, 3, 1, 2, 3, quotient, 8)


@needs_gcc
def test_the_command_line(tmp_path: Path) -> None:
    source = guest(tmp_path, "uint32_t out[8] = {1}; zkhub_halt(out);")
    main([str(source), "-o", str(tmp_path / "out.elf"), "--compiler", "gcc"])
    assert run(load((tmp_path / "out.elf").read_bytes())).output[0] == 1


def test_missing_compilers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(kit.shutil, "which", lambda name: None)
    monkeypatch.setattr(kit, "find_spec", lambda name: None)
    for compiler in Compiler:
        with pytest.raises(CompilerMissing):
            build([guest(tmp_path, "")], compiler=compiler)
