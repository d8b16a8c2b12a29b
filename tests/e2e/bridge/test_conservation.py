"""The live check of the books: it counts what is on its way, and sees what is missing."""

import pytest

from shared_bridge import ConservationBroken
from tests.e2e.bridge.lab import ALICE, ETHER


def test_the_audit_sees_what_is_missing(lab, monkeypatch):
    bridge = lab.bridge
    lab.wait(bridge.deposit(ALICE, "a", "eth", ETHER))
    before = {report.asset_id: report for report in bridge.audit()}
    assert before[bridge.asset_id("eth")].held >= ETHER
    withdrawal = bridge.withdraw(ALICE, "a", "eth", 1_000)
    after = {report.asset_id: report for report in bridge.audit()}
    assert after[withdrawal.asset_id].in_flight >= 1_000
    honest = bridge.hub.l1.balance
    monkeypatch.setattr(bridge.hub.l1, "balance", lambda owner, block="latest": honest(owner, block) - 1)
    with pytest.raises(ConservationBroken, match="vault holds"):
        bridge.audit()
