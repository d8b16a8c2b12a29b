"""``zkhub prover …``."""

from pathlib import Path
from typing import Annotated, Any

import typer

from ecosystem.cli.hub import Json
from ecosystem.cli.output import USAGE, age, emit_json, fail, out, say, table

prover = typer.Typer(no_args_is_help=True)
token = typer.Typer(no_args_is_help=True)
prover.add_typer(token, name="token", help="Provers that are no part of the cluster: who may join over HTTP.")
Chain = Annotated[str, typer.Argument(help="Name of the chain.")]
Batch = Annotated[int, typer.Argument(min=1, help="Number of the batch.")]
Limit = Annotated[int, typer.Option(min=1, max=500, help="How many.")]
Worker = Annotated[str, typer.Argument(help="Name of the worker; all of them if left out.")]
ProverName = Annotated[str, typer.Argument(help="Name of the prover.")]


@prover.command("ls")
@prover.command("list", hidden=True)
def list_provers(context: typer.Context, as_json: Json = False) -> None:
    """The workers: what each is at, how busy it has been, and what it has."""
    pool = context.obj.client().get("/v1/provers")
    if as_json:
        emit_json(pool)
        return
    from ecosystem.cli.banner import progress_label

    table(
        ("WORKER", "BACKEND", "STATE", "WORKS ON", "HOW FAR", "JOBS", "BUSY", "MEMORY", "GPU"),
        (
            (
                w["name"],
                w["backend"],
                f"{w['state']}, draining" if w["draining"] else w["state"],
                w["job"] or "-",
                progress_label(w["progress"]) or "-",
                w["jobs_done"],
                _percent(w["busy_s"], w["known_s"]),
                _gigabytes(w["memory_bytes"]),
                w["gpu"] or "-",
            )
            for w in pool["workers"]
        ),
        "No prover workers: `zkhub prover scale 1`.",
    )
    jobs = ", ".join(f"{count} {state}" for state, count in sorted(pool["jobs"].items()) if count)
    say(f"jobs: {jobs or 'none yet'}")


@prover.command("status")
def status(context: typer.Context, as_json: Json = False) -> None:
    """The pool in figures: jobs by state, waiting and running times, requeues, deaths."""
    pool = context.obj.client().get("/v1/provers")
    if as_json:
        emit_json(pool)
        return
    console = out()
    busy = sum(worker["job"] != "" for worker in pool["workers"])
    drained = "  (draining: nothing is started)" if pool["draining"] else ""
    console.print(f"workers  {len(pool['workers'])}, {busy} busy{drained}")
    jobs = ", ".join(f"{count} {state}" for state, count in sorted(pool["jobs"].items()) if count)
    console.print(f"jobs     {jobs or 'none yet'}")
    console.print(f"waited   {pool['waited_p50_s']:.1f} s median, {pool['waited_p99_s']:.1f} s p99")
    console.print(f"ran      {pool['ran_p50_s']:.1f} s median, {pool['ran_p99_s']:.1f} s p99")
    console.print(f"requeued {pool['requeues']} times, {pool['worker_deaths']} workers died")


@prover.command("queue")
def queue(context: typer.Context, as_json: Json = False) -> None:
    """Chain by chain: what waits, what is due, what was used, and how long a batch takes from sealed to verified."""
    chains = context.obj.client().get("/v1/provers/queue")
    if as_json:
        emit_json(chains)
        return
    table(
        ("CHAIN", "WAITING", "RUNNING", "OLDEST", "WEIGHT", "RESERVED", "DUE", "USED", "BEHIND", "SEALED TO VERIFIED"),
        (
            (
                c["chain"],
                c["waiting"],
                c["running"],
                f"{c['oldest_waiting_s']:.0f} s" if c["waiting"] else "-",
                f"{c['weight']:g}",
                f"{c['reserved']:.0%}",
                f"{c['share']:.0%}",
                f"{c['used_share']:.0%}",
                f"{c['behind_s']:.0f} s",
                _p50_p99(c),
            )
            for c in chains
        ),
        "No chain has had anything proven yet.",
    )


@prover.command("jobs")
def list_jobs(
    context: typer.Context,
    chain: Annotated[str | None, typer.Option(help="Only jobs of this chain.")] = None,
    state: Annotated[str | None, typer.Option(help="Only jobs in this state.")] = None,
    limit: Limit = 20,
    as_json: Json = False,
) -> None:
    """Proof jobs, the latest first."""
    jobs = context.obj.client().get("/v1/provers/jobs", chain=chain, state=state, limit=limit)
    if as_json:
        emit_json(jobs)
        return
    table(
        ("JOB", "CHAIN", "BATCH", "STATE", "ATTEMPTS", "WORKER", "QUEUED", "ERROR"),
        (
            (
                j["id"],
                j["chain"],
                j["batch"],
                f"{j['state']}, urgent" if j["urgent"] else j["state"],
                j["attempts"],
                j["worker"] or "-",
                f"{age(j['queued_at_ms'])} ago",
                j["error"] or "-",
            )
            for j in jobs
        ),
        "No proof jobs yet.",
    )


@prover.command("why")
def why(
    context: typer.Context,
    job: Annotated[str, typer.Argument(help="Number of the job, or CHAIN/BATCH.")],
    as_json: Json = False,
) -> None:
    """Why a job runs, waits, or went before another, with the figures that decided."""
    chain, slash, number = job.partition("/")
    if not (number if slash else job).isdecimal():
        fail(f'"{job}" is neither the number of a job nor CHAIN/BATCH', "`zkhub prover jobs` lists them", USAGE)
    path = f"{chain}/{number}" if slash else job
    told = context.obj.client().get(f"/v1/provers/jobs/{path}/why")
    if as_json:
        emit_json(told)
        return
    for sentence in told["sentences"]:
        out().print(sentence, soft_wrap=True, highlight=False)


@prover.command("retry")
def retry_job(context: typer.Context, chain: Chain, number: Batch, as_json: Json = False) -> None:
    """Queue a failed or refused proof job again."""
    _changed(context, f"/v1/provers/jobs/{chain}/{number}/retry", None, as_json)


@prover.command("cancel")
def cancel_job(context: typer.Context, chain: Chain, number: Batch, as_json: Json = False) -> None:
    """End a waiting or running proof job. The chain submits it anew if it still wants the proof."""
    _changed(context, f"/v1/provers/jobs/{chain}/{number}/cancel", None, as_json)


@prover.command("prioritise")
def prioritise_job(
    context: typer.Context,
    chain: Chain,
    number: Batch,
    due: Annotated[float | None, typer.Option(min=0.001, help="Seconds until the proof is wanted.")] = None,
    ordinary: Annotated[bool, typer.Option("--ordinary", help="Not urgent any more.")] = False,
    as_json: Json = False,
) -> None:
    """Have a batch's proof go before other chains', on its chain's account.

    Without --due at once; with it when the deadline comes near. The chain's earlier batches go before it.
    """
    body = {"urgent": not ordinary and due is None, "due_in_s": due}
    _changed(context, f"/v1/provers/jobs/{chain}/{number}/priority", body, as_json)


def _changed(context: typer.Context, path: str, body: dict[str, Any] | None, as_json: bool) -> None:
    job = context.obj.client().post(path, body)
    if as_json:
        emit_json(job)
    else:
        say(f"batch {job['batch']} of {job['chain']} is {job['state']}{', urgent' if job['urgent'] else ''}")


@prover.command("share")
def set_share(
    context: typer.Context,
    chain: Chain,
    weight: Annotated[
        float | None, typer.Option(min=0.001, max=1_000, help="How much it gets in proportion to the others.")
    ] = None,
    reserved: Annotated[
        float | None, typer.Option(min=0, max=90, help="Percent of the pool that it gets at least while it has work.")
    ] = None,
    deadline: Annotated[
        float | None,
        typer.Option(min=0, help="Seconds until a new batch's proof is wanted; 0: none."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Set what a chain gets of the prover pool."""
    body = {"weight": weight, "reserved": None if reserved is None else reserved / 100, "deadline_s": deadline}
    queues = context.obj.client().post(f"/v1/provers/shares/{chain}", body)
    if as_json:
        emit_json(queues)
        return
    for shown in queues:
        if shown["chain"] == chain:
            wanted = f", proofs wanted within {shown['deadline_s']:g} s" if shown["deadline_s"] else ""
            say(f"{chain} has weight {shown['weight']:g}, {shown['reserved']:.0%} reserved{wanted}")


@prover.command("scale")
def scale(
    context: typer.Context,
    workers: Annotated[int, typer.Argument(min=0, max=256, help="How many there shall be.")],
    as_json: Json = False,
) -> None:
    """Have so many workers from now on; those above give their jobs back."""
    answer = context.obj.client().post("/v1/provers/scale", {"workers": workers})
    if as_json:
        emit_json(answer)
    else:
        say(f"{answer['wanted']} workers wanted, {answer['running']} there now")


@prover.command("drain")
def drain(context: typer.Context, worker: Worker = "", as_json: Json = False) -> None:
    """Give a worker, or all, no more jobs; what they have they finish."""
    _drained(context, "drain", worker, as_json)


@prover.command("resume")
def resume(context: typer.Context, worker: Worker = "", as_json: Json = False) -> None:
    """Give a worker, or all, jobs again."""
    _drained(context, "resume", worker, as_json)


def _drained(context: typer.Context, verb: str, worker: str, as_json: bool) -> None:
    pool = context.obj.client().post(f"/v1/provers/{verb}", {"worker": worker})
    if as_json:
        emit_json(pool)
        return
    busy = [shown["name"] for shown in pool["workers"] if shown["job"] and worker in ("", shown["name"])]
    what = "gets no more jobs" if verb == "drain" else "gets jobs again"
    at_work = f"; still at work: {', '.join(busy)}" if busy and verb == "drain" else ""
    say(f"{worker or 'the pool'} {what}{at_work}")


# -- provers from outside -----------------------------------------------------------------------------------


@token.command("create")
def create_token(context: typer.Context, name: ProverName, as_json: Json = False) -> None:
    """Let a prover join over HTTP. Its token is printed now and never again: the hub keeps only a hash."""
    made = context.obj.client().post("/v1/provers/tokens", {"name": name})
    if as_json:
        emit_json(made)
        return
    out().print(made["token"], soft_wrap=True, highlight=False)
    say(f"zkhub prover join {context.obj.client().url} --token …")


@token.command("list")
@token.command("ls", hidden=True)
def list_tokens(context: typer.Context, as_json: Json = False) -> None:
    """Provers that may join, and what came of their proofs."""
    provers = context.obj.client().get("/v1/provers/tokens")
    if as_json:
        emit_json(provers)
        return
    table(
        ("PROVER", "CREATED", "STATE", "PROOFS TAKEN", "REFUSED"),
        (
            (
                p["name"],
                f"{age(p['created_at_ms'])} ago",
                "may join" if p["revoked_at_ms"] is None else f"revoked {age(p['revoked_at_ms'])} ago",
                p["proofs_taken"],
                p["proofs_refused"],
            )
            for p in provers
        ),
        "No prover from outside may join: `zkhub prover token create NAME`.",
    )


@token.command("revoke")
def revoke_token(context: typer.Context, name: ProverName, as_json: Json = False) -> None:
    """Shut a prover out; what it is at goes to another one."""
    provers = context.obj.client().delete(f"/v1/provers/tokens/{name}")
    if as_json:
        emit_json(provers)
    else:
        say(f"{name} is shut out")


@prover.command("join")
def join(
    url: Annotated[str, typer.Argument(help="The hub's API, http://HOST:PORT.")],
    secret: Annotated[
        str | None, typer.Option("--token", help="The prover's token.", envvar="ZKHUB_PROVER_TOKEN")
    ] = None,
    token_file: Annotated[Path | None, typer.Option(help="File that holds the token.")] = None,
    memory: Annotated[float | None, typer.Option(min=0.001, help="GB that one proof may take.")] = None,
) -> None:
    """Prove batches for a hub on another machine until Ctrl-C. No hub has to run here."""
    from ecosystem.cli.context import explained

    if token_file is not None:
        try:
            secret = token_file.read_text().strip()
        except OSError as error:
            fail(f"{token_file} cannot be read: {error.strerror}", "", USAGE)
    if not secret:
        fail("a prover needs its token", "--token, --token-file or ZKHUB_PROVER_TOKEN", USAGE)
    with explained():
        from cluster.workers.outside import prove_for

        prove_for(url, secret, None if memory is None else int(memory * 10**9), say)


def _percent(part: float, whole: float) -> str:
    return f"{min(1.0, part / whole):.0%}" if whole > 0 else "-"


def _gigabytes(count: int | None) -> str:
    return "-" if count is None else f"{count / 1e9:.1f} GB"


def _p50_p99(chain: dict[str, Any]) -> str:
    if chain["seal_to_verified_p50_s"] is None:
        return "-"
    return f"{chain['seal_to_verified_p50_s']:.1f} s, p99 {chain['seal_to_verified_p99_s']:.1f} s"
