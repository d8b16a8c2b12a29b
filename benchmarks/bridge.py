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
from ecosystem.running import RUNNING_FILE

TRANSFERS = 5
#: Withdrawals at once, from all development accounts in turn.
MANY = 60
_STAGES = ("sent", "included", "proven", "claimable", "claimed")


class BenchHub:
    """A hub with an embedded L1 and two chains, asked by its API."""

    def __init__(self) -> None:
        self._directory = Path(tempfile.mkdtemp(prefix="zkhub-bench-"))
        self._zkhub = [str(Path(sys.executable).with_name("zkhub")), "--data-dir", str(self._directory / "hub")]
        self._environment = os.environ | {"ZKHUB_L1__PORT": "0", "ZKHUB_API__PORT": "0", "NO_COLOR": "1"}

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


def figures() -> list[Figure]:
    with BenchHub() as hub:
        return [*_transfers(hub), *_withdrawals(hub)]
