"""The bridge's routes: value from L1 to chains, back, and between chains; messages; tokens for development."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from ecosystem.api import problems
from ecosystem.api.auth import may_read, needs_token
from ecosystem.api.models import NewDeposit, NewMessage, NewToken, NewTransfer, NewWithdrawal
from ecosystem.api.routes import Answers, Limit
from ecosystem.views import BookView, MessageView, TokenView
from shared_bridge.stages import MessageStage

Id = Annotated[str, Path(description="Id of a message.", examples=["m0123456789abcde"])]
reading = APIRouter(
    prefix="/v1",
    dependencies=[Depends(may_read)],
    responses=problems.documented(401, 403, 404, 422, 500, 502, 503, 504),
)
changing = APIRouter(
    prefix="/v1",
    dependencies=[Depends(needs_token)],
    responses=problems.documented(401, 403, 404, 409, 413, 422, 500, 502, 503, 504),
)


@changing.post("/deposits", tags=["bridge"], status_code=202)
async def deposit(new: NewDeposit, backend: Answers) -> MessageView:
    """Move value from L1 to a chain; the answer is the message to follow."""
    return await backend.ask("move", new.order())


@changing.post("/withdrawals", tags=["bridge"], status_code=202)
async def withdraw(new: NewWithdrawal, backend: Answers) -> MessageView:
    """Move value from a chain to L1; the hub claims it there unless `relay` is false."""
    return await backend.ask("move", new.order())


@changing.post("/transfers", tags=["bridge"], status_code=202)
async def send(new: NewTransfer, backend: Answers) -> MessageView:
    """Move value from a chain to another; the hub delivers it there unless `relay` is false."""
    return await backend.ask("move", new.order())


@reading.get("/messages", tags=["bridge"])
async def list_messages(
    backend: Answers,
    chain: Annotated[str | None, Query(description="Only from or to this chain, or `l1`.")] = None,
    stage: Annotated[
        MessageStage | None, Query(description="Only in this stage; `dead` is the list of the dead.")
    ] = None,
    limit: Limit = 100,
) -> list[MessageView]:
    """Messages, the newest first, each with its stage and its age."""
    return await backend.ask("messages", chain, stage and stage.value, limit)


@changing.post("/messages", tags=["bridge"], status_code=202)
async def track_message(new: NewMessage, backend: Answers) -> list[MessageView]:
    """Follow and claim what a transaction sent, whoever sent it."""
    return await backend.ask("track_message", new.source, bytes.fromhex(new.transaction[2:]))


@reading.get("/messages/{message}", tags=["bridge"])
async def show_message(message: Id, backend: Answers) -> MessageView:
    """A message."""
    return await backend.ask("message", message)


@changing.post("/messages/{message}/claim", tags=["bridge"], status_code=202)
async def claim_message(message: Id, backend: Answers) -> MessageView:
    """Have a message claimed as soon as that is possible; repeating it is safe."""
    return await backend.ask("claim_message", message)


@changing.post("/messages/{message}/retry", tags=["bridge"], status_code=202)
async def retry_message(message: Id, backend: Answers) -> MessageView:
    """Try again to claim a message that was given up."""
    return await backend.ask("retry_message", message)


@reading.get("/tokens", tags=["bridge"])
async def list_tokens(backend: Answers) -> list[TokenView]:
    """The tokens that the hub deployed, and where they are."""
    return await backend.ask("tokens")


@reading.get("/books", tags=["bridge"])
async def books(backend: Answers) -> list[BookView]:
    """Every asset added up at this moment: what its home holds is what exists elsewhere and on the way."""
    return await backend.ask("books")


@changing.post("/tokens", tags=["bridge"], status_code=201)
async def deploy_token(new: NewToken, backend: Answers) -> TokenView:
    """Deploy a token for development on L1 or on a chain; repeating it is safe."""
    return await backend.ask(
        "deploy_token", new.where, new.symbol, new.name, new.decimals, int(new.supply), new.account
    )
