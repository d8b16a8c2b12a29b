"""Forced inclusion: a chain that serves no requests is switched to priority mode by anyone, obeys, and comes back."""

import contextlib
import time

import pytest

from chain_template.node import ChainPaused
from chain_template.store.records import BatchStage
from contracts.abi import encode_call
from contracts.artifacts import load
from contracts.deposits import deposit
from contracts.errors import TransactionReverted
from tests.e2e.bridge.lab import ALICE, BOB, ETHER, BridgeLab
from tests.e2e.settlement.conftest import on_anvil_in_soak
from tests.e2e.settlement.lab import L1S, wait_until

#: Seconds that the chain has for a request.
EXPIRATION_S = 4


@pytest.fixture(params=["embedded", on_anvil_in_soak])
def lab(request, tmp_path):
    with L1S[request.param](tmp_path) as (url, _):
        lab = BridgeLab(request.param, url, tmp_path, chains=1, priority_expiration_s=EXPIRATION_S)
        with contextlib.closing(lab):
            yield lab


def head(node):
    with node.store.snapshot() as snapshot:
        return snapshot.head_number, snapshot.last_batch_at(BatchStage.EXECUTED), snapshot.last_batch_number()


def receipt(node, tx_hash):
    with node.store.snapshot() as snapshot:
        return snapshot.receipt(tx_hash)


def transfer(nonce):
    """A transaction of Alice's."""
    fields = {"type": 2, "chainId": 271, "nonce": nonce, "to": BOB.address, "gas": 21_000, "value": 7, "data": b""}
    fields |= {"maxFeePerGas": 10**10, "maxPriorityFeePerGas": 0}
    return bytes(ALICE.sign_transaction(fields).raw_transaction)


def activate(lab):
    """What anyone may do once the deadline has passed."""
    data = encode_call(load("ZKChain"), "activatePriorityMode", [])
    zk_chain = lab.configs["a"].l1.zk_chain
    lab.sender(BOB).transact(zk_chain, data)


def test_a_chain_obeys_priority_mode_and_comes_back(lab):
    node = lab.nodes["a"]
    lab.fund(ALICE, "a")
    wait_until(node.is_settled, what="the deposit's settlement")
    settled_block, executed, _ = head(node)

    # A batch that gets no further than its commit, and then a request that is not served.
    prover = node.settlement.sender._desk._service
    prover.held = True
    user_tx = node.submit(transfer(0))
    wait_until(lambda: receipt(node, user_tx), what="the transfer")
    wait_until(lambda: node.status().batches["committed"] > executed, what="the commit")
    node.pause()
    request = deposit(lab.rich, lab.ecosystem, 271, to="0x" + "d1" * 20, value=ETHER)
    with pytest.raises(TransactionReverted, match="PriorityDeadlineNotReached"):
        activate(lab)
    time.sleep(EXPIRATION_S + 1)
    activate(lab)

    wait_until(lambda: node.status().priority_mode, what="noticing priority mode")
    wait_until(lambda: head(node)[0] == settled_block, what="the rollback")
    assert receipt(node, user_tx) is None and len(node.mempool) == 1
    with pytest.raises(ChainPaused):
        node.submit(transfer(1))
    prover.held = False
    node.resume()
    with pytest.raises(ChainPaused, match="priority mode: it takes requests from L1 only"):
        node.submit(transfer(1))
    wait_until(lambda: receipt(node, request.canonical_hash), what="the request")
    wait_until(lambda: head(node)[1] > executed, what="settling as anyone could")
    with node.store.snapshot() as snapshot:
        batch = snapshot.batch(executed + 1)
    assert (batch.l1_tx_count, batch.l2_tx_count, batch.stage) == (1, 0, BatchStage.EXECUTED)
    assert receipt(node, user_tx) is None, "users' transactions wait"
    assert not node.status().errors

    # The mode outlives a restart.
    lab.stop("a")
    lab.start("a")
    node = lab.nodes["a"]
    assert node.status().priority_mode

    data = encode_call(load("ChainTypeManager"), "deactivatePriorityMode", [271])
    lab.rich.transact(lab.ecosystem.chain_type_manager, data)
    wait_until(lambda: not node.status().priority_mode, what="the end of priority mode")
    again = node.submit(transfer(0))
    wait_until(lambda: receipt(node, again), what="the transfer")
    wait_until(node.is_settled, what="settlement in the usual way")
    assert lab.bridge.balance(BOB.address, "eth", "a") == 7
