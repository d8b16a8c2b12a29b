"""A hub on a Ray cluster that others run, and a hub on an L1 that others run."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.client import L1Client
from contracts.errors import L1Error
from ecosystem.ports import first_free
from tests.hub import RealHub, confirm, traffic, wait_for

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]
ROOT = Path(__file__).parents[3]
ANVIL = sorted((ROOT / "contracts" / "node_modules" / "@foundry-rs").glob("anvil-*/bin/anvil"))
#: The first of the development accounts, rich on anvil too.
RICH_KEY = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"
CLUSTER = """
import sys
from pathlib import Path
from cluster import RayCluster, RaySettings
from cluster.placement import running_actors

with RayCluster.start(RaySettings(data_dir=Path(sys.argv[1]))) as cluster:
    print(cluster.address, flush=True)
    for line in sys.stdin:
        print(",".join(running_actors()), flush=True)
"""


class OthersCluster:
    """A cluster in a process of its own."""

    def __init__(self, directory: Path) -> None:
        self.token = directory / "keys" / "ray-token"
        self._process = subprocess.Popen(
            [sys.executable, "-c", CLUSTER, str(directory)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        self.address = self._read()

    def actors(self) -> list[str]:
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return [name for name in self._read().split(",") if name]

    def end(self) -> None:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()

    def _read(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


@pytest.fixture
def others(tmp_path: Path) -> Iterator[OthersCluster]:
    cluster = OthersCluster(tmp_path / "others")
    yield cluster
    cluster.end()


def test_a_cluster_is_joined_by_its_token_and_left_as_it_was(fresh: RealHub, others: OthersCluster) -> None:
    refused = fresh.zkhub("--set", "api.port=0", "--set", "l1.port=0", "up", "--address", others.address, check=False)
    assert refused.returncode == 4 and "token" in refused.stderr
    fresh.settings = (f"ray.address={others.address}", f"ray.token_file={others.token}")
    fresh.up()
    with traffic(fresh, "alpha") as [flow]:
        confirm([flow], 3)
    flow.check()
    fresh.wait_executed("alpha", flow.confirmed[-1].block_number)
    assert {"l1", "chain-alpha", "chain-beta", "hub-controller", "prover-pool"} <= set(others.actors())
    fresh.down()
    assert others.actors() == []


@pytest.fixture
def anvil() -> Iterator[str]:
    port = first_free("127.0.0.1", 18_545)
    process = subprocess.Popen([ANVIL[-1], "--port", str(port), "--silent"], stdout=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    with L1Client(url, retries=0) as client:
        wait_for(lambda: _answers(client))
    yield url
    process.send_signal(signal.SIGKILL)
    process.wait()


def _answers(client: L1Client) -> bool:
    try:
        return client.chain_id() == 31_337
    except L1Error:
        return False


@pytest.mark.npm
@pytest.mark.skipif(not ANVIL, reason="anvil is not installed: make npm")
def test_an_external_l1(fresh: RealHub, anvil: str, tmp_path: Path) -> None:
    key = tmp_path / "deployer"
    key.write_text(RICH_KEY)
    wrong = ("--set", f"l1.url={anvil}", "--set", "l1.chain_id=5", "--set", f"l1.deployer_key_file={key}")
    refused = fresh.zkhub(*wrong, "--set", "api.port=0", "up", check=False)
    assert refused.returncode == 4 and "31337" in refused.stderr
    away = fresh.zkhub("--set", "l1.url=http://127.0.0.1:9", *wrong[2:], "--set", "api.port=0", "up", check=False)
    assert away.returncode != 0 and "cannot be reached" in away.stderr
    assert not fresh.directory.exists()

    hub = RealHub(
        tmp_path / "external",
        (
            f"l1.url={anvil}",
            "l1.chain_id=31337",
            f"l1.deployer_key_file={key}",
            f"dev_accounts.chain_balance_wei={10**18}",
        ),
    )
    try:
        content = hub.up()
        assert content["l1"]["kind"] == "external" and content["l1"]["url"] == anvil
        with traffic(hub, "alpha", "beta") as flows:
            confirm(flows, 3)
        for flow, chain in zip(flows, ("alpha", "beta"), strict=True):
            flow.check()
            hub.wait_executed(chain, flow.confirmed[-1].block_number)
        assert RICH_KEY not in (hub.directory / "deployment.json").read_text()
        assert json.loads((hub.directory / "settings.json").read_text())["l1"]["chain_id"] == 31_337
    finally:
        hub.end()
