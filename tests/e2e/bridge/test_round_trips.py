"""Value goes to chains, between them and back, and is all there, to the wei."""

import asyncio

import pytest

from shared_bridge import AsyncBridge, MessageStage, Refund
from tests.e2e.bridge.conftest import three_chains
from tests.e2e.bridge.lab import ALICE, BOB, ETHER, RELAYER
from tests.e2e.settlement.conftest import on_anvil


@pytest.fixture(scope="module", params=["embedded", on_anvil])
def lab(request, tmp_path_factory):
    yield from three_chains(request.param, tmp_path_factory)


def test_ether_goes_to_a_chain_and_back(lab):
    bridge = lab.bridge
    seen = []
    deposit = bridge.deposit(ALICE, "a", "eth", 3 * ETHER, BOB.address)
    bridge.wait(deposit, progress=lambda message, status: seen.append(status.stage))
    assert seen[-1] is MessageStage.CLAIMED and set(seen) <= {MessageStage.INCLUDED, MessageStage.CLAIMED}
    assert bridge.balance(BOB.address, "eth", "a") == 3 * ETHER
    assert bridge.find_deposits(deposit.l1_transaction_hash) == [deposit]

    receiver = "0x" + "e1" * 20
    withdrawal = bridge.withdraw(BOB, "a", "eth", ETHER, receiver)
    assert bridge.find("a", withdrawal.l2_transaction_hash) == [withdrawal]
    claim = lab.relay(withdrawal)
    assert not claim.was_claimed_before
    assert bridge.balance(receiver, "eth") == ETHER
    again = bridge.claim(RELAYER, withdrawal)
    assert again.was_claimed_before and bridge.balance(receiver, "eth") == ETHER
    assert bridge.status(withdrawal).stage is MessageStage.CLAIMED


def test_a_token_registers_itself_and_goes_to_a_chain_and_back(lab):
    bridge = lab.bridge
    token = lab.deploy_token(ALICE)
    deposit = bridge.deposit(ALICE, "a", token, 100, BOB.address)
    lab.wait(deposit)
    asset = bridge.asset_id(token)
    there = bridge.token_address(asset, "a")
    assert bridge.balance(BOB.address, there, "a") == 100 == bridge.balance(BOB.address, asset, "a")
    lab.fund(BOB, "a", amount=ETHER)
    receiver = "0x" + "e2" * 20
    withdrawal = bridge.withdraw(BOB, "a", there, 60, receiver)
    lab.relay(withdrawal)
    assert bridge.balance(receiver, token) == 60
    assert bridge.balance(BOB.address, there, "a") == 40
    assert bridge.balance(bridge.hub.vault, token) == 40


def test_a_token_born_on_a_chain_goes_to_l1_and_home(lab):
    bridge = lab.bridge
    lab.fund(ALICE, "a", amount=ETHER)
    token = lab.deploy_token(ALICE, "a")
    withdrawal = bridge.withdraw(ALICE, "a", token, 70)
    lab.relay(withdrawal)
    on_l1 = bridge.token_address(withdrawal.asset_id)
    assert bridge.balance(ALICE.address, on_l1) == 70
    home = bridge.deposit(ALICE, "a", on_l1, 30, BOB.address)
    lab.wait(home)
    assert bridge.balance(BOB.address, token, "a") == 30
    assert bridge.balance(ALICE.address, on_l1) == 40


def test_a_deposit_whose_l2_half_fails_comes_back_once(lab):
    bridge = lab.bridge
    token = lab.deploy_token(ALICE)
    before = bridge.balance(ALICE.address, token)
    # Enough for L1 to take it, and too little to create the bridged token.
    deposit = bridge.deposit(ALICE, "a", token, 500, l2_gas_limit=350_000)
    assert bridge.balance(ALICE.address, token) == before - 500
    with pytest.raises(AssertionError, match="L2 half failed"):
        lab.wait(deposit)
    until(lambda: bridge.status(deposit).refund is Refund.CLAIMABLE)
    assert not bridge.claim(RELAYER, deposit).was_claimed_before
    assert bridge.balance(ALICE.address, token) == before
    assert bridge.claim(BOB, deposit).was_claimed_before
    assert bridge.status(deposit).refund is Refund.CLAIMED
    assert bridge.balance(ALICE.address, token) == before


def test_the_asyncio_bridge_does_the_same(lab):
    chains = {name: node.rpc_url for name, node in lab.nodes.items()}
    receiver = "0x" + "e3" * 20

    async def go():
        async with AsyncBridge(lab.url, chains, bridgehub=lab.ecosystem.bridgehub) as bridge:
            deposits = await asyncio.gather(
                *(bridge.deposit(ALICE, chain, "eth", amount, receiver) for chain, amount in (("a", 5), ("b", 7)))
            )
            await asyncio.gather(*(bridge.wait(deposit, timeout_s=60) for deposit in deposits))
            return [await bridge.balance(receiver, "base", chain) for chain in ("a", "b")]

    assert asyncio.run(go()) == [5, 7]


def until(condition, timeout_s=60.0):
    import time

    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true"
        time.sleep(0.05)
