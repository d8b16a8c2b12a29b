"""``zkhub zkvm …``: run, profile, prove and verify RV32IM programs. No hub has to run."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ecosystem.cli.context import explained
from ecosystem.cli.hub import Json
from ecosystem.cli.output import USAGE, emit_json, err, fail, interactive, out, say, table

if TYPE_CHECKING:
    from zkvm.backends.interface import Backend
    from zkvm.emulator.cost import Cost
    from zkvm.emulator.elf import Program
    from zkvm.stark.key import ProvingKey
    from zkvm.stark.layout import Layout
    from zkvm.stark.profiles import Profile

app = typer.Typer(no_args_is_help=True)
Elf = Annotated[Path, typer.Argument(metavar="PROGRAM", help="An ELF32 executable for RV32IM.")]
Input = Annotated[Path | None, typer.Option("--input", "-i", help="File with its input; empty without it.")]
InputHex = Annotated[str, typer.Option("--input-hex", help="The input in hexadecimal.")]
ProfileName = Annotated[str, typer.Option("--profile", "-p", help="Parameters of the proof: fast, l1 or l1-128.")]
Cycles = Annotated[int | None, typer.Option(min=1, help="Give up after so many instructions.", show_default=False)]
Output = Annotated[str, typer.Option(help="The public output that is claimed: 32 bytes in hexadecimal.")]


@app.command("run")
def run_program(
    elf: Elf, file: Input = None, text: InputHex = "", max_cycles: Cycles = None, as_json: Json = False
) -> None:
    """Run a program; show its output and what a proof of the run would cost."""
    from dataclasses import asdict

    from zkvm.emulator.emulator import measure, words_to_bytes
    from zkvm.emulator.opcodes import MAX_CYCLES

    with explained():
        measured = measure(_program(elf), _input(file, text), max_cycles=max_cycles or MAX_CYCLES)
    cost = measured.cost
    output, rows = "0x" + words_to_bytes(measured.output).hex(), asdict(cost)
    if as_json:
        emit_json({"output": output, "cycles": cost.main, "cells": cost.cells, "rows": rows})
        return
    out().print(f"output {output}", soft_wrap=True)
    out().print(f"{cost.main:,} cycles, {cost.cells:,} cells ({cost.cells / cost.main:.1f} a cycle)")
    table(("TABLE", "ROWS"), ((name, f"{count:,}") for name, count in rows.items() if count), "It has no rows.")


@app.command("profile")
def profile_program(
    elf: Elf,
    file: Input = None,
    text: InputHex = "",
    most: Annotated[int, typer.Option(min=1, help="How many functions to show.")] = 30,
    as_json: Json = False,
) -> None:
    """Run a program; show where its cycles and cells go, by function."""
    from dataclasses import asdict

    from zkvm.emulator.profile import profile

    with explained():
        made = profile(_program(elf), _input(file, text))
    if as_json:
        emit_json({"functions": [asdict(each) for each in made.functions], "rows": asdict(made.cost)})
    else:
        out().print(made.render(most), soft_wrap=True, highlight=False)


@app.command("prove")
def prove_program(
    elf: Elf,
    file: Input = None,
    text: InputHex = "",
    profile_name: ProfileName = "fast",
    to: Annotated[
        Path | None, typer.Option("--out", "-o", help="Where the proof goes; PROGRAM.proof without it.")
    ] = None,
    key_to: Annotated[Path | None, typer.Option("--key-out", help="Write the verifying key here, too.")] = None,
    memory_gb: Annotated[
        float | None, typer.Option(min=0.1, help="Memory it may take; what is free without it.", show_default=False)
    ] = None,
    device: Annotated[
        int | None,
        typer.Option(min=0, help="Prove on this NVIDIA device, as CUDA counts them; on the processors without it."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Run a program and prove what it put out. The input stays private."""
    from zkvm.backends.cuda import CudaBackend
    from zkvm.emulator.emulator import run
    from zkvm.machine.api import check_device, prove_execution
    from zkvm.stark.memory import plan

    limit = None if memory_gb is None else int(memory_gb * 1e9)
    target = to or elf.with_suffix(".proof")
    for place in (target, key_to):
        if place is not None and not place.absolute().parent.is_dir():
            fail(f"{place} cannot be written: there is no such folder", "", USAGE)
    began = time.perf_counter()
    with explained():
        program, profile = _program(elf), _profile(profile_name)
        backend = _backend(device)
        execution = run(program, _input(file, text))
        key = _key(program, profile)
        if isinstance(backend, CudaBackend):
            forecast, memory = check_device(backend, execution, profile).device, f" of device {device}"
        else:
            forecast, memory = plan(_shape(program, execution.cost, profile), limit), ""
        if not as_json:
            peak = f"{forecast.peak / 1e9:.1f} GB{memory}, in {forecast.peak_stage}"
            err().print(f"{execution.cycles:,} cycles; at most {peak}")
        with _progress(quiet=as_json) as progress:
            proven = prove_execution(execution, profile, key, backend, progress, limit)
        _write(target, proven.proof)
        if key_to is not None:
            _write(key_to, key.vk.to_bytes())
    seconds = time.perf_counter() - began
    shown = {
        "output": "0x" + execution.output_bytes.hex(),
        "key": "0x" + key.vk.hash.hex(),
        "profile": profile.name,
        "cycles": execution.cycles,
        "seconds": round(seconds, 3),
        "proof": str(target),
        "bytes": len(proven.proof),
    }
    if as_json:
        emit_json(shown)
        return
    out().print(f"output {shown['output']}", soft_wrap=True)
    say(f"{target}: {len(proven.proof):,} bytes, {seconds:.1f} s")


@app.command("verify")
def verify_proof(
    proof: Annotated[Path, typer.Argument(help="The proof.")],
    output: Output,
    elf: Annotated[Path | None, typer.Option("--program", help="The program; its key is made from it.")] = None,
    key_file: Annotated[Path | None, typer.Option("--key", help="The verifying key, instead of the program.")] = None,
    profile_name: ProfileName = "fast",
    as_json: Json = False,
) -> None:
    """Check that a program, on some input, puts out what is claimed. Exits 0 only if the proof says so."""
    from zkvm.machine.api import verify
    from zkvm.stark.key import VerifyingKey

    if (elf is None) == (key_file is None):
        fail("the program or its key must be given", "--program FILE, or --key FILE", USAGE)
    words = _hex(output, "--output")
    if len(words) != 32:
        fail(f"--output has {len(words)} bytes", "the output has 32", USAGE)
    with explained():
        profile = _profile(profile_name)
        key = VerifyingKey.from_bytes(_read(key_file)) if key_file is not None else _key(_program(elf), profile).vk
        began = time.perf_counter()
        public = [int.from_bytes(words[at : at + 4], "little") for at in range(0, 32, 4)]
        verify(key, public, profile, _read(proof))
    seconds = time.perf_counter() - began
    if as_json:
        emit_json({"valid": True, "key": "0x" + key.hash.hex(), "seconds": round(seconds, 3)})
    else:
        say(f"valid: the program with key 0x{key.hash.hex()} puts out {output} ({seconds:.1f} s)")


@app.command("info")
def show_info(
    elf: Annotated[Path | None, typer.Argument(metavar="[PROGRAM]", help="Show this program.")] = None,
    profile_name: ProfileName = "fast",
    as_json: Json = False,
) -> None:
    """Show the machine's tables and what each profile is worth, or a program and its key."""
    shown = _machine_info() if elf is None else _program_info(elf, profile_name)
    if as_json:
        emit_json(shown)
    elif elf is not None:
        for name, value in shown.items():
            out().print(f"{name.replace('_', ' ')}: {value}", soft_wrap=True, highlight=False)
    else:
        heads = ("TABLE", "FIXED", "MAIN", "AUX", "CONSTRAINTS", "DEGREE", "INTERACTIONS")
        table(heads, (tuple(each.values()) for each in shown["tables"]), "")
        for each in shown["profiles"]:
            parameters = f"blow-up {each['blowup']}, {each['queries']} queries, {each['grinding_bits']} bits of work"
            say(f"{each['profile']}: {each['provable_bits']:.1f} provable bits ({parameters})")


def _machine_info() -> dict[str, Any]:
    from zkvm.machine.machine import riscv
    from zkvm.stark.profiles import PROFILES
    from zkvm.stark.soundness import report, worst_numbers

    machine = riscv()
    return {
        "tables": [
            {
                "table": each.name,
                "fixed": len(each.fixed),
                "main": len(each.main),
                "aux": len(each.aux),
                "constraints": len(each.constraints),
                "degree": each.max_degree,
                "interactions": len(each.interactions),
            }
            for each in machine.tables
        ],
        "profiles": [
            {
                "profile": each.name,
                "provable_bits": round(report(worst_numbers(machine, each)).bits, 2),
                "blowup": each.blowup,
                "queries": each.queries,
                "grinding_bits": each.grinding_bits,
                "node_bytes": each.node_bytes,
            }
            for each in PROFILES.values()
        ],
    }


def _program_info(elf: Path, profile_name: str) -> dict[str, Any]:
    with explained():
        program = _program(elf)
        key = _key(program, _profile(profile_name)).vk
    return {
        "entry": f"{program.entry:#010x}",
        "halt": f"{program.halt_pc:#010x}",
        "instructions": len(program.code),
        "image_words": len(program.image),
        "functions": sum(symbol.is_function for symbol in program.symbols),
        "sha256": program.digest.hex(),
        "profile": profile_name,
        "key": "0x" + key.hash.hex(),
    }


# -- small parts --------------------------------------------------------------------------------------------


def _program(path: Path | None) -> "Program":
    from zkvm.emulator.elf import load

    assert path is not None
    return load(_read(path))


def _profile(name: str) -> "Profile":
    from zkvm.stark.profiles import profile

    return profile(name)


def _key(program: "Program", profile: "Profile") -> "ProvingKey":
    """The program's keys; the verifying key is kept in the user's cache."""
    from zkvm.backends.cpu import CpuBackend
    from zkvm.machine.key import key_for, user_cache

    return key_for(program, profile, CpuBackend(), user_cache())


def _backend(device: int | None) -> "Backend":
    """Where proofs are made; raises DeviceError for a device that cannot be used."""
    from zkvm.backends.cpu import CpuBackend
    from zkvm.backends.cuda import CudaBackend, cupy_device

    return CpuBackend() if device is None else CudaBackend(cupy_device.CupyDevice(device))


def _shape(program: "Program", cost: "Cost", profile: "Profile") -> "Layout":
    """The shape of the run's proof, from what the run costs."""
    from zkvm.machine.heights import heights_for
    from zkvm.machine.machine import riscv
    from zkvm.stark.layout import layout

    heights = heights_for(program, cost)
    return layout(riscv(), profile, [heights[table.name].bit_length() - 1 for table in riscv().tables])


def _input(file: Path | None, text: str) -> bytes:
    if file is not None and text:
        fail("the input is given twice", "--input FILE, or --input-hex HEX", USAGE)
    return _read(file) if file is not None else _hex(text, "--input-hex")


def _hex(text: str, option: str) -> bytes:
    try:
        return bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        fail(f"{option} is not hexadecimal", "two digits a byte, with or without 0x", USAGE)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        fail(f"{path} cannot be read: {error.strerror}", "", USAGE)


def _write(path: Path, data: bytes) -> None:
    try:
        path.write_bytes(data)
    except OSError as error:
        fail(f"{path} cannot be written: {error.strerror}", "", USAGE)


@contextmanager
def _progress(*, quiet: bool) -> Iterator[Any]:
    """Shows the stages: a bar each on a terminal, a line each elsewhere."""
    if quiet:
        yield None
        return
    if interactive():
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        bars: dict[str, Any] = {}
        columns = (TextColumn("{task.description:<12}"), BarColumn(), TimeElapsedColumn())
        with Progress(*columns, console=err()) as shown:

            def show(stage: str, fraction: float) -> None:
                for other, bar in bars.items():
                    if other != stage:
                        shown.update(bar, completed=1.0)
                if stage not in bars:
                    bars[stage] = shown.add_task(stage, total=1.0)
                shown.update(bars[stage], completed=fraction)

            yield show
            for bar in bars.values():
                shown.update(bar, completed=1.0)
        return
    current, began = "", time.perf_counter()

    def tell(stage: str, fraction: float) -> None:
        nonlocal current, began
        if stage == current:
            return
        now = time.perf_counter()
        if current:
            err().print(f"  ✓ {current} {now - began:.2f} s")
        current, began = stage, now

    yield tell
    tell("", 0.0)
