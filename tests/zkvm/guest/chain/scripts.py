"""What the guest reads and writes of chains, compiled for this machine: scripts for its driver, and what runs them."""

import ctypes
import struct
import subprocess
from collections.abc import Iterable
from enum import IntEnum
from pathlib import Path
from typing import IO, Final, Protocol

from tests.zkvm.guest.native import program, shared_library, sources_of

SOURCES: Final = [Path(__file__).with_name("driver.c"), *sources_of("base", "chain", "crypto", "evm", "state")]
ROOM: Final = 1 << 20
MEMORY: Final = 1 << 18
EMPTY_ROOT: Final = bytes.fromhex("56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421")


class Reason(IntEnum):
    """Those of zk_reason that can come."""

    OK = 0
    MALFORMED = 2
    MISSING_NODE = 14
    LIMIT = 16
    OUT_OF_MEMORY = 17


class Step(IntEnum):
    """In the order of the driver."""

    GET = 0
    PUT = 1
    DELETE = 2
    ROOT = 3
    ORDERED_ROOT = 4
    READ_ITEM = 5
    WRITE_STRING = 6
    WRITE_LIST = 7
    READ_NUMBER = 8
    WRITE_NUMBER = 9
    TRANSACTION = 10
    RECEIPT = 11
    HEADER = 12
    FRESH_HEADER = 13


class Runner(Protocol):
    """Runs a script with an arena of so many bytes: why it ended, and what it wrote."""

    def __call__(self, script: bytes, memory: int = MEMORY) -> tuple[Reason, bytes]: ...


class _Bytes(ctypes.Structure):
    _fields_ = (("data", ctypes.c_char_p), ("size", ctypes.c_uint32))


class Library:
    """The driver in this process."""

    def __init__(self) -> None:
        self._run = shared_library(SOURCES).run_script
        self._run.argtypes = [_Bytes, ctypes.c_uint32, ctypes.c_char_p, ctypes.c_uint32, ctypes.c_void_p]
        self._run.restype = ctypes.c_int32
        self._output = ctypes.create_string_buffer(ROOM)

    def __call__(self, script: bytes, memory: int = MEMORY) -> tuple[Reason, bytes]:
        """See ``Runner``."""
        written = ctypes.c_uint32()
        given = _Bytes(script, len(script))
        reason = Reason(self._run(given, memory, self._output, ROOM, ctypes.addressof(written)))
        return reason, ctypes.string_at(self._output, written.value)


class Program:
    """The driver as a program of its own, which stops at a bad address or undefined behaviour."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [str(program(SOURCES, limb_bits=32))], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def __call__(self, script: bytes, memory: int = MEMORY) -> tuple[Reason, bytes]:
        """See ``Runner``."""
        to, came = self._pipes()
        to.write(struct.pack("<II", len(script), memory) + script)
        to.flush()
        reason, size = struct.unpack("<iI", came.read(8))
        return Reason(reason), came.read(size)

    def close(self) -> None:
        """Ends it; it must end well, without leaks."""
        to, came = self._pipes()
        to.close()
        came.close()
        assert self._process.wait(timeout=60) == 0

    def _pipes(self) -> tuple[IO[bytes], IO[bytes]]:
        assert self._process.stdin and self._process.stdout
        return self._process.stdin, self._process.stdout


def sized(data: bytes) -> bytes:
    """Bytes behind their size, as scripts have them."""
    return struct.pack("<I", len(data)) + data


def start(root: bytes = EMPTY_ROOT, nodes: Iterable[bytes] = ()) -> bytes:
    """What a script begins with."""
    entries = [sized(node) for node in nodes]
    return root + struct.pack("<I", len(entries)) + b"".join(entries)


def get(key: bytes) -> bytes:
    """Writes the value behind its size."""
    return bytes([Step.GET]) + sized(key)


def put(key: bytes, value: bytes) -> bytes:
    """Writes nothing."""
    return bytes([Step.PUT]) + sized(key) + sized(value)


def delete(key: bytes) -> bytes:
    """Writes nothing."""
    return bytes([Step.DELETE]) + sized(key)


ROOT_STEP: Final = bytes([Step.ROOT])
"""Writes the new nodes, the mark that ends them, and the root."""


class Output:
    """Reads what a script wrote."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, size: int) -> bytes:
        """The next bytes."""
        taken = self._data[self._at : self._at + size]
        assert len(taken) == size
        self._at += size
        return taken

    def sized(self) -> bytes:
        """The next bytes behind their size."""
        return self.take(struct.unpack("<I", self.take(4))[0])

    def root(self) -> tuple[dict[bytes, bytes], bytes]:
        """What the root step writes: new nodes by hash, and the root."""
        nodes: dict[bytes, bytes] = {}
        while (key := self.take(32)) != EMPTY_ROOT:
            nodes[key] = self.sized()
        return nodes, self.take(32)

    def end(self) -> None:
        """Nothing is left."""
        assert self._at == len(self._data)
