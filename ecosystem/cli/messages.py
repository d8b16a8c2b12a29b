"""``zkhub message …`` and ``zkhub token …``."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from ecosystem.cli.amounts import parse_amount, shown_amount
from ecosystem.cli.bridge import From
from ecosystem.cli.hub import Json
from ecosystem.cli.output import REFUSED, emit_json, out, say, table

message = typer.Typer(no_args_is_help=True)
token = typer.Typer(no_args_is_help=True)
Id = Annotated[str, typer.Argument(help="Id of the message.")]
Limit = Annotated[int, typer.Option(min=1, max=500, help="How many.")]


@message.command("ls")
def list_messages(
    context: typer.Context,
    chain: Annotated[str | None, typer.Option(help="Only from or to this chain, or l1.")] = None,
    stage: Annotated[
        str | None, typer.Option(help="Only in this stage: sent, included, proven, claimable, claimed, failed, dead.")
    ] = None,
    limit: Limit = 20,
    as_json: Json = False,
) -> None:
    """Messages over the bridge, the newest first; `--stage dead` lists those that were given up."""
    client = context.obj.client()
    messages = client.get("/v1/messages", chain=chain, stage=stage, limit=limit)
    if as_json:
        emit_json(messages)
        return
    tokens = client.get("/v1/tokens")
    table(
        ("MESSAGE", "KIND", "FROM", "TO", "AMOUNT", "STAGE", "FOR", "AGE", "ATTEMPTS", "ERROR"),
        (
            (
                m["id"],
                m["kind"],
                m["source"],
                m["destination"],
                shown_amount(m, tokens),
                m["stage"],
                f"{m['stage_age_s']:.0f} s",
                f"{m['age_s']:.0f} s",
                m["attempts"],
                m["error"] or "-",
            )
            for m in messages
        ),
        "No messages yet: `zkhub deposit CHAIN AMOUNT`.",
    )


@message.command("show")
def show_message(context: typer.Context, message_id: Id, as_json: Json = False) -> None:
    """Everything about a message: its stages, and when it reached them."""
    client = context.obj.client()
    shown = client.get(f"/v1/messages/{message_id}")
    if as_json:
        emit_json(shown)
        return
    console = out()
    amount = shown_amount(shown, client.get("/v1/tokens"))
    console.print(f"{shown['kind']} {shown['id']}: {amount}, {shown['source']} → {shown['destination']}")
    for key in ("sender", "receiver", "transaction", "claim_transaction", "error"):
        if shown[key]:
            console.print(f"{key.replace('_', ' ')}: {shown[key]}", soft_wrap=True, markup=False)
    times = sorted(shown["stage_times_ms"].items(), key=lambda item: item[1])
    table(
        ("STAGE", "AT", "AFTER"),
        (
            (
                stage,
                datetime.fromtimestamp(at / 1000, UTC).strftime("%H:%M:%S.%f")[:-3],
                f"{(at - times[0][1]) / 1000:.1f} s",
            )
            for stage, at in times
        ),
        "It has no stages.",
    )


@message.command("retry")
def retry_message(context: typer.Context, message_id: Id, as_json: Json = False) -> None:
    """Try again to claim a message that was given up."""
    retried = context.obj.client().post(f"/v1/messages/{message_id}/retry")
    if as_json:
        emit_json(retried)
    else:
        say(f"message {message_id} is {retried['stage']}")


@token.command("deploy")
def deploy_token(
    context: typer.Context,
    symbol: Annotated[str, typer.Argument(help="Its symbol, by which the hub's other commands know it.")],
    where: Annotated[str, typer.Option("--on", help="l1, or the chain it is to be born on.")] = "l1",
    name: Annotated[str, typer.Option(help="Its name; the symbol unless given.", show_default=False)] = "",
    decimals: Annotated[int, typer.Option(min=0, max=36)] = 18,
    supply: Annotated[str, typer.Option(help="What is made of it for the account.")] = "1000000",
    owner: From = "",
    as_json: Json = False,
) -> None:
    """Deploy a token for development: anyone may make more of it. Repeating it is safe."""
    made = str(parse_amount(supply, decimals))
    body = {"symbol": symbol, "where": where, "name": name, "decimals": decimals, "supply": made, "account": owner}
    deployed = context.obj.client().post("/v1/tokens", body)
    if as_json:
        emit_json(deployed)
    else:
        say(f"{deployed['symbol']} is {deployed['addresses'][where]} on {where}; {deployed['owner']} has {supply}")


@token.command("audit")
def audit_tokens(context: typer.Context, as_json: Json = False) -> None:
    """Add up every asset: what its home holds must be what exists elsewhere and on the way."""
    books = context.obj.client().get("/v1/books")
    if as_json:
        emit_json(books)
    else:
        table(
            ("ASSET", "HELD", "BOOKED", "ON CHAINS", "ON THE WAY", ""),
            (
                (
                    b["symbol"] or b["asset_id"],
                    b["held"],
                    b["booked"] or "-",
                    " ".join(f"{layer}={amount}" for layer, amount in b["supplies"].items() if amount != "0"),
                    b["in_flight"],
                    "; ".join(b["faults"]) or "whole",
                )
                for b in books
            ),
            "Nothing has moved yet.",
        )
    if any(b["faults"] for b in books):
        raise typer.Exit(REFUSED)


@token.command("ls")
def list_tokens(context: typer.Context, as_json: Json = False) -> None:
    """Tokens that the hub deployed, and where they are."""
    tokens = context.obj.client().get("/v1/tokens")
    if as_json:
        emit_json(tokens)
        return
    table(
        ("TOKEN", "DECIMALS", "BORN ON", "ASSET ID", "ADDRESSES"),
        (
            (
                t["symbol"],
                t["decimals"],
                t["origin"],
                t["asset_id"],
                " ".join(f"{layer}={address}" for layer, address in t["addresses"].items()),
            )
            for t in tokens
        ),
        "No tokens yet: `zkhub token deploy SYMBOL`.",
    )
