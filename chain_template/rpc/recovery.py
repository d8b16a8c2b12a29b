"""Senders found beside the event loop, by a thread that never holds Python's lock.

Recovering a signature takes longer than all else that is done for a transaction. The loop goes on with other
connections meanwhile, and other than with Python's own threads nobody waits for the lock at every step.
"""

import asyncio
import contextlib
import os
from collections.abc import Callable

from zkvm._evm import Recoverer

Found = Callable[[bytes | None], None]


class Recovery:
    """Asked and answering on one event loop.

    Args:
        loop: That loop.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._listening, self._bell = os.pipe()
        os.set_blocking(self._listening, False)
        os.set_blocking(self._bell, False)
        self._recoverer = Recoverer(self._bell)
        self._asked: dict[int, Found] = {}
        self._count = 0
        loop.add_reader(self._listening, self._on_bell)

    def __len__(self) -> int:
        return len(self._asked)

    def find(self, digest: bytes, signature: bytes, found: Found) -> None:
        """Have ``found`` called with who signed, or None where no key fits or the signature is out of range.

        Args:
            digest: 32 bytes.
            signature: 65 bytes: r, s, parity of y.
            found: Called on the loop, later.
        """
        self._recoverer.put(self._count, digest, signature)
        self._asked[self._count] = found
        self._count += 1

    def close(self) -> None:
        """End; who still waits is never answered. The loop may have ended before."""
        self._recoverer.close()
        if not self._loop.is_closed():
            self._loop.remove_reader(self._listening)
        os.close(self._listening)
        os.close(self._bell)

    def _on_bell(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(self._listening, 64)
        for number, signer in self._recoverer.take():
            self._asked.pop(number)(signer)
