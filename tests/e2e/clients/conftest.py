"""A chain, a compiled contract and the npm clients, for the tests with real clients."""

import fcntl
import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from chain_template.loops import Loop
from chain_template.node import ChainNode
from chain_template.store.records import BatchStage
from tests.support import KEYS, address_of
from tests.unit.chain_template.rpc.served import ServedChain, l1_config, l2_config

HERE = Path(__file__).parent
CONTRACTS = HERE.parents[2] / "contracts"
SOLC = CONTRACTS / "tools" / "solc"


@dataclass
class Target:
    """A chain for clients to talk to, and a compiled contract.

    Attributes:
        artifact: File with ``abi`` and ``bytecode``.
    """

    rpc_url: str
    ws_url: str
    artifact: Path

    def environment(self, key: int, **more: str) -> dict[str, str]:
        """For a client's process; each test uses a key of its own, so that nonces do not meet."""
        return {
            **os.environ,
            "RPC_URL": self.rpc_url,
            "WS_URL": self.ws_url,
            "ETH_RPC_URL": self.rpc_url,
            "KEY": "0x" + bytes(KEYS[key].key).hex(),
            "ARTIFACT": str(self.artifact),
            "SOLC": str(SOLC),
            **more,
        }


@pytest.fixture(scope="session")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``Counter`` compiled by the npm solc."""
    wanted = {
        "language": "Solidity",
        "sources": {"Counter.sol": {"content": (HERE / "src" / "Counter.sol").read_text()}},
        "settings": {
            "evmVersion": "cancun",
            "optimizer": {"enabled": True},
            "outputSelection": {"*": {"*": ["abi", "evm.bytecode.object"]}},
        },
    }
    ran = subprocess.run(
        [SOLC, "--standard-json"], input=json.dumps(wanted), capture_output=True, text=True, check=True, timeout=120
    )
    compiled = json.loads(ran.stdout)["contracts"]["Counter.sol"]["Counter"]
    path = tmp_path_factory.mktemp("artifact") / "Counter.json"
    path.write_text(json.dumps({"abi": compiled["abi"], "bytecode": "0x" + compiled["evm"]["bytecode"]["object"]}))
    return path


@pytest.fixture(scope="session")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChainNode]:
    """A running chain without a settlement layer."""
    chain = ChainNode(l1_config(tmp_path_factory.mktemp("chain")))
    chain.start()
    yield chain
    chain.stop()


@pytest.fixture(scope="session")
def rollup(tmp_path_factory: pytest.TempPathFactory, artifact: Path) -> Iterator[Target]:
    """A chain that has an L1 to settle on, its accounts funded by operations from there."""
    chain = ServedChain(l2_config(tmp_path_factory.mktemp("rollup")))
    client = chain.start()
    for index, key in enumerate(KEYS):
        client.receipt(chain.deposit(index, address_of(key), 10**20))
    settling = Loop("settling", lambda: _settle(chain), idle_s=0.2)
    settling.start()
    yield Target(str(client.http.base_url), f"ws://127.0.0.1:{chain.server.port}", artifact)
    settling.stop()
    chain.stop()


def _settle(chain: ServedChain) -> bool:
    """Seal what there is and say that L1 has executed it; the way there is other tests' business."""
    batcher = chain.batcher()
    batcher.seal_now()
    if not batcher.step():
        return False
    with chain.store.snapshot() as snapshot:
        number = snapshot.last_batch_number()
    for stage in (
        BatchStage.COMMITTED,
        BatchStage.PROVING,
        BatchStage.PROVED,
        BatchStage.VERIFIED,
        BatchStage.EXECUTED,
    ):
        chain.store.update_batch(number, stage=stage, l1_transaction=(stage.value, "0x" + "c0" * 32))
    return True


@pytest.fixture
def target(node: ChainNode, artifact: Path) -> Target:
    return Target(node.rpc_url, node.ws_url, artifact)


@pytest.fixture(scope="session")
def npm_clients() -> Path:
    """The npm packages of this directory, installed on first use by one of the processes; returns where they are."""
    modules, pinned = HERE / "node_modules", HERE / "package-lock.json"
    stamp, turn = modules / ".stamp", HERE.parents[2] / "build" / "npm-clients.lock"
    turn.parent.mkdir(exist_ok=True)
    with turn.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        if not stamp.exists() or stamp.stat().st_mtime < pinned.stat().st_mtime:
            command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
            subprocess.run(command, cwd=HERE, check=True, timeout=280)
            stamp.touch()
    return modules


def run(command: list[str | Path], environment: dict[str, str], cwd: Path = HERE, limit_s: float = 120) -> str:
    """Run a client; its output, and all of it in the failure when it fails."""
    ran = subprocess.run(command, env=environment, cwd=cwd, capture_output=True, text=True, timeout=limit_s)
    assert ran.returncode == 0, f"{command}\n{ran.stdout[-6000:]}\n{ran.stderr[-6000:]}"
    return ran.stdout


def last_line(output: str) -> Any:
    """The JSON a client printed last."""
    return json.loads(output.strip().splitlines()[-1])
