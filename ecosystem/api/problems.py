"""Every refusal of the API is a problem document (RFC 9457); the hub's own are in :mod:`ecosystem.refusals`."""

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from ecosystem.config import fields_at
from ecosystem.errors import near_miss
from ecosystem.refusals import INTERNAL, Kind, Refusal, Refused
from ecosystem.settings import ChainSettings
from zkhub.errors import HubError

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:zkhub:problem:"


class Problem(BaseModel):
    """Why a request was refused.

    ``type`` ends with a stable word for programs; ``hint`` says what to do next.
    """

    type: str
    title: str
    status: int
    detail: str
    hint: str = ""


INVALID_REQUEST = Kind("invalid-request", 422, "The request is malformed")
NOT_FOUND = Kind("not-found", 404, "There is nothing here")
METHOD_NOT_ALLOWED = Kind("method-not-allowed", 405, "This cannot be done here")
TOKEN_MISSING = Kind("token-missing", 401, "A bearer token is needed")
TOKEN_WRONG = Kind("token-wrong", 403, "The bearer token is wrong")
BODY_TOO_LARGE = Kind("body-too-large", 413, "The body is too large")
CHAIN_UNREACHABLE = Kind("chain-unreachable", 503, "The chain does not answer")
_HTTP = {401: TOKEN_MISSING, 403: TOKEN_WRONG, 404: NOT_FOUND, 405: METHOD_NOT_ALLOWED, 413: BODY_TOO_LARGE}


def response(kind: Kind, detail: str, hint: str = "", headers: dict[str, str] | None = None) -> JSONResponse:
    """A problem document as an HTTP answer."""
    problem = Problem(type=TYPE_PREFIX + kind.slug, title=kind.title, status=kind.status, detail=detail, hint=hint)
    return JSONResponse(problem.model_dump(), kind.status, headers, MEDIA_TYPE)


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What OpenAPI says of a route's refusals."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    titles = {kind.status: kind.title for kind in (*_HTTP.values(), INVALID_REQUEST, INTERNAL)}
    titles |= {409: "The hub's state does not allow it", 502: "A part of the hub reports an error"}
    titles |= {503: "A part of the hub does not answer", 504: "A part of the hub took too long"}
    return {status: {"description": titles[status], "content": content, "model": Problem} for status in statuses}


def install(app: FastAPI) -> None:
    """Turn every error of the application into a problem document."""

    @app.exception_handler(Refused)
    async def refused(_: Request, error: Refused) -> JSONResponse:
        refusal = error.refusal
        return response(refusal.kind, refusal.detail, refusal.hint)

    @app.exception_handler(HubError)
    async def hub_error(_: Request, error: HubError) -> JSONResponse:
        refusal = Refusal.of(error)
        return response(refusal.kind, refusal.detail, refusal.hint)

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        reason = str(first["msg"]).removeprefix("Value error, ")
        return response(INVALID_REQUEST, f"{where}: {reason}", _hint(first))

    @app.exception_handler(HTTPException)
    async def http(_: Request, error: HTTPException) -> JSONResponse:
        kind = _HTTP.get(error.status_code) or Kind("refused", error.status_code, "The request was refused")
        return response(kind, str(error.detail), headers=dict(error.headers or {}))

    @app.exception_handler(Exception)
    async def bug(_: Request, error: Exception) -> JSONResponse:
        return response(INTERNAL, f"{type(error).__name__}: {error}", "this is a bug; the hub's logs tell more")


def _hint(fault: dict[str, Any]) -> str:
    """The near miss of an unknown key."""
    if fault["type"] != "extra_forbidden":
        return ""
    path = [str(part) for part in fault["loc"] if part != "body"]
    return near_miss(path[-1], [*fields_at(ChainSettings, path[:-1]), "name"])
