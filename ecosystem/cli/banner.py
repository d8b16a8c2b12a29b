"""What ``zkhub up`` ends with: where everything is, and what to do next."""

import json
from pathlib import Path
from typing import Any

from ecosystem.cli.context import Client
from ecosystem.cli.output import err, ether

_UNPROVEN = "none (development mode: batches are re-executed, not proven)"


def proof_label(mode: str, profile: str = "") -> str:
    """What batches are settled with, in words; ``mode`` is a hub's or a batch's."""
    if mode == "none":
        return _UNPROVEN
    name = profile or mode.partition("-")[2]
    return f"STARKs, profile {name}" if name else "STARKs"


def progress_label(progress: dict[str, Any] | None) -> str:
    """How far a prover is, in words; empty for none."""
    if progress is None:
        return ""
    return f"{progress['stage']} {progress['fraction']:.0%} ({progress['number']} of {progress['stages']})"


def deployment(client: Client, data_dir: Path) -> dict[str, Any]:
    """Everything a tool needs to talk to the hub, its L1 and its chains."""
    hub = client.get("/v1/hub")
    return {
        "name": hub["name"],
        "version": hub["version"],
        "proofs": hub["proofs"],
        "profile": hub["profile"],
        "data_dir": hub["data_dir"],
        "api_url": client.url,
        "l1": client.get("/v1/l1"),
        "chains": [chain for chain in client.get("/v1/chains") if chain["state"] != "removed"],
        "provers": client.get("/v1/provers")["workers"],
        "accounts": client.get("/v1/accounts"),
        "keys_file": str(data_dir.absolute() / "keys" / "dev-accounts.json"),
    }


def show_banner(content: dict[str, Any], data_dir: Path, seconds: float) -> None:
    """Print it to stderr: it is for people; ``deployment.json`` is for programs."""
    from rich.table import Table

    console = err()
    l1 = content["l1"]
    console.print()
    console.print(f"[bold]{content['name']}[/bold]  zkhub {content['version']}", highlight=False)
    facts = Table.grid(padding=(0, 2))
    facts.add_row("[dim]API[/dim]", f"{content['api_url']}/docs")
    facts.add_row("[dim]L1[/dim]", f"{l1['url']}  chain id {l1['chain_id']}  ({l1['kind']})")
    colour = "yellow" if content["proofs"] == "none" else "green"
    facts.add_row("[dim]proofs[/dim]", f"[{colour}]{proof_label(content['proofs'], content['profile'])}[/{colour}]")
    facts.add_row(
        "[dim]provers[/dim]", ", ".join(f"{w['name']} ({w['backend']})" for w in content["provers"]) or "none"
    )
    facts.add_row("[dim]data[/dim]", content["data_dir"])
    console.print(facts)
    console.print(_chains(content["chains"]))
    console.print(_contracts(l1["contracts"]))
    _show_accounts(content["accounts"], data_dir)
    first = content["chains"][0] if content["chains"] else None
    if first is not None:
        console.print("\n[bold]Next[/bold]", highlight=False)
        console.print(f"  cast block-number --rpc-url {first['rpc_url']}", soft_wrap=True)
        console.print(f"  zkhub batch ls {first['name']}")
        console.print("  zkhub chain create gamma --id 273")
    console.print(f"\n[green]ready in {seconds:.1f} s[/green]", highlight=False)


def _chains(chains: list[dict[str, Any]]) -> Any:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold", padding=(1, 2, 0, 0))
    for column in ("CHAIN", "ID", "RPC", "WEBSOCKET", "DATA", "STATE"):
        table.add_column(column, no_wrap=True)
    for chain in chains:
        table.add_row(
            chain["name"],
            str(chain["id"]),
            chain["rpc_url"],
            chain["ws_url"],
            chain["data_availability"],
            chain["state"],
        )
    return table


def _contracts(contracts: dict[str, str]) -> Any:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("\nL1 CONTRACT", no_wrap=True)
    table.add_column("\nADDRESS", no_wrap=True)
    for name, address in contracts.items():
        table.add_row(name, address)
    return table


def _show_accounts(accounts: list[dict[str, Any]], data_dir: Path) -> None:
    path = data_dir / "keys" / "dev-accounts.json"
    if not accounts or not path.exists():
        return
    from rich.table import Table

    kept = json.loads(path.read_text())
    keys = {account["address"]: account["private_key"] for account in kept["accounts"]}
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for column in ("\nFUNDED ACCOUNT", "\nPRIVATE KEY (public knowledge)", "\nETH ON EACH CHAIN"):
        table.add_column(column, no_wrap=True)
    for account in accounts:
        on_chains = {ether(wei) for name, wei in account["balances"].items() if name != "l1"}
        table.add_row(account["address"], keys.get(account["address"], "?"), " / ".join(sorted(on_chains)))
    console = err()
    if not console.is_terminal:
        console.width = 200
    console.print(table)
    console.print(f'[dim]mnemonic: "{kept["mnemonic"]}"[/dim]', highlight=False, soft_wrap=True)
