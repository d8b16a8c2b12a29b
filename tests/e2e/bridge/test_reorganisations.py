"""L1 drops the batch whose message root another chain has imported: that chain gives up what relied on it, and all of
it happens again on the new L1. Value that arrived by a dropped root arrives once more, and never twice.
"""

import pytest

from shared_bridge import MessageStage, NotClaimable, interfaces, log_proof
from shared_bridge.claims import inclusion
from tests.e2e.bridge.lab import ALICE, BOB, ETHER, RELAYER, TIMEOUT_S, bridge_lab
from tests.e2e.settlement.conftest import on_anvil
from tests.e2e.settlement.lab import wait_until


@pytest.fixture(params=[on_anvil])
def lab(request, tmp_path):
    with bridge_lab(request.param, tmp_path, chains=2) as made:
        made.fund(ALICE, "a", "b", amount=ETHER)
        made.fund(RELAYER, "b", amount=ETHER)
        settled(made)
        made.prover = made.nodes["b"].settlement.sender._desk._service
        yield made


def settled(lab):
    for name, node in lab.nodes.items():
        wait_until(node.is_settled, TIMEOUT_S, f"settlement of {name}")


def arrive(lab):
    """A transfer from a that is claimed on b; returns it and the L1 block whose root b imported for it."""
    transfer = lab.bridge.send(ALICE, "a", "b", "eth", 1_000, BOB.address)
    lab.wait(transfer, MessageStage.CLAIMABLE)
    proof = inclusion(lab.bridge.hub, transfer, target="messageRoot").proof
    lab.bridge.claim(RELAYER, transfer)
    assert received(lab) == 1_000
    return transfer, log_proof.target_of(proof)[0]


def received(lab):
    return lab.bridge.balance(BOB.address, "eth", "b")


def drop(lab, l1_block):
    """L1 has other blocks from this one on, and nothing happens in them."""
    root = lab.bridge.hub.l1.read(lab.bridge.hub.message_root, interfaces.HISTORICAL_ROOT, l1_block)
    assert root != bytes(32)
    lab.client.rpc("anvil_reorg", [lab.client.block_number() - l1_block + 1, []])
    gone = lab.bridge.hub.l1.read(lab.bridge.hub.message_root, interfaces.HISTORICAL_ROOT, l1_block)
    assert gone == bytes(32), "L1 has no such root any more"


def given_up(lab, l1_block):
    """Chain b no longer has what it got by the dropped root."""
    wait_until(lambda: lab.nodes["b"].interop_roots.imported(l1_block) is None, TIMEOUT_S, "giving up the root")
    wait_until(lambda: received(lab) == 0, what="giving up what it proved")


def claimed_if_possible(lab, transfer):
    """The claim; None while a's node still names the root that L1 dropped."""
    try:
        return lab.bridge.claim(RELAYER, transfer)
    except NotClaimable:
        return None


def arrives_again(lab, transfer, l1_block):
    """The same message, claimed with the root of the block in which the batch was executed again."""
    lab.wait(transfer, MessageStage.CLAIMABLE)
    claim = wait_until(lambda: claimed_if_possible(lab, transfer), TIMEOUT_S, "the claim")
    assert not claim.was_claimed_before and received(lab) == 1_000
    assert lab.bridge.claim(RELAYER, transfer).was_claimed_before
    settled(lab)
    assert received(lab) == 1_000
    # All that the chain relies on is L1's.
    roots = lab.nodes["b"].interop_roots
    for at, found in roots.imported_after(0).items():
        assert lab.bridge.hub.l1.read(lab.bridge.hub.message_root, interfaces.HISTORICAL_ROOT, at) == found.root
    assert roots.imported(l1_block) is None or roots.imported(l1_block).root != bytes(32)
    wait_until(lambda: not any(node.status().errors for node in lab.nodes.values()), what="recovery")
    lab.bridge.audit()


def test_what_is_not_executed_yet_is_given_up(lab):
    lab.prover.held = True
    transfer, l1_block = arrive(lab)
    executed = lab.nodes["b"].status().batches["executed"]
    wait_until(lambda: lab.nodes["b"].status().batches["committed"] > executed, what="the commit of b's batch")
    drop(lab, l1_block)
    given_up(lab, l1_block)
    assert lab.bridge.status(transfer).stage is not MessageStage.CLAIMED
    lab.prover.release()
    arrives_again(lab, transfer, l1_block)


def test_what_was_executed_and_is_dropped_too_is_given_up(lab):
    transfer, l1_block = arrive(lab)
    settled(lab)
    drop(lab, l1_block)
    given_up(lab, l1_block)
    arrives_again(lab, transfer, l1_block)


@pytest.mark.parametrize("is_executed", [False, True])
def test_a_chain_that_was_down_meanwhile_notices(lab, is_executed):
    lab.prover.held = not is_executed
    transfer, l1_block = arrive(lab)
    if is_executed:
        settled(lab)
    lab.stop("b")
    drop(lab, l1_block)
    lab.start("b")
    given_up(lab, l1_block)
    arrives_again(lab, transfer, l1_block)


def test_a_deposit_and_a_root_that_are_dropped_together(lab):
    """The rollback for the deposit reaches less far than the one for the root: both happen."""
    lab.prover.held = True
    transfer, l1_block = arrive(lab)
    gone = lab.bridge.deposit(ALICE, "b", "eth", 77, BOB.address)
    lab.wait(gone)
    assert received(lab) == 1_077
    drop(lab, l1_block)
    given_up(lab, l1_block)
    assert lab.bridge.status(gone).stage is MessageStage.DEAD
    lab.prover.release()
    arrives_again(lab, transfer, l1_block)
