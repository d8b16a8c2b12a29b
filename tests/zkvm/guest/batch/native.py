"""The batch program compiled for this machine: as a library, and as a program with sanitizers."""

import ctypes
import struct
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO

from tests.zkvm.guest.native import program, shared_library
from zkvm.guest import REFUSALS, sources

DRIVER = Path(__file__).with_name("driver.c")
SOURCES = [DRIVER, *sources(for_machine=False)]
_ROOM = 1 << 20


@dataclass(frozen=True)
class Outcome:
    """What became of an input: a reason, or a public input and pubdata."""

    reason: str | None
    public_input: bytes = b""
    pubdata: bytes = b""


@cache
def library() -> ctypes.CDLL:
    """The program in this process."""
    return shared_library(SOURCES)


def run_native(data: bytes) -> Outcome:
    """Run the program here."""
    public_input = ctypes.create_string_buffer(32)
    pubdata = ctypes.create_string_buffer(_ROOM)
    size = ctypes.c_uint32()
    reason = library().batch_run(data, len(data), public_input, pubdata, _ROOM, ctypes.byref(size))
    if reason:
        return Outcome(REFUSALS[reason - 1])
    assert size.value <= _ROOM
    return Outcome(None, public_input.raw, pubdata.raw[: size.value])


class Sanitized:
    """The program in a process of its own, with limbs of 32 bits; it ends at a bad address or undefined behaviour."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [str(program(SOURCES, limb_bits=32))], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def __call__(self, data: bytes) -> Outcome:
        to, came = self._pipes()
        to.write(struct.pack("<I", len(data)) + data)
        to.flush()
        answer = came.read(36)
        assert len(answer) == 36, f"it stopped; its error is in stderr above. Input: {data.hex()}"
        (reason,) = struct.unpack_from("<I", answer)
        return Outcome(REFUSALS[reason - 1]) if reason else Outcome(None, answer[4:])

    def close(self) -> None:
        """Ends it; it must end well, without leaks."""
        to, came = self._pipes()
        to.close()
        came.close()
        assert self._process.wait(timeout=60) == 0

    def _pipes(self) -> tuple[IO[bytes], IO[bytes]]:
        assert self._process.stdin and self._process.stdout
        return self._process.stdin, self._process.stdout
