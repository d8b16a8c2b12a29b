"""The door to whoever proves batches: the cluster's prover pool, or a stand-in a test brings."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from chain_template.errors import MalformedParts

_LENGTH: Final = struct.Struct(">I")


@dataclass(frozen=True, slots=True)
class ProofJob:
    """A batch to be proven.

    Attributes:
        program_id: The batch program whose proof L1 accepts.
        batch_input: The program's whole input.
        public_input: What the program must arrive at; a worker refuses the batch if it arrives elsewhere.
        cycles: Instructions the program takes on it, by which provers are shared fairly; 0: not known.
    """

    chain_id: int
    chain_name: str
    batch_number: int
    program_id: bytes
    batch_input: bytes = field(repr=False)
    public_input: bytes
    cycles: int = 0


@dataclass(frozen=True, slots=True)
class ProofResult:
    """What became of a job.

    Attributes:
        public_input: What was proven.
        proof: Its parts as L1 takes them, packed by :func:`pack_parts`. Empty in the labelled development mode: the
            batch was re-executed, not proven.
        worker: Who did it.
        error: Why there is no proof; None when there is one.
    """

    batch_number: int
    public_input: bytes
    proof: bytes
    worker: str
    error: str | None = None


class ProofService(Protocol):
    """Takes proof jobs and keeps their results. Calls return at once."""

    def submit(self, job: ProofJob) -> None:
        """Queue a job; the same (chain, batch, program) again is no second job, unless its input is another."""
        ...

    def result(self, chain_id: int, batch_number: int) -> ProofResult | None:
        """What became of a batch's job; None while it is not decided.

        Raises:
            ProofJobLost: Nobody has submitted it, or what was submitted is lost.
        """
        ...

    def cancel_from(self, chain_id: int, batch_number: int) -> None:
        """Forget the jobs and results of this batch and all after it: they were reverted."""
        ...


def pack_parts(parts: Sequence[bytes]) -> bytes:
    """The parts of a proof as one string: each behind its length (u32)."""
    return b"".join(_LENGTH.pack(len(part)) + part for part in parts)


def unpack_parts(packed: bytes) -> tuple[bytes, ...]:
    """Undo :func:`pack_parts`.

    Raises:
        MalformedParts: These are not the parts of a proof: none, an empty one, or bytes too few or too many.
    """
    parts: list[bytes] = []
    at = 0
    while at < len(packed):
        if at + _LENGTH.size > len(packed):
            raise MalformedParts("the length of a part is cut off")
        (length,) = _LENGTH.unpack_from(packed, at)
        at += _LENGTH.size + length
        if length == 0 or at > len(packed):
            raise MalformedParts(f"part {len(parts)} has {length} bytes, which is not what is there")
        parts.append(packed[at - length : at])
    if not parts:
        raise MalformedParts("there is no part")
    return tuple(parts)
