"""A node as an actor: it serves, and after any death it serves again on the same port with everything confirmed."""

import json
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account

from chain_template.config import BlockSettings, ChainConfig, GenesisSettings
from chain_template.errors import StoreCorrupt
from cluster import NodeHandle, NodeInfo, RayCluster, running_actors, start_l1
from cluster.errors import ActorError, ActorMissing
from tests.cluster.support import kill_hard, wait_for

pytestmark = pytest.mark.cluster

KEY = "0x" + "11" * 32
RICH = Account.from_key(KEY)
CHAIN_ID = 31_337


def l1_config(directory: Path, **changes: Any) -> ChainConfig:
    return ChainConfig(
        name="l1",
        chain_id=CHAIN_ID,
        data_dir=directory,
        genesis=GenesisSettings(timestamp=1_700_000_000, premine={RICH.address: 10**21}),
        fee_recipient="0x" + "22" * 20,
        block=BlockSettings(interval_ms=10),
        **changes,
    )


def rpc(url: str, method: str, *parameters: Any) -> Any:
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters}).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as response:
        answer = json.loads(response.read())
    assert "error" not in answer, answer
    return answer["result"]


def send(url: str, nonce: int, wei: int = 1) -> str:
    transaction = {
        "chainId": CHAIN_ID,
        "nonce": nonce,
        "to": "0x" + "33" * 20,
        "value": wei,
        "gas": 21_000,
        "maxFeePerGas": 10**11,
        "maxPriorityFeePerGas": 10**9,
    }
    signed = Account.sign_transaction(transaction, KEY)
    result: str = rpc(url, "eth_sendRawTransaction", signed.raw_transaction.to_0x_hex())
    return result


def receipt(url: str, transaction: str) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] | None = rpc(url, "eth_getTransactionReceipt", transaction)
    except OSError:
        return None
    return found


def start(config: ChainConfig) -> tuple[NodeHandle, NodeInfo]:
    handle = start_l1(config)
    return handle, handle.ready()


def test_a_node_serves_and_says_how_it_is(hub: RayCluster, tmp_path: Path) -> None:
    handle, info = start(l1_config(tmp_path))
    assert (info.name, info.chain_id, info.restarts) == ("l1", CHAIN_ID, 0)
    assert rpc(info.rpc_url, "eth_chainId") == hex(CHAIN_ID)
    transaction = send(info.rpc_url, 0)
    wait_for(lambda: receipt(info.rpc_url, transaction))
    assert handle.status().head_number == 1
    figures = handle.metrics()
    assert figures["head_block"] == 1
    assert figures["failing_loops"] == 0
    assert handle.batches(1, 10) == []
    assert NodeHandle.lookup("l1").ready() == info


def test_a_killed_node_serves_again_on_its_port_with_every_confirmed_block(hub: RayCluster, tmp_path: Path) -> None:
    handle, info = start(l1_config(tmp_path))
    confirmed = []
    for nonce in range(5):
        transaction = send(info.rpc_url, nonce)
        confirmed.append(wait_for(lambda sent=transaction: receipt(info.rpc_url, sent)))
    kill_hard(info.pid)
    after = [wait_for(lambda sent=before: receipt(info.rpc_url, sent["transactionHash"])) for before in confirmed]
    assert after == confirmed
    again = wait_for(lambda: ready_or_none(handle))
    assert (again.rpc_url, again.restarts) == (info.rpc_url, 1)
    assert again.pid != info.pid
    sixth = send(info.rpc_url, 5)
    wait_for(lambda: receipt(info.rpc_url, sixth))
    assert rpc(info.rpc_url, "eth_getTransactionCount", RICH.address, "latest") == "0x6"


def ready_or_none(handle: NodeHandle) -> NodeInfo | None:
    try:
        return handle.ready()
    except ActorError:
        return None


def test_a_stopped_node_is_gone_and_can_be_started_where_it_was(hub: RayCluster, tmp_path: Path) -> None:
    handle, info = start(l1_config(tmp_path))
    transaction = send(info.rpc_url, 0)
    wait_for(lambda: receipt(info.rpc_url, transaction))
    handle.stop()
    wait_for(lambda: running_actors() == [])
    with pytest.raises(ActorMissing):
        NodeHandle.lookup("l1")
    with pytest.raises(ActorError):
        handle.status()
    _, again = start(l1_config(tmp_path))
    assert again.rpc_url == info.rpc_url
    assert receipt(again.rpc_url, transaction) is not None


def test_a_paused_node_answers_and_takes_nothing(hub: RayCluster, tmp_path: Path) -> None:
    handle, info = start(l1_config(tmp_path))
    handle.pause()
    assert handle.status().paused
    with pytest.raises(AssertionError, match="paused"):
        send(info.rpc_url, 0)
    handle.resume()
    transaction = send(info.rpc_url, 0)
    wait_for(lambda: receipt(info.rpc_url, transaction))


def test_a_damaged_store_is_named_and_the_actor_can_be_repaired(hub: RayCluster, tmp_path: Path) -> None:
    handle, _ = start(l1_config(tmp_path))
    handle.stop()
    wait_for(lambda: running_actors() == [])
    (database,) = tmp_path.glob("*.db")
    sound = database.read_bytes()
    database.write_bytes(b"damaged" * 1_000)
    broken = start_l1(l1_config(tmp_path))
    with pytest.raises(StoreCorrupt, match=database.name):
        broken.ready()
    with pytest.raises(StoreCorrupt):
        broken.status()
    for side_file in tmp_path.glob("*.db-*"):
        side_file.unlink()
    database.write_bytes(sound)
    assert rpc(broken.ready().rpc_url, "eth_blockNumber") == "0x0"


def test_a_status_is_given_while_the_node_is_busy_elsewhere(hub: RayCluster, tmp_path: Path) -> None:
    handle, info = start(l1_config(tmp_path))
    for nonce in range(200):
        send(info.rpc_url, nonce)
    assert handle.status(timeout_s=5).chain_id == CHAIN_ID
    wait_for(lambda: handle.status().mempool_size == 0)
