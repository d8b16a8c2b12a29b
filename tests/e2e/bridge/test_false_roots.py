"""A message root that L1 never had: whatever it proves on the chain, L1 executes nothing that relies on it."""

import pytest
from eth_hash.auto import keccak

from shared_bridge import MessageStage, log_proof, message_root
from shared_bridge.interfaces import (
    BATCHES_EXECUTED,
    EXECUTE_BUNDLE,
    INTEROP_CENTER,
    INTEROP_HANDLER,
    INTEROP_ROOT,
    INTEROP_ROOTS,
)
from shared_bridge.receipts import raw_message
from tests.e2e.bridge.lab import ALICE, BOB, ETHER, bridge_lab
from tests.e2e.settlement.conftest import on_anvil_in_soak
from tests.e2e.settlement.lab import wait_until


@pytest.fixture(params=["embedded", on_anvil_in_soak])
def lab(request, tmp_path):
    with bridge_lab(request.param, tmp_path, chains=2) as made:
        made.fund(ALICE, "a", "b", amount=ETHER)
        yield made


def forged_proof(message, l1_chain_id, l1_block):
    """A tree of one batch with one message in it, and the root above it: everything right, and none of it true."""
    leaf = log_proof.message_leaf(bytes.fromhex(INTEROP_CENTER[2:]), message, 0)
    path, node = [], keccak(bytes(88))
    for _ in range(log_proof.TREE_DEPTH):
        path.append(node)
        node = keccak(node * 2)
    path.append(bytes(32))
    batch_root = leaf
    for sibling in path:
        batch_root = keccak(batch_root + sibling)
    chains = {271: [batch_root]}
    words = log_proof.between_chains(path, (0, []), (l1_chain_id, l1_block), (0, []))
    target = log_proof.message_root_of_proof(leaf, 0, words, chain_id=271, batch_number=1)
    assert target.root == message_root.message_root(chains)
    return words, target.root


def test_a_batch_with_a_false_root_is_never_executed(lab):
    bridge, hub = lab.bridge, lab.bridge.hub
    # What the forger says that chain a sent: the bundle of a real transfer, which is worth a thousand times as much.
    transfer = bridge.send(ALICE, "a", "b", "eth", 1_000, BOB.address)
    source = hub.chain("a").node.rpc("eth_getTransactionReceipt", "0x" + transfer.l2_transaction_hash.hex())
    message = raw_message(source, 0).data
    bundle = message[1:].replace((1_000).to_bytes(32), (10**24).to_bytes(32))
    wait_until(lambda: lab.nodes["b"].is_settled(), what="settlement of what came before")
    executed = hub.l1.read(hub.chain("b").zk_chain, BATCHES_EXECUTED)

    l1_block = hub.l1.client.block_number() + 1_000
    proof, root = forged_proof(message[:1] + bundle, hub.l1_chain_id, l1_block)
    there = hub.chain("b").node
    lab.nodes["b"].import_interop_root(l1_block, root)
    args = (INTEROP_ROOTS, INTEROP_ROOT, hub.l1_chain_id, l1_block)
    wait_until(lambda: there.read(*args) == root, what="the false root")
    # The chain's own rules are satisfied: an operator can fool his own chain.
    lab.sender(ALICE, "b").transact(INTEROP_HANDLER, EXECUTE_BUNDLE.encode(bundle, (271, 1, 0, 0, proof)))
    assert bridge.balance(BOB.address, "eth", "b") == 10**24

    withdrawal = bridge.withdraw(ALICE, "b", "eth", 5)
    wait_until(lambda: bridge.status(withdrawal).stage is MessageStage.PROVEN, 60, "the proof of the false batch")
    wait_until(lambda: any("root" in str(error).lower() for error in lab.nodes["b"].status().errors.values()), 60)
    assert hub.l1.read(hub.chain("b").zk_chain, BATCHES_EXECUTED) == executed
    assert bridge.status(withdrawal).stage is MessageStage.PROVEN
