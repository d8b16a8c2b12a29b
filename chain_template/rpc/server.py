"""The endpoint of one chain: a socket, a thread with an event loop, and uvicorn in it."""

import asyncio
import errno
import socket
import threading
from collections.abc import Callable
from typing import Final

import uvicorn

from chain_template.events import Event
from chain_template.rpc.backend import RpcBackend
from chain_template.rpc.catalog import methods_of
from chain_template.rpc.connection import Connection
from chain_template.rpc.dispatch import Dispatcher
from chain_template.rpc.errors import AddressUnusable, PortInUse, RpcStartError
from chain_template.rpc.filters import FilterBook
from chain_template.rpc.http import RpcApp
from chain_template.rpc.subscriptions import SubscriptionHub
from chain_template.rpc.view import Services

_START_TIMEOUT_S: Final = 30.0
_STOP_TIMEOUT_S: Final = 10.0
#: Seconds that open requests get to finish when the endpoint stops.
_GRACEFUL_S: Final = 3
#: Seconds an idle connection stays open; a short time makes clients that reuse one meet a closed door.
_KEEP_ALIVE_S: Final = 120
_BACKLOG: Final = 512


class RpcServer:
    """Serves a chain's JSON-RPC over HTTP and WebSocket until stopped. Not to be started again after that.

    Args:
        backend: The chain.
    """

    def __init__(self, backend: RpcBackend) -> None:
        self._settings = backend.config.rpc
        self._backend = backend
        self._filters = FilterBook(self._settings.filter_lifetime_s)
        self._hub = SubscriptionHub(zk=backend.config.l1 is not None)
        self._dispatcher = Dispatcher(
            Services(backend, self._filters), methods_of(has_l1=backend.config.l1 is not None)
        )
        self._socket: socket.socket | None = None
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._unsubscribe: Callable[[], None] = lambda: None

    @property
    def port(self) -> int:
        """The port it listens on, known once started; the configured one before."""
        if self._socket is None:
            return self._settings.port
        return int(self._socket.getsockname()[1])

    @property
    def connections(self) -> int:
        """How many WebSockets are subscribed to something."""
        return len(self._hub)

    def start(self) -> tuple[str, int]:
        """Listen and serve; returns host and port.

        Raises:
            PortInUse: Something else listens there.
            AddressUnusable: The host is not this machine's, or the port needs more rights.
            RpcStartError: The server ended while starting.
        """
        self._socket = _bind(self._settings.host, self._settings.port)
        self._server = uvicorn.Server(
            uvicorn.Config(
                RpcApp(self._dispatcher, self._hub),
                lifespan="off",
                http=Connection,
                ws="websockets-sansio",
                ws_max_size=self._settings.max_request_bytes,
                ws_per_message_deflate=False,
                # uvicorn counts the connection that asks, too.
                limit_concurrency=self._settings.max_connections + 1,
                timeout_graceful_shutdown=_GRACEFUL_S,
                timeout_keep_alive=_KEEP_ALIVE_S,
                access_log=False,
                log_config=None,
                server_header=False,
                date_header=False,
                proxy_headers=False,
            )
        )
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready,), name="rpc", daemon=True)
        self._thread.start()
        if not ready.wait(_START_TIMEOUT_S) or not self._server.started:
            raise RpcStartError("the JSON-RPC endpoint did not come up; the chain's log has the details")
        self._unsubscribe = self._backend.events.subscribe(self._on_event)
        return self._settings.host, self.port

    def stop(self) -> None:
        """Stop listening, let open requests finish for a moment, end. Does nothing when not started."""
        self._unsubscribe()
        if self._server is not None:
            self._server.should_exit = True
        if self._thread is not None and self._thread.is_alive():
            self._thread.join(_STOP_TIMEOUT_S)
        self._dispatcher.close()
        if self._socket is not None:
            self._socket.close()

    def _run(self, ready: threading.Event) -> None:
        assert self._server is not None
        try:
            with asyncio.Runner(loop_factory=self._server.config.get_loop_factory()) as runner:
                runner.run(self._serve(self._server, ready))
        finally:
            ready.set()

    async def _serve(self, server: uvicorn.Server, ready: threading.Event) -> None:
        self._loop = asyncio.get_running_loop()
        self._dispatcher.start(self._loop)
        serving = asyncio.create_task(server.serve(sockets=[self._socket] if self._socket else None))
        while not server.started and not serving.done():
            await asyncio.sleep(0.001)
        ready.set()
        try:
            await serving
        finally:
            self._dispatcher.end()

    def _on_event(self, event: Event) -> None:
        """Called in the publisher's thread: note it for the filters, hand it on to the subscriptions."""
        self._filters.on_event(event)
        loop = self._loop
        # Waking the event loop costs more than taking a transaction does, and mostly nobody has subscribed.
        if loop is not None and not loop.is_closed() and len(self._hub):
            loop.call_soon_threadsafe(self._hub.on_event, event)


def _bind(host: str, port: int) -> socket.socket:
    """A listening socket, made here so that a port in use is an error of ``start`` and port 0 is known at once."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        bound = socket.socket(family, kind, protocol)
    except OSError as exc:
        raise AddressUnusable(f"cannot listen on {host}:{port}: {exc.strerror or exc}") from exc
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind(address)
        bound.listen(_BACKLOG)
    except OSError as exc:
        bound.close()
        if exc.errno == errno.EADDRINUSE:
            raise PortInUse(
                f"port {port} on {host} is in use", hint="choose another rpc.port, or 0 for any free one"
            ) from exc
        raise AddressUnusable(f"cannot listen on {host}:{port}: {exc.strerror}") from exc
    bound.setblocking(False)
    return bound
