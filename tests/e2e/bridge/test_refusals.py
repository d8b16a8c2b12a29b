"""Bad input and attacks at the library's edge: each refused with its own error, and nothing has moved."""

import pytest

from contracts.abi import encode_deploy
from contracts.artifacts import load
from shared_bridge import (
    AccountError,
    AlreadyClaimed,
    AmountError,
    Bridge,
    BridgeRefused,
    ChainPausedError,
    MessageStage,
    NotAHub,
    NotClaimable,
    ProofError,
    RecipientError,
    Refund,
    RpcLost,
    UnknownChain,
    UnknownMessage,
    UnknownToken,
    interfaces,
    log_proof,
)
from shared_bridge.claims import failure_proof, inclusion
from shared_bridge.receipts import receipt_of
from tests.e2e.bridge.lab import ALICE, BOB, ETHER, RELAYER
from tests.e2e.settlement.lab import wait_until


@pytest.fixture(scope="module")
def paid(lab):
    lab.fund(ALICE, "a", "b", amount=5 * ETHER)
    return lab


def nonces(lab):
    bridge = lab.bridge
    clients = [bridge.hub.l1.client, *(bridge.hub.chain(name).node.client for name in "ab")]
    return [client.get_nonce(ALICE.address) for client in clients]


@pytest.mark.parametrize(
    "change, error",
    [
        ({"chain": "aa"}, UnknownChain),
        ({"chain": 9_999}, UnknownChain),
        ({"token": "0x" + "12" * 20}, UnknownToken),
        ({"token": "0x" + "12" * 32}, UnknownToken),
        ({"token": "gold"}, UnknownToken),
        ({"amount": 0}, AmountError),
        ({"amount": -1}, AmountError),
        ({"amount": 1 << 256}, AmountError),
        ({"amount": 10**30}, AmountError),
        ({"amount": 1.5}, AmountError),
        ({"to": "0x12"}, RecipientError),
        ({"to": "0x" + "00" * 20}, RecipientError),
        ({"to": "0xABCDEF1111111111111111111111111abcdefabc"}, RecipientError),
        ({"account": b"\x01"}, AccountError),
    ],
)
@pytest.mark.parametrize("command", ["deposit", "withdraw", "send"])
def test_bad_input_sends_nothing(paid, command, change, error):
    given = {"account": ALICE, "chain": "a", "token": "eth", "amount": 1, "to": BOB.address, **change}
    before = nonces(paid)
    if command == "send":
        given["source"], given["destination"] = given.pop("chain"), "b"
    with pytest.raises(error):
        getattr(paid.bridge, command)(**given)
    assert nonces(paid) == before


def test_a_near_miss_is_suggested(paid):
    with pytest.raises(UnknownChain) as refused:
        paid.bridge.deposit(ALICE, "A", "eth", 1)
    assert "a, b, c" in refused.value.message
    with pytest.raises(UnknownChain):
        paid.bridge.send(ALICE, "a", "a", "eth", 1)


def test_a_contract_that_is_no_token_is_refused(paid):
    with pytest.raises(UnknownToken, match="no ERC-20"):
        paid.bridge.deposit(ALICE, "a", paid.ecosystem.bridgehub, 1)


def test_a_paused_bridge_takes_nothing_and_goes_on_afterwards(paid):
    bridge, router = paid.bridge, load("L1AssetRouter")
    paid.rich.call_contract(router, paid.ecosystem.asset_router, "pause")
    try:
        before = nonces(paid)
        with pytest.raises(ChainPausedError):
            bridge.deposit(ALICE, "a", "eth", 1)
        assert nonces(paid) == before
    finally:
        paid.rich.call_contract(router, paid.ecosystem.asset_router, "unpause")
    paid.wait(bridge.deposit(ALICE, "a", "eth", 1))


def test_nodes_that_do_not_belong_together_are_noticed(paid):
    elsewhere = Bridge(paid.url, {"a": paid.nodes["a"].rpc_url}, bridgehub="0x" + "77" * 20)
    with elsewhere as bridge, pytest.raises(NotAHub):
        bridge.deposit(ALICE, "a", "eth", 1)
    with Bridge(paid.nodes["b"].rpc_url, {"a": paid.nodes["a"].rpc_url}) as bridge, pytest.raises(NotAHub):
        bridge.deposit(ALICE, "a", "eth", 1)


def test_a_node_that_is_gone_is_named(paid):
    with Bridge(paid.url, {"a": "http://127.0.0.1:9"}) as bridge, pytest.raises(RpcLost) as lost:
        bridge.deposit(ALICE, "a", "eth", 1)
    assert (lost.value.layer, lost.value.url) == ("a", "http://127.0.0.1:9")


def test_claims_before_their_time_and_twice_are_refused(paid):
    bridge = paid.bridge
    withdrawal = bridge.withdraw(ALICE, "a", "eth", 5, BOB.address)
    before = bridge.balance(BOB.address, "eth")
    with pytest.raises(NotClaimable):
        bridge.claim(RELAYER, withdrawal)
    paid.relay(withdrawal)
    assert bridge.balance(BOB.address, "eth") == before + 5
    with pytest.raises(AlreadyClaimed):
        bridge.claim(RELAYER, withdrawal, must_be_first=True)
    assert bridge.balance(BOB.address, "eth") == before + 5


def test_a_deposit_that_arrived_cannot_be_claimed_back(paid):
    bridge = paid.bridge
    token = paid.deploy_token(ALICE)
    deposit = bridge.deposit(ALICE, "a", token, 10)
    paid.wait(deposit)
    with pytest.raises(NotClaimable, match="did not fail"):
        bridge.claim(ALICE, deposit)


def test_a_forged_claim_is_refused_by_l1(paid):
    """Another chain, another amount, another place, a mutated word: the same proof is worth nothing elsewhere."""
    bridge, hub = paid.bridge, paid.bridge.hub
    withdrawal = bridge.withdraw(ALICE, "a", "eth", 7, BOB.address)
    paid.wait(withdrawal, MessageStage.CLAIMABLE)
    found = inclusion(hub, withdrawal)
    raw, proof = found.raw, list(found.proof)
    right = [271, found.batch_number, found.index, raw.sender, found.tx_number, raw.data, proof]
    bigger = raw.data[:-1] + bytes([raw.data[-1] ^ 1])
    forged = [
        {0: 272},
        {1: found.batch_number + 1},
        {2: found.index + 1},
        {3: interfaces.L2_ASSET_ROUTER},
        {3: BOB.address},
        {4: found.tx_number + 1},
        {5: bigger},
        *({6: words} for words in mutations(proof)),
    ]
    for change in forged:
        arguments = tuple(change.get(at, value) for at, value in enumerate(right))
        with pytest.raises(BridgeRefused), hub.l1.errors("a forged claim"):
            hub.l1.client.call(hub.nullifier, interfaces.FINALIZE_DEPOSIT_L1.encode(arguments), sender=RELAYER.address)
    hub.l1.client.call(hub.nullifier, interfaces.FINALIZE_DEPOSIT_L1.encode(tuple(right)), sender=RELAYER.address)


def mutations(proof):
    """A proof with each of its words changed by a bit, cut short, and made longer."""
    for at, word in enumerate(proof):
        for bit in (0, 7):
            yield [*proof[:at], bytes([word[0] ^ 1 << bit]) + word[1:], *proof[at + 1 :]]
            yield [*proof[:at], word[:-1] + bytes([word[-1] ^ 1 << bit]), *proof[at + 1 :]]
    yield proof[:-1]
    yield [*proof, bytes(32)]
    yield []


def test_a_forged_transfer_is_refused_by_its_destination(paid):
    """Another source, another batch, another place, a mutated word: the bundle is executed with its own proof alone."""
    bridge, hub = paid.bridge, paid.bridge.hub
    transfer = bridge.send(ALICE, "a", "b", "eth", 7, BOB.address)
    paid.wait(transfer, MessageStage.CLAIMABLE)
    found = inclusion(hub, transfer, target="messageRoot")
    target, _ = log_proof.target_of(found.proof)
    there = paid.nodes["b"]
    there.request_interop_root(target)
    wait_until(lambda: there.interop_roots.imported(target), what="the import")
    bundle, proof = found.raw.data[1:], list(found.proof)
    right = [271, found.batch_number, found.index, found.tx_number, proof]
    forged = [{0: 272}, {0: 273}, {1: found.batch_number + 1}, {2: found.index + 1}, {3: found.tx_number + 1}]
    forged += [{4: words} for words in mutations(proof)]
    final = inclusion(hub, transfer)
    forged.append({4: list(final.proof)})

    def execute(content, arguments):
        with hub.chain("b").node.errors("a forged transfer"):
            data = interfaces.EXECUTE_BUNDLE.encode(content, tuple(arguments))
            hub.chain("b").node.client.call(interfaces.INTEROP_HANDLER, data, sender=RELAYER.address)

    for change in forged:
        with pytest.raises(BridgeRefused):
            execute(bundle, [change.get(at, value) for at, value in enumerate(right)])
    with pytest.raises(BridgeRefused, match="BundleNotProven"):
        execute(bundle.replace((7).to_bytes(32), (8).to_bytes(32)), right)
    execute(bundle, right)


def test_a_failed_deposit_is_its_depositors_alone(paid):
    """Only as it was made, once, and to who made it; whoever pays for the claim."""
    bridge, hub = paid.bridge, paid.bridge.hub
    token = paid.deploy_token(ALICE)
    deposit = bridge.deposit(ALICE, "a", token, 500, BOB.address, l2_gas_limit=350_000)
    before = [bridge.balance(each.address, token) for each in (ALICE, BOB, RELAYER)]
    wait_until(lambda: bridge.status(deposit).refund is Refund.CLAIMABLE, 60, "the failure on L1")
    receipt = receipt_of(hub.chain("a"), deposit.l2_transaction_hash)
    found = failure_proof(hub.chain("a"), deposit, receipt)
    proof = list(found.proof)
    right = [271, ALICE.address, deposit.asset_id, deposit.asset_data, deposit.l2_transaction_hash]
    right += [found.batch_number, found.index, found.tx_number, proof]
    more = deposit.asset_data.replace((500).to_bytes(32), (501).to_bytes(32))
    forged = [
        {0: 272},
        {1: BOB.address},
        {1: RELAYER.address},
        {2: bridge.asset_id("eth")},
        {3: more},
        {4: b"\x07" * 32},
        {5: found.batch_number + 1},
        {6: found.index + 1},
        {7: found.tx_number + 1},
        *({8: words} for words in mutations(proof)),
    ]

    def recover(arguments):
        with hub.l1.errors("a forged claim"):
            hub.l1.client.call(hub.asset_router, interfaces.RECOVER_DEPOSIT.encode(*arguments), sender=BOB.address)

    for change in forged:
        with pytest.raises(BridgeRefused):
            recover([change.get(at, value) for at, value in enumerate(right)])
    recover(right)
    assert not bridge.claim(BOB, deposit).was_claimed_before
    with pytest.raises(BridgeRefused, match="DepositDoesNotExist"):
        recover(right)
    with pytest.raises(AlreadyClaimed):
        bridge.claim(ALICE, deposit, must_be_first=True)
    after = [bridge.balance(each.address, token) for each in (ALICE, BOB, RELAYER)]
    assert after == [before[0] + 500, *before[1:]]
    bridge.audit()


def test_a_lying_node_is_caught_before_anything_is_sent(paid, monkeypatch):
    bridge, hub = paid.bridge, paid.bridge.hub
    withdrawal = bridge.withdraw(ALICE, "a", "eth", 9, BOB.address)
    transfer = bridge.send(ALICE, "a", "b", "eth", 9, BOB.address)
    paid.wait(withdrawal, MessageStage.CLAIMABLE)
    paid.wait(transfer, MessageStage.CLAIMABLE)
    node = hub.chain("a").node
    honest = node.rpc

    def lie(method, *params):
        answer = honest(method, *params)
        if method == "zks_getL2ToL1LogProof":
            answer["proof"][3] = "0x" + "13" * 32
        return answer

    monkeypatch.setattr(node, "rpc", lie)
    before = hub.l1.client.get_nonce(RELAYER.address)
    for message in (withdrawal, transfer):
        with pytest.raises(ProofError):
            bridge.claim(RELAYER, message)
    assert hub.l1.client.get_nonce(RELAYER.address) == before
    monkeypatch.undo()
    bridge.claim(RELAYER, withdrawal)


def test_transactions_that_sent_nothing_are_unknown(paid):
    hub = paid.bridge.hub
    with pytest.raises(UnknownMessage):
        paid.bridge.find("a", b"\x07" * 32)
    with pytest.raises(UnknownMessage):
        paid.bridge.find_deposits(b"\x07" * 32)
    plain = paid.sender(ALICE, "a").transact(BOB.address, value=1, gas=21_000)
    assert paid.bridge.find("a", plain.transaction_hash) == []
    assert hub.chain("a").chain_id == 271


def test_a_reverted_withdrawal_moves_nothing(paid):
    token = paid.sender(ALICE, "a").transact(None, encode_deploy(load("TestToken"), ["T", "T", 18])).contract_address
    with pytest.raises(AmountError):
        paid.bridge.withdraw(ALICE, "a", token, 5)
