"""The operator never answers, and L1 wants proofs: a user makes them himself."""

import time

import pytest

from chain_template.state import StateReader
from ecosystem.proof_system import Stark
from ecosystem.way_out import WayOut
from shared_bridge.escape import Escape
from tests.e2e.settlement.lab import CHAIN_ID, OTHER, RICH_KEY, real_proofs, wait_until

PROFILE, DEADLINE_S = "fast", 3

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def test_requests_are_settled_with_a_proof_of_the_users_own(make_embedded_lab):
    system = Stark(PROFILE)
    lab = make_embedded_lab(
        deploy_verifier=system.deploy,
        program_id=system.program_id,
        chain_params={"priority_expiration_s": DEADLINE_S},
        proofs="stark",
        profile=PROFILE,
    )
    lab.prover.proof = real_proofs(PROFILE)
    lab.start()
    lab.receipt(lab.deposit().canonical_hash)
    lab.wait_settled(120.0)
    lab.stop()
    lab.deposit(to=OTHER.address, value=5)
    place = (lab.client.url, lab.ecosystem.bridgehub, CHAIN_ID)
    told = []
    with WayOut(*place) as way_out, Escape(*place) as escape:
        wait_until(lambda: escape.queue().is_overdue, what="the deadline")
        time.sleep(1)
        escape.activate(RICH_KEY)
        before = lab.counters()[2]
        (settled,) = way_out.settle(RICH_KEY, told.append)
        assert (settled.batch_number, settled.requests) == (before + 1, (1,))
        assert way_out.settle(RICH_KEY) == []
        state = way_out.state()
    assert StateReader(state.nodes, state.header.state_root).balance(bytes.fromhex(OTHER.address[2:])) == 5
    assert lab.counters() == (before + 1,) * 3
    assert any("proving batch" in line for line in told) and any("handing in part 2" in line for line in told)
