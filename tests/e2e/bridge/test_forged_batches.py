"""An operator whose batches lie, with a prover of his own that says they are right: L1 gives him nothing of others."""

import pytest

from contracts.codec import abi_encode
from contracts.messages import InteropFlow
from shared_bridge import BridgeRefused, ConservationBroken, MessageStage, interfaces
from shared_bridge.formats import BASE_WITHDRAWAL
from shared_bridge.receipts import raw_message
from tests.e2e.bridge.forger import Forger, ObedientProver
from tests.e2e.bridge.lab import ALICE, BOB, ETHER, RELAYER, bridge_lab
from tests.e2e.settlement.conftest import on_anvil_in_soak
from tests.e2e.settlement.lab import wait_until

MALLORY = "0x" + "bd" * 20
UINT256_MAX = 2**256 - 1
MAX_ASSET_AMOUNT = 2**127 - 1


@pytest.fixture(params=["embedded", on_anvil_in_soak])
def lab(request, tmp_path):
    """Chain a's operator is a forger. Chain b holds gold of L1, and made silver of which some is on c."""
    with bridge_lab(request.param, tmp_path, chains=3) as made:
        for account in (ALICE, RELAYER):
            made.fund(account, "a", "b", "c", amount=ETHER)
        made.gold = made.deploy_token(ALICE)
        made.wait(made.bridge.deposit(ALICE, "b", made.gold, 1_000))
        silver = made.deploy_token(ALICE, "b", name="Silver")
        made.relay(made.bridge.send(ALICE, "b", "c", silver, 500))
        made.assets = [made.bridge.asset_id("eth"), made.bridge.asset_id(made.gold), made.bridge.asset_id(silver, "b")]
        wait_until(made.nodes["a"].is_settled, what="settlement of what was honest")
        made.stop("a")
        made.start("a", ObedientProver())
        made.forger = Forger(made.nodes["a"])
        yield made


def books(lab):
    """What L1 counts for every chain and asset."""
    hub = lab.bridge.hub
    return {
        (chain, asset): hub.l1.read(hub.vault, interfaces.CHAIN_BALANCE, chain, asset)
        for chain in (271, 272, 273)
        for asset in lab.assets
    }


def executed(lab, chain):
    hub = lab.bridge.hub
    return hub.l1.read(hub.chain(chain).zk_chain, interfaces.BATCHES_EXECUTED)


def settlement_error(node):
    """What the settlement loop fails with right now, or an empty text."""
    return next(loop.last_error or "" for loop in node._loops if loop.name == "settlement")


def do_something(lab):
    """A transaction on chain a, which makes a batch."""
    lab.sender(ALICE, "a").transact(BOB.address, value=1, gas=21_000)


def forge(lab, error, **claims):
    """A forged batch that L1 refuses with this error; returns the last one that it executed."""
    last = executed(lab, "a")
    lab.forger.next_batch(**claims)
    do_something(lab)
    wait_until(lambda: error in settlement_error(lab.nodes["a"]), what=error)
    return last


def take_back(lab, last):
    """What is not executed is given up; the same transactions settle as an honest batch."""
    lab.nodes["a"].settlement.revert_batches(last)
    wait_until(lambda: executed(lab, "a") > last, what="honest settlement")


def others_go_on(lab):
    """Chains b and c serve everybody: a deposit, a transfer, a withdrawal, all paid out."""
    bridge, receiver = lab.bridge, "0x" + "90" * 20
    had = bridge.balance(receiver, "eth"), bridge.balance(receiver, "eth", "c")
    lab.wait(bridge.deposit(ALICE, "b", "eth", 50))
    lab.relay(bridge.send(ALICE, "b", "c", "eth", 30, receiver))
    lab.relay(bridge.withdraw(ALICE, "b", "eth", 20, receiver))
    assert (bridge.balance(receiver, "eth"), bridge.balance(receiver, "eth", "c")) == (had[0] + 20, had[1] + 30)


def test_no_batch_sends_more_than_its_chain_holds(lab):
    ether, gold, silver = lab.assets
    node, held = lab.nodes["a"], books(lab)
    forgeries = [
        ([InteropFlow(272, ether, held[271, ether] + 1)], "InsufficientChainBalance"),
        # Each of them could be paid, and not both.
        ([InteropFlow(at, ether, held[271, ether] // 2 + 1) for at in (272, 273)], "InsufficientChainBalance"),
        ([InteropFlow(272, ether, UINT256_MAX)], "InsufficientChainBalance"),
        ([InteropFlow(273, gold, 1)], "InsufficientChainBalance"),
        # Chain b, where silver was born, would hold it without bounds.
        ([InteropFlow(272, silver, 1)], "InsufficientChainBalance"),
    ]
    for flows, error in forgeries:
        last = forge(lab, error, flows=flows)
        assert node.status().batches["verified"] == last + 1, "it was committed and proven"
        assert executed(lab, "a") == last and books(lab) == held
        take_back(lab, last)
    # A chain that the hub does not have is refused before that.
    last = forge(lab, "ChainIdNotRegistered", flows=[InteropFlow(9_999, ether, 1)])
    assert node.status().batches["committed"] == last
    take_back(lab, last)
    assert books(lab) == held
    lab.bridge.audit()


def test_other_chains_go_on_beside_a_forged_batch(lab):
    ether = lab.assets[0]
    node, held = lab.nodes["a"], books(lab)[271, ether]
    last = forge(lab, "InsufficientChainBalance", flows=[InteropFlow(272, ether, held + 10**18)])
    others_go_on(lab)
    lab.wait(lab.bridge.deposit(ALICE, "a", "eth", 5))
    assert executed(lab, "a") == last and node.status().batches["verified"] > last
    lab.bridge.audit()


# -- withdrawals -----------------------------------------------------------------------------------------------------


def ether_message(amount):
    return interfaces.L2_BASE_TOKEN, BASE_WITHDRAWAL + bytes.fromhex(MALLORY[2:]) + amount.to_bytes(32)


def token_message(asset, token, amount, chain_id=271):
    mint = abi_encode(["address", "address", "address", "uint256", "bytes"], [MALLORY, MALLORY, token, amount, b""])
    head = interfaces.FINALIZE_DEPOSIT_L2.selector + chain_id.to_bytes(32) + asset
    return interfaces.L2_ASSET_ROUTER, head + mint


def claim_forged(lab, messages, which):
    """Claim a forged message on L1; everybody can make its proof."""
    hub, forger = lab.bridge.hub, lab.forger
    (sender, message), (index, words) = messages[which], forger.proof(which)
    data = interfaces.FINALIZE_DEPOSIT_L1.encode((271, forger.batch_number, index, sender, 0, message, words))
    with hub.l1.errors("a forged claim"):
        lab.sender(BOB).transact(hub.nullifier, data)


def test_no_claim_takes_more_than_its_chain_holds(lab):
    """L1 executes a batch with false messages, and pays none that is above what it counts for the chain."""
    ether, gold, silver = lab.assets
    hub, held, last = lab.bridge.hub, books(lab), executed(lab, "a")
    messages = [
        ether_message(held[271, ether] + 1),
        ether_message(UINT256_MAX),
        token_message(gold, lab.gold, 1),
        token_message(gold, lab.gold, 1, chain_id=272),
        token_message(silver, lab.gold, 1),
        ether_message(held[271, ether]),
    ]
    vault_had = lab.client.get_balance(hub.vault)
    lab.forger.next_batch(messages=messages)
    do_something(lab)
    wait_until(lambda: executed(lab, "a") > last, 60, "the forged batch")
    errors = ["InsufficientChainBalance"] * 3 + ["WrongChainId"]
    for which, error in enumerate(errors):
        with pytest.raises(BridgeRefused, match=error):
            claim_forged(lab, messages, which)
    with pytest.raises(BridgeRefused):
        claim_forged(lab, messages, 4)
    assert books(lab) == held and lab.client.get_balance(hub.vault) == vault_had

    # What there is of the chain's own is in its operator's hands where nothing is proven. That is all he gets.
    claim_forged(lab, messages, 5)
    assert lab.client.get_balance(MALLORY) == held[271, ether]
    assert {key: count for key, count in books(lab).items() if key[0] != 271} == {
        key: count for key, count in held.items() if key[0] != 271
    }
    with pytest.raises(ConservationBroken):
        lab.bridge.audit([ether])
    others_go_on(lab)


def test_a_forged_bundle_is_seen_and_never_paid_out(lab):
    """Only a proof keeps messages and flows together. Without one the books show it, and L1 pays for none of it."""
    bridge, hub = lab.bridge, lab.bridge.hub
    lab.fund(BOB, "b", amount=ETHER)
    real = bridge.send(ALICE, "a", "b", "eth", 1_000, BOB.address)
    receipt = hub.chain("a").node.rpc("eth_getTransactionReceipt", "0x" + real.l2_transaction_hash.hex())
    message = raw_message(receipt, 0).data.replace((1_000).to_bytes(32), (10**24).to_bytes(32))
    wait_until(lab.nodes["a"].is_settled, what="settlement of what was honest")
    last, ether = executed(lab, "a"), lab.assets[0]
    lab.forger.next_batch(messages=[(interfaces.INTEROP_CENTER, message)])
    do_something(lab)
    wait_until(lambda: executed(lab, "a") > last, 60, "the forged batch")
    _execute_forged_bundle(lab, message)
    assert bridge.balance(BOB.address, "eth", "b") >= 10**24
    with pytest.raises(ConservationBroken, match="exist"):
        bridge.audit([ether])

    there = books(lab)[272, ether]
    robbery = bridge.withdraw(BOB, "b", "eth", there + 1, MALLORY)
    lab.wait(robbery, MessageStage.CLAIMABLE)
    with pytest.raises(BridgeRefused, match="InsufficientChainBalance"):
        bridge.claim(RELAYER, robbery)
    assert lab.client.get_balance(MALLORY) == 0
    # Chain c, which takes no part in it, is as it was.
    lab.relay(bridge.withdraw(ALICE, "c", "eth", 20, MALLORY))
    assert lab.client.get_balance(MALLORY) == 20


def _execute_forged_bundle(lab, message):
    (index, words), number = lab.forger.proof(0), lab.forger.batch_number
    way = lab.nodes["a"].settlement.message_root_proof(number, None)
    lab.nodes["b"].request_interop_root(way.root.block_number)
    wait_until(lambda: lab.nodes["b"].interop_roots.imported(way.root.block_number), what="the import")
    data = interfaces.EXECUTE_BUNDLE.encode(message[1:], (271, number, index, 0, way.with_log(words)))
    lab.sender(BOB, "b").transact(interfaces.INTEROP_HANDLER, data)
