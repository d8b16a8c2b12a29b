"""Where a chain keeps the proofs of its batches until L1 has executed them: a file each, whole or not there."""

import contextlib
import os
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Final

from chain_template.errors import MalformedParts, StoreError, StoreFull
from chain_template.primitives import keccak
from chain_template.settlement.proofs import unpack_parts

_CHECKSUM_BYTES: Final = 32
_SUFFIX: Final = ".parts"


@dataclass(frozen=True, slots=True)
class Proof:
    """The proof of a batch.

    Attributes:
        name: Stands for these very bytes.
        parts: In the order in which L1 takes them.
    """

    name: str
    parts: tuple[bytes, ...] = field(repr=False)


class ProofShelf:
    """Proofs by batch, program and public input, in a directory that is made when the first one comes.

    A file is its checksum and the packed parts. One that is damaged is as good as none: the prover is asked again.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def put(self, batch_number: int, program_id: bytes, public_input: bytes, packed: bytes) -> None:
        """Keep a proof; on disk when this returns.

        Args:
            batch_number: The batch.
            program_id: Which program's run was proven, 32 bytes.
            public_input: What it put out, 32 bytes.
            packed: Its parts, as ``pack_parts`` gives them.

        Raises:
            MalformedParts: Those are no parts.
            StoreFull: The disk refused it; nothing is kept.
        """
        unpack_parts(packed)
        path = self._path(batch_number, program_id, public_input)
        unfinished = path.with_suffix(".partial")
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            with unfinished.open("wb") as file:
                file.write(sha256(packed).digest() + packed)
                file.flush()
                os.fsync(file.fileno())
            unfinished.replace(path)
            self._sync()
        except OSError as exc:
            with contextlib.suppress(OSError):
                unfinished.unlink(missing_ok=True)
            raise StoreFull(f"the proof of batch {batch_number} cannot be written: {exc.strerror}") from exc

    def get(self, batch_number: int, program_id: bytes, public_input: bytes) -> Proof | None:
        """The proof of a batch; None when it is not here, or not as it was.

        Raises:
            StoreError: The disk does not let them be read.
        """
        try:
            content = self._path(batch_number, program_id, public_input).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as exc:
            raise StoreError(f"the proof of batch {batch_number} cannot be read: {exc.strerror}") from exc
        checksum, packed = content[:_CHECKSUM_BYTES], content[_CHECKSUM_BYTES:]
        if sha256(packed).digest() != checksum:
            return None
        try:
            return Proof(checksum.hex(), unpack_parts(packed))
        except MalformedParts:
            return None

    def drop_to(self, batch_number: int) -> None:
        """Throw away the proofs of this batch and those before it: L1 has executed them."""
        for path in self._directory.glob(f"*{_SUFFIX}"):
            number = path.name.partition("-")[0]
            if number.isdecimal() and int(number) <= batch_number:
                path.unlink(missing_ok=True)

    def _path(self, batch_number: int, program_id: bytes, public_input: bytes) -> Path:
        fact = keccak(program_id + public_input)
        return self._directory / f"{batch_number}-{fact.hex()}{_SUFFIX}"

    def _sync(self) -> None:
        descriptor = os.open(self._directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
