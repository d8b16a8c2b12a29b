"""A real hub: what a newcomer and an operator do with it, on a real cluster with a real L1."""

import json
import os
import socket
import stat
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error

from contracts.client import L1Client
from tests.hub import RealHub, confirm, traffic

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]


def chain_id(url: str) -> int:
    with L1Client(url) as client:
        return client.chain_id()


def test_everything_the_banner_promises_is_there(hub: RealHub) -> None:
    content = json.loads((hub.directory / "deployment.json").read_text())
    assert chain_id(content["l1"]["url"]) == 31_337
    assert {chain["name"]: chain_id(chain["rpc_url"]) for chain in content["chains"]} == {"alpha": 271, "beta": 272}
    with L1Client(content["l1"]["url"]) as client:
        assert all(client.get_code(address) for address in content["l1"]["contracts"].values())
        assert all(client.get_code(chain["contract"]) for chain in content["chains"])
    assert content["proofs"] == "none"
    hub.wait_healthy()


def test_accounts_are_funded_by_deposits_and_not_by_a_premine(hub: RealHub) -> None:
    for account in hub.get("/v1/accounts"):
        assert all(int(account["balances"][chain]) >= 900 * 10**18 for chain in ("alpha", "beta"))
    with L1Client(hub.rpc("beta")) as client:
        address = hub.get("/v1/accounts")[9]["address"]
        assert client.get_balance(address, 0) == 0
        assert client.get_balance(address) >= 1000 * 10**18


def test_transactions_reach_l1_in_executed_batches(hub: RealHub) -> None:
    with traffic(hub, "alpha", "beta") as flows:
        confirm(flows, 10)
    for flow, chain in zip(flows, ("alpha", "beta"), strict=True):
        flow.check()
        last = flow.confirmed[-1].block_number
        hub.wait_executed(chain, last)
        batches = hub.get(f"/v1/chains/{chain}/batches")
        holding = next(batch for batch in batches if batch["first_block"] <= last <= batch["last_block"])
        assert holding["stage"] == "executed" and holding["proof"] == "none"
        with L1Client(hub.get("/v1/l1")["url"]) as client:
            receipt = client.get_receipt(bytes.fromhex(holding["l1_transactions"]["executed"][2:]))
        assert receipt is not None and receipt.succeeded
        replay_batch(hub, chain, holding)


def replay_batch(hub: RealHub, chain: str, batch: dict[str, Any]) -> None:
    """The program that is proven comes to what L1 was told, natively and in the zkVM."""
    file = hub.directory / f"{chain}-{batch['number']}.input"
    hub.zkhub("batch", "input", chain, str(batch["number"]), str(file))
    for where in ((), ("--zkvm", "--max-cycles", "1000000000")):
        done = json.loads(hub.zkhub("batch", "replay", str(file), "--json", *where).stdout)
        assert done["public_input"] == batch["public_input"] and not done["message"]


def test_chains_are_launched_paused_resumed_and_removed_under_load(hub: RealHub) -> None:
    before = {chain["name"]: chain["pid"] for chain in hub.get("/v1/chains")}
    with traffic(hub, "alpha", "beta") as flows:
        created = hub.finish(hub.request("POST", "/v1/chains", {"name": "gamma", "id": 273}))
        assert all(step["status"] == "done" for step in created["steps"])
        hub.zkhub("chain", "create", "delta", "--id", "274", "--validium")
        confirm(flows, 3)
    for flow in flows:
        flow.check()
        assert flow.outages == 0, "the other chains do not notice"
    after = {chain["name"]: chain["pid"] for chain in hub.get("/v1/chains")}
    assert before.items() <= after.items() and chain_id(hub.rpc("gamma")) == 273

    with traffic(hub, "gamma", "delta") as flows:
        confirm(flows, 5)
    for flow in flows:
        flow.check()
    paused = hub.finish(hub.request("POST", "/v1/chains/gamma/pause"))
    assert paused["kind"] == "pause-chain"
    with L1Client(hub.rpc("gamma")) as client:
        head = client.block_number()
    hub.zkhub("chain", "resume", "gamma")
    with traffic(hub, "gamma") as [flow]:
        confirm([flow], 1)
    assert flow.confirmed[0].block_number > head

    hub.zkhub("chain", "remove", "delta", "--yes")
    removed = hub.get("/v1/chains/delta")
    assert removed["state"] == "removed"
    assert (hub.directory / "chains" / "delta").exists(), "its data stays"
    with pytest.raises(httpx.HTTPStatusError):
        hub.request("POST", "/v1/chains", {"name": "delta", "id": 274})
    hub.wait_healthy()


def test_what_a_removed_chain_had_is_settled(hub: RealHub) -> None:
    hub.finish(hub.request("POST", "/v1/chains", {"name": "epsilon", "id": 275}))
    with traffic(hub, "epsilon") as [flow]:
        confirm([flow], 5)
    flow.check()
    operation = hub.finish(hub.request("DELETE", "/v1/chains/epsilon"))
    settle = next(step for step in operation["steps"] if step["name"] == "settle everything")
    contract = hub.get("/v1/chains/epsilon")["contract"]
    from contracts.artifacts import load

    with L1Client(hub.get("/v1/l1")["url"]) as client:
        executed = client.read(load("ZKChain"), contract, "getTotalBatchesExecuted")
        committed = client.read(load("ZKChain"), contract, "getTotalBatchesCommitted")
    assert executed == committed >= 1 and settle["detail"].startswith(str(executed))


def test_the_gateway_and_the_figures(hub: RealHub) -> None:
    call = {"jsonrpc": "2.0", "id": 1, "method": "eth_chainId", "params": []}
    answer = httpx.post(f"{hub.url}/chains/alpha/rpc", json=[call, call], timeout=30).json()
    assert [one["result"] for one in answer] == ["0x10f", "0x10f"]
    assert httpx.post(f"{hub.url}/chains/l1/rpc", json=call, timeout=30).json()["result"] == "0x7a69"
    text = httpx.get(f"{hub.url}/metrics", timeout=30).text
    assert 'zkhub_chain_up{chain="alpha"} 1.0' in text and "zkhub_l1_up 1.0" in text


def test_bad_requests_change_nothing(hub: RealHub) -> None:
    before = [(chain["name"], chain["goal"]) for chain in hub.get("/v1/chains")]
    body = {"name": "omega", "id": 400}
    url = f"{hub.url}/v1/chains"
    for headers, status in (({}, 401), ({"Authorization": "Bearer no"}, 403)):
        assert httpx.post(url, json=body, headers=headers, timeout=30).status_code == status
    for wrong, status in (({"id": 271}, 409), ({"name": "alpha"}, 409), ({"idd": 1}, 422), ({"port": 70_000}, 422)):
        headers = {"Authorization": f"Bearer {hub.token}"}
        answer = httpx.post(url, json=body | wrong, headers=headers, timeout=30)
        assert answer.status_code == status and answer.json()["detail"], answer.text
    with socket.create_server(("127.0.0.1", 0)) as taken:
        result = hub.zkhub(
            "chain", "create", "omega", "--id", "400", "--port", str(taken.getsockname()[1]), check=False
        )
    assert result.returncode == 1 and "in use" in result.stderr
    assert [(chain["name"], chain["goal"]) for chain in hub.get("/v1/chains")] == before


def test_schemathesis_finds_no_server_error_in_the_live_api(hub: RealHub) -> None:
    contract = schemathesis.openapi.from_url(f"{hub.url}/openapi.json")
    # Without the token: what a stranger can reach. Changing calls are explored on the fake hub.
    for result in contract.get_all_operations():
        operation = result.ok()

        @settings(
            max_examples=8,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def explore(case: Any) -> None:
            case.call_and_validate(checks=[not_a_server_error])

        explore()
    hub.wait_healthy()


def test_everything_listens_on_loopback_only(hub: RealHub) -> None:
    ours = descendants(hub.pid)
    listening = [address for pid in ours for address in listening_addresses(pid)]
    assert len(listening) >= 6
    assert {address for address in listening if not address.startswith(("127.", "::ffff:127.", "::1"))} == set()


def test_secrets_are_closed_to_others(hub: RealHub) -> None:
    files = [path for path in (hub.directory / "keys").rglob("*") if path.is_file()]
    assert {"api-token", "deployer", "dev-accounts.json", "alpha.json", "ray-token"} <= {p.name for p in files}
    for path in [*files, hub.directory / "settings.json"]:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path


def test_secrets_are_in_no_log(hub: RealHub) -> None:
    secrets = [hub.token, (hub.directory / "keys" / "deployer").read_text().strip()]
    secrets += list(json.loads((hub.directory / "keys" / "chains" / "alpha.json").read_text()).values())
    for path in (hub.directory / "logs").iterdir():
        text = path.read_text(errors="replace")
        assert not any(secret in text for secret in secrets), path


def test_down_and_up_again_keeps_everything(hub: RealHub) -> None:
    with traffic(hub, "alpha") as flows:
        confirm(flows, 3)
    flows[0].check()
    before = {chain["name"]: (chain["id"], chain["rpc_url"], chain["state"]) for chain in hub.get("/v1/chains")}
    contracts = hub.get("/v1/l1")["contracts"]
    hub.down()
    hub.down()
    content = hub.up()
    assert content["l1"]["contracts"] == contracts
    after = {chain["name"]: (chain["id"], chain["rpc_url"], chain["state"]) for chain in hub.get("/v1/chains")}
    assert after == before
    flows[0].check()
    hub.wait_executed("alpha", flows[0].confirmed[-1].block_number)
    # Run once more on a running hub, it finds nothing missing.
    again = {chain["name"]: chain["pid"] for chain in hub.up()["chains"]}
    assert again == {chain["name"]: chain["pid"] for chain in content["chains"]}


def test_a_damaged_chain_is_shown_repaired_and_goes_on(hub: RealHub) -> None:
    with traffic(hub, "alpha", "beta") as flows:
        confirm(flows, 5)
    hub.down()
    database = hub.directory / "chains" / "alpha" / "chain.db"
    database.write_bytes(database.read_bytes()[: database.stat().st_size // 3])
    result = hub.zkhub("--set", "api.port=0", "up", check=False)
    assert result.returncode == 5, result.stderr
    chain = hub.get("/v1/chains/alpha")
    assert chain["state"] == "down" and chain["error"]
    assert hub.get("/v1/chains/beta")["state"] == "running"
    assert "alpha" in hub.zkhub("doctor", check=False).stdout
    refused = hub.zkhub("chain", "repair", "alpha", check=False)
    assert refused.returncode == 1 and "zkhub down" in refused.stderr
    hub.down()
    repaired = hub.zkhub("chain", "repair", "alpha")
    assert f"block {flows[0].confirmed[-1].block_number}" in repaired.stderr
    hub.up()
    for flow in flows:
        flow.check()
    with traffic(hub, "alpha") as [more]:
        confirm([more], 2)
    more.check()
    hub.wait_executed("alpha", more.confirmed[-1].block_number)


def test_a_port_in_use_is_refused_at_once(fresh: RealHub) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = fresh.zkhub("--set", f"l1.port={port}", "--set", "api.port=0", "up", check=False)
    assert result.returncode == 4 and "l1.port" in result.stderr
    assert not fresh.directory.exists()


def descendants(pid: int) -> list[int]:
    """A process and all that come from it."""
    children: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(path.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        children.setdefault(parent, []).append(int(path.parent.name))
    found, waiting = [], [pid]
    while waiting:
        found.append(waiting.pop())
        waiting += children.get(found[-1], [])
    return found


def listening_addresses(pid: int) -> list[str]:
    """Addresses of a process's listening TCP sockets."""
    inodes = set()
    try:
        for link in Path(f"/proc/{pid}/fd").iterdir():
            target = os.readlink(link)
            if target.startswith("socket:["):
                inodes.add(target[8:-1])
    except OSError:
        return []
    found = []
    for table, family, size in (("tcp", socket.AF_INET, 4), ("tcp6", socket.AF_INET6, 16)):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and fields[9] in inodes:
                words = bytes.fromhex(fields[1].partition(":")[0])
                # The kernel prints each 32-bit word in the machine's byte order.
                address = b"".join(words[i : i + 4][::-1] for i in range(0, size, 4))
                found.append(socket.inet_ntop(family, address))
    return found
