"""From the bytes of a request to the bytes of its answer (JSON-RPC 2.0).

A single request runs where its method says: on the event loop, in a worker thread, or as a coroutine. A batch array
runs as one job under one :class:`~chain_template.rpc.view.View`, so that no item sees a newer chain than another:
clients that poll ``eth_blockNumber`` and a receipt in one batch would otherwise wait for ever on a quiet chain.
"""

import asyncio
import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from difflib import get_close_matches
from enum import Enum
from typing import Any, Final

import structlog

from chain_template.rpc.errors import (
    INTERNAL_ERROR,
    InvalidRequest,
    MethodNotFound,
    Overloaded,
    ParseError,
    RequestTimeout,
    RpcError,
    ServerError,
    error_object,
)
from chain_template.rpc.params import bind, show
from chain_template.rpc.recovery import Recovery
from chain_template.rpc.registry import Method, Run
from chain_template.rpc.view import Services, View

log = structlog.get_logger(__name__)

#: Bodies above this are parsed in a worker thread.
_LARGE_BODY_BYTES: Final = 65_536
#: A batch of this many cheap requests still runs on the event loop.
_SHORT_BATCH: Final = 20
#: Seconds beyond its time limit that a job gets to notice it and say so itself.
_GRACE_S: Final = 2.0
_POOL_THREADS: Final = 8
#: Half of the work is without Python's lock, and over the rest more threads only fight.
_SUBMIT_THREADS: Final = 2
#: No method is called anything longer; near misses of it are not looked for.
_LONGEST_NAME: Final = 64
#: No request nests deeper; the C parser must not be let loose on anything that does.
_DEEPEST: Final = 64
#: Strings (one without an end is the rest). Possessive, so that no body makes it go back and try again.
_STRINGS: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
_NO_BRACKETS: Final = bytes(set(range(256)) - set(b"[]{}"))
#: Jobs that may wait for a worker thread.
_MAX_WAITING: Final = 2_000


Deliver = Callable[[bytes], None]


class Later(Enum):
    """Instead of an answer."""

    LATER = "later"
    """It is being made, and will be delivered."""


class Session:
    """What a WebSocket connection offers to ``SESSION`` methods; see ``chain_template.rpc.websocket``."""


@dataclass(frozen=True, slots=True)
class Call:
    """A request that named a method and fitting parameters.

    Attributes:
        id: What the client sent; a notification has none and is not answered.
    """

    id: Any
    notification: bool
    method: Method
    args: list[Any]

    @property
    def place(self) -> Run:
        """Where it runs."""
        return self.method.place(self.args)


class Dispatcher:
    """Answers requests; one an endpoint.

    Args:
        services: What every method may use.
        methods: By name; those this chain has.
    """

    def __init__(self, services: Services, methods: Mapping[str, Method]) -> None:
        self._services = services
        self._methods = methods
        self._settings = services.backend.config.rpc
        self._pool = ThreadPoolExecutor(_POOL_THREADS, thread_name_prefix="rpc-call")
        self._submits = ThreadPoolExecutor(_SUBMIT_THREADS, thread_name_prefix="rpc-submit")
        self._waiting = 0
        self._recovery: Recovery | None = None

    def close(self) -> None:
        """Take no more work; what runs finishes or meets its time limit."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._submits.shutdown(wait=True, cancel_futures=True)

    async def answer(self, body: bytes, session: Session | None = None) -> bytes | None:
        """The answer to a request or batch; None when there is nothing to say (notifications only).

        Args:
            body: As it came.
            session: The WebSocket it came by, if it did.
        """
        try:
            parsed = await self._parse(body)
            if isinstance(parsed, list):
                return await self._answer_batch(parsed, session)
        except RpcError as exc:
            return failure(None, exc)
        return await self._answer_one(parsed, session)

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """From now on the loop runs that all requests come by."""
        self._recovery = Recovery(loop)

    def end(self) -> None:
        """The loop is about to end."""
        if self._recovery is not None:
            self._recovery.close()
            self._recovery = None

    def answer_at_once(self, body: bytes, deliver: Deliver | None = None) -> bytes | Later | None:
        """The answer to a single request that runs on the event loop; None for all else, of which nothing was done.

        Args:
            body: As it came.
            deliver: Given, the answer to a transaction may come later, by this, and others be served meanwhile.
        """
        if body[:1] != b"{":
            return None
        try:
            prepared = self._prepare(parse_json(body))
        except RpcError:
            return None
        if isinstance(prepared, bytes):
            return prepared
        if prepared.notification or prepared.place is not Run.INLINE:
            return None
        if deliver is not None and self._is_recovered_beside(prepared, deliver):
            return Later.LATER
        (answered,) = self._run_jobs([prepared])
        return answered

    def _is_recovered_beside(self, call: Call, deliver: Deliver) -> bool:
        """Have the sender of a transaction found and the call run after that; false where that is not to be done."""
        if self._recovery is None or call.method.signed is None or len(self._recovery) >= _MAX_WAITING:
            return False
        signed = call.method.signed(self._services.backend.config, *call.args)
        if signed is None:
            return False

        def found(sender: bytes | None) -> None:
            (answered,) = self._run_jobs([call], sender)
            deliver(answered)

        self._recovery.find(*signed, found)
        return True

    async def _parse(self, body: bytes) -> Any:
        if len(body) > _LARGE_BODY_BYTES:
            return await self._in_thread(self._pool, parse_json, body)
        return parse_json(body)

    # -- one request -------------------------------------------------------------------------------------------------

    async def _answer_one(self, item: Any, session: Session | None) -> bytes | None:
        prepared = self._prepare(item)
        if isinstance(prepared, bytes):
            return prepared
        place = prepared.place
        if place is Run.INLINE:
            (answered,) = self._run_jobs([prepared])
        elif place in (Run.POOL, Run.SUBMIT):
            (answered,) = await self._run_in_thread(self._pool if place is Run.POOL else self._submits, [prepared])
        elif place is Run.WAIT:
            answered = await self._run_waiting(prepared)
        else:
            answered = self._run_in_session(prepared, session)
        return None if prepared.notification else answered

    # -- batches -----------------------------------------------------------------------------------------------------

    async def _answer_batch(self, items: list[Any], session: Session | None) -> bytes | None:
        if not items:
            raise InvalidRequest("empty batch")
        if len(items) > self._settings.max_batch_length:
            raise InvalidRequest(
                f"batch too large: {len(items)} requests, at most {self._settings.max_batch_length} are taken"
            )
        prepared = [self._prepare(item) for item in items]
        calls = [item for item in prepared if isinstance(item, Call)]
        jobs = [call for call in calls if call.place not in (Run.WAIT, Run.SESSION)]
        waits = [call for call in calls if call.place is Run.WAIT]
        subscriptions = [call for call in calls if call.place is Run.SESSION]
        light = len(jobs) <= _SHORT_BATCH and all(call.place is Run.INLINE for call in jobs)
        submits = all(call.method.heavy_in is Run.SUBMIT for call in jobs)
        ran = (
            self._run_jobs(jobs) if light else await self._run_in_thread(self._submits if submits else self._pool, jobs)
        )
        ran += await asyncio.gather(*map(self._run_waiting, waits))
        ran += [self._run_in_session(call, session) for call in subscriptions]
        answers = dict(zip(map(id, [*jobs, *waits, *subscriptions]), ran, strict=True))
        said = [
            item if isinstance(item, bytes) else answers[id(item)]
            for item in prepared
            if isinstance(item, bytes) or not item.notification
        ]
        return b"[" + b",".join(said) + b"]" if said else None

    # -- running -----------------------------------------------------------------------------------------------------

    def _prepare(self, item: Any) -> Call | bytes:
        """The call an item stands for, or the error that answers it."""
        if not isinstance(item, dict):
            return failure(None, InvalidRequest(f"expected a request object, got {show(item)}"))
        request_id = item.get("id")
        if isinstance(request_id, bool) or not isinstance(request_id, str | int | float | None):
            return failure(None, InvalidRequest("id must be a string, a number or null"))
        try:
            if item.get("jsonrpc") != "2.0":
                raise InvalidRequest('jsonrpc must be "2.0"')
            name = item.get("method")
            if not isinstance(name, str):
                raise InvalidRequest("method must be a string")
            method = self._methods.get(name)
            if method is None:
                raise MethodNotFound(self._unknown(name))
            return Call(request_id, "id" not in item, method, bind(method.params, item.get("params")))
        except RpcError as exc:
            return failure(request_id, exc)

    def _unknown(self, name: str) -> str:
        near = get_close_matches(name, self._methods, n=1, cutoff=0.8) if len(name) <= _LONGEST_NAME else []
        hint = f"; did you mean {near[0]}?" if near else ""
        return f"the method {show(name)[1:-1]} does not exist/is not available{hint}"

    def _run_jobs(self, calls: Sequence[Call], sender: bytes | None = None) -> list[bytes]:
        """Run synchronous calls in order, all under one view; ``sender`` is that of the one call's transaction."""
        deadline = time.monotonic() + self._settings.call_timeout_s
        answers: list[bytes] = []
        size = 0
        with View(self._services, deadline, sender) as view:
            together = calls[0].method.together if len(calls) > 1 else None
            if together is not None and all(call.method is calls[0].method for call in calls):
                return self._run_together(calls, view, together)
            for call in calls:
                if size > self._settings.max_response_bytes:
                    answers.append(failure(call.id, ServerError("response too large: ask for less in one batch")))
                    continue
                answers.append(self._run_sync(call, view))
                size += len(answers[-1])
        return answers

    def _run_sync(self, call: Call, view: View) -> bytes:
        try:
            view.check_time()
            return success(call.id, call.method.handler(view, *call.args))
        except Exception as exc:  # whatever a method raises, the client gets a JSON-RPC error
            return self._failed(call, exc)

    def _run_together(self, calls: Sequence[Call], view: View, together: Callable[..., list[Any]]) -> list[bytes]:
        try:
            results = together(view, [call.args for call in calls])
        except Exception as exc:  # as in _run_sync
            return [self._failed(call, exc) for call in calls]
        return [
            self._failed(call, result) if isinstance(result, Exception) else success(call.id, result)
            for call, result in zip(calls, results, strict=True)
        ]

    async def _run_waiting(self, call: Call) -> bytes:
        try:
            return success(call.id, await call.method.handler(self, *call.args))
        except Exception as exc:  # as in _run_sync
            return self._failed(call, exc)

    def _run_in_session(self, call: Call, session: Session | None) -> bytes:
        """Run without giving way to anything else: a subscription's id is on its way before its first news."""
        try:
            if session is None:
                raise MethodNotFound(f"{call.method.name} needs a WebSocket: notifications not supported over HTTP")
            return success(call.id, call.method.handler(session, *call.args))
        except Exception as exc:  # as in _run_sync
            return self._failed(call, exc)

    def _failed(self, call: Call, exc: Exception) -> bytes:
        if error_object(exc) is None:
            log.error("a JSON-RPC method failed", method=call.method.name, exc_info=exc)
        return failure(call.id, exc)

    async def _run_in_thread(self, pool: ThreadPoolExecutor, calls: list[Call]) -> list[bytes]:
        """Run calls in a worker thread; if not even their own time limit stops them, answer without them."""
        try:
            return list(await self._in_thread(pool, self._run_jobs, calls))
        except RpcError as exc:
            return [failure(call.id, exc) for call in calls]

    async def in_submit_pool(self, work: Callable[..., Any], *args: Any) -> Any:
        """For ``WAIT`` methods: run ``work`` where transactions are taken in."""
        return await self._in_thread(self._submits, work, *args)

    def view(self) -> View:
        """For ``WAIT`` methods: a new look at the chain."""
        return View(self._services, time.monotonic() + self._settings.call_timeout_s)

    @property
    def services(self) -> Services:
        """What every method may use."""
        return self._services

    async def _in_thread(self, pool: ThreadPoolExecutor, work: Callable[..., Any], *args: Any) -> Any:
        """Run ``work`` in a pool.

        Raises:
            Overloaded: Too many jobs wait already.
            RequestTimeout: It did not end in time, not even by its own time limit; it goes on without anyone listening.
        """
        if self._waiting >= _MAX_WAITING:
            raise Overloaded("the endpoint is busy; try again")
        self._waiting += 1
        future = asyncio.get_running_loop().run_in_executor(pool, work, *args)
        future.add_done_callback(self._one_less)
        limit_s = self._settings.call_timeout_s + _GRACE_S
        done, _ = await asyncio.wait({future}, timeout=limit_s)
        if not done:
            raise RequestTimeout("request timed out")
        return future.result()

    def _one_less(self, _: object) -> None:
        self._waiting -= 1


def success(request_id: Any, result: Any) -> bytes:
    """A JSON-RPC response with a result."""
    return f'{{"jsonrpc":"2.0","id":{_encode(request_id)},"result":{_encode(result)}}}'.encode()


def failure(request_id: Any, exc: Exception) -> bytes:
    """A JSON-RPC response with an error; of a bug it says nothing but that it is one."""
    shown = error_object(exc)
    if shown is None:
        shown = {"code": INTERNAL_ERROR, "message": "internal error; the chain's log has the details"}
    return f'{{"jsonrpc":"2.0","id":{_encode(request_id)},"error":{_encode(shown)}}}'.encode()


def _encode(value: Any) -> str:
    """JSON; of a whole number at once, as the encoder does only with strings."""
    return str(value) if type(value) is int else _ENCODER.encode(value)


def parse_json(body: bytes) -> Any:
    """Strict JSON.

    Raises:
        ParseError: It is not; nesting deeper than any request needs and numbers of thousands of digits count as not.
    """
    if nesting(body) > _DEEPEST:
        raise ParseError(f"parse error: nested more than {_DEEPEST} deep")
    try:
        return _DECODER.decode(body.decode())
    except ValueError as exc:
        raise ParseError(f"parse error: {exc}") from exc


def nesting(body: bytes) -> int:
    """How deep arrays and objects nest, at least as long as it is JSON; of what is too deep, that it is.

    The parser recurses on the C stack and stops only at Python's recursion limit, which py-evm raises to where the
    stack of a thread has long run out: a body of brackets would end the process.
    """
    if body.count(b"[") + body.count(b"{") <= _DEEPEST:
        return 0
    left = _STRINGS.sub(b"", body).translate(None, _NO_BRACKETS)
    depth = 0
    # What is open and shut at once goes; of JSON nothing is left after as many rounds as it is deep.
    while left and depth <= _DEEPEST:
        inner = left.replace(b"[]", b"").replace(b"{}", b"")
        if len(inner) == len(left):
            return _deepest(left)
        left = inner
        depth += 1
    return depth


def _deepest(brackets: bytes) -> int:
    """The most that are open at once, of whatever kind: what does not match is no JSON, but the parser goes there."""
    depth = deepest = 0
    for bracket in brackets:
        depth += 1 if bracket in b"[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


# Made once: json.loads and json.dumps make theirs anew for each call that wants anything but the defaults.
_DECODER: Final = json.JSONDecoder(parse_constant=_refuse_constant)
_ENCODER: Final = json.JSONEncoder(separators=(",", ":"))
