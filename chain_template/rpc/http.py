"""The ASGI application: JSON-RPC by HTTP POST and by WebSocket on one port, and GET /health.

Who may call: anything that is not a web page; pages served from this machine (localhost, 127.0.0.1, ::1, any port);
pages of the configured origins. Others get 403 even though the browser would hide the answer from them, because a name
that is made to point to this machine after the page was loaded passes for the same origin.
"""

import json
from collections.abc import Awaitable, Callable
from typing import Any, Final
from urllib.parse import urlsplit

from chain_template.errors import ChainError
from chain_template.rpc.dispatch import Deliver, Dispatcher, Later, failure
from chain_template.rpc.errors import InvalidRequest
from chain_template.rpc.subscriptions import SubscriptionHub
from chain_template.rpc.websocket import WebSocketSession

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

_JSON: Final = (b"content-type", b"application/json")
_JSON_TYPES: Final = frozenset({"application/json", "application/json-rpc", "application/jsonrequest"})
_LOCAL_HOSTS: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_PREFLIGHT: Final = [
    (b"access-control-allow-methods", b"POST, GET, OPTIONS"),
    (b"access-control-allow-headers", b"content-type, authorization"),
    (b"access-control-max-age", b"600"),
]


class TooLarge(Exception):
    """A body is longer than the endpoint takes."""


class RpcApp:
    """The application uvicorn runs."""

    def __init__(self, dispatcher: Dispatcher, hub: SubscriptionHub) -> None:
        self._dispatcher = dispatcher
        self._hub = hub
        self._settings = dispatcher.services.backend.config.rpc

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Serve one request or one WebSocket connection."""
        headers = dict(scope["headers"])
        origin = headers.get(b"origin", b"").decode("latin-1")
        allowed = not origin or self.allows(origin)
        if scope["type"] == "websocket":
            if scope["path"] == "/" and allowed:
                await WebSocketSession(self._dispatcher, self._hub, receive, send).run()
            else:
                # Closing before accepting makes uvicorn answer the handshake with 403.
                await send({"type": "websocket.close", "code": 1008})
            return
        cors = _cors(origin) if origin and allowed else []
        extra: Headers = []
        if not allowed:
            status, body = 403, _refusal(f"pages of {origin} may not call this endpoint")
        else:
            status, body, extra = await self._http(scope["method"], scope["path"], headers, receive)
        await _respond(send, status, body, [*cors, *extra])

    def answer_at_once(self, body: bytes, deliver: Deliver | None = None) -> bytes | Later | None:
        """What :class:`~chain_template.rpc.connection.Connection` asks before it goes by ASGI."""
        return self._dispatcher.answer_at_once(body, deliver)

    def allows(self, origin: str) -> bool:
        """Whether pages of this origin may call."""
        configured = self._settings.cors_origins
        if "*" in configured or origin in configured:
            return True
        try:
            return urlsplit(origin).hostname in _LOCAL_HOSTS
        except ValueError:
            return False

    async def _http(
        self, method: str, path: str, headers: dict[bytes, bytes], receive: Receive
    ) -> tuple[int, bytes, Headers]:
        if path == "/health" and method in ("GET", "HEAD"):
            return self._health()
        if path != "/":
            return 404, _refusal("not found: JSON-RPC is at /, health at /health"), []
        if method == "OPTIONS":
            return 204, b"", _PREFLIGHT
        if method != "POST":
            return 405, _refusal("JSON-RPC is asked by POST; health is at /health"), [(b"allow", b"POST, OPTIONS")]
        kind = headers.get(b"content-type", b"application/json").decode("latin-1").split(";")[0].strip().lower()
        if kind not in _JSON_TYPES:
            return 415, _refusal("invalid content type, only application/json is supported"), []
        try:
            body = await self._body(headers, receive)
        except TooLarge:
            limit = self._settings.max_request_bytes
            return 413, _refusal(f"request too large: more than {limit} bytes"), [(b"connection", b"close")]
        answer = await self._dispatcher.answer(body)
        return (200, answer, []) if answer is not None else (204, b"", [])

    async def _body(self, headers: dict[bytes, bytes], receive: Receive) -> bytes:
        limit = self._settings.max_request_bytes
        declared = headers.get(b"content-length", b"0")
        if declared.isdigit() and int(declared) > limit:
            raise TooLarge
        chunks, size = [], 0
        while True:
            message = await receive()
            chunk = message.get("body", b"")
            size += len(chunk)
            if size > limit:
                raise TooLarge
            chunks.append(chunk)
            if message["type"] == "http.disconnect" or not message.get("more_body"):
                return b"".join(chunks)

    def _health(self) -> tuple[int, bytes, Headers]:
        """200 while the store answers; what it says is for people and load balancers."""
        config = self._dispatcher.services.backend.config
        shown: dict[str, Any] = {"chain": config.name, "chainId": config.chain_id}
        try:
            with self._dispatcher.view() as view:
                shown |= {"status": "ok", "blockNumber": view.snapshot.head_number}
                return 200, json.dumps(shown).encode(), []
        except ChainError as exc:
            shown |= {"status": "failing", "error": exc.message}
            return 503, json.dumps(shown).encode(), []


def _refusal(message: str) -> bytes:
    """The body of an HTTP error: a JSON-RPC error too, as some clients read nothing else."""
    return failure(None, InvalidRequest(message))


def _cors(origin: str) -> Headers:
    return [(b"access-control-allow-origin", origin.encode("latin-1")), (b"vary", b"origin")]


async def _respond(send: Send, status: int, body: bytes, headers: Headers) -> None:
    kind = [_JSON] if body else []
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*kind, length, *headers]})
    await send({"type": "http.response.body", "body": body})
