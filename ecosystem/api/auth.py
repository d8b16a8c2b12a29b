"""Who may do what: reading is open on loopback, changing needs the hub's bearer token."""

import secrets
from typing import Annotated

from fastapi import Depends, HTTPException, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

_bearer = HTTPBearer(auto_error=False, description="The token in the hub's `keys/api-token`.")
_Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]


def needs_token(request: Request, credentials: _Credentials) -> None:
    """Refuse a request without the hub's token: 401 when there is none, 403 when it is another."""
    if credentials is None:
        raise HTTPException(
            401, "this call needs the header Authorization: Bearer TOKEN", {"WWW-Authenticate": "Bearer"}
        )
    # Compared as bytes and in constant time: the time taken tells nothing about the token.
    if not secrets.compare_digest(credentials.credentials.encode(), request.app.state.token.encode()):
        raise HTTPException(403, "the bearer token is not this hub's")


def may_read(request: Request, credentials: _Credentials) -> None:
    """Refuse reading without the token on an API that other machines can reach."""
    if not request.app.state.open_reads:
        needs_token(request, credentials)
