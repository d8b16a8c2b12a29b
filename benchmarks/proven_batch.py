"""A batch of transfers with its proof, kept below ``build/`` between runs: proving takes minutes."""

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from eth_hash.auto import keccak

from benchmarks.zkvm_batch import Bench
from tests.zkvm.onchain.revm import Statement
from zkvm.backends.cpu import CpuBackend
from zkvm.guest import batch_program
from zkvm.machine.api import prove
from zkvm.machine.key import key_for, user_cache
from zkvm.machine.machine import riscv
from zkvm.onchain import split
from zkvm.stark.key import VerifyingKey, constraints_digest
from zkvm.stark.layout import Layout, layout
from zkvm.stark.profiles import Profile, profile
from zkvm.stark.proof import Proof

KEPT = Path(__file__).parents[1] / "build/benchmarks/batches"


@dataclass(frozen=True)
class ProvenBatch:
    """A proof of a batch.

    Attributes:
        profile_name: Its parameters.
        transfers: How many the batch holds.
        key: The verifying key's bytes.
        output: The public words.
        proof: Its bytes.
        seconds: How long proving took, from the batch's input to the proof, with the verifying key at hand.
    """

    profile_name: str
    transfers: int
    key: bytes
    output: tuple[int, ...]
    proof: bytes
    seconds: float

    @property
    def profile(self) -> Profile:
        """Its parameters."""
        return profile(self.profile_name)

    @property
    def vk(self) -> VerifyingKey:
        """The verifying key."""
        return VerifyingKey.from_bytes(self.key)

    @property
    def statement(self) -> Statement:
        """As L1 names it."""
        return Statement(self.vk.hash, self.output)

    def parts(self) -> list[bytes]:
        """As they are sent."""
        return split(riscv(), self.vk, self.profile, self.output, self.proof)

    def layout(self) -> Layout:
        """The proof's."""
        return layout(riscv(), self.profile, self.log_heights)

    @property
    def log_heights(self) -> Sequence[int]:
        """log2 of each table's rows."""
        return Proof.from_bytes(self.proof, riscv(), self.profile).log_heights


def proven_batch(chosen: Profile, transfers: int) -> ProvenBatch:
    """The batch's proof: the one that was kept, if program, machine, profile and input are the same, else a new one."""
    data = Bench.make(transfers).transfers()
    program = batch_program()
    name = keccak(program.digest + constraints_digest(riscv()) + repr(chosen).encode() + data).hex()[:32]
    place = KEPT / f"{chosen.name}-{transfers}-{name}.json"
    if place.exists():
        return _read(place)
    backend = CpuBackend()
    key = key_for(program, chosen, backend, cache=user_cache())
    began = time.perf_counter()
    proven = prove(program, data, chosen, key, backend)
    seconds = time.perf_counter() - began
    made = ProvenBatch(chosen.name, transfers, key.vk.to_bytes(), proven.output, proven.proof, seconds)
    _write(place, made)
    return made


def _read(place: Path) -> ProvenBatch:
    found = json.loads(place.read_text())
    found |= {name: bytes.fromhex(found[name]) for name in ("key", "proof")} | {"output": tuple(found["output"])}
    return ProvenBatch(**found)


def _write(place: Path, made: ProvenBatch) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(json.dumps(asdict(made) | {"key": made.key.hex(), "proof": made.proof.hex()}))
