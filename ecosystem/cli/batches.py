"""``zkhub batch …`` and ``zkhub account …``."""

from pathlib import Path
from typing import Annotated, Any

import typer

from ecosystem.cli.context import explained
from ecosystem.cli.hub import Json
from ecosystem.cli.output import REFUSED, USAGE, age, emit_json, ether, fail, out, say, table

batch = typer.Typer(no_args_is_help=True)
account = typer.Typer(no_args_is_help=True)
Chain = Annotated[str, typer.Argument(help="Name of the chain.")]
Limit = Annotated[int, typer.Option(min=1, max=500, help="How many.")]
STAGES = ("sealed", "committed", "proving", "proved", "verified", "executed")


@batch.command("ls")
def list_batches(context: typer.Context, chain: Chain, limit: Limit = 20, as_json: Json = False) -> None:
    """A chain's batches, the latest first."""
    batches = context.obj.client().get(f"/v1/chains/{chain}/batches", limit=limit)
    if as_json:
        emit_json(batches)
        return
    table(
        ("BATCH", "STAGE", "BLOCKS", "TXS", "SEALED", "SEALED BY", "PUBDATA", "PROOF", "TIME TO EXECUTED"),
        (
            (
                b["number"],
                b["stage"],
                f"{b['first_block']}-{b['last_block']}",
                b["transactions"],
                f"{age(b['stage_times_ms'].get('sealed'))} ago",
                b["seal_reason"],
                f"{b['pubdata_bytes']} B",
                _proof(b),
                _seconds(b["stage_times_ms"], "sealed", "executed"),
            )
            for b in batches
        ),
        f"{chain} has sealed no batch yet: send it a transaction.",
    )


@batch.command("show")
def show_batch(
    context: typer.Context,
    chain: Chain,
    number: Annotated[int, typer.Argument(min=1, help="Number of the batch.")],
    as_json: Json = False,
) -> None:
    """Everything about a batch: its stages, when it reached them and by which L1 transaction."""
    shown = context.obj.client().get(f"/v1/chains/{chain}/batches/{number}")
    if as_json:
        emit_json(shown)
        return
    from ecosystem.cli.banner import progress_label, proof_label

    console = out()
    console.print(f"batch {number} of {chain}: {shown['stage']}")
    console.print(f"blocks {shown['first_block']}-{shown['last_block']}, {shown['transactions']} transactions,")
    console.print(f"{shown['pubdata_bytes']} bytes of pubdata, sealed by {shown['seal_reason']}")
    console.print(f"proof: {proof_label(shown['proof'])}")
    if shown["progress"]:
        console.print(f"proving: {progress_label(shown['progress'])}")
    if shown["parts"]:
        console.print(f"parts of the proof on L1: {shown['parts_submitted']} of {shown['parts']}")
    for key in ("state_commitment", "batch_output_hash", "public_input"):
        console.print(f"{key.replace('_', ' ')}: {shown[key]}", soft_wrap=True)
    times, sent = shown["stage_times_ms"], shown["l1_transactions"]
    rows = []
    for stage in STAGES:
        if stage == "verified":
            # What comes between proved and verified has no time of its own.
            rows += [(name, "-", sent[name]) for name in sorted(sent) if name.startswith("part ")]
        if stage in times:
            rows.append((stage, _seconds(times, "sealed", stage), sent.get(stage, "-")))
    table(("STAGE", "AFTER", "L1 TRANSACTION"), rows, "It has no stages.")


@batch.command("input")
def save_batch_input(
    context: typer.Context,
    chain: Chain,
    number: Annotated[int, typer.Argument(min=1, help="Number of the batch.")],
    file: Annotated[Path, typer.Argument(help="Where to write it.")],
) -> None:
    """Write a batch's input to a file, for ``zkhub batch replay`` and ``zkhub zkvm prove``."""
    from contracts.client import L1Client

    url = context.obj.client().get(f"/v1/chains/{chain}")["rpc_url"]
    with explained(), L1Client(url) as client:
        found = client.rpc("zkhub_getBatchInput", [hex(number)])
    if found is None:
        fail(f"{chain} has no batch {number}", f"zkhub batch ls {chain}")
    data = bytes.fromhex(found.removeprefix("0x"))
    try:
        file.write_bytes(data)
    except OSError as error:
        fail(f"{file} cannot be written: {error.strerror}", "", USAGE)
    say(f"{len(data):,} bytes in {file}")


@batch.command("replay")
def replay_batch(
    file: Annotated[Path, typer.Argument(help="File with a batch input.")],
    zkvm: Annotated[bool, typer.Option("--zkvm", help="Run it in the zkVM, as it is proven.")] = False,
    max_cycles: Annotated[
        int | None,
        typer.Option(min=1, help="Give up after so many instructions; what one proof holds without it."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Run the batch program on a batch input, and say what is wrong with it. No hub has to run.

    Exits 0 only if the program takes the batch and the reference in Python agrees.
    """
    from chain_template.batcher.replay import replay

    try:
        data = file.read_bytes()
    except OSError as error:
        fail(f"{file} cannot be read: {error.strerror}", "", USAGE)
    with explained():
        done = replay(data, in_the_zkvm=zkvm, max_cycles=max_cycles)
    if as_json:
        cost = {"cycles": done.cost.main, "cells": done.cost.cells} if done.cost else {}
        public_input = "0x" + done.public_input.hex() if done.public_input else None
        emit_json({"reason": done.reason, "message": done.message, "public_input": public_input, **cost})
        raise typer.Exit(0 if done.is_good else REFUSED)
    if done.public_input:
        out().print(f"public input 0x{done.public_input.hex()}", soft_wrap=True)
    if done.cost:
        out().print(f"{done.cost.main:,} cycles, {done.cost.cells:,} cells")
    if not done.is_good:
        fail(f"{file} is no valid batch: {done.message}" if done.reason else f"{file}: {done.message}")


@account.command("ls")
def list_accounts(context: typer.Context, as_json: Json = False) -> None:
    """The development accounts and what they have on L1 and on each chain, in ether."""
    accounts = context.obj.client().get("/v1/accounts")
    if as_json:
        emit_json(accounts)
        return
    names = list(dict.fromkeys(name for shown in accounts for name in shown["balances"]))
    table(
        ("ACCOUNT", *(name.upper() for name in names)),
        ((a["address"], *(ether(a["balances"].get(name, "0")) for name in names)) for a in accounts),
        "No development accounts: set dev_accounts.count.",
    )


def _proof(batch: dict[str, Any]) -> str:
    """In a few words how far a batch's proof is, or what it has of one."""
    from ecosystem.cli.banner import progress_label

    if batch["progress"]:
        return progress_label(batch["progress"])
    if batch["stage"] == "proved" and batch["proof"] != "none":
        return f"{batch['parts_submitted']} of {batch['parts'] or '?'} parts on L1"
    return str(batch["proof"])


def _seconds(times: dict[str, int], start: str, end: str) -> str:
    if start not in times or end not in times:
        return "-"
    return f"{(times[end] - times[start]) / 1000:.1f} s"
