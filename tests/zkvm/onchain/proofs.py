"""A stored proof of the whole machine under ``l1``, as the tests of this room use it.

When the machine or the protocol is meant to change, ``python -m tests.zkvm.onchain.proofs`` makes it anew (a minute,
several GiB).
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import zkvm
from tests.zkvm.onchain.revm import Statement
from zkvm.machine.machine import riscv
from zkvm.onchain import split
from zkvm.stark.key import VerifyingKey
from zkvm.stark.profiles import L1, Profile

FOLDER = Path(__file__).parent / "stored"
GUEST = Path(zkvm.__file__).parent / "guest_kit/examples/elf/fibonacci.elf"
INPUT = 10
OUTPUT = (10, 55, 0, 0, 0, 0, 0, 0)


@dataclass(frozen=True)
class Stored:
    """A proof with what it is about."""

    profile: Profile
    key: VerifyingKey
    public: tuple[int, ...]
    proof: bytes

    @property
    def statement(self) -> Statement:
        """As L1 names it."""
        return Statement(self.key.hash, self.public)

    def parts(self, limit: int = 120_000) -> list[bytes]:
        """The parts of at most so many bytes."""
        return split(riscv(), self.key, self.profile, self.public, self.proof, limit)


@cache
def stored() -> Stored:
    """The stored proof."""
    key = VerifyingKey.from_bytes((FOLDER / "l1.key").read_bytes())
    return Stored(L1, key, OUTPUT, (FOLDER / "l1.proof").read_bytes())


def make(profile: Profile, number: int = INPUT) -> Stored:
    """A proof made now: of the same run unless another number is given."""
    from zkvm.backends.cpu import CpuBackend
    from zkvm.emulator.elf import Program
    from zkvm.machine.api import prove
    from zkvm.machine.key import key_for

    program, backend = Program.read(GUEST), CpuBackend()
    key = key_for(program, profile, backend)
    made = prove(program, number.to_bytes(4, "little"), profile, key, backend)
    return Stored(profile, key.vk, tuple(made.output), made.proof)


def write() -> None:
    """Store today's proof."""
    made = make(L1)
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / "l1.key").write_bytes(made.key.to_bytes())
    (FOLDER / "l1.proof").write_bytes(made.proof)


if __name__ == "__main__":
    write()
