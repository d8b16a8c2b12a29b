"""``/chains/{name}/rpc``: one public door to every chain's JSON-RPC; bodies are streamed through."""

import time
from collections.abc import AsyncIterator
from typing import Annotated

import httpx
from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import Response, StreamingResponse

from ecosystem.api import problems
from ecosystem.api.auth import may_read
from ecosystem.api.backend import Backend

MAX_REQUEST_BYTES = 15_000_000
#: Seconds for one JSON-RPC exchange; a chain's own calls end before.
TIMEOUT_S = 60.0
#: Seconds for which a chain's address is remembered.
ADDRESS_TTL_S = 2.0

router = APIRouter(dependencies=[Depends(may_read)])


class BodyTooLarge(Exception):
    """The client sent more than the gateway lets through."""


class Gateway:
    """Forwards JSON-RPC exchanges to chains.

    Args:
        backend: Knows the chains' addresses.
        transport: Of the HTTP client; tests bring their own.
    """

    def __init__(self, backend: Backend, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._backend = backend
        self._transport = transport
        self._client: httpx.AsyncClient | None = None
        self._addresses: dict[str, tuple[str, float]] = {}

    async def forward(self, name: str, request: Request) -> Response:
        """Hand a request to a chain and its answer back."""
        declared = request.headers.get("content-length", "0")
        if declared.isdecimal() and int(declared) > MAX_REQUEST_BYTES:
            return _too_large()
        url = await self._address(name)
        if self._client is None:
            # Made here: it belongs to the event loop that serves.
            self._client = httpx.AsyncClient(transport=self._transport, timeout=TIMEOUT_S, trust_env=False)
        headers = {"content-type": request.headers.get("content-type", "application/json")}
        if "content-length" in request.headers:
            headers["content-length"] = declared
        outgoing = self._client.build_request("POST", url, content=_limited(request), headers=headers)
        try:
            answer = await self._client.send(outgoing, stream=True)
        except BodyTooLarge:
            return _too_large()
        except httpx.HTTPError as error:
            self._addresses.pop(name, None)
            reason = str(error) or type(error).__name__
            return problems.response(
                problems.CHAIN_UNREACHABLE, f'"{name}" does not answer: {reason}', "try again in a moment"
            )
        return StreamingResponse(_streamed(answer), answer.status_code, media_type=answer.headers.get("content-type"))

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.aclose()

    async def _address(self, name: str) -> str:
        known, until = self._addresses.get(name, ("", 0.0))
        if time.monotonic() < until:
            return known
        url: str = await self._backend.ask("rpc_url", name)
        self._addresses[name] = (url, time.monotonic() + ADDRESS_TTL_S)
        return url


@router.post(
    "/chains/{name}/rpc",
    tags=["gateway"],
    responses=problems.documented(401, 403, 404, 413, 500, 503, 504),
    response_class=Response,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"anyOf": [{"type": "object"}, {"type": "array"}]}}},
        }
    },
)
async def chain_rpc(
    name: Annotated[str, Path(description="Name of a chain, or l1.", examples=["alpha"])], request: Request
) -> Response:
    """A chain's JSON-RPC, single requests and batches; the answer is the chain's own."""
    gateway: Gateway = request.app.state.gateway
    return await gateway.forward(name, request)


async def _limited(request: Request) -> AsyncIterator[bytes]:
    received = 0
    async for chunk in request.stream():
        received += len(chunk)
        if received > MAX_REQUEST_BYTES:
            raise BodyTooLarge
        yield chunk


async def _streamed(answer: httpx.Response) -> AsyncIterator[bytes]:
    try:
        async for chunk in answer.aiter_bytes():
            yield chunk
    finally:
        await answer.aclose()


def _too_large() -> Response:
    return problems.response(
        problems.BODY_TOO_LARGE, f"a request may have {MAX_REQUEST_BYTES} bytes", "split the batch"
    )
