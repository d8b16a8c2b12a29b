"""Answers that leave in one piece: uvicorn writes the head of a response and its body one after the other.

Each write is a system call that wakes the client; for answers as short as those to a JSON-RPC request that is most of
what the event loop does. What is written in one turn of the loop is sent at its end, together.
"""

import asyncio
from typing import Any


class JoinedWrites:
    """A transport that sends what is written to it in one turn of the event loop as one piece, in the same order."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._waiting: list[bytes] = []

    def write(self, data: bytes) -> None:
        """Send at the end of this turn."""
        if not self._waiting:
            self._loop.call_soon(self._flush)
        self._waiting.append(data)

    def write_at_once(self, data: bytes) -> None:
        """Send now, behind what waits: for what is whole already."""
        self._waiting.append(data)
        self._flush()

    def close(self) -> None:
        """Send what waits, then close."""
        self._flush()
        self._transport.close()

    def __getattr__(self, name: str) -> Any:
        """All else is the transport's."""
        return getattr(self._transport, name)

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        if waiting and not self._transport.is_closing():
            self._transport.write(waiting[0] if len(waiting) == 1 else b"".join(waiting))
