"""Batch inputs and proofs: files named by their content, beside the pool's database and out of the actor's memory."""

import hashlib
import os
from collections.abc import Container
from pathlib import Path

from cluster.errors import PoolStoreCorrupt, PoolStoreError, PoolStoreFull


class BlobFiles:
    """A directory of files, each named by the SHA-256 of what is in it."""

    def __init__(self, directory: Path) -> None:
        """Use ``directory``, or create it.

        Raises:
            PoolStoreError: It cannot be created.
        """
        self._directory = directory
        try:
            directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise PoolStoreError(f"the pool's directory {directory} cannot be made: {error.strerror}") from error

    def put(self, content: bytes) -> str:
        """Store ``content`` on disk, synced, and return its digest; the same content is stored once.

        Raises:
            PoolStoreFull: The disk refused it.
        """
        digest = hashlib.sha256(content).hexdigest()
        path = self._directory / digest
        if path.exists():
            return digest
        # A crash may leave half a file; under its final name there is never one.
        unfinished = path.with_suffix(".part")
        try:
            with unfinished.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            unfinished.rename(path)
            self._sync_directory()
        except OSError as error:
            unfinished.unlink(missing_ok=True)
            raise PoolStoreFull(f"{len(content)} bytes cannot be written to {path}: {error.strerror}") from error
        return digest

    def _sync_directory(self) -> None:
        descriptor = os.open(self._directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def get(self, digest: str) -> bytes:
        """The content of this digest.

        Raises:
            PoolStoreCorrupt: It is missing or damaged.
        """
        try:
            content = (self._directory / digest).read_bytes()
        except OSError as error:
            raise PoolStoreCorrupt(f"{self._directory / digest} cannot be read: {error.strerror}") from error
        if hashlib.sha256(content).hexdigest() != digest:
            raise PoolStoreCorrupt(f"{self._directory / digest} does not hold what its name says")
        return content

    def discard(self, digest: str) -> None:
        """Remove one; nothing happens when it is not there."""
        (self._directory / digest).unlink(missing_ok=True)

    def keep_only(self, digests: Container[str]) -> None:
        """Remove what a crash left between writing a file and recording it."""
        for path in self._directory.iterdir():
            if path.name not in digests:
                path.unlink(missing_ok=True)
