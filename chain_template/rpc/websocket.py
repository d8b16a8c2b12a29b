"""One WebSocket connection: requests in, answers and notifications out, in the order they were made."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any, Final

from chain_template.rpc.dispatch import Dispatcher, Session
from chain_template.rpc.subscriptions import SubscriptionHub

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

#: Messages that may wait for a slow reader; beyond them the connection is dropped, as geth does.
MAX_QUEUED: Final = 10_000
#: Requests of one connection that may be worked on at once.
_MAX_IN_FLIGHT: Final = 64
_POLICY_VIOLATION: Final = 1008


class WebSocketSession(Session):
    """A connection.

    Attributes:
        hub: Where it subscribes.
    """

    def __init__(self, dispatcher: Dispatcher, hub: SubscriptionHub, receive: Receive, send: Send) -> None:
        self.hub = hub
        self._dispatcher = dispatcher
        self._receive = receive
        self._send = send
        self._out: asyncio.Queue[str] = asyncio.Queue(MAX_QUEUED)
        self._in_flight = asyncio.Semaphore(_MAX_IN_FLIGHT)
        self._tasks: set[asyncio.Task[None]] = set()
        self._overrun = asyncio.Event()

    async def run(self) -> None:
        """Serve the connection until either side ends it."""
        await self._send({"type": "websocket.accept"})
        work = [asyncio.create_task(each) for each in (self._read(), self._write(), self._wait_for_overrun())]
        try:
            await asyncio.wait(work, return_when=asyncio.FIRST_COMPLETED)
            if self._overrun.is_set():
                async with asyncio.timeout(1.0):
                    await self._send(
                        {"type": "websocket.close", "code": _POLICY_VIOLATION, "reason": "reads too slowly"}
                    )
        except TimeoutError:
            pass
        finally:
            self.hub.forget(self)
            for task in (*work, *self._tasks):
                task.cancel()
            await asyncio.gather(*work, *self._tasks, return_exceptions=True)

    def notify(self, params: dict[str, Any]) -> None:
        """Send a subscription's news."""
        self._put(json.dumps({"jsonrpc": "2.0", "method": "eth_subscription", "params": params}, separators=(",", ":")))

    async def _read(self) -> None:
        while True:
            message = await self._receive()
            if message["type"] == "websocket.disconnect":
                return
            if message["type"] != "websocket.receive":
                continue
            body = message.get("bytes") or (message.get("text") or "").encode()
            await self._in_flight.acquire()
            task = asyncio.create_task(self._answer(body))
            self._tasks.add(task)
            task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._in_flight.release()

    async def _answer(self, body: bytes) -> None:
        answer = await self._dispatcher.answer(body, self)
        if answer is not None:
            self._put(answer.decode())

    def _put(self, text: str) -> None:
        try:
            self._out.put_nowait(text)
        except asyncio.QueueFull:
            self._overrun.set()

    async def _write(self) -> None:
        while True:
            text = await self._out.get()
            await self._send({"type": "websocket.send", "text": text})

    async def _wait_for_overrun(self) -> None:
        await self._overrun.wait()
