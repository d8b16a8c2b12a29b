"""The bridge on a real hub: how long a transfer takes and where, messages relayed a second, what they cost on L1."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx

from benchmarks.measure import Figure, median
from benchmarks.tools import ROOT
from contracts.client import L1Client
from contracts.genesis import eth_asset_id
from contracts.sender import Sender
from ecosystem.running import RUNNING_FILE
from shared_bridge.interfaces import INTEROP_CENTER, SEND_TOKEN

TRANSFERS = 5
#: Withdrawals at once, from all development accounts in turn.
MANY = 60
#: Transfers of ether between the same two chains, to see what their number costs on L1.
THOUSAND = 1_000
_SENDS_AT_ONCE = 250
RELAYED = 300
RELAY_LIMIT_S = 90.0
_STAGES = ("sent", "included", "proven", "claimable", "claimed")


class BenchHub:
    """A hub with an embedded L1 and two chains, asked by its API."""

    def __init__(self) -> None:
        self._directory = Path(tempfile.mkdtemp(prefix="zkhub-bench-"))
        self._zkhub = [str(Path(sys.executable).with_name("zkhub")), "--data-dir", str(self._directory / "hub")]
        # Without proofs: the bridge is measured, and the prover would take the machine.
        free = {"ZKHUB_L1__PORT": "0", "ZKHUB_API__PORT": "0"}
        self._environment = os.environ | free | {"ZKHUB_PROOFS": "none", "NO_COLOR": "1"}

    def __enter__(self) -> "BenchHub":
        self._run("up")
        running = json.loads((self._directory / "hub" / RUNNING_FILE).read_text())
        token = (self._directory / "hub" / "keys" / "api-token").read_text().strip()
        self._api = httpx.Client(base_url=running["api_url"], headers={"Authorization": f"Bearer {token}"}, timeout=60)
        return self

    def __exit__(self, *_: object) -> None:
        self._api.close()
        self._run("down")
        shutil.rmtree(self._directory, ignore_errors=True)

    def _run(self, command: str) -> None:
        subprocess.run(
            [*self._zkhub, command], check=True, env=self._environment, cwd=ROOT, stdout=subprocess.DEVNULL, timeout=300
        )

    def get(self, path: str) -> Any:
        return self._api.get(path).raise_for_status().json()

    def post(self, path: str, **body: Any) -> Any:
        # The router comes last: until then the answer is "starting".
        for _ in range(100):
            answer = self._api.post(path, json=body)
            if answer.status_code != 503:
                break
            time.sleep(0.2)
        return answer.raise_for_status().json()

    def finished(self, message: dict[str, Any]) -> dict[str, Any]:
        while message["stage"] != "claimed":
            assert message["stage"] not in ("failed", "dead"), message
            time.sleep(0.05)
            message = self.get(f"/v1/messages/{message['id']}")
        return message

    def l1_gas(self, transaction: str) -> float:
        with L1Client(self.get("/v1/l1")["url"]) as client:
            receipt = client.get_receipt(bytes.fromhex(transaction[2:]))
        assert receipt is not None
        return float(receipt.gas_used)

    def execute_gas(self, message: dict[str, Any]) -> tuple[float, int]:
        """Gas of the L1 transaction that executed a withdrawal's batch, and how many batches that was for."""
        with L1Client(self.get(f"/v1/chains/{message['source']}")["rpc_url"]) as client:
            seen = client.rpc("eth_getTransactionReceipt", [message["transaction"]])
            details = client.rpc("zks_getL1BatchDetails", [int(seen["l1BatchNumber"], 16)])
        executed = details["executeTxHash"]
        batches = self.get(f"/v1/chains/{message['source']}/batches?limit=500")
        return self.l1_gas(executed), sum(b["l1_transactions"].get("executed") == executed for b in batches)

    def sender(self, chain: str) -> Sender:
        """The first development account on a chain."""
        kept = json.loads((self._directory / "hub" / "keys" / "dev-accounts.json").read_text())
        client = L1Client(self.get(f"/v1/chains/{chain}")["rpc_url"])
        return Sender(client, bytes.fromhex(kept["accounts"][0]["private_key"][2:]))

    def claimed(self) -> int:
        """Messages that have arrived, as the metrics count them."""
        text = self._api.get("/metrics").raise_for_status().text
        (line,) = [each for each in text.splitlines() if each.startswith("zkhub_messages{") and '"claimed"' in each]
        return int(float(line.split()[-1]))

    def executions(self, chain: str, first: int, last: int) -> dict[str, int]:
        """L1 transactions that executed these batches of a chain, with how many batches each took."""
        while True:
            batches = self.get(f"/v1/chains/{chain}/batches?limit=500")
            hashes = [b["l1_transactions"].get("executed") for b in batches if first <= b["number"] <= last]
            if len(hashes) == last - first + 1 and all(hashes):
                found = set(hashes)
                # Those that share the transaction with others count too.
                return {tx: sum(b["l1_transactions"].get("executed") == tx for b in batches) for tx in found}
            time.sleep(0.2)


def _seconds(message: dict[str, Any], first: str, last: str) -> float:
    times = message["stage_times_ms"]
    return float(times[last] - times[first]) / 1000


def _transfers(hub: BenchHub) -> list[Figure]:
    done = [
        hub.finished(hub.post("/v1/transfers", source="alpha", destination="beta", amount="5"))
        for _ in range(TRANSFERS)
    ]
    stages: dict[str, list[float]] = {}
    for message in done:
        seen = [stage for stage in _STAGES if stage in message["stage_times_ms"]]
        for before, after in pairwise(seen):
            stages.setdefault(f"{before} to {after}", []).append(_seconds(message, before, after))
    total = [_seconds(message, "sent", "claimed") for message in done]
    split = ", ".join(f"{name} {median(values)} s" for name, values in stages.items())
    return [
        Figure(
            name="bridge: sent on alpha to spendable on beta",
            unit="s",
            better="lower",
            ours=median(total),
            samples={"total": total, **stages},
            notes=f"default settings, an idle hub; medians: {split}",
        )
    ]


def _withdrawals(hub: BenchHub) -> list[Figure]:
    accounts = [account["address"] for account in hub.get("/v1/accounts")]
    one = hub.finished(hub.post("/v1/withdrawals", chain="alpha", amount="1"))
    began = time.perf_counter()
    sent = [
        hub.post("/v1/withdrawals", chain="alpha", amount="1", account=accounts[number % len(accounts)])
        for number in range(MANY)
    ]
    handed_in_s = time.perf_counter() - began
    done = [hub.finished(message) for message in sent]
    rate = MANY / (time.perf_counter() - began)
    deposit = hub.finished(hub.post("/v1/deposits", chain="alpha", amount="1"))
    (few, _), (many, batches) = hub.execute_gas(one), hub.execute_gas(done[MANY // 2])
    claims = [hub.l1_gas(message["claim_transaction"]) for message in done[:10]]
    return [
        Figure(
            name=f"bridge: {MANY} withdrawals sent, proven, executed and claimed",
            unit="messages/s",
            better="higher",
            ours=round(rate, 2),
            notes=f"one after the other through the API, which took {handed_in_s:.1f} s of it",
        ),
        Figure("bridge: L1 gas of a deposit of ether", "gas", "lower", hub.l1_gas(deposit["transaction"])),
        Figure("bridge: L1 gas of a withdrawal's claim", "gas", "lower", median(claims), samples={"ours": claims}),
        Figure("bridge: L1 gas of executing a batch with one message", "gas", "lower", few),
        Figure(
            name="bridge: L1 gas of executing batches full of messages",
            unit="gas",
            better="lower",
            ours=many,
            notes=f"one transaction for {batches} batches, among {MANY} withdrawals at once",
        ),
    ]


def _thousand(hub: BenchHub) -> list[Figure]:
    """Transfers of a wei of ether from alpha to beta, signed beforehand and handed in together."""
    sender = hub.sender("alpha")
    client, beta = sender.client, hub.get("/v1/chains/beta")["id"]
    asset = eth_asset_id(int(hub.get("/v1/l1")["chain_id"]))
    data = SEND_TOKEN.encode(beta, asset, 1, sender.address)
    gas = client.estimate_gas(INTEROP_CENTER, data, sender=sender.address, value=1) * 12 // 10
    fees, nonce = client.fees(), client.get_nonce(sender.address)
    raw = [sender.sign(INTEROP_CENTER, data, 1, gas, fees, nonce + number) for number in range(THOUSAND)]
    hashes: list[str] = []
    for start in range(0, THOUSAND, _SENDS_AT_ONCE):
        some = raw[start : start + _SENDS_AT_ONCE]
        hashes += client.rpc_batch([("eth_sendRawTransaction", ["0x" + each.hex()]) for each in some])
    ends = [client.wait_for_receipt(bytes.fromhex(each[2:]), timeout_s=300) for each in (hashes[0], hashes[-1])]
    numbers = []
    for receipt in ends:
        while (seen := client.rpc("eth_getTransactionReceipt", ["0x" + receipt.transaction_hash.hex()])) is None or (
            seen.get("l1BatchNumber") is None
        ):
            time.sleep(0.2)
        numbers.append(int(seen["l1BatchNumber"], 16))
    executions = hub.executions("alpha", *numbers)
    total, batches = sum(hub.l1_gas(each) for each in executions), sum(executions.values())
    return [
        Figure(
            name=f"bridge: L1 gas of executing {THOUSAND} transfers between the same two chains",
            unit="gas",
            better="lower",
            ours=total,
            notes=f"{batches} batches in {len(executions)} L1 transactions: "
            f"{total / batches:.0f} gas a batch, {total / THOUSAND:.0f} a transfer",
        ),
        _relay_rate(hub),
    ]


def _relay_rate(hub: BenchHub) -> Figure:
    """How fast the router claims what waits for it, while nothing else happens."""
    before, began = hub.claimed(), time.perf_counter()
    while (done := hub.claimed() - before) < RELAYED and time.perf_counter() - began < RELAY_LIMIT_S:
        time.sleep(0.2)
    return Figure(
        name="bridge: messages relayed a second",
        unit="messages/s",
        better="higher",
        ours=round(done / (time.perf_counter() - began), 2),
        notes=f"{done} transfers from alpha claimed on beta, out of {THOUSAND} that wait",
    )


def figures() -> list[Figure]:
    with BenchHub() as hub:
        return [*_transfers(hub), *_withdrawals(hub), *_thousand(hub)]
