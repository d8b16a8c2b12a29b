"""Connections of the endpoint: uvicorn's, with a short cut for the plainest requests.

Most of what a chain is asked is a short POST with one request that is answered on the event loop at once. ASGI would
make a task, a queue and two messages of each, which cost more than the answer itself. All else is uvicorn's, and so is
whatever is in any way unusual: other paths and methods, pages of other origins, batches, long bodies, a full house.
"""

import asyncio
from typing import Any, Final, Protocol, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from chain_template.rpc.dispatch import Deliver, Later
from chain_template.rpc.joined_writes import JoinedWrites

#: Longer ones are uvicorn's.
_MOST_BYTES: Final = 16_384
_KINDS: Final = frozenset({b"application/json", b"application/json; charset=utf-8"})
#: Requests with one of these headers are the application's to judge.
_UNUSUAL: Final = frozenset({b"origin", b"expect", b"transfer-encoding", b"upgrade", b"content-encoding"})
_END: Final = b"\r\n\r\n"
#: As many as a connection remembers; lengths of bodies differ by a few bytes.
_MOST_HEADS: Final = 64
_HEAD: Final = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"


class AnswersAtOnce(Protocol):
    """The application, beside its ASGI interface."""

    def answer_at_once(self, body: bytes, deliver: Deliver | None = None) -> bytes | Later | None:
        """The answer to a request that can be had without waiting; None for all else, of which nothing was done.

        With ``deliver`` it may also come later.
        """
        ...


class Connection(HttpToolsProtocol):
    """One client's connection; what becomes a WebSocket leaves it with its transport."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self._answers = cast(AnswersAtOnce, self.config.app)
        #: The body of a request that may take the short cut, as far as it is here.
        self._held: list[bytes] | None = None
        #: Whether one request of what came at once has had its answer: those after it are for uvicorn, which waits for
        #: a client that does not read.
        self._has_answered = False
        self._length = 0
        self._last_used_s = 0.0
        #: Whether the answer to the last request is being made, what has come after it, and whether that is the end.
        self._is_awaiting = False
        self._after: list[bytes] = []
        self._is_ending = False
        #: Whether the parser has seen the beginning of a request and not its end.
        self._is_within = False
        #: Heads of plain requests, to the byte, and the lengths of their bodies: a client repeats its own.
        self._plain_heads: dict[bytes, int] = {}

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client has connected."""
        self._joined = JoinedWrites(transport, self.loop)
        super().connection_made(self._joined)  # type: ignore[arg-type]

    def data_received(self, data: bytes) -> None:
        """Bytes have come."""
        if self._is_awaiting:
            self._after.append(data)
            self.flow.pause_reading()
            return
        end = -1
        if not self._is_within:
            end = data.find(_END)
            if end > 0 and self._plain_heads.get(data[:end]) == len(data) - end - len(_END) and self._is_idle():
                # Alone, a client waits least when nothing is handed to others.
                deliver = self._deliver if len(self.connections) > 1 else None
                answer = self._answers.answer_at_once(data[end + len(_END) :], deliver)
                if isinstance(answer, bytes):
                    self._send(answer)
                    return
                if answer is not None:
                    self._is_awaiting = True
                    return
        self._has_answered = False
        # uvicorn would stop the clock that ends an idle connection, and start another one with every answer.
        timer, self.timeout_keep_alive_task = self.timeout_keep_alive_task, None
        super().data_received(data)
        is_idle = self._has_answered and self._held is None and self.timeout_keep_alive_task is None
        if is_idle and (self.cycle is None or self.cycle.response_complete):
            self.timeout_keep_alive_task = timer or self._clock(self.timeout_keep_alive)
            if end > 0 and len(data) == end + len(_END) + self._length and len(self._plain_heads) < _MOST_HEADS:
                self._plain_heads[data[:end]] = self._length
        elif timer is not None:
            timer.cancel()

    def timeout_keep_alive_handler(self) -> None:
        """The clock has run down: unless the connection was used meanwhile, it ends."""
        left_s = self._last_used_s + self.timeout_keep_alive - self.loop.time()
        if left_s > 0 or self._is_awaiting:
            self.timeout_keep_alive_task = self._clock(max(left_s, 1.0))
        else:
            super().timeout_keep_alive_handler()

    def _clock(self, seconds: float) -> asyncio.TimerHandle:
        return self.loop.call_later(seconds, self.timeout_keep_alive_handler)

    def on_message_begin(self) -> None:
        """The parser has seen the first byte of a request."""
        self._is_within = True
        super().on_message_begin()

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
        self._is_within = False
        if self._held is not None:
            body = b"".join(self._held)
            answer = self._answers.answer_at_once(body)
            if isinstance(answer, bytes):
                self._held = None
                self._has_answered = True
                self._length = len(body)
                self._send(answer)
                return
            self._hand_over()
        super().on_message_complete()

    def shutdown(self) -> None:
        """The server stops: what has begun to arrive is still answered."""
        if self._is_awaiting:
            self._is_ending = True
            return
        if self._held is not None:
            self._hand_over()
        super().shutdown()

    def _hand_over(self) -> None:
        """What was held back is uvicorn's after all."""
        pieces, self._held = self._held or [], None
        super().on_headers_complete()
        if pieces:
            super().on_body(b"".join(pieces))

    def _deliver(self, answer: bytes) -> None:
        """The answer that was awaited."""
        self._is_awaiting = False
        if self._joined.is_closing():
            return
        self._send(answer)
        if self._is_ending:
            self._joined.close()
        elif self._after:
            after, self._after = b"".join(self._after), []
            self.flow.resume_reading()
            self.data_received(after)

    def _send(self, answer: bytes) -> None:
        self._joined.write_at_once(_HEAD % len(answer) + answer)
        self.server_state.total_requests += 1
        self._last_used_s = self.loop.time()

    def _is_idle(self) -> bool:
        """Whether nothing is being answered, the client reads, and there is room for a request."""
        if self.cycle is not None and not self.cycle.response_complete:
            return False
        is_full = self.limit_concurrency is not None and len(self.connections) >= self.limit_concurrency
        return not is_full and not self.flow.write_paused and not self._joined.is_closing()

    def _is_plain(self) -> bool:
        if self._has_answered or not self._is_idle():
            return False
        parser = self.parser
        if self.url != b"/" or parser.get_method() != b"POST" or parser.get_http_version() != "1.1":
            return False
        if not parser.should_keep_alive() or parser.should_upgrade():
            return False
        length = b""
        for name, value in self.headers:
            if name == b"content-length":
                length = value
            elif name in _UNUSUAL or (name == b"content-type" and value not in _KINDS):
                return False
        return 0 < len(length) <= 5 and length.isdigit() and int(length) <= _MOST_BYTES
