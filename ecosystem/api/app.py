"""The hub API as an ASGI application; who serves it does not matter to it."""

from typing import Annotated

import httpx
from fastapi import Depends, FastAPI
from fastapi.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from ecosystem.api import bridge_routes, gateway, problems, prover_routes, routes
from ecosystem.api.auth import may_read
from ecosystem.api.backend import Backend
from ecosystem.api.metrics import scrape
from zkhub import __version__

#: The largest body of a request to the hub itself.
MAX_BODY_BYTES = 100_000
_DESCRIPTION = """Chains, operations, batches, provers and accounts of a zkhub.

Reading is open on loopback; what changes something needs the bearer token in the hub's `keys/api-token`.
Refusals are problem documents whose `type` ends with a stable word."""


def make_app(
    backend: Backend,
    token: str,
    *,
    open_reads: bool = True,
    transport: httpx.AsyncBaseTransport | None = None,
) -> FastAPI:
    """The application.

    Args:
        backend: Where its answers come from.
        token: Bearer token of changing calls.
        open_reads: Whether reading needs no token.
        transport: Of the gateway's HTTP client; tests bring their own.
    """
    app = FastAPI(title="zkhub", version=__version__, description=_DESCRIPTION, redoc_url=None)
    app.state.backend = backend
    app.state.token = token
    app.state.open_reads = open_reads
    app.state.gateway = gateway.Gateway(backend, transport)
    problems.install(app)
    app.include_router(routes.reading)
    app.include_router(routes.changing)
    for router in prover_routes.routers():
        app.include_router(router)
    app.include_router(bridge_routes.reading)
    app.include_router(bridge_routes.changing)
    app.include_router(gateway.router)
    app.add_api_route(
        "/metrics", metrics, tags=["hub"], response_class=_PrometheusText, dependencies=[Depends(may_read)]
    )
    app.add_middleware(BodyLimit)
    return app


class _PrometheusText(Response):
    media_type = "text/plain; version=0.0.4; charset=utf-8"


async def metrics(backend: Annotated[Backend, Depends(routes.backend_of)]) -> Response:
    """The hub's figures for Prometheus."""
    return _PrometheusText(await scrape(backend))


class BodyLimit:
    """Refuses large bodies of the hub's own calls before they are read; the gateway has a limit of its own."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or not scope["path"].startswith("/v1/"):
            await self._app(scope, receive, send)
            return
        limit = prover_routes.body_limit(scope["path"], MAX_BODY_BYTES)
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if len(body) > limit:
                refusal = problems.response(problems.BODY_TOO_LARGE, f"this request may have {limit} bytes")
                await refusal(scope, receive, send)
                return
            if message["type"] != "http.request" or not message.get("more_body", False):
                break
        await self._app(scope, _replayed(body, receive), send)


def _replayed(body: bytes, receive: Receive) -> Receive:
    """A ``receive`` that gives the body at once, and then what the client does."""
    given = False

    async def replay() -> dict[str, object]:
        nonlocal given
        if given:
            return dict(await receive())
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay
