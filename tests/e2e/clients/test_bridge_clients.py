"""viem's and zksync-ethers' own bridge actions, unmodified, on a hub with two chains."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.client import L1Client
from tests.e2e.bridge.lab import ALICE, ETHER, BridgeLab, bridge_lab
from tests.e2e.clients.conftest import last_line, run
from tests.e2e.settlement.conftest import on_anvil_in_soak
from tests.hub import RealHub

pytestmark = [pytest.mark.npm, pytest.mark.timeout(420)]
CHAINS = ("alpha", "beta")
SCRIPTS = ("bridge_viem.mjs", "bridge_zksync.mjs")


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealHub]:
    """A hub that leaves the claims to the clients, with a token on L1 that they all have."""
    real = RealHub(tmp_path_factory.mktemp("hub") / "data", ("relay.auto=false",))
    try:
        real.up()
        yield real
    finally:
        real.end()


@pytest.fixture(scope="module")
def token(hub: RealHub) -> str:
    body = {"symbol": "TEST", "supply": str(10**24), "account": hub.get("/v1/accounts")[0]["address"]}
    address: str = hub.request("POST", "/v1/tokens", body)["addresses"]["l1"]
    return address


def environment(hub: RealHub, chain: str, token: str) -> dict[str, str]:
    urls = {"L1_URL": hub.get("/v1/l1")["url"], "RPC_URL": hub.rpc(chain)}
    return {**os.environ, **urls, "KEY": hub.accounts[0], "TOKEN": token}


@pytest.mark.cluster
@pytest.mark.parametrize(
    ("script", "chain"),
    [
        *zip(SCRIPTS, CHAINS, strict=True),
        *(pytest.param(*each, marks=pytest.mark.soak) for each in zip(SCRIPTS, reversed(CHAINS), strict=True)),
    ],
)
def test_the_round_trip(hub: RealHub, token: str, npm_clients: Path, chain: str, script: str) -> None:
    round_trip(script, hub.rpc(chain), environment(hub, chain, token))


@pytest.fixture(scope="module", params=[on_anvil_in_soak])
def lab(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BridgeLab]:
    """Two chains on an L1 that is not our own program, and Alice who can pay on both."""
    with bridge_lab(request.param, tmp_path_factory.mktemp(request.param)) as made:
        made.fund(ALICE, "a", "b", amount=5 * ETHER)
        yield made


@pytest.mark.parametrize("script", SCRIPTS)
def test_the_round_trip_on_another_l1(lab: BridgeLab, npm_clients: Path, script: str) -> None:
    for chain, node in lab.nodes.items():
        urls = {"L1_URL": lab.url, "RPC_URL": node.rpc_url}
        given = {**os.environ, **urls, "KEY": "0x" + bytes(ALICE.key).hex(), "TOKEN": lab.deploy_token(ALICE)}
        round_trip(script, node.rpc_url, given)
        assert not node.status().errors, chain
    lab.bridge.audit()


def round_trip(script: str, rpc_url: str, given: dict[str, str]) -> None:
    said = last_line(run(["node", script], given, limit_s=240))
    # Asked without any client library.
    with L1Client(rpc_url) as client:
        assert client.get_balance(said["stranger"]) == int(said["amount"])
        assert client.get_code(said["copy"])
