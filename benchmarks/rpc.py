"""Latency of ``eth_blockNumber`` on a chain's own port, against anvil where npm has installed it.

One connection, kept alive, one request after another; the median of each run's requests.
"""

import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from benchmarks.measure import Figure, in_turn, median
from benchmarks.tools import free_port, npm_tool, wait_for_rpc

REQUESTS = 500
RUNS = 5


@contextmanager
def chain() -> Iterator[str]:
    """A chain without a settlement layer, in this process."""
    from chain_template.config import ChainConfig, GenesisSettings
    from chain_template.node import ChainNode

    directory = tempfile.mkdtemp()
    node = ChainNode(
        ChainConfig(
            name="bench",
            chain_id=31337,
            data_dir=Path(directory),
            genesis=GenesisSettings(timestamp=int(time.time())),
            fee_recipient="0x" + "fe" * 20,
        )
    )
    node.start()
    try:
        yield node.rpc_url
    finally:
        node.stop()
        shutil.rmtree(directory, ignore_errors=True)


@contextmanager
def anvil() -> Iterator[str | None]:
    """Anvil on a free port, or None where it is not installed."""
    binary = npm_tool("anvil")
    if binary is None:
        yield None
        return
    port = free_port()
    process = subprocess.Popen([binary, "--port", str(port), "--silent"])
    try:
        wait_for_rpc(f"http://127.0.0.1:{port}")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def p50_ms(url: str) -> float:
    """Median milliseconds of a request."""
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "eth_blockNumber", "params": []}).encode()
    headers = {"content-type": "application/json"}
    times = []
    with httpx.Client() as client:
        for _ in range(REQUESTS):
            began = time.perf_counter()
            client.post(url, content=body, headers=headers).raise_for_status()
            times.append((time.perf_counter() - began) * 1000)
    return median(times)


def figures() -> list[Figure]:
    with chain() as ours_url, anvil() as peer_url:
        if peer_url is None:
            ours, peer = [p50_ms(ours_url) for _ in range(RUNS)], []
        else:
            ours, peer = in_turn(lambda: p50_ms(ours_url), lambda: p50_ms(peer_url), RUNS)
    return [
        Figure(
            name="eth_blockNumber on the chain's own port, p50",
            unit="ms",
            better="lower",
            ours=median(ours),
            peer=median(peer) if peer else None,
            peer_name="anvil" if peer else "",
            samples={"ours": ours, "peer": peer},
            notes=f"{REQUESTS} requests a run over one connection, client in Python",
        )
    ]
