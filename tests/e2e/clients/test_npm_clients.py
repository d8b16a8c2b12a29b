"""viem, ethers, cast, forge script and hardhat, unmodified, against a chain."""

import json
from pathlib import Path

import pytest

from tests.e2e.clients.conftest import CONTRACTS, HERE, Target, last_line, run
from tests.support import KEYS
from tests.unit.chain_template.rpc.served import Client

pytestmark = pytest.mark.npm

CAST = CONTRACTS / "node_modules" / ".bin" / "cast"
FORGE = CONTRACTS / "node_modules" / ".bin" / "forge"


def number_at(target: Target, address: str) -> int:
    """What the contract says, asked without any client library."""
    client = Client(target.rpc_url)
    with client.http:
        return int(client.call("eth_call", {"to": address, "data": "0x8381f58a"}, "latest"), 16)


def test_viem(target: Target, npm_clients: Path) -> None:
    said = last_line(run(["node", "viem.mjs"], target.environment(1)))
    assert number_at(target, said["address"]) == 50


def test_viem_with_zk_stacks_formatters(rollup: Target, npm_clients: Path) -> None:
    said = last_line(run(["node", "viem.mjs"], rollup.environment(1, ZK="1")))
    assert number_at(rollup, said["address"]) == 50


def test_zksync_ethers(rollup: Target, npm_clients: Path) -> None:
    said = last_line(run(["node", "zksync.mjs"], rollup.environment(2)))
    assert number_at(rollup, said["address"]) == 42


def test_ethers(target: Target, npm_clients: Path) -> None:
    said = last_line(run(["node", "ethers.mjs"], target.environment(2)))
    assert number_at(target, said["address"]) == 52


def test_hardhat(target: Target, npm_clients: Path, tmp_path: Path) -> None:
    soljson = CONTRACTS / "node_modules" / "solc" / "soljson.js"
    environment = target.environment(3, HARDHAT_OUT=str(tmp_path), SOLJSON=str(soljson), CI="1")
    hardhat = npm_clients / ".bin" / "hardhat"
    said = last_line(run([hardhat, "run", "--network", "zkhub", "hardhat.cjs"], environment))
    assert number_at(target, said["address"]) == 42


def test_forge_script(target: Target, tmp_path: Path) -> None:
    environment = target.environment(4)
    run(
        [
            FORGE, "script", "script/Deploy.s.sol:Deploy", "--root", HERE, "--rpc-url", target.rpc_url, "--broadcast",
            "--private-key", environment["KEY"], "--out", tmp_path / "out", "--cache-path", tmp_path / "cache",
        ],
        environment | {"FOUNDRY_BROADCAST": str(tmp_path / "broadcast")},
    )  # fmt: skip
    (record,) = (tmp_path / "broadcast").rglob("run-latest.json")
    done = json.loads(record.read_text())
    assert [receipt["status"] for receipt in done["receipts"]] == ["0x1"] * 3
    assert number_at(target, done["transactions"][0]["contractAddress"]) == 50


def test_cast(target: Target) -> None:
    environment = target.environment(5)
    sender = KEYS[5].address

    def cast(*arguments: str) -> str:
        return run([CAST, *arguments], environment).strip()

    bytecode = json.loads(target.artifact.read_text())["bytecode"] + f"{40:064x}"
    deployed = json.loads(cast("send", "--private-key", environment["KEY"], "--json", "--create", bytecode))
    assert deployed["status"] == "0x1"
    address = deployed["contractAddress"]
    sent = json.loads(
        cast("send", "--private-key", environment["KEY"], "--json", address, "increase(uint256)", "2", "--value", "7")
    )
    assert sent["status"] == "0x1"
    assert cast("call", address, "number()(uint256)") == "42"
    assert cast("balance", address) == "7"
    assert cast("nonce", sender) == "2"
    assert cast("chain-id") == "271"
    assert int(cast("block-number")) >= 2
    assert cast("receipt", sent["transactionHash"], "status") in ("1 (success)", "true", "0x1", "1")
    assert sent["transactionHash"] in cast("tx", sent["transactionHash"], "--json")
    logs = json.loads(cast("logs", "--json", "--from-block", "0", "--address", address))
    assert [int(log["data"], 16) for log in logs] == [42]
    assert int(cast("storage", address, "0"), 16) == 42
    assert int(cast("estimate", address, "increase(uint256)", "1")) > 21_000
    assert cast("code", address).startswith("0x60")
    proof = json.loads(cast("proof", address, "0x0"))
    assert int(proof["storageProof"][0]["value"], 16) == 42
    assert int(cast("gas-price")) > 0
    assert cast("block", "finalized", "--field", "number").isdigit()
    trace = cast("rpc", "debug_traceTransaction", sent["transactionHash"], '{"tracer":"callTracer"}')
    assert json.loads(trace)["gasUsed"] == sent["gasUsed"]
