"""kill -9 of whoever takes part in settling a real proof, between its parts: it is settled, no part is paid twice."""

from collections import Counter
from collections.abc import Iterator

import pytest

from contracts.artifacts import load
from contracts.client import L1Client
from contracts.errors import L1Unavailable
from contracts.verifier import VERIFIER
from tests.hub import RealHub, confirm, kill, traffic, wait_for

pytestmark = [pytest.mark.cluster, pytest.mark.soak, pytest.mark.timeout(1800)]
PATIENCE_S = 600.0


@pytest.fixture
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealHub]:
    """A hub that proves, on an L1 slow enough for a kill to come between two parts."""
    real = RealHub(tmp_path_factory.mktemp("faults") / "data", ("proofs=stark", "l1.block_interval_ms=2000"))
    try:
        real.up()
        yield real
    finally:
        real.end()


def accepted(hub: RealHub) -> Counter[tuple[bytes, int]]:
    """How often L1 has accepted each part: (public input, number); none while it is dead."""
    l1 = hub.get("/v1/l1")
    topic = load(VERIFIER).event("PartVerified").topic
    try:
        with L1Client(l1["url"]) as client:
            logs = client.get_logs(l1["contracts"]["verifier"], [topic], 0)
    except L1Unavailable:
        return Counter()
    return Counter((log.topics[3], int.from_bytes(log.data, "big")) for log in logs)


def test_each_dies_between_two_parts(hub: RealHub) -> None:
    def kill_chain() -> None:
        kill(hub.get("/v1/chains/alpha")["pid"])

    def kill_l1() -> None:
        kill(hub.get("/v1/l1")["pid"])

    def kill_worker() -> None:
        for worker in hub.get("/v1/provers")["workers"]:
            kill(worker["pid"])

    # In the middle of the first proof, then after every part that L1 has taken.
    wait_for(lambda: any(worker["state"] == "busy" for worker in hub.get("/v1/provers")["workers"]), PATIENCE_S)
    kill_worker()
    # A few batches: proofs are made more slowly than blocks.
    with traffic(hub, "alpha") as flows:
        confirm(flows, 3)
    for count, victim in enumerate((kill_chain, kill_l1, kill_worker, kill_chain, kill_l1), start=1):
        wait_for(lambda count=count: accepted(hub).total() >= count, PATIENCE_S)  # type: ignore[misc]
        victim()
    hub.wait_healthy()
    hub.wait_executed("alpha", flows[0].confirmed[-1].block_number, PATIENCE_S)
    flows[0].check()
    parts = accepted(hub)
    assert set(parts.values()) == {1}
    for claim in {claim for claim, _ in parts}:
        numbers = sorted(number for known, number in parts if known == claim)
        assert numbers == list(range(len(numbers)))
