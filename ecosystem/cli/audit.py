"""``zkhub audit``: a batch checked from L1 alone. No hub has to run."""

from typing import TYPE_CHECKING, Annotated

import typer

from ecosystem.cli.context import explained
from ecosystem.cli.hub import Json
from ecosystem.cli.l1_place import l1_place
from ecosystem.cli.output import OK, REFUSED, UNHEALTHY, emit_json, out, say

if TYPE_CHECKING:
    from chain_template.from_l1.audit import Audit

_MARKS = {
    "passed": "[green]✓[/green]",
    "failed": "[red]✗[/red]",
    "unproven": "[yellow]–[/yellow]",
    "unknown": "[yellow]?[/yellow]",
}
_VERDICTS = {
    "proven": "[green]proven[/green]: this batch is what its program makes of the batch before",
    "unknown": "[yellow]unknown[/yellow]: this release cannot tell; audit with the one of that protocol version",
    "failed": "[red]failed[/red]: something on L1 is not as it has to be",
    "unproven": "[yellow]unproven[/yellow]: what can be checked is right, and nobody has proven this batch",
}


def audit(
    context: typer.Context,
    chain: Annotated[str, typer.Argument(help="Chain id, or a chain's name while its hub runs.")],
    batch: Annotated[int, typer.Argument(help="Number of a batch that is committed on L1.", min=1)],
    l1_url: Annotated[str, typer.Option(help="JSON-RPC of L1.", show_default="the hub's")] = "",
    bridgehub: Annotated[str, typer.Option(help="Address of the Bridgehub on L1.", show_default="the hub's")] = "",
    allow_unproven: Annotated[
        bool, typer.Option("--allow-unproven", help="Exit with 0 where nothing was proven and all else is right.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Check a batch from L1 alone: what was committed and published, the verifier, and the proof, verified once more.

    It is held to the program by which L1 verified it, whatever the chain was upgraded to since.

    Exits with 0 where the batch is proven and every check passed, 1 where nothing was proven or this release cannot
    tell, 5 where a check failed.
    """
    from chain_template.from_l1 import find_chain
    from chain_template.from_l1.audit import audit as check
    from chain_template.settlement.on_l1 import ChainOnL1
    from contracts.client import L1Client
    from contracts.versions import format_version
    from zkvm.machine.key import user_cache

    example = "zkhub audit 271 7 --l1-url URL --bridgehub ADDRESS"
    url, hub, chain_id = l1_place(context.obj, chain, l1_url, bridgehub, example)
    with explained(), L1Client(url) as client:
        found = check(ChainOnL1(client, find_chain(client, hub, chain_id)), chain_id, batch, key_cache=user_cache())
    verdict = _verdict(found)
    if as_json:
        emit_json(
            {
                "chain_id": found.chain_id,
                "batch": found.batch,
                "stage": found.stage.value,
                "verdict": verdict,
                "state_commitment": "0x" + found.state_commitment.hex(),
                "state_root": None if found.state_root is None else "0x" + found.state_root.hex(),
                "public_input": "0x" + found.public_input.hex(),
                "protocol_version": format_version(found.protocol_version),
                "program_id": "0x" + found.program_id.hex(),
                "l1_transactions": found.l1_transactions,
                "checks": [
                    {"name": each.name, "outcome": each.outcome.value, "detail": each.detail} for each in found.checks
                ],
            }
        )
    else:
        version = format_version(found.protocol_version)
        out().print(f"batch {found.batch} of chain {found.chain_id} is {found.stage.value} on L1, protocol {version}")
        for stage, transaction in found.l1_transactions.items():
            out().print(f"  {stage}: {transaction}", soft_wrap=True)
        for each in found.checks:
            out().print(f"{_MARKS[each.outcome.value]} {each.name}: {each.detail}", soft_wrap=True)
        say(_VERDICTS[verdict])
    if verdict == "failed":
        raise typer.Exit(UNHEALTHY)
    is_allowed = verdict == "unproven" and allow_unproven
    raise typer.Exit(OK if verdict == "proven" or is_allowed else REFUSED)


def _verdict(found: "Audit") -> str:
    if found.has_failed:
        return "failed"
    if found.is_proven:
        return "proven"
    outcomes = {check.outcome.value for check in found.checks}
    return "unproven" if "unproven" in outcomes else "unknown"
