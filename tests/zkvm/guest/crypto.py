"""The guest's primitives, compiled for this machine: as a library for ctypes and as a program with sanitizers."""

import ctypes
import json
import struct
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from tests.conformance.vectors import unpacked
from tests.zkvm.guest.native import GUEST, HERE, shared_library, sources_of

CALLS: Final = [HERE / name for name in ("crypto_calls.c", "u256_driver.c")]
SOURCES: Final = [*sources_of("crypto"), *(GUEST / "base" / name for name in ("keccak.c", "u256.c"))]
DRIVEN: Final = [HERE / "crypto_driver.c", *CALLS, *SOURCES]
"""The primitives behind ``run``, and a program that answers calls."""
PRECOMPILES: Final = (
    "sha256",
    "ripemd160",
    "blake2f",
    "recover",
    "modexp",
    "bn254_add",
    "bn254_multiply",
    "bn254_pairing",
    "kzg",
    "keccak",
    "u256",
)
"""In the order of the driver's table."""

Case = tuple[str, bytes, bytes | None]
"""A precompile, its input and the right output, None for an input that it refuses."""


class Library:
    """The primitives in this process."""

    def __init__(self, limb_bits: int) -> None:
        self._run = shared_library(DRIVEN, limb_bits=limb_bits).run
        self._run.argtypes = [ctypes.c_uint32, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_uint32]
        self._run.restype = ctypes.c_int32

    def __call__(self, name: str, data: bytes) -> bytes | None:
        """What the precompile gives, None where it fails."""
        output = ctypes.create_string_buffer(len(data) + 96)
        size = self._run(PRECOMPILES.index(name), output, data, len(data))
        return None if size < 0 else output.raw[:size]


def answers(program: Path, calls: Iterable[tuple[str, bytes]]) -> list[bytes | None]:
    """What the program gives for each call; it must end well."""
    request = b"".join(struct.pack("<II", PRECOMPILES.index(name), len(data)) + data for name, data in calls)
    done = subprocess.run([str(program)], input=request, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    found: list[bytes | None] = []
    at = 0
    while at < len(done.stdout):
        (size,) = struct.unpack_from("<i", done.stdout, at)
        found.append(None if size < 0 else done.stdout[at + 4 : at + 4 + size])
        at += 4 + max(size, 0)
    return found


def published(name: str, file: str) -> list[Case]:
    """Vectors of go-ethereum; skips the test where they are missing."""
    path = unpacked("evm-vectors") / "precompiles" / f"{file}.json"
    cases = json.loads(path.read_text())
    assert cases, path
    return [
        (name, bytes.fromhex(case["Input"]), bytes.fromhex(case["Expected"]) if "Expected" in case else None)
        for case in cases
    ]
