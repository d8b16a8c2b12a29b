"""Connections of the endpoint: uvicorn's, with a short cut for the plainest requests.

Most of what a chain is asked is a short POST with one request that is answered on the event loop at once. ASGI would
make a task, a queue and two messages of each, which cost more than the answer itself. All else is uvicorn's, and so is
whatever is in any way unusual: other paths and methods, pages of other origins, batches, long bodies, a full house.
"""

import asyncio
from typing import Any, Final, Protocol, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from chain_template.rpc.joined_writes import JoinedWrites

#: Longer ones are uvicorn's.
_MOST_BYTES: Final = 16_384
_KINDS: Final = frozenset({b"application/json", b"application/json; charset=utf-8"})
#: Requests with one of these headers are the application's to judge.
_UNUSUAL: Final = frozenset({b"origin", b"expect", b"transfer-encoding", b"upgrade", b"content-encoding"})
_HEAD: Final = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"


class AnswersAtOnce(Protocol):
    """The application, beside its ASGI interface."""

    def answer_at_once(self, body: bytes) -> bytes | None:
        """The answer to a request that can be had without waiting; None for all else, of which nothing was done."""
        ...


class Connection(HttpToolsProtocol):
    """One client's connection; what becomes a WebSocket leaves it with its transport."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self._answers = cast(AnswersAtOnce, self.config.app)
        #: The body of a request that may take the short cut, as far as it is here.
        self._held: list[bytes] | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client has connected."""
        self._joined = JoinedWrites(transport, self.loop)
        super().connection_made(self._joined)  # type: ignore[arg-type]

    def on_headers_complete(self) -> None:
        """The parser has seen all headers."""
        if self._is_plain():
            self._held = []
        else:
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """The parser has seen a piece of the body."""
        if self._held is None:
            super().on_body(body)
        else:
            self._held.append(body)

    def on_message_complete(self) -> None:
        """The parser has seen the end of the request."""
        if self._held is not None:
            answer = self._answers.answer_at_once(b"".join(self._held))
            if answer is not None:
                self._held = None
                self.transport.write(_HEAD % len(answer) + answer)
                self.on_response_complete()
                return
            self._hand_over()
        super().on_message_complete()

    def shutdown(self) -> None:
        """The server stops: what has begun to arrive is still answered."""
        if self._held is not None:
            self._hand_over()
        super().shutdown()

    def _hand_over(self) -> None:
        """What was held back is uvicorn's after all."""
        pieces, self._held = self._held or [], None
        super().on_headers_complete()
        if pieces:
            super().on_body(b"".join(pieces))

    def _is_plain(self) -> bool:
        if self.cycle is not None and not self.cycle.response_complete:
            return False  # one before it is still being answered
        if self._joined.is_holding:
            return False  # requests one after the other, without a look at the answers: uvicorn waits for the reader
        parser = self.parser
        if self.url != b"/" or parser.get_method() != b"POST" or parser.get_http_version() != "1.1":
            return False
        if not parser.should_keep_alive() or parser.should_upgrade() or self.flow.write_paused:
            return False
        if self.limit_concurrency is not None and len(self.connections) >= self.limit_concurrency:
            return False
        length = b""
        for name, value in self.headers:
            if name == b"content-length":
                length = value
            elif name in _UNUSUAL or (name == b"content-type" and value not in _KINDS):
                return False
        return 0 < len(length) <= 5 and length.isdigit() and int(length) <= _MOST_BYTES
