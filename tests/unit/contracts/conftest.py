"""An L1 for these tests: anvil from npm, one a session, reset by snapshots."""

import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from contracts.addresses import EcosystemAddresses
from contracts.client import L1Client
from contracts.deploy import deploy_ecosystem
from contracts.errors import L1Unavailable
from contracts.sender import Sender

ROOT = Path(__file__).parents[3]
#: First accounts of the mnemonic that every local node uses; worthless everywhere.
KEYS = [
    bytes.fromhex("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"),
    bytes.fromhex("59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d"),
    bytes.fromhex("5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a"),
]

#: What chains are created with; the development verifier accepts every program.
PROGRAM_ID = b"\x02" * 32


def anvil_command(*arguments: str) -> list[str]:
    """Anvil of the npm tools; skips the test where they are not installed."""
    launcher = ROOT / "contracts/node_modules/.bin/anvil"
    if not launcher.exists():
        pytest.skip("the npm tools are not installed (make npm)")
    return [str(launcher), "--host", "127.0.0.1", "--silent", *arguments]


@dataclass
class Anvil:
    """A running anvil."""

    url: str
    client: L1Client

    def sender(self, index: int = 0) -> Sender:
        return Sender(self.client, KEYS[index])


def start_anvil(port: int, *arguments: str) -> tuple[subprocess.Popen[bytes], Anvil]:
    process = subprocess.Popen(anvil_command("--port", str(port), *arguments))
    url = f"http://127.0.0.1:{port}"
    client = L1Client(url, retries=0)
    deadline = time.monotonic() + 30
    while True:
        try:
            client.chain_id()
        except L1Unavailable:
            if time.monotonic() > deadline:
                process.kill()
                raise
            time.sleep(0.05)
        else:
            return process, Anvil(url, client)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def anvil_node() -> Iterator[Anvil]:
    process, node = start_anvil(free_port())
    yield node
    node.client.close()
    process.terminate()
    process.wait(10)


@pytest.fixture
def anvil(anvil_node: Anvil) -> Iterator[Anvil]:
    """The node, as it was before the test again afterwards."""
    snapshot = anvil_node.client.rpc("evm_snapshot")
    yield anvil_node
    anvil_node.client.rpc("evm_revert", [snapshot])


@pytest.fixture
def ecosystem(anvil: Anvil) -> EcosystemAddresses:
    return deploy_ecosystem(anvil.sender(), program_id=PROGRAM_ID)
