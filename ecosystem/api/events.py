"""Server-sent events of an operation, and of a batch."""

import asyncio
import json
from collections.abc import AsyncIterator, Container
from dataclasses import asdict

from fastapi.responses import StreamingResponse

from ecosystem.api.backend import Backend
from zkhub.errors import HubError

#: Seconds between two looks for news.
POLL_S = 0.15
#: The same for a batch, about which several processes are asked; their own news come once a second.
BATCH_POLL_S = 0.5
#: Seconds of silence after which a comment is sent, so that proxies keep the connection.
KEEP_ALIVE_S = 15.0


class EventStream(StreamingResponse):
    """A ``text/event-stream``."""

    media_type = "text/event-stream"


def operation_stream(backend: Backend, operation_id: str, after: int, final: Container[str]) -> EventStream:
    """The events of an operation above ``after``, as they come, until its status is one of ``final``."""
    lines = _events(backend, operation_id, after, final)
    return EventStream(lines, headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})


async def _events(backend: Backend, operation_id: str, after: int, final: Container[str]) -> AsyncIterator[str]:
    silent_s = 0.0
    while True:
        try:
            events = await backend.ask("events", after, operation_id)
        except HubError:
            # The controller may be restarting; the stream goes on when it is back.
            events = []
        for event in events:
            after = event.seq
            yield f"id: {event.seq}\nevent: progress\ndata: {json.dumps(asdict(event))}\n\n"
            if not event.step and event.status in final:
                yield f"event: end\ndata: {json.dumps({'status': event.status})}\n\n"
                return
        if not events and await _is_over(backend, operation_id, final):
            yield "event: end\ndata: {}\n\n"
            return
        silent_s = 0.0 if events else silent_s + POLL_S
        if silent_s >= KEEP_ALIVE_S:
            silent_s = 0.0
            yield ": still at work\n\n"
        await asyncio.sleep(POLL_S)


def batch_stream(backend: Backend, chain: str, number: int) -> EventStream:
    """A batch as it is now, and again after every change, until L1 has executed it."""
    lines = _batch_changes(backend, chain, number)
    return EventStream(lines, headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})


async def _batch_changes(backend: Backend, chain: str, number: int) -> AsyncIterator[str]:
    last, silent_s, sequence = "", 0.0, 0
    while True:
        stage = ""
        try:
            view = await backend.ask("batch", chain, number)
            stage, shown = view.stage, json.dumps(asdict(view))
        except HubError:
            # The chain or the controller may be restarting; the stream goes on when it is back.
            shown = last
        silent_s += BATCH_POLL_S
        if shown != last:
            last, silent_s, sequence = shown, 0.0, sequence + 1
            yield f"id: {sequence}\nevent: batch\ndata: {shown}\n\n"
        if stage == "executed":
            yield f"event: end\ndata: {json.dumps({'status': stage})}\n\n"
            return
        if silent_s >= KEEP_ALIVE_S:
            silent_s = 0.0
            yield ": still at work\n\n"
        await asyncio.sleep(BATCH_POLL_S)


async def _is_over(backend: Backend, operation_id: str, final: Container[str]) -> bool:
    """Whether nothing more will come: a client may have resumed behind the last event."""
    try:
        return (await backend.ask("operation", operation_id)).status in final
    except HubError:
        return False
