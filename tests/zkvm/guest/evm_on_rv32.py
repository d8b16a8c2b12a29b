"""Single calls on the EVM compiled to RV32IM and on the host's: the same bytes in, the same hash out."""

import ctypes
import struct
from collections.abc import Sequence
from functools import cache

from contracts.genesis import GenesisAccount
from tests.zkvm.guest.native import GUEST, HERE, shared_library, sources_of
from zkvm.emulator.cost import Cost
from zkvm.emulator.elf import Program, load
from zkvm.emulator.emulator import measure, words_to_bytes
from zkvm.guest_kit.build import build

OWN = [HERE / "evm_program.c", HERE / "memory_state.c"]
MOST_CYCLES = 1 << 32


@cache
def program() -> Program:
    """The guest, compiled once."""
    sources = [HERE / "evm_guest.c", *OWN, *sources_of("base", "crypto", "evm")]
    return load(build(sources, includes=[GUEST, HERE], libc=GUEST / "memory.c"))


@cache
def library() -> ctypes.CDLL:
    """The same for this machine."""
    return shared_library([HERE / "evm_host.c", *OWN, *sources_of("base", "crypto", "evm")])


def request(accounts: Sequence[GenesisAccount], gas: int, data: bytes = b"") -> bytes:
    """The first account calls the second."""
    parts = [struct.pack("<I", len(accounts))]
    for account in accounts:
        parts += [account.address, account.balance.to_bytes(32, "big")]
        parts.append(struct.pack("<II", account.nonce, len(account.storage)))
        parts += [number.to_bytes(32, "big") for item in account.storage.items() for number in item]
        parts.append(_sized(account.code))
    return b"".join([*parts, struct.pack("<I", gas), _sized(data)])


def on_host(call: bytes) -> bytes:
    """The hash of what the call makes."""
    digest = ctypes.create_string_buffer(32)
    library().evm_host(digest, call)
    return digest.raw


def on_rv32(call: bytes) -> tuple[bytes, Cost]:
    """The same, and what it costs."""
    done = measure(program(), call, max_cycles=MOST_CYCLES)
    return words_to_bytes(done.output), done.cost


def _sized(data: bytes) -> bytes:
    return struct.pack("<I", len(data)) + data + bytes(-len(data) % 4)
