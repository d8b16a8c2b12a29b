"""The batch program: its sources in C, and the ELF of them that is proven, as ``python -m zkvm.guest`` builds it."""

import json
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Final

from zkvm import _batch
from zkvm.emulator.cost import Cost
from zkvm.emulator.elf import Program, load
from zkvm.emulator.emulator import measure, words_to_bytes
from zkvm.emulator.errors import GuestTrap
from zkvm.emulator.opcodes import MAX_CYCLES
from zkvm.guest.errors import StaleProgram
from zkvm.guest_kit.build import build

HERE: Final = Path(__file__).parent
ELF: Final = HERE / "elf" / "batch.elf"
MANIFEST: Final = HERE / "elf" / "manifest.json"
_ROOMS: Final = ("base", "batch", "chain", "crypto", "evm", "state")

REFUSALS: Final = (
    "version",
    "malformed",
    "header",
    "ancestors",
    "witness-order",
    "no-blocks",
    "da-scheme",
    "base-fee",
    "invalid-block",
    "transaction",
    "rejected",
    "priority-order",
    "system-transaction",
    "missing-node",
    "missing-ancestor",
    "limit",
    "out-of-memory",
)
"""Why the program refuses a batch, in the order of ``zk_reason`` from 1: ``chain_template.batcher.reasons``, and what
only a machine can lack."""


@dataclass(frozen=True, slots=True)
class BatchRun:
    """What became of a batch input.

    Attributes:
        reason: Why it was refused, one of ``REFUSALS``; None where it was not.
        public_input: 32 bytes, empty where it was refused.
        pubdata: What the public input commits to; of a native run only.
        cost: What a proof of the run would take; of a run in the zkVM only.
    """

    reason: str | None
    public_input: bytes = b""
    pubdata: bytes = b""
    cost: Cost | None = None


def run_natively(data: bytes) -> BatchRun:
    """Run the program on this machine; other threads go on meanwhile."""
    reason, public_input, pubdata = _batch.run(data)
    return BatchRun(REFUSALS[reason - 1] if reason else None, public_input, pubdata)


def run_in_the_zkvm(data: bytes, max_cycles: int = MAX_CYCLES) -> BatchRun:
    """Run the program in the emulator; ``max_cycles`` may be more than one proof holds.

    Raises:
        GuestError: It stopped for no reason of its own: more cycles than it was given, or a defect.
    """
    try:
        measured = measure(batch_program(), data, max_cycles=max_cycles)
    except GuestTrap as trap:
        if (reason := refusal(trap)) is None:
            raise
        return BatchRun(reason)
    return BatchRun(None, words_to_bytes(measured.output), cost=measured.cost)


@cache
def batch_program() -> Program:
    """The program that is proven. Raises StaleProgram if the file is not the one in the manifest."""
    elf = ELF.read_bytes()
    if sha256(elf).hexdigest() != manifest()["sha256"]:
        raise StaleProgram
    return load(elf)


def manifest() -> dict[str, str]:
    """The compiler that made the ELF, and the ELF's hash."""
    content: dict[str, str] = json.loads(MANIFEST.read_text())
    return content


def sources(*, for_machine: bool = True) -> list[Path]:
    """The C files, those of the entry in the zkVM included or not."""
    tops = ["main.c", "program.c"] if for_machine else ["program.c"]
    return [*(HERE / name for name in tops), *(path for room in _ROOMS for path in sorted((HERE / room).glob("*.c")))]


def build_elf() -> bytes:
    """The ELF that the sources make. Raises what ``zkvm.guest_kit.build.build`` does."""
    return build(sources(), includes=[HERE], libc=HERE / "memory.c")


def refusal(trap: GuestTrap) -> str | None:
    """What a trap of the program means; None where it gave no reason, so that it is a defect of the program."""
    return REFUSALS[trap.code - 1] if 0 < trap.code <= len(REFUSALS) else None
