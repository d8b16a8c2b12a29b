"""``zkhub up``, ``down`` and ``status``."""

from typing import Annotated, Any

import typer

from ecosystem.cli.context import Client, Options
from ecosystem.cli.output import OK, UNHEALTHY, age, emit_json, out, table, warn

Json = Annotated[bool, typer.Option("--json", help="Print JSON; its fields are those of the API.")]


def up(
    context: typer.Context,
    address: Annotated[
        str | None, typer.Option(help="Join the Ray cluster whose head is at HOST:PORT (needs its token).")
    ] = None,
    nodes: Annotated[
        int | None, typer.Option(min=1, max=16, help="Nodes of Ray on this machine, to simulate several machines.")
    ] = None,
    gpus_per_node: Annotated[
        int | None,
        typer.Option(min=0, max=16, help="GPUs of each node; simulated, and labelled so, where there are none."),
    ] = None,
    foreground: Annotated[bool, typer.Option("--foreground", "-f", help="Stay until Ctrl-C, then stop it.")] = False,
    as_json: Json = False,
) -> None:
    """Start a hub and leave it running; run it again to add what is missing.

    What was stopped or killed goes on where it was.
    """
    from ecosystem.cli import start

    place = {"ray.address": address, "ray.nodes": nodes, "ray.gpus_per_node": gpus_per_node}
    raise typer.Exit(start.up(context.obj, place, foreground=foreground, as_json=as_json))


def down(context: typer.Context) -> None:
    """Stop the hub cleanly. Everything that was confirmed is kept; `zkhub up` goes on."""
    from ecosystem.cli import start

    raise typer.Exit(start.down(context.obj))


def status(context: typer.Context, as_json: Json = False) -> None:
    """What runs, and how far it is."""
    options: Options = context.obj
    client = options.client()
    hub, l1, chains = client.get("/v1/hub"), client.get("/v1/l1"), client.get("/v1/chains")
    health, provers = client.get("/v1/health"), _provers(client)
    if as_json:
        emit_json({"hub": hub, "l1": l1, "chains": chains, "provers": provers, "health": health})
    else:
        from ecosystem.cli.banner import progress_label, proof_label

        console = out()
        console.print(f"{hub['name']}  zkhub {hub['version']}  {hub['state']}  up {hub['uptime_s']:.0f} s")
        console.print(f"L1      {l1['url']}  block {l1['head']}  ({l1['kind']}, chain id {l1['chain_id']})")
        console.print(f"API     {client.url}")
        console.print(f"proofs  {proof_label(hub['proofs'], hub['profile'])}")
        for worker in provers["workers"]:
            if worker["job"]:
                console.print(f"proving {worker['job']}  {progress_label(worker['progress'])}")
        console.print()
        table(
            (
                "CHAIN",
                "ID",
                "STATE",
                "VERSION",
                "BLOCK",
                "AGE",
                "POOL",
                "BATCHES (sealed/committed/proved/executed)",
                "RPC",
            ),
            (
                (
                    chain["name"],
                    chain["id"],
                    chain["state"],
                    chain["protocol_version"] or "-",
                    "-" if chain["head"] is None else chain["head"],
                    age(chain["head_at_ms"]),
                    chain["mempool"],
                    "/".join(
                        str(chain["batches"].get(stage, "-")) for stage in ("sealed", "committed", "proved", "executed")
                    ),
                    chain["rpc_url"],
                )
                for chain in chains
            ),
            "No chains yet: `zkhub chain create NAME --id ID`.",
        )
        for problem in health["problems"]:
            warn(problem, console)
    raise typer.Exit(OK if health["status"] in ("ok", "starting") else UNHEALTHY)


def _provers(client: Client) -> dict[str, Any]:
    """The prover pool, or that it does not answer: the rest is to be shown all the same."""
    from ecosystem.errors import EcosystemError

    try:
        answer: dict[str, Any] = client.get("/v1/provers")
    except EcosystemError:
        return {"healthy": False, "workers": [], "jobs": {}, "queue": {}}
    return answer
