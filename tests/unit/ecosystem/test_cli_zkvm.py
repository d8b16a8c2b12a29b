"""`zkhub zkvm`: programs are run, proven and verified from files, and bad files are refused before any work."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from ecosystem.cli.main import app
from tests.zkvm.cuda.emulated import EmulatedDevice, needs_compiler
from zkvm.backends.cuda import cupy_device
from zkvm.backends.cuda.errors import NoDevice
from zkvm.guest_kit import examples

Zkvm = Callable[..., Result]
ELFS = Path(examples.__file__).parent / "elf"
FIBONACCI = ELFS / "fibonacci.elf"
TENTH = "0x0a00000037" + "00" * 27


@pytest.fixture
def zkvm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Zkvm:
    """`zkhub zkvm` in an empty directory, with a cache of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return lambda *words: CliRunner().invoke(app, ["zkvm", *(str(word) for word in words)])


def told(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def refused(result: Result, *words: str) -> None:
    assert result.exit_code != 0 and isinstance(result.exception, SystemExit), (result.output, result.exception)
    for word in words:
        assert word in result.stderr, result.stderr


def test_a_program_is_run(zkvm: Zkvm) -> None:
    done = told(zkvm("run", FIBONACCI, "--input-hex", "0a000000", "--json"))
    assert done["output"] == TENTH and done["cycles"] == done["rows"]["main"] > 100
    Path("in").write_bytes(bytes([10, 0, 0, 0]))
    assert told(zkvm("run", FIBONACCI, "--input", "in", "--json")) == done
    shown = zkvm("run", FIBONACCI, "--input", "in")
    assert TENTH in shown.stdout and "main" in shown.stdout


def test_a_program_is_profiled(zkvm: Zkvm) -> None:
    made = told(zkvm("profile", ELFS / "keccak.elf", "--input-hex", "616263", "--json"))
    assert sum(each["own"]["main"] for each in made["functions"]) == made["rows"]["main"]
    assert made["rows"]["keccak"] == 800
    shown = zkvm("profile", ELFS / "keccak.elf", "--input-hex", "616263", "--most", 2).stdout
    assert "guest_main" in shown and "more" in shown


def test_a_proof_is_made_and_convinces_whoever_has_the_key(zkvm: Zkvm) -> None:
    made = told(zkvm("prove", FIBONACCI, "--input-hex", "0a000000", "-o", "p", "--key-out", "k", "--json"))
    assert made["output"] == TENTH and made["bytes"] == Path("p").stat().st_size
    assert told(zkvm("verify", "p", "--key", "k", "--output", TENTH, "--json"))["key"] == made["key"]
    assert told(zkvm("verify", "p", "--program", FIBONACCI, "--output", TENTH, "--json"))["valid"]
    assert told(zkvm("info", FIBONACCI, "--json"))["key"] == made["key"]
    refused(zkvm("verify", "p", "--key", "k", "--output", TENTH.replace("37", "38")))
    refused(zkvm("verify", "p", "--program", ELFS / "sha256.elf", "--output", TENTH))
    refused(zkvm("verify", "p", "--key", "k", "--profile", "l1", "--output", TENTH))
    proof = bytearray(Path("p").read_bytes())
    proof[len(proof) // 2] ^= 1
    Path("p").write_bytes(proof)
    refused(zkvm("verify", "p", "--key", "k", "--output", TENTH))


def test_a_device_that_is_not_there_is_named(zkvm: Zkvm, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(index: int) -> None:
        raise NoDevice(f"there is no device {index}", index)

    monkeypatch.setattr(cupy_device, "CupyDevice", missing)
    refused(zkvm("prove", FIBONACCI, "--device", 7), "there is no device 7", "nvidia-smi -L")
    assert not FIBONACCI.with_suffix(".proof").exists()


@needs_compiler
@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_a_device_gives_the_same_proof(zkvm: Zkvm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cupy_device, "CupyDevice", lambda index: EmulatedDevice())
    for name, words in (("here", ()), ("there", ("--device", 0))):
        told(zkvm("prove", FIBONACCI, "--input-hex", "0a000000", "-o", name, *words, "--json"))
    assert Path("here").read_bytes() == Path("there").read_bytes()


@pytest.mark.parametrize(
    ("content", "word"),
    [(b"", "ELF"), (b"#!/bin/sh\n", "ELF"), (b"\x7fELF\x02" + bytes(100), "64"), (b"\x7fELF\x01" + bytes(100), "")],
)
def test_what_is_no_program_is_refused(zkvm: Zkvm, content: bytes, word: str) -> None:
    Path("program").write_bytes(content)
    for command in ("run", "prove", "info", "profile"):
        refused(zkvm(command, "program"), word)
    assert not Path("program.proof").exists()


def test_bad_requests_are_refused_before_any_work(zkvm: Zkvm) -> None:
    refused(zkvm("run", "nowhere"), "nowhere", "cannot be read")
    refused(zkvm("run", FIBONACCI), "pc 0x")
    refused(zkvm("prove", FIBONACCI), "pc 0x")
    refused(zkvm("run", FIBONACCI, "--input-hex", "0a00000"), "hexadecimal")
    refused(zkvm("run", FIBONACCI, "--input-hex", "0a000000", "--max-cycles", "50"), "50")
    refused(zkvm("prove", FIBONACCI, "--input-hex", "0a000000", "--profile", "fats"), "fast")
    refused(zkvm("prove", FIBONACCI, "--input-hex", "0a000000", "--memory-gb", "0.1"), "memory")
    refused(zkvm("prove", FIBONACCI, "--input-hex", "0a000000", "-o", "no/where"), "cannot be written")
    refused(zkvm("verify", "p", "--output", TENTH), "--program")
    refused(zkvm("verify", "p", "--key", "k", "--output", "0x00"), "32")


def test_the_machine_shows_itself(zkvm: Zkvm) -> None:
    shown = told(zkvm("info", "--json"))
    assert len(shown["tables"]) == 13 and sum(each["main"] for each in shown["tables"]) <= 240
    assert {each["profile"]: each["provable_bits"] >= 100 for each in shown["profiles"]} == {
        "fast": True,
        "l1": True,
        "l1-128": True,
    }
    assert "keccak" in zkvm("info").stdout
