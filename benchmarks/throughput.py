"""Transfers a second that a chain sustains behind its JSON-RPC, against anvil: one a request, and in batches of 100.

Both get the same signed transfers, of 32 senders over 8 kept-alive connections, and the clock runs until every sender's
nonce is where it must be. The chain runs in a process of its own, without a settlement layer, its blocks committed to
disk; anvil mines every 250 ms, as the chain does, in memory. Blocks of both hold the same gas.
"""

import json
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from eth_account import Account
from eth_account.signers.local import LocalAccount

from benchmarks.measure import Figure, in_turn, median
from benchmarks.tools import free_port, npm_tool, wait_for_rpc

CHAIN_ID = 31337
SENDERS = 32
CONNECTIONS = 8
TRANSFERS = 9_600
BATCH = 100
RUNS = 5
INTERVAL_S = 0.25
BLOCK_GAS = 100_000_000
PATIENCE_S = 120.0
MNEMONIC = "test test test test test test test test test test test junk"

_SERVE = """
import signal, sys, threading
import structlog
structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
from chain_template.config import ChainConfig
from chain_template.node import ChainNode
node = ChainNode(ChainConfig.model_validate_json(sys.stdin.read()))
node.start()
print(node.rpc_url, flush=True)
stop = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: stop.set())
stop.wait()
node.stop()
"""


@contextmanager
def chain(keys: Sequence[LocalAccount]) -> Iterator[str]:
    """A chain without a settlement layer, in a process of its own; its URL."""
    directory = tempfile.mkdtemp()
    config = {
        "name": "bench",
        "chain_id": CHAIN_ID,
        "data_dir": str(Path(directory)),
        "genesis": {"timestamp": int(time.time()), "premine": {key.address: 10**22 for key in keys}},
        "fee_recipient": "0x" + "fe" * 20,
        "block": {"interval_ms": int(INTERVAL_S * 1000), "gas_limit": BLOCK_GAS},
    }
    process = subprocess.Popen(
        [sys.executable, "-c", _SERVE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdin is not None and process.stdout is not None
    try:
        process.stdin.write(json.dumps(config))
        process.stdin.close()
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()
        shutil.rmtree(directory, ignore_errors=True)


@contextmanager
def anvil() -> Iterator[str | None]:
    """Anvil on a free port with the same accounts, or None where it is not installed."""
    binary = npm_tool("anvil")
    if binary is None:
        yield None
        return
    port = free_port()
    words = ["--accounts", str(SENDERS), "--mnemonic", MNEMONIC, "--block-time", str(INTERVAL_S)]
    limits = ["--gas-limit", str(BLOCK_GAS), "--chain-id", str(CHAIN_ID)]
    process = subprocess.Popen([binary, "--port", str(port), "--silent", *words, *limits])
    try:
        wait_for_rpc(f"http://127.0.0.1:{port}")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


class Connection:
    """One kept-alive HTTP connection, with as little of a client's own work as can be."""

    def __init__(self, url: str) -> None:
        host, port = url.removeprefix("http://").split(":")
        self._socket = socket.create_connection((host, int(port)), timeout=PATIENCE_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._left = b""

    def post(self, request: bytes) -> bytes:
        """The body of the answer to a whole request."""
        self._socket.sendall(request)
        data = self._left
        while b"\r\n\r\n" not in data:
            data += self._receive()
        head, _, body = data.partition(b"\r\n\r\n")
        length = next(
            int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")
        )
        while len(body) < length:
            body += self._receive()
        self._left = body[length:]
        return body[:length]

    def _receive(self) -> bytes:
        data = self._socket.recv(1 << 20)
        if not data:
            raise ConnectionError("the peer closed the connection")
        return data

    def close(self) -> None:
        self._socket.close()


def request_of(body: bytes) -> bytes:
    """A whole HTTP request."""
    head = (
        f"POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def call(method: str, *params: object) -> bytes:
    """A JSON-RPC request."""
    return json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()


@dataclass
class Load:
    """The transfers of one run, ready to be sent: for each connection its requests, in order."""

    requests: list[list[bytes]]
    last_nonce: int


class Senders:
    """Accounts that send transfers; both sides see the same ones."""

    def __init__(self, keys: Sequence[LocalAccount]) -> None:
        self.keys = keys
        self._next_nonce = 0

    def load(self, batch: int) -> Load:
        """``TRANSFERS`` more transfers, ``batch`` of them a request."""
        first, each = self._next_nonce, TRANSFERS // SENDERS
        self._next_nonce += each
        requests = []
        for start in range(CONNECTIONS):
            mine = self.keys[start::CONNECTIONS]
            calls = [_send(key, nonce) for nonce in range(first, first + each) for key in mine]
            if batch == 1:
                requests.append([request_of(one) for one in calls])
            else:
                groups = (calls[at : at + batch] for at in range(0, len(calls), batch))
                requests.append([request_of(b"[" + b",".join(group) + b"]") for group in groups])
        return Load(requests, self._next_nonce)


def _send(key: LocalAccount, nonce: int) -> bytes:
    fields = {
        "type": 2,
        "chainId": CHAIN_ID,
        "nonce": nonce,
        "gas": 21_000,
        "maxFeePerGas": 10**11,
        "maxPriorityFeePerGas": 1,
        "to": b"\x42" * 20,
        "value": 1,
        "data": b"",
    }
    return call("eth_sendRawTransaction", "0x" + bytes(key.sign_transaction(fields).raw_transaction).hex())


def rate(url: str, senders: Senders, load: Load) -> float:
    """Transfers a second, from the first request to the last one in a block."""
    failures: list[str] = []

    def work(requests: list[bytes]) -> None:
        connection = Connection(url)
        for request in requests:
            answer = connection.post(request)
            if b'"error"' in answer:
                failures.append(answer[:300].decode())
        connection.close()

    threads = [threading.Thread(target=work, args=(requests,)) for requests in load.requests]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise RuntimeError(f"{url} refused a transfer: {failures[0]}")
    _wait(url, senders, load.last_nonce, began + PATIENCE_S)
    return TRANSFERS / (time.perf_counter() - began)


def _wait(url: str, senders: Senders, nonce: int, deadline: float) -> None:
    connection = Connection(url)
    for key in senders.keys:
        request = request_of(call("eth_getTransactionCount", key.address, "latest"))
        while int(json.loads(connection.post(request))["result"], 16) < nonce:
            if time.perf_counter() > deadline:
                raise RuntimeError(f"{url} did not include every transfer within {PATIENCE_S:g} s")
            time.sleep(0.005)
    connection.close()


def accounts() -> list[LocalAccount]:
    """The keys that anvil makes of its mnemonic."""
    Account.enable_unaudited_hdwallet_features()
    return [Account.from_mnemonic(MNEMONIC, account_path=f"m/44'/60'/0'/0/{at}") for at in range(SENDERS)]


def figures() -> list[Figure]:
    keys = accounts()
    with chain(keys) as ours_url, anvil() as peer_url:
        found = []
        mine, theirs = Senders(keys), Senders(keys)
        for batch, name in ((1, "one a request"), (BATCH, f"{BATCH} a batch request")):
            rate(ours_url, mine, mine.load(batch))
            ours_run = lambda batch=batch: rate(ours_url, mine, mine.load(batch))  # noqa: E731
            peer: list[float] = []
            if peer_url is None:
                ours = [ours_run() for _ in range(RUNS)]
            else:
                rate(peer_url, theirs, theirs.load(batch))
                ours, peer = in_turn(ours_run, lambda batch=batch: rate(peer_url, theirs, theirs.load(batch)), RUNS)
            found.append(
                Figure(
                    name=f"transfers over JSON-RPC, {name}",
                    unit="transfers/s",
                    better="higher",
                    ours=median(ours),
                    peer=median(peer) if peer else None,
                    peer_name="anvil" if peer else "",
                    samples={"ours": ours, "peer": peer},
                    notes=f"{TRANSFERS} transfers a run, {CONNECTIONS} connections, blocks every {INTERVAL_S} s",
                )
            )
    return found
