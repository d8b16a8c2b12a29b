"""viem's and zksync-ethers' own bridge actions, unmodified, on a hub with two chains."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.client import L1Client
from tests.e2e.clients.conftest import last_line, run
from tests.hub import RealHub

pytestmark = [pytest.mark.cluster, pytest.mark.npm, pytest.mark.timeout(420)]
CHAINS = ("alpha", "beta")


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


@pytest.mark.parametrize("chain", CHAINS)
@pytest.mark.parametrize("script", ["bridge_viem.mjs", "bridge_zksync.mjs"])
def test_the_round_trip(hub: RealHub, token: str, npm_clients: Path, chain: str, script: str) -> None:
    said = last_line(run(["node", script], environment(hub, chain, token), limit_s=240))
    # Asked without any client library.
    with L1Client(hub.rpc(chain)) as client:
        assert client.get_balance(said["stranger"]) == int(said["amount"])
        assert client.get_code(said["copy"])
