"""The provers' routes: the pool, its queue, its reasons; and the door for provers that are no part of the cluster."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Path, Query, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from cluster.pool.jobs import JobState
from ecosystem.api import problems
from ecosystem.api.auth import may_read, needs_token
from ecosystem.api.models import (
    Drain,
    NewProver,
    OutsideFailure,
    OutsideLife,
    OutsidePick,
    Priority,
    ProverShare,
    Scale,
)
from ecosystem.api.routes import Answers, Limit, Name, Number
from ecosystem.prover_views import (
    ChainQueueView,
    NewTokenView,
    OutsideAnswer,
    OutsideJobView,
    OutsideProverView,
    ScaleView,
    WhyView,
)
from ecosystem.views import JobView, ProversView

#: The largest proof that is taken over HTTP: several times what a proof of any profile has.
MAX_PROOF_BYTES = 64_000_000
OUTSIDE_PREFIX = "/v1/outside"
_COMMON = (401, 403, 404, 409, 413, 422, 500, 503, 504)
reading = APIRouter(
    prefix="/v1/provers",
    tags=["provers"],
    dependencies=[Depends(may_read)],
    responses=problems.documented(401, 403, 404, 422, 500, 503, 504),
)
changing = APIRouter(
    prefix="/v1/provers", tags=["provers"], dependencies=[Depends(needs_token)], responses=problems.documented(*_COMMON)
)
outside = APIRouter(prefix=OUTSIDE_PREFIX, tags=["outside provers"], responses=problems.documented(*_COMMON))
_bearer = HTTPBearer(auto_error=False, scheme_name="ProverToken", description="A token of `zkhub prover token create`.")


def prover_token(credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]) -> str:
    """The token that a prover from outside sends; whose it is, the pool knows."""
    if credentials is None:
        raise HTTPException(
            401, "this call needs the header Authorization: Bearer PROVER-TOKEN", {"WWW-Authenticate": "Bearer"}
        )
    return credentials.credentials


Token = Annotated[str, Depends(prover_token)]


@reading.get("")
async def provers(backend: Answers) -> ProversView:
    """The prover pool: workers, queue, jobs by state."""
    return await backend.ask("provers")


@reading.get("/jobs")
async def prover_jobs(
    backend: Answers,
    chain: Annotated[str | None, Query(description="Only jobs of this chain.")] = None,
    state: Annotated[JobState | None, Query(description="Only jobs in this state.")] = None,
    limit: Limit = 100,
) -> list[JobView]:
    """Proof jobs, the latest first."""
    return await backend.ask("jobs", chain, state and state.value, limit)


@reading.get("/queue")
async def prover_queue(backend: Answers) -> list[ChainQueueView]:
    """What each chain has of the pool, what is due to it, and what it waits for."""
    return await backend.ask("prover_queue")


@reading.get("/jobs/{job}/why")
async def why_job(job: Annotated[int, Path(ge=1, le=2**53)], backend: Answers) -> WhyView:
    """Why a job runs, waits, or went before another, with the figures that decided."""
    return await backend.ask("why_job", job)


@reading.get("/jobs/{name}/{number}/why")
async def why_batch(name: Name, number: Number, backend: Answers) -> WhyView:
    """The same for a chain's batch."""
    return await backend.ask("why_batch", name, number)


@changing.post("/jobs/{name}/{number}/retry")
async def retry_job(name: Name, number: Number, backend: Answers) -> JobView:
    """Queue a failed or refused proof job again."""
    return await backend.ask("retry_job", name, number)


@changing.post("/jobs/{name}/{number}/cancel")
async def cancel_job(name: Name, number: Number, backend: Answers) -> JobView:
    """End a waiting or running proof job; the chain submits it anew if it still wants the proof."""
    return await backend.ask("cancel_job", name, number)


@changing.post("/jobs/{name}/{number}/priority")
async def prioritise_job(name: Name, number: Number, priority: Priority, backend: Answers) -> JobView:
    """Have a batch's proof, and those of the chain's earlier batches, go before others."""
    return await backend.ask("prioritise_job", name, number, priority.urgent, priority.due_in_s)


@changing.post("/shares/{name}")
async def set_prover_share(name: Name, share: ProverShare, backend: Answers) -> list[ChainQueueView]:
    """Set what a chain gets of the pool: its weight, its reserve, and when its proofs are wanted."""
    return await backend.ask("set_prover_share", name, share.weight, share.reserved, share.deadline_s)


@changing.post("/scale")
async def scale_provers(scale: Scale, backend: Answers) -> ScaleView:
    """Have so many workers from now on."""
    return await backend.ask("scale_provers", scale.workers)


@changing.post("/drain")
async def drain_provers(drain: Drain, backend: Answers) -> ProversView:
    """Give a worker, or all, no more jobs; what they have they finish."""
    return await backend.ask("drain_provers", drain.worker)


@changing.post("/resume")
async def resume_provers(drain: Drain, backend: Answers) -> ProversView:
    """Give a worker, or all, jobs again."""
    return await backend.ask("resume_provers", drain.worker)


@reading.get("/tokens")
async def prover_tokens(backend: Answers) -> list[OutsideProverView]:
    """Provers that may join over HTTP, with what came of their proofs."""
    return await backend.ask("prover_tokens")


@changing.post("/tokens", status_code=201)
async def create_prover_token(new: NewProver, backend: Answers) -> NewTokenView:
    """Let a prover join over HTTP; its token is in this answer and never again."""
    return await backend.ask("create_prover_token", new.name)


@changing.delete("/tokens/{name}")
async def revoke_prover_token(name: Name, backend: Answers) -> list[OutsideProverView]:
    """Shut a prover out; what it is at goes to another one."""
    return await backend.ask("revoke_prover_token", name)


# -- provers from outside -----------------------------------------------------------------------------------


@outside.get("/backend")
async def outside_backend(token: Token, backend: Answers) -> OutsideAnswer:
    """What makes the proofs that are wanted here."""
    return await backend.ask("outside_backend", token)


@outside.post("/pick")
async def outside_pick(pick: OutsidePick, token: Token, backend: Answers) -> OutsideJobView | None:
    """The next job; null when there is none: ask again after a second."""
    return await backend.ask("outside_pick", token, pick.incarnation, pick.sequence, pick.memory_bytes)


@outside.post("/heartbeat")
async def outside_heartbeat(life: OutsideLife, token: Token, backend: Answers) -> OutsideAnswer:
    """A sign of life, with how far the job is; `go_on: false` means that it is not wanted any more."""
    progress = life.progress.known() if life.progress else None
    return await backend.ask("outside_heartbeat", token, life.incarnation, life.lease, progress, life.memory_bytes)


@outside.post(
    "/submit",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)
async def outside_submit(
    request: Request,
    token: Token,
    backend: Answers,
    lease: Annotated[int, Query(ge=1, le=2**53)],
    incarnation: Annotated[str, Query(pattern=r"^[0-9a-zA-Z-]{1,64}$")],
) -> OutsideAnswer:
    """Hand a proof in; it is checked before it counts."""
    return await backend.ask("outside_submit", token, incarnation, lease, await request.body())


@outside.post("/fail")
async def outside_fail(failure: OutsideFailure, token: Token, backend: Answers) -> OutsideAnswer:
    """There is no proof, and why."""
    return await backend.ask(
        "outside_fail",
        token,
        failure.incarnation,
        failure.lease,
        failure.error,
        failure.refused,
        failure.needs_bytes,
    )


@outside.post("/leave")
async def outside_leave(life: OutsideLife, token: Token, backend: Answers) -> OutsideAnswer:
    """Goodbye: what the prover has goes to another one."""
    return await backend.ask("outside_leave", token, life.incarnation)


def body_limit(path: str, default: int) -> int:
    """How many bytes a request to this path may have."""
    return MAX_PROOF_BYTES if path == f"{OUTSIDE_PREFIX}/submit" else default


def routers() -> list[Any]:
    """All of them."""
    return [reading, changing, outside]
