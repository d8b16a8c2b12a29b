"""From a deposit on L1 to executed batches on L1, on every L1 there is."""

import pytest

from chain_template.batcher.log_tree import LogTree
from chain_template.primitives import L1_MESSENGER_ADDRESS
from chain_template.settlement.calls import claim_of
from contracts.artifacts import load
from contracts.codec import abi_encode
from tests.e2e.settlement.lab import CHAIN_ID, ETHER, OTHER, USER, wait_until


def test_a_deposit_becomes_money_and_its_batch_is_executed(make_lab):
    lab = make_lab()
    lab.start()
    request = lab.deposit(value=3 * ETHER)
    receipt = lab.receipt(request.canonical_hash)
    assert receipt.receipt.status == 1
    assert lab.balance(USER) == 3 * ETHER
    lab.send(OTHER.address, value=ETHER)
    lab.wait_settled()
    batches = lab.batches()
    assert lab.counters() == (len(batches),) * 3
    assert lab.balance(OTHER) == ETHER
    for batch in batches:
        assert lab.chain.stored_batch_hash(batch.number) == claim_of(batch).commit.to_stored().hash()
        assert set(batch.stage_times_ms) == {"sealed", "committed", "proving", "proved", "verified", "executed"}
        assert set(batch.l1_transactions) == {"committed", "verified", "executed"}
        for tx_hash in batch.l1_transactions.values():
            assert lab.client.get_receipt(bytes.fromhex(tx_hash[2:])).succeeded
    assert lab.errors() == {}


def test_a_message_can_be_proven_on_l1(make_lab):
    lab = make_lab()
    lab.start()
    lab.receipt(lab.deposit().canonical_hash)
    call = bytes.fromhex("62f84b24") + abi_encode(["bytes"], [b"to whom it may concern"])
    receipt = lab.send("0x" + L1_MESSENGER_ADDRESS.hex(), data=call)
    lab.wait_settled()
    (receipt,) = [lab.receipt(receipt.transaction.hash)]
    (entry,) = receipt.l2_to_l1_logs
    with lab.node.store.snapshot() as snapshot:
        leaves = snapshot.l2_log_leaves(receipt.batch_number)
    index = leaves.index(entry.leaf(receipt.tx_number_in_batch))
    proof = LogTree(leaves).proof(index)
    message = (receipt.tx_number_in_batch, USER.address, b"to whom it may concern")
    arguments = [CHAIN_ID, receipt.batch_number, index, message, proof]
    bridgehub = load("Bridgehub")
    assert lab.client.read(bridgehub, lab.ecosystem.bridgehub, "proveL2MessageInclusion", arguments)
    arguments[3] = (receipt.tx_number_in_batch, USER.address, b"to someone else")
    assert not lab.client.read(bridgehub, lab.ecosystem.bridgehub, "proveL2MessageInclusion", arguments)


def test_many_batches_go_together_and_in_order(make_lab):
    lab = make_lab()
    lab.start()
    lab.receipt(lab.deposit().canonical_hash)
    lab.prover.held = True
    for _ in range(6):
        before = len(lab.batches())
        lab.send(OTHER.address, value=1)
        lab.node.settlement.seal_now()
        wait_until(lambda before=before: len(lab.batches()) > before, what="another batch")
    lab.prover.release()
    lab.wait_settled()
    batches = lab.batches()
    assert len(batches) >= 6
    executions = {batch.l1_transactions["executed"] for batch in batches}
    assert len(executions) < len(batches), "several batches were executed by one call"
    assert lab.errors() == {}


@pytest.mark.parametrize("delay_s", [2])
def test_the_timelock_is_waited_out(make_lab, delay_s):
    lab = make_lab(execution_delay_s=delay_s)
    lab.start()
    lab.receipt(lab.deposit().canonical_hash)
    lab.wait_settled()
    for batch in lab.batches():
        committed = lab.client.get_receipt(bytes.fromhex(batch.l1_transactions["committed"][2:]))
        executed = lab.client.get_receipt(bytes.fromhex(batch.l1_transactions["executed"][2:]))
        times = [lab.chain.block(receipt.block_number).timestamp for receipt in (committed, executed)]
        assert times[1] - times[0] >= delay_s
    assert lab.errors() == {}
