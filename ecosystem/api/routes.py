"""The hub's own routes, ``/v1/…``."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request

from ecosystem.api import problems
from ecosystem.api.auth import may_read, needs_token
from ecosystem.api.backend import Backend
from ecosystem.api.events import EventStream, batch_stream, operation_stream
from ecosystem.api.models import NewChain
from ecosystem.states import OPERATION_TRANSITIONS
from ecosystem.views import (
    AccountView,
    BatchView,
    ChainView,
    EventView,
    HealthView,
    HubView,
    L1View,
    OperationView,
)

Name = Annotated[str, Path(description="Name of a chain.", examples=["alpha"])]
Number = Annotated[int, Path(ge=1, le=2**53, description="Number of a batch, from 1 on.")]
Limit = Annotated[int, Query(ge=1, le=500)]
_FINAL = {status.value for status, following in OPERATION_TRANSITIONS.items() if not following}


def backend_of(request: Request) -> Backend:
    """The application's backend."""
    backend: Backend = request.app.state.backend
    return backend


Answers = Annotated[Backend, Depends(backend_of)]
reading = APIRouter(
    prefix="/v1", dependencies=[Depends(may_read)], responses=problems.documented(401, 403, 422, 500, 503, 504)
)
changing = APIRouter(
    prefix="/v1",
    dependencies=[Depends(needs_token)],
    responses=problems.documented(401, 403, 404, 409, 413, 422, 500, 503, 504),
)


# -- the hub ------------------------------------------------------------------------------------------------


@reading.get("/hub", tags=["hub"])
async def hub(backend: Answers) -> HubView:
    """The hub at a glance."""
    return await _ask(backend, "hub")


@reading.get("/health", tags=["hub"])
async def health(backend: Answers) -> HealthView:
    """Whether everything that should run does."""
    return await _ask(backend, "health")


@reading.get("/l1", tags=["hub"])
async def l1(backend: Answers) -> L1View:
    """The settlement layer and the contracts that all chains share."""
    return await _ask(backend, "l1")


@reading.get("/accounts", tags=["hub"])
async def accounts(backend: Answers) -> list[AccountView]:
    """The development accounts and their balances."""
    return await _ask(backend, "accounts")


# -- chains -------------------------------------------------------------------------------------------------


@reading.get("/chains", tags=["chains"])
async def list_chains(backend: Answers) -> list[ChainView]:
    """All chains, removed ones last."""
    return await _ask(backend, "chains")


@changing.post("/chains", tags=["chains"], status_code=202)
async def create_chain(new: NewChain, backend: Answers) -> OperationView:
    """Begin to create a chain; the answer is the operation to follow."""
    return await _ask(backend, "create_chain", new.name, new.settings())


@reading.get("/chains/{name}", tags=["chains"], responses=problems.documented(404))
async def show_chain(name: Name, backend: Answers) -> ChainView:
    """A chain."""
    return await _ask(backend, "chain", name)


@changing.post("/chains/{name}/pause", tags=["chains"], status_code=202)
async def pause_chain(name: Name, backend: Answers) -> OperationView:
    """Seal no more blocks; what is sealed goes on settling."""
    return await _ask(backend, "pause", name)


@changing.post("/chains/{name}/resume", tags=["chains"], status_code=202)
async def resume_chain(name: Name, backend: Answers) -> OperationView:
    """Seal blocks again."""
    return await _ask(backend, "resume", name)


@changing.delete("/chains/{name}", tags=["chains"], status_code=202)
async def remove_chain(name: Name, backend: Answers) -> OperationView:
    """Stop accepting transactions, settle everything, halt. The chain's data, name and id stay."""
    return await _ask(backend, "remove", name)


@reading.get("/chains/{name}/batches", tags=["batches"], responses=problems.documented(404, 502))
async def list_batches(
    name: Name,
    backend: Answers,
    before: Annotated[int | None, Query(ge=1, le=2**53, description="Only batches below this number.")] = None,
    limit: Limit = 50,
) -> list[BatchView]:
    """Batches of a chain, the latest first."""
    return await _ask(backend, "batches", name, before, limit)


@reading.get("/chains/{name}/batches/{number}", tags=["batches"], responses=problems.documented(404, 502))
async def show_batch(name: Name, number: Number, backend: Answers) -> BatchView:
    """A batch of a chain."""
    return await _ask(backend, "batch", name, number)


@reading.get(
    "/chains/{name}/batches/{number}/events",
    tags=["batches"],
    responses={200: {"content": {"text/event-stream": {}}}, **problems.documented(404, 502)},
    response_class=EventStream,
)
async def batch_events(name: Name, number: Number, backend: Answers) -> Any:
    """A batch on its way, as server-sent events: how far its proof is, parts on L1, stages, until it is executed."""
    await _ask(backend, "batch", name, number)
    return batch_stream(backend, name, number)


# -- operations ---------------------------------------------------------------------------------------------


@reading.get("/operations", tags=["operations"])
async def list_operations(
    backend: Answers,
    chain: Annotated[str | None, Query(description="Only those about this chain.")] = None,
    limit: Limit = 100,
) -> list[OperationView]:
    """Operations, the latest first."""
    return await _ask(backend, "operations", chain, limit)


@reading.get("/operations/{operation}", tags=["operations"], responses=problems.documented(404))
async def show_operation(operation: str, backend: Answers) -> OperationView:
    """An operation with its steps."""
    return await _ask(backend, "operation", operation)


@reading.get(
    "/operations/{operation}/events",
    tags=["operations"],
    responses={200: {"content": {"text/event-stream": {}}}, **problems.documented(404)},
    response_class=EventStream,
)
async def operation_events(
    operation: str,
    request: Request,
    backend: Answers,
    after: Annotated[int, Query(ge=0, le=2**53, description="Only events above this number.")] = 0,
) -> Any:
    """An operation's progress as server-sent events, until it ends; ``Last-Event-ID`` resumes a broken stream."""
    first = await _ask(backend, "operation", operation)
    resumed = request.headers.get("last-event-id", "")
    start = int(resumed) if resumed.isdecimal() and len(resumed) < 16 else after
    return operation_stream(backend, first.id, start, _FINAL)


@reading.get("/events", tags=["operations"])
async def list_events(
    backend: Answers,
    after: Annotated[int, Query(ge=0, le=2**53, description="Only events above this number.")] = 0,
    limit: Limit = 100,
) -> list[EventView]:
    """Changes of all operations and steps, in order; ask again with the last number to go on."""
    return await _ask(backend, "events", after, None, limit)


async def _ask(backend: Backend, question: str, *arguments: Any) -> Any:
    return await backend.ask(question, *arguments)
