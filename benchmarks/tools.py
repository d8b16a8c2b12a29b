"""Small helpers of the benchmarks."""

import socket
import time
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parent.parent


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def npm_tool(name: str) -> str | None:
    """Path of a tool that ``make npm`` installed, or None."""
    found = sorted((ROOT / "contracts" / "node_modules" / "@foundry-rs").glob(f"{name}-*/bin/{name}"))
    return str(found[0]) if found else None


def wait_for_rpc(url: str, timeout_s: float = 30.0) -> None:
    """Return once the endpoint answers ``eth_chainId``."""
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            httpx.post(url, json={"jsonrpc": "2.0", "id": 1, "method": "eth_chainId", "params": []}).raise_for_status()
            return
        except httpx.HTTPError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
