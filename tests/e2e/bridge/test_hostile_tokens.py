"""Tokens that attack the bridge while it moves them: they are refused, or harm nobody, and every sum comes out."""

import pytest

from shared_bridge import BridgeRefused, MessageStage, interfaces, log_proof
from shared_bridge.claims import inclusion
from shared_bridge.formats import deposit_asset_data, second_bridge_data
from tests.e2e.bridge.hostile import HostileToken, needs_solc
from tests.e2e.bridge.lab import ALICE, BOB, ETHER, RELAYER
from tests.e2e.settlement.lab import wait_until

pytestmark = needs_solc
GUARDED = "ReentrancyGuardReentrantCall"
L2_GAS = 3_000_000


@pytest.fixture(scope="module")
def paid(lab):
    lab.fund(ALICE, "a", "b", amount=5 * ETHER)
    lab.fund(RELAYER, "a", "b", amount=5 * ETHER)
    return lab


# -- calldata of what a token orders ---------------------------------------------------------------------------------


def deposits_of(lab, token, asset, amount):
    """Orders to deposit the token itself, and ether, to chain a in the token's own name; each is paid for."""
    hub, fees = lab.bridge.hub, lab.client.fees()
    cost = hub.l1.read(hub.bridgehub, interfaces.BASE_COST, 271, 4 * fees.max_fee_per_gas, L2_GAS, 800)
    data = second_bridge_data(asset, deposit_asset_data(amount, BOB.address, token.address))
    head = (271, cost, 0, L2_GAS, 800, BOB.address, hub.asset_router)
    tokens = interfaces.REQUEST_TWO_BRIDGES.encode((*head, 0, data))
    ether = interfaces.REQUEST_DIRECT.encode((271, cost + 5, BOB.address, 5, b"", L2_GAS, 800, (), BOB.address))
    return [(hub.bridgehub, cost, tokens), (hub.bridgehub, cost + 5, ether)]


def claim_of(lab, withdrawal):
    """An order to claim a withdrawal on L1."""
    hub = lab.bridge.hub
    found = inclusion(hub, withdrawal)
    raw = found.raw
    head = (withdrawal.chain_id, found.batch_number, found.index, raw.sender, found.tx_number)
    return (hub.nullifier, 0, interfaces.FINALIZE_DEPOSIT_L1.encode((*head, raw.data, found.proof)))


def bundle_of(lab, transfer):
    """An order to execute a transfer's bundle on its destination."""
    found = inclusion(lab.bridge.hub, transfer, target="messageRoot")
    proof = (transfer.chain_id, found.batch_number, found.index, found.tx_number, found.proof)
    return (interfaces.INTEROP_HANDLER, 0, interfaces.EXECUTE_BUNDLE.encode(found.raw.data[1:], proof))


def imported(lab, transfer, chain):
    """A chain has the root that proves a transfer, so that its bundle can be executed at once."""
    l1_block, _ = log_proof.target_of(inclusion(lab.bridge.hub, transfer, target="messageRoot").proof)
    lab.nodes[chain].request_interop_root(l1_block)
    wait_until(lambda: lab.nodes[chain].interop_roots.imported(l1_block), what="the import")


# -- tokens that come back in ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def on_l1(paid):
    """A token of L1 on chain a, with two withdrawals of it that can be claimed; it could pay for deposits."""
    bridge = paid.bridge
    token = HostileToken(paid, "ReentrantToken", ALICE)
    token.pay(ETHER)
    token.call("mint", token.address, 1_000)
    token.act(token.address, interfaces.APPROVE.encode(bridge.hub.asset_router, 1_000))
    paid.wait(bridge.deposit(ALICE, "a", token.address, 1_000))
    asset = bridge.asset_id(token.address)
    withdrawals = [bridge.withdraw(ALICE, "a", asset, amount, BOB.address) for amount in (30, 40)]
    for withdrawal in withdrawals:
        paid.wait(withdrawal, MessageStage.CLAIMABLE)
    return token, asset, withdrawals


def test_what_it_orders_would_succeed_by_itself(paid, on_l1):
    """Otherwise the refusals below would say nothing."""
    token, asset, _ = on_l1
    bridge = paid.bridge
    before = bridge.balance(bridge.hub.vault, token.address)
    for target, wei, data in deposits_of(paid, token, asset, 7):
        token.act(target, data, wei)
    assert bridge.balance(bridge.hub.vault, token.address) == before + 7
    bridge.audit()


def test_deposits_and_claims_inside_a_deposit_are_refused(paid, on_l1):
    token, asset, withdrawals = on_l1
    bridge = paid.bridge
    held, wei = bridge.balance(bridge.hub.vault, token.address), paid.client.get_balance(token.address)
    had = bridge.balance(ALICE.address, token.address)
    token.arm(*deposits_of(paid, token, asset, 5), *(claim_of(paid, each) for each in withdrawals))
    deposit = bridge.deposit(ALICE, "a", token.address, 11, BOB.address)
    assert token.refusals() == [GUARDED] * 4
    assert bridge.balance(bridge.hub.vault, token.address) == held + 11
    assert bridge.balance(ALICE.address, token.address) == had - 11
    assert paid.client.get_balance(token.address) == wei
    assert all(bridge.status(each).stage is MessageStage.CLAIMABLE for each in withdrawals)
    bridge.audit()
    paid.wait(deposit)
    bridge.audit()


def test_a_token_that_insists_cannot_be_deposited(paid, on_l1):
    token, asset, withdrawals = on_l1
    bridge = paid.bridge
    paid.sender(ALICE).transact(token.address, interfaces.APPROVE.encode(bridge.hub.asset_router, 10**6))
    for order in (deposits_of(paid, token, asset, 5)[0], claim_of(paid, withdrawals[0])):
        token.arm(order, insists=True)
        nonce, held = paid.client.get_nonce(ALICE.address), bridge.balance(bridge.hub.vault, token.address)
        with pytest.raises(BridgeRefused):
            bridge.deposit(ALICE, "a", token.address, 11)
        assert paid.client.get_nonce(ALICE.address) == nonce
        assert bridge.balance(bridge.hub.vault, token.address) == held
    token.arm()
    bridge.audit()


def test_claims_and_deposits_inside_a_claim_are_refused(paid, on_l1):
    token, asset, (first, second) = on_l1
    bridge = paid.bridge
    held, had = bridge.balance(bridge.hub.vault, token.address), bridge.balance(BOB.address, token.address)
    token.arm(claim_of(paid, first), claim_of(paid, second), *deposits_of(paid, token, asset, 5))
    assert not bridge.claim(RELAYER, first).was_claimed_before
    assert token.refusals() == [GUARDED, GUARDED, GUARDED, GUARDED]
    assert bridge.balance(BOB.address, token.address) == had + 30
    assert bridge.balance(bridge.hub.vault, token.address) == held - 30
    bridge.audit()
    assert not bridge.claim(RELAYER, second).was_claimed_before
    assert bridge.balance(BOB.address, token.address) == had + 70
    bridge.audit()


def test_a_false_request_beside_a_deposit_confuses_nobody(paid, on_l1):
    """The token logs, word for word, a request that a mailbox once made, and then one that is no request at all."""
    token, _, _ = on_l1
    bridge = paid.bridge
    real = bridge.deposit(ALICE, "b", "eth", 1)
    logs = paid.client.get_receipt(real.l1_transaction_hash).logs
    topic = bytes.fromhex("4531cd5795773d7101c17bdeb9f5ab7f47d7056017506f937083be5d6e77a382")
    (said,) = [log.data for log in logs if log.topics[0] == topic]
    for false in (said, said[:-32], b""):
        token.call("announce", topic, false)
        deposit = bridge.deposit(ALICE, "a", token.address, 3)
        paid.wait(deposit)
        assert deposit.l2_transaction_hash != real.l2_transaction_hash
        assert bridge.find_deposits(deposit.l1_transaction_hash) == [deposit]
    token.call("announce", bytes(32), b"")
    bridge.audit()


def test_a_token_of_a_chain_that_comes_back_in_moves_nothing_else(paid):
    """On its own chain: departures inside departures, arrivals inside both; what is harmless happens beside them."""
    bridge = paid.bridge
    token = HostileToken(paid, "ReentrantToken", ALICE, "a")
    token.pay(ETHER)
    token.call("mint", token.address, 1_000)
    token.act(token.address, interfaces.APPROVE.encode(interfaces.L2_VAULT, 1_000))
    home = bridge.send(ALICE, "a", "b", token.address, 500)
    paid.relay(home)
    asset = home.asset_id
    pending = bridge.send(ALICE, "b", "a", asset, 60, BOB.address)
    paid.wait(pending, MessageStage.CLAIMABLE)
    imported(paid, pending, "a")

    leave = interfaces.WITHDRAW_ASSET.encode(asset, deposit_asset_data(9, BOB.address, token.address))
    send = interfaces.SEND_TOKEN.encode(272, asset, 9, BOB.address)
    ether = interfaces.WITHDRAW_BASE.encode(BOB.address)
    orders = [
        (interfaces.L2_ASSET_ROUTER, 0, leave),
        (interfaces.INTEROP_CENTER, 0, send),
        bundle_of(paid, pending),
    ]
    for command, arguments in (("withdraw", ("a",)), ("send", ("a", "b"))):
        token.arm(*orders, (interfaces.L2_BASE_TOKEN, 17, ether))
        held = bridge.balance(interfaces.L2_VAULT, token.address, "a")
        message = getattr(bridge, command)(ALICE, *arguments, token.address, 25, BOB.address)
        assert (message.asset_id, message.amount, message.receiver) == (asset, 25, BOB.address)
        refused = token.refusals()
        assert refused[:2] == [GUARDED, GUARDED] and refused[2] == "BundleCallFailed"
        # The base token has no hooks and needs no guard: it left beside the token, and is a message of its own.
        assert refused[3] is None
        assert len(bridge.find("a", message.l2_transaction_hash)) == 2
        assert bridge.balance(interfaces.L2_VAULT, token.address, "a") == held + 25
        bridge.audit()

    before = bridge.balance(BOB.address, token.address, "a")
    token.arm(*orders)
    bridge.claim(RELAYER, pending)
    assert token.refusals() == [GUARDED, GUARDED, GUARDED]
    assert bridge.balance(BOB.address, token.address, "a") == before + 60
    bridge.audit()


# -- receivers of ether that come back in ----------------------------------------------------------------------------


def test_a_receiver_on_l1_is_paid_once(paid, on_l1):
    """It is paid ether, and tries to be paid again, to claim something else and to deposit while it is."""
    token, asset, _ = on_l1
    bridge = paid.bridge
    withdrawals = [bridge.withdraw(ALICE, "a", "eth", amount, token.address) for amount in (600, 700)]
    for withdrawal in withdrawals:
        paid.wait(withdrawal, MessageStage.CLAIMABLE)
    had, held = paid.client.get_balance(token.address), paid.client.get_balance(bridge.hub.vault)
    token.arm(*(claim_of(paid, each) for each in withdrawals), *deposits_of(paid, token, asset, 5))
    assert not bridge.claim(RELAYER, withdrawals[0]).was_claimed_before
    assert token.refusals() == [GUARDED] * 4
    assert paid.client.get_balance(token.address) == had + 600
    assert paid.client.get_balance(bridge.hub.vault) == held - 600
    bridge.audit()
    bridge.claim(RELAYER, withdrawals[1])
    assert paid.client.get_balance(token.address) == had + 1_300
    bridge.audit()


def test_a_receiver_on_a_chain_is_paid_once(paid):
    """The same where a bundle brings ether; what the receiver owns already it may well withdraw meanwhile."""
    bridge = paid.bridge
    receiver = HostileToken(paid, "ReentrantToken", ALICE, "b")
    receiver.pay(1_000)
    transfers = [bridge.send(ALICE, "a", "b", "eth", amount, receiver.address) for amount in (600, 700)]
    for transfer in transfers:
        paid.wait(transfer, MessageStage.CLAIMABLE)
        imported(paid, transfer, "b")
    send = interfaces.SEND_TOKEN.encode(271, bridge.asset_id("eth"), 9, BOB.address)
    receiver.arm(
        *(bundle_of(paid, each) for each in transfers),
        (interfaces.INTEROP_CENTER, 9, send),
        (interfaces.L2_BASE_TOKEN, 17, interfaces.WITHDRAW_BASE.encode(BOB.address)),
    )
    bridge.claim(RELAYER, transfers[0])
    assert receiver.refusals() == [GUARDED, GUARDED, GUARDED, None]
    assert bridge.balance(receiver.address, "eth", "b") == 1_000 + 600 - 17
    bridge.audit()
    bridge.claim(RELAYER, transfers[1])
    assert bridge.balance(receiver.address, "eth", "b") == 1_000 + 1_300 - 17
    bridge.audit()


# -- tokens that take fees -------------------------------------------------------------------------------------------


def test_a_token_that_takes_fees_is_not_deposited(paid):
    bridge = paid.bridge
    token = HostileToken(paid, "FeeToken", ALICE)
    paid.sender(ALICE).transact(token.address, interfaces.APPROVE.encode(bridge.hub.asset_router, 1_000))
    nonce = paid.client.get_nonce(ALICE.address)
    with pytest.raises(BridgeRefused) as refused:
        bridge.deposit(ALICE, "a", token.address, 1_000)
    assert refused.value.error_name == "TokensWithFeesNotSupported"
    assert refused.value.transaction_hash is None, "nothing was sent"
    assert paid.client.get_nonce(ALICE.address) == nonce
    assert bridge.balance(ALICE.address, token.address) == 10**6
    assert bridge.balance(bridge.hub.vault, token.address) == 0
    assert bridge.hub.l1.read(bridge.hub.vault, interfaces.ASSET_ID, token.address) == bytes(32)
    bridge.audit()


@pytest.mark.parametrize("command, arguments", [("withdraw", ("a",)), ("send", ("a", "b"))])
def test_a_token_that_takes_fees_does_not_leave_its_chain(paid, command, arguments):
    bridge = paid.bridge
    token = HostileToken(paid, "FeeToken", ALICE, "a")
    with pytest.raises(BridgeRefused) as refused:
        getattr(bridge, command)(ALICE, *arguments, token.address, 1_000)
    assert refused.value.error_name == "TokensWithFeesNotSupported" and refused.value.transaction_hash is None
    assert bridge.balance(ALICE.address, token.address, "a") == 10**6
    assert bridge.balance(interfaces.L2_VAULT, token.address, "a") == 0
    bridge.audit()
