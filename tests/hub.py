"""A real hub for tests: started and asked by the command and the API, as users do; and traffic that notices losses."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from eth_hash.auto import keccak

from contracts.client import Fees, L1Client
from contracts.errors import AlreadyKnown, ContractsError, L1Error, NonceTooLow
from contracts.sender import Sender, address_of
from ecosystem.running import running_hub, running_pid

ZKHUB = str(Path(sys.executable).with_name("zkhub"))
START_TIMEOUT_S = 280.0
TRANSFER_WEI = 10**12


@dataclass
class RealHub:
    """A hub in a data directory of its own, on free ports."""

    directory: Path
    settings: tuple[str, ...] = ()

    def zkhub(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("ZKHUB_")}
        # Most tests are about something else than proofs, which take a minute each; their settings may ask for some.
        environment["ZKHUB_PROOFS"] = "none"
        done = subprocess.run(
            [ZKHUB, "--data-dir", str(self.directory), *words],
            capture_output=True,
            text=True,
            timeout=START_TIMEOUT_S,
            env=environment | {"NO_COLOR": "1"},
            cwd=self.directory.parent,
            check=False,
        )
        assert not check or done.returncode == 0, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def up(self) -> dict[str, Any]:
        flags = [word for setting in ("l1.port=0", "api.port=0", *self.settings) for word in ("--set", setting)]
        content: dict[str, Any] = json.loads(self.zkhub(*flags, "up", "--json").stdout)
        return content

    def down(self) -> None:
        self.zkhub("down")
        assert running_pid(self.directory) is None

    @property
    def pid(self) -> int:
        pid = running_pid(self.directory)
        assert pid is not None
        return pid

    @property
    def url(self) -> str:
        running = running_hub(self.directory)
        assert running is not None
        return str(running["api_url"])

    @property
    def token(self) -> str:
        return (self.directory / "keys" / "api-token").read_text().strip()

    @property
    def accounts(self) -> list[str]:
        """Private keys of the development accounts."""
        kept = json.loads((self.directory / "keys" / "dev-accounts.json").read_text())
        return [account["private_key"] for account in kept["accounts"]]

    def get(self, path: str, **query: Any) -> Any:
        return httpx.get(self.url + path, params=query, timeout=30).raise_for_status().json()

    def request(self, method: str, path: str, body: Any = None) -> Any:
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = httpx.request(method, self.url + path, json=body, headers=headers, timeout=30)
        return answer.raise_for_status().json()

    def finish(self, operation: dict[str, Any], timeout_s: float = 120.0) -> dict[str, Any]:
        """Wait for the end of an operation, which must be a good one."""
        last: dict[str, Any] = {}

        def over() -> bool:
            nonlocal last
            last = self.get(f"/v1/operations/{operation['id']}")
            return last["status"] in ("done", "failed")

        wait_for(over, timeout_s)
        assert last["status"] == "done", last
        return last

    def rpc(self, chain: str) -> str:
        return str(self.get(f"/v1/chains/{chain}")["rpc_url"])

    def wait_healthy(self, timeout_s: float = 120.0) -> None:
        wait_for(lambda: self._health() == "ok", timeout_s)

    def _health(self) -> str:
        try:
            return str(self.get("/v1/health")["status"])
        except httpx.HTTPError:
            return ""

    def wait_executed(self, chain: str, block: int, timeout_s: float = 120.0) -> None:
        """Wait until a block is final, which it is when L1 has executed its batch."""
        with L1Client(self.rpc(chain)) as client:
            wait_for(lambda: _final(client) >= block, timeout_s)

    def end(self) -> None:
        """Take it down whatever happened to it."""
        pid = running_pid(self.directory)
        if pid is not None:
            self.zkhub("down", check=False)
        if running_pid(self.directory) is not None and pid is not None:
            os.kill(pid, signal.SIGKILL)


def _final(client: L1Client) -> int:
    try:
        block = client.get_block("finalized")
    except L1Error:
        return -1
    return -1 if block is None else int(block["number"], 16)


def wait_for(condition: Callable[[], bool], timeout_s: float = 60.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)


@dataclass(frozen=True)
class Confirmed:
    """A transfer whose receipt was seen."""

    hash: bytes
    block_number: int
    block_hash: bytes


@dataclass
class Traffic:
    """Transfers from one account to a fresh address, one after the other, through every outage.

    A transfer that may have been lost on the way in is handed in again, the same bytes; so the recipient's balance
    tells whether one was lost or executed twice.
    """

    url: str
    key: str
    recipient: str
    confirmed: list[Confirmed] = field(default_factory=list)
    outages: int = 0
    failure: Exception | None = None

    def run(self, stop: threading.Event) -> None:
        try:
            with L1Client(self.url, timeout_s=5.0, retries=0) as client:
                self._send_all(client, stop)
        except Exception as error:
            self.failure = error

    def _send_all(self, client: L1Client, stop: threading.Event) -> None:
        sender = Sender(client, bytes.fromhex(self.key[2:]), chain_id=client.chain_id())
        nonce = client.get_nonce(sender.address, "latest")
        while not stop.is_set():
            fees = Fees(10**12, 10**9)
            raw = sender.sign(self.recipient, b"", TRANSFER_WEI, 21_000, fees, nonce)
            self._send_one(client, raw)
            nonce += 1

    def _send_one(self, client: L1Client, raw: bytes) -> None:
        transaction_hash = keccak(raw)
        while True:
            try:
                with suppress(AlreadyKnown, NonceTooLow):
                    client.send_raw(raw)
                receipt = client.wait_for_receipt(transaction_hash, timeout_s=5.0)
            except ContractsError:
                self.outages += 1
                time.sleep(0.05)
                continue
            self.confirmed.append(Confirmed(transaction_hash, receipt.block_number, receipt.block_hash))
            return

    def check(self) -> None:
        """Nothing that was confirmed is missing or elsewhere, and nothing happened twice."""
        if self.failure is not None:
            raise self.failure
        with L1Client(self.url) as client:
            for transfer in self.confirmed:
                receipt = client.get_receipt(transfer.hash)
                assert receipt is not None, f"{transfer} is missing"
                assert (receipt.block_number, receipt.block_hash) == (transfer.block_number, transfer.block_hash)
            assert client.get_balance(self.recipient) == len(self.confirmed) * TRANSFER_WEI


@contextmanager
def traffic(hub: RealHub, *chains: str) -> Iterator[list[Traffic]]:
    """Load on chains, which ends with the block; its last transfers are confirmed then."""
    stop = threading.Event()
    flows = [Traffic(hub.rpc(chain), hub.accounts[i + 1], address_of(os.urandom(32))) for i, chain in enumerate(chains)]
    threads = [threading.Thread(target=flow.run, args=(stop,)) for flow in flows]
    for thread in threads:
        thread.start()
    try:
        yield flows
    finally:
        stop.set()
        for thread in threads:
            thread.join(60)


def confirm(flows: list[Traffic], more: int) -> None:
    """Wait until each flow has seen ``more`` further confirmations."""
    wanted = [len(flow.confirmed) + more for flow in flows]
    wait_for(
        lambda: all(
            len(flow.confirmed) >= count or flow.failure is not None for flow, count in zip(flows, wanted, strict=True)
        ),
        120.0,
    )


def kill(pid: int) -> None:
    """kill -9, and wait until it is gone."""
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not Path(f"/proc/{pid}").exists() or _is_zombie(pid))


def _is_zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True
