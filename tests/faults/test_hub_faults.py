"""kill -9 of every part of a hub under load: what was confirmed stays, nothing happens twice, batches are executed."""

import os
import signal
from collections.abc import Iterator
from itertools import pairwise

import pytest

from ecosystem.running import running_pid
from tests.hub import RealHub, Traffic, confirm, kill, traffic, wait_for

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealHub]:
    """A hub with alpha and beta, two prover workers."""
    real = RealHub(tmp_path_factory.mktemp("faults") / "data", ("provers.workers=2",))
    try:
        real.up()
        yield real
    finally:
        real.end()


def check_all(hub: RealHub, flows: list[Traffic]) -> None:
    """Nothing is lost, nothing happened twice, and L1 executes every batch."""
    for flow, chain in zip(flows, ("alpha", "beta"), strict=True):
        flow.check()
        hub.wait_executed(chain, flow.confirmed[-1].block_number)
        batches = hub.get(f"/v1/chains/{chain}/batches", limit=500)
        assert [batch["number"] for batch in batches] == list(range(len(batches), 0, -1))
        blocks = [(batch["first_block"], batch["last_block"]) for batch in reversed(batches)]
        assert all(later[0] == earlier[1] + 1 for earlier, later in pairwise(blocks))
    hub.wait_healthy()


def test_a_chain(hub: RealHub) -> None:
    before = hub.get("/v1/chains/alpha")
    beta_pid = hub.get("/v1/chains/beta")["pid"]
    with traffic(hub, "alpha", "beta") as flows:
        confirm(flows, 3)
        kill(before["pid"])
        confirm(flows, 5)
    check_all(hub, flows)
    after = hub.get("/v1/chains/alpha")
    assert after["pid"] != before["pid"] and after["restarts"] == before["restarts"] + 1
    assert after["rpc_url"] == before["rpc_url"]
    assert flows[0].outages > 0, "the kill was felt"
    assert flows[1].outages == 0 and hub.get("/v1/chains/beta")["pid"] == beta_pid


def test_the_l1(hub: RealHub) -> None:
    before = hub.get("/v1/l1")
    with traffic(hub, "alpha", "beta") as flows:
        confirm(flows, 3)
        kill(before["pid"])
        confirm(flows, 5)
    assert all(flow.outages == 0 for flow in flows), "chains confirm while their L1 is away"
    check_all(hub, flows)
    after = hub.get("/v1/l1")
    assert after["pid"] != before["pid"] and after["url"] == before["url"]
    assert after["contracts"] == before["contracts"]


def test_a_prover_worker(hub: RealHub) -> None:
    pids = {worker["name"]: worker["pid"] for worker in hub.get("/v1/provers")["workers"]}
    with traffic(hub, "alpha", "beta") as flows:
        confirm(flows, 3)
        for pid in pids.values():
            kill(pid)
        confirm(flows, 5)
    check_all(hub, flows)
    wait_for(
        lambda: all(
            worker["state"] != "lost" and worker["pid"] != pids[worker["name"]]
            for worker in hub.get("/v1/provers")["workers"]
        )
    )


def test_the_controller(hub: RealHub) -> None:
    before = hub.get("/v1/hub")["pid"]
    pids = {chain["name"]: chain["pid"] for chain in hub.get("/v1/chains")}
    with traffic(hub, "alpha", "beta") as flows:
        confirm(flows, 3)
        kill(before)
        confirm(flows, 5)
    assert all(flow.outages == 0 for flow in flows), "chains do not need the controller"
    check_all(hub, flows)
    assert hub.get("/v1/hub")["pid"] != before
    assert {chain["name"]: chain["pid"] for chain in hub.get("/v1/chains")} == pids


def test_the_controller_in_the_middle_of_a_creation(hub: RealHub) -> None:
    operation = hub.request("POST", "/v1/chains", {"name": "gamma", "id": 273})
    wait_for(lambda: _step(hub, operation["id"], "create on L1") == "done")
    kill(hub.get("/v1/hub")["pid"])
    hub.wait_healthy()
    done = hub.finish(operation)
    assert all(step["status"] == "done" for step in done["steps"])
    balances = {account["balances"]["gamma"] for account in hub.get("/v1/accounts")}
    assert all(1000 <= int(wei) / 10**18 < 1001 for wei in balances), "each deposit was made once"
    with traffic(hub, "gamma") as [flow]:
        confirm([flow], 2)
    flow.check()


def test_everything_at_once(hub: RealHub) -> None:
    """The whole hub dies; the next ``zkhub up`` goes on."""
    with traffic(hub, "alpha", "beta") as flows:
        confirm(flows, 3)
        processes = os.getpgid(hub.pid)
        os.killpg(processes, signal.SIGKILL)
        wait_for(lambda: running_pid(hub.directory) is None)
        hub.up()
        confirm(flows, 3)
    check_all(hub, flows)
    assert all(flow.outages > 0 for flow in flows)


def _step(hub: RealHub, operation: str, name: str) -> str:
    steps = hub.get(f"/v1/operations/{operation}")["steps"]
    return str(next(step["status"] for step in steps if step["name"] == name))
