"""``zkhub chain …``."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from ecosystem.cli.context import Client, Options
from ecosystem.cli.hub import Json
from ecosystem.cli.output import OK, REFUSED, USAGE, age, confirm, emit_json, fail, out, say, table

app = typer.Typer(no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="Name of the chain.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
Wait = Annotated[bool, typer.Option("--wait/--no-wait", help="Follow the operation to its end.")]


@app.command("ls")
def list_chains(context: typer.Context, as_json: Json = False) -> None:
    """All chains of the hub."""
    chains = context.obj.client().get("/v1/chains")
    if as_json:
        emit_json(chains)
        return
    table(
        ("CHAIN", "ID", "STATE", "BLOCK", "EXECUTED", "DATA", "RESTARTS", "RPC"),
        (
            (
                chain["name"],
                chain["id"],
                chain["state"],
                "-" if chain["head"] is None else chain["head"],
                f"{chain['batches'].get('executed', 0)} of {chain['batches'].get('sealed', 0)}",
                chain["data_availability"],
                chain["restarts"],
                chain["rpc_url"],
            )
            for chain in chains
        ),
        "No chains yet: `zkhub chain create NAME --id ID`.",
    )


@app.command("show")
def show_chain(context: typer.Context, name: Name, as_json: Json = False) -> None:
    """Everything about a chain."""
    chain = context.obj.client().get(f"/v1/chains/{name}")
    if as_json:
        emit_json(chain)
        return
    from rich.table import Table

    grid = Table.grid(padding=(0, 2))
    for key, value in _flat(chain):
        shown = f"{age(value)} ago" if key.endswith("_at_ms") and value is not None else value
        grid.add_row(key.removesuffix("_at_ms").replace("_", " "), "-" if shown in (None, "") else str(shown))
    out().print(grid)


@app.command("create")
def create_chain(
    context: typer.Context,
    name: Name,
    chain_id: Annotated[int, typer.Option("--id", help="Chain id, 1 to 2^48 - 1, unique in the hub for ever.")],
    port: Annotated[int | None, typer.Option(help="JSON-RPC port; the first free one from 3050 unless given.")] = None,
    validium: Annotated[
        bool, typer.Option("--validium", help="Keep state diffs off L1: cheaper, and the operator must be trusted.")
    ] = False,
    base_token: Annotated[
        str, typer.Option(help="What pays for gas: eth, a token of the hub on L1, or a token's L1 address.")
    ] = "eth",
    sets: Annotated[
        list[str] | None,
        typer.Option("--set", help="Any other setting of the chain, as KEY=VALUE.", metavar="KEY=VALUE"),
    ] = None,
    wait: Wait = True,
    as_json: Json = False,
) -> None:
    """Launch a chain into the running hub; the others do not notice.

    For example: zkhub chain create gamma --id 273 --set block.interval_ms=100
    """
    body = _settings(sets or [])
    body |= {"name": name, "id": chain_id}
    if port is not None:
        body["port"] = port
    if validium:
        body["data_availability"] = "validium"
    if base_token != "eth":
        body["base_token"] = _on_l1(context.obj.client(), base_token)
    _change(context.obj, context.obj.client().post("/v1/chains", body), wait, as_json)


def _on_l1(client: Client, token: str) -> str:
    """A token's address on L1."""
    if token.lower() == "eth" or token.startswith("0x"):
        return token
    known = {each["symbol"].lower(): each["addresses"].get("l1") for each in client.get("/v1/tokens")}
    address = known.get(token.lower())
    if address is None:
        names = ", ".join(sorted(known)) or "none"
        fail(f'the hub has no token "{token}" on L1; it has: {names}', "zkhub token deploy SYMBOL", USAGE)
    return str(address)


@app.command("pause")
def pause_chain(context: typer.Context, name: Name, wait: Wait = True, as_json: Json = False) -> None:
    """Take no transactions and seal no blocks for a while; batches go on settling."""
    _change(context.obj, context.obj.client().post(f"/v1/chains/{name}/pause"), wait, as_json)


@app.command("resume")
def resume_chain(context: typer.Context, name: Name, wait: Wait = True, as_json: Json = False) -> None:
    """Undo a pause."""
    _change(context.obj, context.obj.client().post(f"/v1/chains/{name}/resume"), wait, as_json)


@app.command("remove")
def remove_chain(
    context: typer.Context, name: Name, yes: Yes = False, wait: Wait = True, as_json: Json = False
) -> None:
    """Stop accepting transactions, settle everything on L1, halt.

    Its data stays on disk, and its name and id stay taken: funds can still be withdrawn.
    """
    client = context.obj.client()
    client.get(f"/v1/chains/{name}")
    confirm(f'Remove "{name}"? It cannot be started again.', yes)
    _change(context.obj, client.delete(f"/v1/chains/{name}"), wait, as_json)


@app.command("upgrade")
def upgrade_chain(
    context: typer.Context,
    name: Name,
    protocol_version: Annotated[
        str, typer.Option(help="MAJOR.MINOR.PATCH to publish it as.", show_default="this release's")
    ] = "",
    timeout: Annotated[
        float, typer.Option(help="Seconds to wait for the proofs of committed batches, while the hub runs.", min=0)
    ] = 600.0,
    revert_unproven: Annotated[
        bool,
        typer.Option(
            "--revert-unproven", help="Take back committed batches that are not proven then, to be made anew."
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Move a chain to this release's protocol version: code, verifier and program.

    The version is published first if L1 does not have it. L1 changes the program only while no committed batch waits
    for its proof: pause a busy chain before. Run again, it goes on.
    """
    from ecosystem.cli.upgrade import Wish, upgrade

    wish = Wish(name, protocol_version, timeout, revert_unproven)
    raise typer.Exit(upgrade(context.obj, wish, as_json=as_json))


@app.command("repair")
def repair_chain(context: typer.Context, name: Name) -> None:
    """Make a damaged database anew from the chain's block log, by executing every block again.

    The hub must be down. The damaged file is kept beside the new one.
    """
    from ecosystem.cli.repair import repair

    raise typer.Exit(repair(context.obj, name))


@app.command("recover")
def recover_chain(
    context: typer.Context,
    chain: Annotated[str, typer.Argument(help="A chain of the hub that is here, or with --l1-url any chain's id.")],
    output: Annotated[
        Path | None, typer.Option(help="Where the store goes.", show_default="the chain's own directory")
    ] = None,
    l1_url: Annotated[str, typer.Option(help="JSON-RPC of L1.", show_default="the hub's")] = "",
    bridgehub: Annotated[str, typer.Option(help="Address of the Bridgehub on L1.", show_default="the hub's")] = "",
    min_base_fee: Annotated[
        int | None, typer.Option(help="The chain's fees.min_base_fee_wei, where L1 does not tell.", show_default=False)
    ] = None,
    unexecuted: Annotated[
        bool, typer.Option("--unexecuted", help="Go on to the last committed batch, which may still be reverted.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Rebuild a chain's state from what its batches published on L1, checking the state root of each.

    A missing store is made, one that is behind L1 is brought forward; interrupted, it goes on. The hub must be down.
    Transactions, receipts and events are not on L1: those of recovered blocks are lost.
    """
    from ecosystem.cli.recover import Wish, recover

    wish = Wish(chain, output, l1_url, bridgehub, min_base_fee, unexecuted)
    raise typer.Exit(recover(context.obj, wish, as_json=as_json))


def _change(options: Options, operation: dict[str, Any], wait: bool, as_json: bool) -> None:
    client = options.client()
    if wait:
        operation = _follow(options, client, operation["id"])
    if as_json:
        emit_json(operation)
    if operation["status"] == "failed":
        fail(operation["error"], operation["hint"], REFUSED)
    if not as_json and wait and operation["kind"] == "create-chain":
        chain = client.get(f"/v1/chains/{operation['chain']}")
        say(f"[green]{chain['name']}[/green] (chain id {chain['id']}) serves {chain['rpc_url']}")
    elif not as_json:
        say(f"{operation['kind']} {operation['chain']}: {operation['status']} ({operation['id']})")
    raise typer.Exit(OK)


def _follow(options: Options, client: Client, operation: str) -> dict[str, Any]:
    from ecosystem.cli.progress import Reporter

    reporter = Reporter(quiet=options.quiet, verbose=options.verbose)
    try:
        for event in client.events(operation):
            reporter.show(event)
    finally:
        reporter.close()
    shown: dict[str, Any] = client.get(f"/v1/operations/{operation}")
    return shown


def _settings(sets: list[str]) -> dict[str, Any]:
    body: dict[str, Any] = {}
    for item in sets:
        key, equals, value = item.partition("=")
        if not equals or not key:
            fail(f"--set {item}: it takes KEY=VALUE", "for example --set block.interval_ms=100", 2)
        table_, *rest = reversed(key.split("."))
        inner = body
        for part in reversed(rest):
            inner = inner.setdefault(part, {})
        inner[table_] = value
    return body


def _flat(content: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in content.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value
