"""Transfers between chains: ether, a token of L1, a token born on a chain; A → B → C → L1, exact to the wei."""

import pytest

from contracts.client import L1Client
from shared_bridge import MessageStage, interfaces
from shared_bridge.errors import BridgeRefused
from tests.e2e.bridge.lab import ALICE, BOB, ETHER, RELAYER
from tests.e2e.bridge.ledger import L1, Ledger


def go_round(lab, token, asset, amount, receiver):
    """From a over b and c to L1; after each leg everybody has what is theirs, to the wei, on every layer.

    Alice pays for leaving and the relayer for arriving, with ether that they have on each chain.
    """
    bridge, eth = lab.bridge, lab.bridge.asset_id("eth")
    ledger = Ledger(lab, {"eth": eth} if asset == eth else {"eth": eth, "the token": asset})
    had = bridge.balance(receiver, asset) if bridge.token_address(asset) else 0

    def leave(chain, command, *arguments):
        with ledger.paying(chain):
            message = command(ALICE, chain, *arguments)
        ledger.left(message, chain)
        ledger.check()
        return message

    def arrive(message, layer):
        lab.wait(message, MessageStage.CLAIMABLE)
        with ledger.paying(layer, RELAYER):
            done = bridge.claim(RELAYER, message)
        ledger.arrived(message, layer, message.receiver, done.transaction_hash)
        ledger.check()

    first = leave("a", bridge.send, "b", token, amount)
    assert bridge.find("a", first.l2_transaction_hash) == [first]
    arrive(first, "b")
    second = leave("b", bridge.send, "c", asset, amount)
    arrive(second, "c")
    third = leave("c", bridge.withdraw, asset, amount, receiver)
    arrive(third, L1)
    assert bridge.balance(receiver, asset) == had + amount
    bridge.audit()
    return first, second, third


@pytest.fixture(scope="module")
def paid(lab):
    lab.fund(ALICE, "a", "b", "c", amount=5 * ETHER)
    lab.fund(RELAYER, "a", "b", "c", amount=5 * ETHER)
    return lab


def test_ether_goes_round(paid):
    lab, bridge = paid, paid.bridge
    vault, receiver = bridge.hub.vault, "0x" + "f1" * 20
    held = lab.client.get_balance(vault)
    first, *_ = go_round(lab, "eth", bridge.asset_id("eth"), ETHER // 3, receiver)
    assert bridge.balance(receiver, "eth") == ETHER // 3
    assert lab.client.get_balance(vault) == held - ETHER // 3
    assert bridge.claim(RELAYER, first).was_claimed_before
    assert bridge.status(first).stage is MessageStage.CLAIMED


def test_a_token_of_l1_goes_round(paid):
    lab, bridge = paid, paid.bridge
    token = lab.deploy_token(ALICE)
    lab.wait(bridge.deposit(ALICE, "a", token, 1_000))
    asset, receiver = bridge.asset_id(token), "0x" + "f2" * 20
    go_round(lab, asset, asset, 999, receiver)
    assert bridge.balance(receiver, token) == 999
    assert [bridge.balance(ALICE.address, asset, chain) for chain in "abc"] == [1, 0, 0]
    assert bridge.balance(bridge.hub.vault, token) == 1
    books = [bridge.hub.l1.read(bridge.hub.vault, interfaces.CHAIN_BALANCE, chain, asset) for chain in (271, 272, 273)]
    assert books == [1, 0, 0]


def test_a_token_born_on_a_goes_round_and_home(paid):
    lab, bridge = paid, paid.bridge
    token = lab.deploy_token(ALICE, "a")
    # The ledger finds a token by its asset id, so the chain has to know it before.
    lab.sender(ALICE, "a").transact(interfaces.L2_VAULT, interfaces.REGISTER_TOKEN.encode(token))
    asset, receiver = bridge.asset_id(token, "a"), "0x" + "f3" * 20
    assert bridge.token_address(asset) is None, "L1 never saw it"
    go_round(lab, token, asset, 77, receiver)
    on_l1 = bridge.token_address(asset)
    assert bridge.balance(receiver, on_l1) == 77
    assert bridge.balance(interfaces.L2_VAULT, token, "a") == 77
    assert bridge.balance(ALICE.address, token, "a") == 1_000 * ETHER - 77
    assert bridge.balance(ALICE.address, asset, "b") == 0 == bridge.balance(ALICE.address, asset, "c")


def test_a_bundle_is_executed_once_and_only_where_it_is_for(paid):
    lab, bridge = paid, paid.bridge
    transfer = bridge.send(ALICE, "a", "b", "eth", 1234, BOB.address)
    before = bridge.balance(BOB.address, "eth", "b")
    lab.relay(transfer)
    assert bridge.balance(BOB.address, "eth", "b") == before + 1234
    (executed,) = _calls_of_handler(lab, "b", transfer)
    for chain, error in (("b", "BundleAlreadyExecuted"), ("c", "WrongChainId")):
        with pytest.raises(BridgeRefused, match=error):
            node = bridge.hub.chain(chain).node
            with node.errors("a replay"):
                node.client.call(interfaces.INTEROP_HANDLER, executed)
    assert bridge.balance(BOB.address, "eth", "b") == before + 1234


def _calls_of_handler(lab, chain, transfer):
    """Calldata of the transactions that executed a transfer."""
    client: L1Client = lab.bridge.hub.chain(chain).node.client
    logs = client.get_logs(interfaces.INTEROP_HANDLER, [None, transfer.bundle_hash])
    return [
        bytes.fromhex(client.rpc("eth_getTransactionByHash", ["0x" + log.transaction_hash.hex()])["input"][2:])
        for log in logs
    ]
