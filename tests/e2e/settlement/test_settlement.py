"""From a deposit on L1 to executed batches on L1, on every L1 there is."""

import pytest

from chain_template.batcher.log_tree import LogTree
from chain_template.batcher.pubdata import decode_pubdata
from chain_template.batcher.state_diff import apply_pubdata
from chain_template.genesis import build_genesis
from chain_template.primitives import L1_MESSENGER_ADDRESS
from chain_template.settlement.calls import claim_of
from chain_template.state import StateReader
from contracts.abi import decode_call
from contracts.artifacts import load
from contracts.codec import abi_encode
from contracts.messages import decode_commit
from tests.e2e.settlement.lab import CHAIN_ID, ETHER, OTHER, USER, wait_until


def logs_root(lab, batch_number):
    """What L1 stores for the batch."""
    return lab.client.read(load("ZKChain"), lab.config.l1.zk_chain, "l2LogsRootHash", [batch_number])


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


def test_large_requests_wait_for_the_next_block_and_keep_their_order(make_lab):
    """A request that does not fit behind a costly one must not be overtaken by a small one that would fit."""
    lab = make_lab()
    lab.start()
    lab.receipt(lab.deposit().canonical_hash)
    # Reads memory at 0x550000: extending it that far costs 59 million gas. The first ten bytes return the rest.
    spender = lab.send(None, data=bytes.fromhex("60068060095f395ff3" + "625500005100")).receipt.contract_address
    lab.node.pause()
    to = "0x" + spender.hex()
    requests = [lab.deposit(to=to, value=0, l2_gas_limit=gas) for gas in (72_000_000, 72_000_000)]
    requests.append(lab.deposit(value=1))
    wait_until(lambda: lab.node.status().pending_priority_operations == 3, what="the requests")
    lab.node.resume()
    receipts = [lab.receipt(request.canonical_hash) for request in requests]
    assert [receipt.receipt.status for receipt in receipts] == [1, 1, 1]
    assert receipts[0].receipt.gas_used > 50_000_000
    assert receipts[0].block_number < receipts[1].block_number <= receipts[2].block_number
    lab.wait_settled()
    assert lab.errors() == {}


def test_the_state_can_be_rebuilt_from_l1_alone(make_lab):
    lab = make_lab()
    lab.start()
    lab.receipt(lab.deposit().canonical_hash)
    for at in range(3):
        lab.send(OTHER.address, value=1 + at)
        lab.send("0x" + L1_MESSENGER_ADDRESS.hex(), data=bytes.fromhex("62f84b24") + abi_encode(["bytes"], [b"x" * at]))
    lab.wait_settled()
    genesis = build_genesis(lab.config)
    state, root = dict(genesis.nodes), genesis.header.state_root
    for log in lab.chain.events(["BlockCommit"], lab.config.l1.start_block, lab.client.block_number()):
        number = log.decode(lab.chain.chain, "BlockCommit")["batchNumber"]
        sent = lab.rpc("eth_getTransactionByHash", "0x" + log.transaction_hash.hex())
        _, arguments = decode_call(load("ValidatorTimelock"), bytes.fromhex(sent["input"][2:]))
        _, committed = decode_commit(arguments[3])
        (info,) = [info for info in committed if info.batch_number == number]
        pubdata = decode_pubdata(info.operator_da_input)
        applied = apply_pubdata(state, root, pubdata)
        state, root = {**state, **applied.nodes}, applied.state_root
        assert pubdata.header.hash == info.new_state_commitment
        assert LogTree([entry.leaf for entry in pubdata.logs]).chain_batch_root == logs_root(lab, number)
    assert StateReader(state, root).balance(bytes.fromhex(OTHER.address[2:])) == lab.balance(OTHER) == 6
    with lab.node.store.snapshot() as snapshot:
        assert root == snapshot.head.state_root


def test_one_key_may_have_all_roles(make_lab):
    lab = make_lab(one_key=True)
    lab.start()
    lab.receipt(lab.deposit().canonical_hash)
    for _ in range(2):
        lab.send(OTHER.address, value=1)
        lab.wait_settled()
    assert len(set(lab.node.settlement.sender.addresses.values())) == 1
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
