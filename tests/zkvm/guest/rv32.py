"""The guest's primitives compiled to RV32IM, run in the emulator."""

import struct
from collections.abc import Iterable
from functools import cache

from eth_utils.crypto import keccak

from tests.zkvm.guest.crypto import CALLS, PRECOMPILES, SOURCES
from tests.zkvm.guest.native import HERE, ROOT
from zkvm.emulator.cost import Cost
from zkvm.emulator.elf import Program, load
from zkvm.emulator.emulator import measure, words_to_bytes
from zkvm.guest_kit.build import build

MOST_CYCLES = 1 << 34


@cache
def program() -> Program:
    """All primitives behind one entry, compiled once."""
    guest = ROOT / "zkvm" / "guest"
    return load(build([HERE / "crypto_guest.c", *CALLS, *SOURCES], includes=[guest, HERE], libc=guest / "memory.c"))


def run(calls: Iterable[tuple[str, bytes]]) -> tuple[bytes, Cost]:
    """The hash of all answers, and what they cost."""
    done = measure(program(), request(calls), max_cycles=MOST_CYCLES)
    return words_to_bytes(done.output), done.cost


def request(calls: Iterable[tuple[str, bytes]]) -> bytes:
    """The guest's input."""
    return b"".join(
        struct.pack("<II", PRECOMPILES.index(name), len(data)) + data + bytes(-len(data) % 4) for name, data in calls
    )


def hash_of(answers: Iterable[bytes | None]) -> bytes:
    """What the guest makes of these answers."""
    return keccak(b"".join(struct.pack("<i", -1 if data is None else len(data)) + (data or b"") for data in answers))


def cost_of_one(name: str, data: bytes) -> Cost:
    """Of one call alone: twice it less once it."""
    once, twice = (run([(name, data)] * count)[1] for count in (1, 2))
    return Cost(**{table: getattr(twice, table) - getattr(once, table) for table in once.__dataclass_fields__})
