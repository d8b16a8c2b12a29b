"""Chains that are recovered from L1 among others: what their lost events told is asked of their contracts."""

import shutil
import time

import pytest

from chain_template.errors import L1Diverged
from chain_template.from_l1 import recover
from chain_template.genesis import build_genesis
from chain_template.interop_roots import ImportedRoot
from chain_template.node import ChainNode
from chain_template.settlement.on_l1 import ChainOnL1
from chain_template.store import BatchStage
from contracts.abi import encode_call
from contracts.artifacts import load
from contracts.deposits import deposit
from contracts.genesis import L2_NATIVE_TOKEN_VAULT
from ecosystem.way_out import WayOut
from shared_bridge import MessageStage
from tests.e2e.bridge.lab import ALICE, BOB, ETHER, RELAYER, TIMEOUT_S, bridge_lab
from tests.e2e.settlement.lab import LocalProver, wait_until

EXPIRATION_S = 3


def recovered(lab, name):
    """Recover a chain of the laboratory in its own directory."""
    config = lab.configs[name]
    chain = ChainOnL1(lab.client, config.l1)
    return recover(chain, config.chain_id, build_genesis(config), config.data_dir, name=name)


def is_settled(lab, *names):
    wait_until(lambda: all(lab.nodes[name].is_settled() for name in names), what="settlement")


def head(node):
    with node.store.snapshot() as snapshot:
        return snapshot.head_number


def test_a_recovered_chain_knows_its_neighbours_roots_and_tokens(tmp_path):
    with bridge_lab("embedded", tmp_path) as lab:
        lab.fund(ALICE, "a", "b", amount=2 * ETHER)
        lab.fund(RELAYER, "a", "b", amount=ETHER)
        token = lab.deploy_token(ALICE, "a")
        vault = "0x" + L2_NATIVE_TOKEN_VAULT.hex()
        lab.sender(ALICE, "a").transact(
            vault, encode_call(load("L2NativeTokenVault"), "ensureTokenIsRegistered", [token])
        )
        # From b to a: a imports a message root of L1, and claims under it.
        lab.relay(lab.bridge.send(ALICE, "b", "a", "eth", ETHER // 2, BOB.address))
        is_settled(lab, "a", "b")
        l1_block, imported = max(lab.nodes["a"].interop_roots.imported_after(0).items())
        lab.stop("a")
        shutil.rmtree(lab.configs["a"].data_dir)
        found = recovered(lab, "a")
        assert found.adopted > 0 and found.waiting == 0

        lab.start("a")
        node = lab.nodes["a"]
        wait_until(lambda: node.settlement.watcher.head is not None, what="the watcher")
        time.sleep(0.5)
        assert node.interop_chains.due() == [], "the other chain is registered already"
        assert head(node) == found.header.number, "nothing asks for a block"
        assert node.interop_roots.due((l1_block, imported.root)) == [], "the chain has this root"
        assert node.interop_roots.imported(l1_block) == ImportedRoot(imported.root, 0)
        lab.wait(lab.bridge.withdraw(ALICE, "a", "eth", 5), MessageStage.CLAIMABLE)
        # L1 has never heard of the token; the event that told of it is lost.
        lab.relay(lab.bridge.send(ALICE, "a", "b", token, 77, BOB.address))
        assert lab.bridge.balance(BOB.address, lab.bridge.asset_id(token, "a"), "b") == 77
        is_settled(lab, "a", "b")
        assert node.status().errors == {}


def test_a_chain_that_others_settled_in_priority_mode_is_recovered_and_goes_on(tmp_path):
    with bridge_lab("embedded", tmp_path, chains=1, priority_expiration_s=EXPIRATION_S) as lab:
        lab.fund(ALICE, "a")
        is_settled(lab, "a")
        node = lab.nodes["a"]
        node.settlement.sender._desk._service.held = True
        fields = {"type": 2, "chainId": 271, "nonce": 0, "to": BOB.address, "gas": 21_000, "value": 7, "data": b""}
        fields |= {"maxFeePerGas": 10**10, "maxPriorityFeePerGas": 0}
        lost = node.submit(bytes(ALICE.sign_transaction(fields).raw_transaction))
        settled = head(node)
        wait_until(lambda: head(node) > settled, what="the transfer's block")
        lab.stop("a")
        # The operator is gone; somebody else has the chain serve L1's request.
        deposit(lab.rich, lab.ecosystem, 271, to="0x" + "d1" * 20, value=ETHER)
        time.sleep(EXPIRATION_S + 1)
        zk_chain = lab.configs["a"].l1.zk_chain
        lab.sender(BOB).transact(zk_chain, encode_call(load("ZKChain"), "activatePriorityMode", []))
        with WayOut(lab.url, lab.ecosystem.bridgehub, 271) as way_out:
            (batch,) = way_out.settle(bytes(RELAYER.key))
        # The operator comes back with the data that he had.
        late = ChainNode(lab.configs["a"], LocalProver())
        try:
            with pytest.raises(L1Diverged) as refused:
                late.settlement.settle()
            assert "recover" in f"{refused.value} {refused.value.hint}"
        finally:
            late.stop()
        found = recovered(lab, "a")
        assert (found.batch, found.adopted) == (batch.batch_number, 1)
        assert [transaction.hash for transaction in found.dropped] == [lost]

        lab.start("a")
        node = lab.nodes["a"]
        wait_until(lambda: node.status().priority_mode, what="noticing priority mode")
        data = encode_call(load("ChainTypeManager"), "deactivatePriorityMode", [271])
        lab.rich.transact(lab.ecosystem.chain_type_manager, data)
        wait_until(lambda: not node.status().priority_mode, what="the end of priority mode")
        assert node.submit(found.dropped[0].raw) == lost
        wait_until(lambda: head(node) > found.header.number, what="the transfer's block")
        is_settled(lab, "a")
        assert lab.bridge.balance(BOB.address, "eth", "a") == 7
        with node.store.snapshot() as snapshot:
            assert snapshot.receipt(lost).receipt.status == 1
            # What was here before the others came still is; only their batch has no blocks.
            assert snapshot.lost_blocks() == [(settled + 1, found.header.number)]
            assert snapshot.receipts(1) != []


def test_batches_that_nobody_can_execute_any_more_are_reverted(tmp_path):
    """The operator lost his data while batches were committed: they stand in the way until they are taken back."""
    with bridge_lab("embedded", tmp_path, chains=1) as lab:
        lab.fund(ALICE, "a")
        is_settled(lab, "a")
        node = lab.nodes["a"]
        executed = node.status().batches["executed"]
        node.settlement.sender._desk._service.held = True
        lab.sender(ALICE, "a").transact(BOB.address, value=3, gas=21_000)
        wait_until(lambda: node.status().batches["committed"] > executed, what="the commit")
        lab.stop("a")
        shutil.rmtree(lab.configs["a"].data_dir)
        found = recovered(lab, "a")
        assert (found.batch, found.waiting) == (executed, 1)
        lab.start("a")
        node = lab.nodes["a"]
        node.settlement.revert_batches(executed)
        chain = ChainOnL1(lab.client, lab.configs["a"].l1)
        wait_until(lambda: chain.counters(chain.head()).committed == executed, what="the revert")
        lab.sender(ALICE, "a").transact(BOB.address, value=4, gas=21_000)

        def is_executed():
            with node.store.snapshot() as snapshot:
                batch = snapshot.batch(executed + 1)
            return batch is not None and batch.stage is BatchStage.EXECUTED

        # Its blocks are rolled back only when the node sees the revert, and until then all that it has is settled.
        wait_until(is_executed, TIMEOUT_S, "the execution of the batch that takes its place")
        is_settled(lab, "a")
        assert lab.bridge.balance(BOB.address, "eth", "a") == 4
