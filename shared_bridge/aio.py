"""The same bridge for asyncio programs: its commands run in threads, its waiting in the event loop."""

import asyncio
import functools
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

from shared_bridge.bridge import WAIT_TIMEOUT_S, Bridge
from shared_bridge.records import Message, Status
from shared_bridge.stages import MessageStage
from shared_bridge.tracking import Progress, Waiting

P = ParamSpec("P")
R = TypeVar("R")


def _in_thread(
    command: Callable[Concatenate[Bridge, P], R],
) -> Callable[Concatenate["AsyncBridge", P], Coroutine[Any, Any, R]]:
    async def run(self: "AsyncBridge", /, *args: P.args, **kwargs: P.kwargs) -> R:
        return await asyncio.to_thread(command, self.bridge, *args, **kwargs)

    functools.update_wrapper(run, command)
    return run


class AsyncBridge:
    """:class:`Bridge` with ``await``: same arguments, same results, same errors.

    A command that is cancelled goes on in its thread, since its transaction may be on its way; a wait that is
    cancelled ends at once.
    """

    def __init__(
        self,
        l1_url: str,
        chains: Mapping[str, str],
        *,
        bridgehub: str | None = None,
        receipt_timeout_s: float = 120.0,
    ) -> None:
        self.bridge = Bridge(l1_url, chains, bridgehub=bridgehub, receipt_timeout_s=receipt_timeout_s)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self.bridge.close()

    deposit = _in_thread(Bridge.deposit)
    withdraw = _in_thread(Bridge.withdraw)
    send = _in_thread(Bridge.send)
    claim = _in_thread(Bridge.claim)
    status = _in_thread(Bridge.status)
    find = _in_thread(Bridge.find)
    find_deposits = _in_thread(Bridge.find_deposits)
    asset_id = _in_thread(Bridge.asset_id)
    token_address = _in_thread(Bridge.token_address)
    audit = _in_thread(Bridge.audit)
    books = _in_thread(Bridge.books)
    balance = _in_thread(Bridge.balance)

    async def wait(
        self,
        message: Message,
        stage: MessageStage = MessageStage.CLAIMED,
        timeout_s: float = WAIT_TIMEOUT_S,
        progress: Progress | None = None,
    ) -> Status:
        """As :meth:`Bridge.wait`; ``progress`` is called in the event loop."""
        waiting = Waiting(message, stage, timeout_s, progress)
        while (pause := waiting.look(now := await self.status(message))) is not None:
            await asyncio.sleep(pause)
        return now
