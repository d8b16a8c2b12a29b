"""A hub from nothing: an L1, two chains, a third one launched while the others take traffic, batches proven on L1.

Run by ``make demo``. On a terminal the hub stays until Ctrl-C; without one the demo ends when it has shown its table.
Every batch is settled by a STARK that L1 verifies, which takes about a minute each on two processors.
"""

import contextlib
import json
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table
from web3 import Web3

ZKHUB = str(Path(sys.executable).with_name("zkhub"))
GUESTBOOK = json.loads((Path(__file__).parent / "contracts" / "Guestbook.json").read_text())
TRANSFERS = 20
#: As few as the demo uses: each is funded on each chain by a deposit that is proven, too.
ACCOUNTS = 6
SETTLE_TIMEOUT_S = 1800.0
console = Console(highlight=False, width=None if sys.stdout.isatty() else 200)


@dataclass
class Account:
    """A development account."""

    address: str
    key: str


@dataclass
class Traffic:
    """What was sent to one chain, and how soon it was confirmed."""

    chain: str
    confirmed: int = 0
    last_block: int = 0
    seconds: list[float] = field(default_factory=list)
    error: Exception | None = None


def main() -> int:
    """Run the demo."""
    directory = Path(tempfile.mkdtemp(prefix="zkhub-demo-"))
    zkhub = [ZKHUB, "--data-dir", str(directory)]
    try:
        console.rule("[bold]1  zkhub up: an L1, two chains, the prover pool")
        settings = ("l1.port=0", "api.port=0", f"dev_accounts.count={ACCOUNTS}")
        subprocess.run([*zkhub, *(word for setting in settings for word in ("--set", setting)), "up"], check=True)
        show(directory)
        if sys.stdin.isatty() and sys.stdout.isatty():
            stay(directory)
    finally:
        console.rule("[bold]zkhub down")
        subprocess.run([*zkhub, "down"], check=True)
        shutil.rmtree(directory, ignore_errors=True)
    return 0


def show(directory: Path) -> None:
    """Everything between up and down."""
    hub = json.loads((directory / "deployment.json").read_text())
    accounts = [
        Account(account["address"], account["private_key"])
        for account in json.loads(Path(hub["keys_file"]).read_text())["accounts"]
    ]
    urls = {chain["name"]: chain["rpc_url"] for chain in hub["chains"]}
    with httpx.Client(base_url=hub["api_url"], headers=bearer(directory), timeout=30) as api:
        console.rule("[bold]2  A third chain by the API, while the first two take traffic")
        traffic = [Traffic(name) for name in urls]
        threads = [
            threading.Thread(target=send_transfers, args=(urls[sent.chain], accounts[i], accounts[-1].address, sent))
            for i, sent in enumerate(traffic)
        ]
        for thread in threads:
            thread.start()
        urls["gamma"] = launch(api, "gamma", 273)
        for thread in threads:
            thread.join()
        for sent in traffic:
            if sent.error is not None:
                raise sent.error
            console.print(f"  {sent.chain}: {sent.confirmed} transfers meanwhile, none failed")

        console.rule("[bold]3  A contract on the new chain")
        gamma = Traffic("gamma")
        use_contract(urls["gamma"], accounts[:3], gamma)
        send_transfers(urls["gamma"], accounts[4], accounts[-1].address, gamma)
        traffic.append(gamma)

        console.rule("[bold]4  Wait until L1 has verified a proof of every batch, and executed it")
        for sent in traffic:
            wait_until_final(api, urls[sent.chain], sent)
        console.print(summary(api, traffic))
        if hub["proofs"] == "none":
            console.print("[yellow]proofs: none[/yellow] (development mode: batches are re-executed, not proven)")
        else:
            console.print(f"[green]proofs: STARKs, profile {hub['profile']}[/green]: L1 has verified one of each batch")


def bearer(directory: Path) -> dict[str, str]:
    """The header that changing calls need."""
    return {"Authorization": f"Bearer {(directory / 'keys' / 'api-token').read_text().strip()}"}


def launch(api: httpx.Client, name: str, chain_id: int) -> str:
    """Create a chain by the API and follow its progress; returns its RPC URL."""
    began = time.monotonic()
    answer = api.post("/v1/chains", json={"name": name, "id": chain_id}).raise_for_status().json()
    for event in progress(api, answer["id"]):
        if event["step"] and event["status"] in ("done", "failed"):
            console.print(f"  {name}: {event['step']} [dim]{event['detail']}[/dim]", soft_wrap=True)
    operation = api.get(f"/v1/operations/{answer['id']}").raise_for_status().json()
    if operation["status"] != "done":
        raise RuntimeError(f"{name} was not created: {operation['error']}")
    url: str = api.get(f"/v1/chains/{name}").raise_for_status().json()["rpc_url"]
    console.print(f"  {name} serves {url} after {time.monotonic() - began:.1f} s")
    return url


def progress(api: httpx.Client, operation: str) -> Iterator[dict[str, Any]]:
    """The server-sent events of an operation."""
    with api.stream("GET", f"/v1/operations/{operation}/events", timeout=120) as stream:
        kind = ""
        for line in stream.iter_lines():
            if line.startswith("event: "):
                kind = line.removeprefix("event: ")
            elif line.startswith("data: ") and kind == "progress":
                yield json.loads(line.removeprefix("data: "))


def send_transfers(url: str, sender: Account, to: str, sent: Traffic) -> None:
    """Transfers one after the other, each waited for, as a wallet does it."""
    try:
        w3 = Web3(Web3.HTTPProvider(url))
        nonce = w3.eth.get_transaction_count(sender.address)
        for i in range(TRANSFERS):
            began = time.monotonic()
            receipt = transact(w3, sender, {"to": to, "value": 10**15, "gas": 21_000, "nonce": nonce + i})
            sent.seconds.append(time.monotonic() - began)
            sent.confirmed += 1
            sent.last_block = receipt["blockNumber"]
    except Exception as error:
        # Told by the main thread: an exception here would only be printed.
        sent.error = error


def transact(w3: Web3, sender: Account, transaction: dict[str, Any]) -> Any:
    """Sign, send and wait for the receipt, which must report success."""
    fees = {"maxFeePerGas": 2 * w3.eth.gas_price, "maxPriorityFeePerGas": w3.eth.max_priority_fee}
    signed = w3.eth.account.sign_transaction(fees | {"chainId": w3.eth.chain_id} | transaction, sender.key)
    receipt = w3.eth.wait_for_transaction_receipt(
        w3.eth.send_raw_transaction(signed.raw_transaction), timeout=30, poll_latency=0.02
    )
    if receipt["status"] != 1:
        raise RuntimeError(f"transaction {receipt['transactionHash'].to_0x_hex()} failed")
    return receipt


def use_contract(url: str, guests: list[Account], sent: Traffic) -> None:
    """Deploy the guest book, let some guests sign it, read what they wrote."""
    w3 = Web3(Web3.HTTPProvider(url))
    factory = w3.eth.contract(abi=GUESTBOOK["abi"], bytecode=GUESTBOOK["bytecode"])
    deployed = transact(w3, guests[0], call(w3, guests[0], factory.constructor()))
    book = w3.eth.contract(address=deployed["contractAddress"], abi=GUESTBOOK["abi"])
    console.print(f"  Guestbook at {book.address}, {deployed['gasUsed']} gas")
    for number, guest in enumerate(guests, 1):
        message = f"greetings from guest {number}"
        receipt = transact(w3, guest, call(w3, guest, book.functions.sign(message)))
        [event] = book.events.Signed().process_receipt(receipt)
        if event["args"]["message"] != message or book.functions.messages(guest.address).call() != message:
            raise RuntimeError("the guest book does not hold what was written")
        console.print(f'  {guest.address} wrote "{event["args"]["message"]}" as number {event["args"]["number"]}')
        sent.confirmed += 1
        sent.last_block = receipt["blockNumber"]
    if book.functions.count().call() != len(guests):
        raise RuntimeError("the guest book has another number of guests")


def call(w3: Web3, sender: Account, function: Any) -> dict[str, Any]:
    """A contract call, or a creation, as a transaction to sign; the node estimates its gas."""
    built: dict[str, Any] = function.build_transaction(
        {
            "from": sender.address,
            "nonce": w3.eth.get_transaction_count(sender.address),
            "maxFeePerGas": 2 * w3.eth.gas_price,
            "maxPriorityFeePerGas": w3.eth.max_priority_fee,
        }
    )
    return built


def wait_until_final(api: httpx.Client, url: str, sent: Traffic) -> None:
    """Wait until the block of the last transaction is final: its batch is executed on L1. Shows how far proofs are."""
    w3 = Web3(Web3.HTTPProvider(url))
    began = time.monotonic()
    told: set[str] = set()
    with console.status("") as line:
        while (final := w3.eth.get_block("finalized")["number"]) < sent.last_block:
            if time.monotonic() - began > SETTLE_TIMEOUT_S:
                raise RuntimeError(f"{sent.chain}: block {sent.last_block} is not final, only block {final} is")
            news = under_way(api)
            line.update(", ".join(f"{what} {how_far}" for what, how_far in news.items()))
            if not console.is_terminal:
                for what in news.keys() - told:
                    console.print(f"    {what}")
                told |= news.keys()
            time.sleep(0.5)
    console.print(f"  {sent.chain}: block {sent.last_block} is final ({time.monotonic() - began:.1f} s waited)")


def under_way(api: httpx.Client) -> dict[str, str]:
    """What the provers and the settlement of all chains are at, and how far."""
    news = {}
    for worker in api.get("/v1/provers").raise_for_status().json()["workers"]:
        if worker["progress"] is not None:
            progress = worker["progress"]
            news[f"{worker['job']}: {progress['stage']}"] = f"{progress['fraction']:.0%}"
    for chain in api.get("/v1/chains").raise_for_status().json():
        if chain["state"] != "running":
            continue
        for batch in api.get(f"/v1/chains/{chain['name']}/batches", params={"limit": 5}).raise_for_status().json():
            if batch["stage"] == "proved" and batch["parts"]:
                on_l1 = f"{batch['parts_submitted']} of {batch['parts']}"
                news[f"{chain['name']}/{batch['number']}: parts of the proof on L1"] = on_l1
    return news


def summary(api: httpx.Client, traffic: list[Traffic]) -> Table:
    """What happened, a line a chain."""
    table = Table(title="What happened", title_justify="left", box=None, pad_edge=False, header_style="bold")
    for column in (
        "CHAIN",
        "TRANSACTIONS",
        "CONFIRMED IN (median)",
        "BLOCKS",
        "BATCHES EXECUTED",
        "PROVEN WITH",
        "SEALED TO VERIFIED",
        "LAST L1 TRANSACTION",
    ):
        table.add_column(column, no_wrap=True)
    for sent in traffic:
        chain = api.get(f"/v1/chains/{sent.chain}").raise_for_status().json()
        batches = api.get(f"/v1/chains/{sent.chain}/batches").raise_for_status().json()
        executed = [batch for batch in batches if batch["stage"] == "executed"]
        times = [b["stage_times_ms"]["verified"] - b["stage_times_ms"]["sealed"] for b in executed]
        table.add_row(
            sent.chain,
            str(sent.confirmed),
            f"{sorted(sent.seconds)[len(sent.seconds) // 2] * 1000:.0f} ms",
            str(chain["head"]),
            f"{len(executed)} of {len(batches)}",
            executed[0]["proof"],
            f"{min(times) / 1000:.1f} to {max(times) / 1000:.1f} s",
            executed[0]["l1_transactions"]["executed"],
        )
    return table


def stay(directory: Path) -> None:
    """Keep the hub running, with its URLs on the screen, until Ctrl-C."""
    hub = json.loads((directory / "deployment.json").read_text())
    chains = httpx.get(f"{hub['api_url']}/v1/chains").raise_for_status().json()
    console.rule("[bold]The hub runs until Ctrl-C")
    console.print(f"  API    {hub['api_url']}/docs")
    console.print(f"  L1     {hub['l1']['url']}")
    for chain in chains:
        console.print(f"  {chain['name']:6} {chain['rpc_url']}  (chain id {chain['id']})")
    console.print(f"\n  {ZKHUB} --data-dir {directory} status", soft_wrap=True)
    with contextlib.suppress(KeyboardInterrupt):
        threading.Event().wait()


if __name__ == "__main__":
    sys.exit(main())
