"""A chain whose base token is an ERC-20: it, ether and other tokens go there and back; ether goes on from there."""

import pytest

from shared_bridge import AmountError, interfaces
from tests.e2e.bridge.lab import ALICE, BOB, ETHER, RELAYER, bridge_lab
from tests.e2e.settlement.conftest import on_anvil_in_soak


@pytest.fixture(scope="module", params=["embedded", on_anvil_in_soak])
def lab(request, tmp_path_factory):
    """Chain g is based on gold, chain a on ether; Alice and the relayer can pay on both."""
    with bridge_lab(request.param, tmp_path_factory.mktemp(request.param), chains=1, with_gold=True) as made:
        for account in (ALICE, RELAYER):
            made.fund(account, "a", amount=5 * ETHER)
        for account in (ALICE, RELAYER):
            made.wait(made.bridge.deposit(ALICE, "g", made.gold, 5 * ETHER, account.address))
        yield made


def test_the_base_token_goes_there_and_back(lab):
    bridge = lab.bridge
    receiver, on_l1 = "0x" + "d1" * 20, "0x" + "d2" * 20
    lab.wait(bridge.deposit(ALICE, "g", lab.gold, 123, receiver))
    assert lab.bridge.hub.chain("g").node.balance(receiver) == 123
    assert bridge.balance(receiver, "base", "g") == 123 == bridge.balance(receiver, bridge.asset_id(lab.gold), "g")
    withdrawal = bridge.withdraw(ALICE, "g", "base", 45, on_l1)
    lab.relay(withdrawal)
    assert bridge.balance(on_l1, lab.gold) == 45


def test_ether_is_a_token_there(lab):
    bridge = lab.bridge
    on_l1 = "0x" + "d3" * 20
    lab.wait(bridge.deposit(ALICE, "g", "eth", 900, BOB.address))
    token = bridge.token_address(bridge.asset_id("eth"), "g")
    assert token != interfaces.L2_BASE_TOKEN
    assert bridge.balance(BOB.address, token, "g") == 900
    lab.wait(bridge.deposit(ALICE, "g", "eth", 700))
    lab.relay(bridge.withdraw(ALICE, "g", token, 300, on_l1))
    assert bridge.balance(on_l1, "eth") == 300


def test_ether_and_gold_change_places_between_chains(lab):
    bridge = lab.bridge
    receiver = "0x" + "d4" * 20
    lab.relay(bridge.send(ALICE, "a", "g", "eth", 111, receiver))
    assert bridge.balance(receiver, "eth", "g") == 111
    there = bridge.send(ALICE, "g", "a", "base", 222, receiver)
    lab.relay(there)
    assert bridge.balance(receiver, bridge.asset_id(lab.gold), "a") == 222
    lab.fund(BOB, "a", amount=ETHER)
    lab.relay(bridge.send(ALICE, "g", "a", "base", 33, BOB.address))
    lab.relay(bridge.send(BOB, "a", "g", there.asset_id, 33, receiver))
    assert bridge.balance(receiver, "base", "g") == 33


def test_another_token_goes_there(lab):
    bridge = lab.bridge
    silver = lab.deploy_token(ALICE, name="Silver")
    lab.wait(bridge.deposit(ALICE, "g", silver, 64, BOB.address))
    assert bridge.balance(BOB.address, bridge.asset_id(silver), "g") == 64


def test_gas_is_paid_in_the_base_token(lab):
    """Bob has ether on L1 and no gold, so nothing of his can go to a chain based on gold."""
    with pytest.raises(AmountError, match="is needed"):
        lab.bridge.deposit(BOB, "g", "eth", 1)


def test_everything_adds_up_afterwards(lab):
    reports = {report.asset_id: report for report in lab.bridge.audit()}
    assert reports[lab.bridge.asset_id(lab.gold)].held > 9 * ETHER
