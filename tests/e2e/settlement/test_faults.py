"""Settlement under faults: restarts at every stage, stuck and lost transactions, L1 reorganisations, reverts."""

import contextlib
from itertools import pairwise

import pytest

from chain_template.config import SettlementSettings
from chain_template.errors import L1Diverged, SettlementRefused
from chain_template.rebuild import rebuild
from chain_template.settlement.proofs import ProofResult
from chain_template.store.records import BatchStage
from contracts.artifacts import load
from contracts.errors import L1Unavailable
from contracts.sender import Sender
from tests.e2e.settlement.lab import CHAIN_ID, ETHER, GWEI, OTHER, ROLE_KEYS, USER, wait_until

STAGES = [BatchStage.SEALED, BatchStage.COMMITTED, BatchStage.PROVING, BatchStage.PROVED, BatchStage.VERIFIED]


def executions(lab):
    """Batch numbers in the order L1 executed them."""
    chain = lab.chain
    logs = chain.events(["BlockExecution"], chain.link.start_block, lab.client.block_number())
    return [log.decode(chain.chain, "BlockExecution")["batchNumber"] for log in logs]


def unreachable(*_):
    raise L1Unavailable("http://nowhere", "the cable was cut")


def step_until(lab, stage):
    """Settle by hand, one step at a time, until batch 1 is in a stage; the node's loops do not run."""
    settlement = lab.node.settlement
    for _ in range(200):
        settlement.watch()
        lab.node.sequencer.step()
        settlement.seal_now()
        settlement.batcher.step()
        if any(batch.stage is stage for batch in lab.batches()):
            return
        with contextlib.suppress(L1Unavailable):
            settlement.settle()
    raise AssertionError(f"no batch became {stage.value}")


def with_a_call_never_sent(lab, monkeypatch):
    """The committer's account, with a call that is written down and that L1 did not get."""
    lab.deposit()
    lab.open()
    step_until(lab, BatchStage.SEALED)
    account = lab.node.settlement.sender._accounts["committer"]
    with monkeypatch.context() as patch:
        patch.setattr(account._client, "send_raw", unreachable)
        with pytest.raises(L1Unavailable):
            for _ in range(5):
                lab.node.settlement.settle()
    return account


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.value)
def test_a_restart_at_any_stage_loses_and_repeats_nothing(make_lab, monkeypatch, stage):
    lab = make_lab()
    request = lab.deposit(value=2 * ETHER)
    lab.prover.held = stage is BatchStage.PROVING
    lab.open()
    with monkeypatch.context() as patch:
        if stage is BatchStage.COMMITTED:  # a stage that lasts only while the prover cannot be reached
            patch.setattr(lab.prover, "submit", unreachable)
        step_until(lab, stage)
    lab.stop()
    if lab.prover.held:
        lab.prover.release()
    lab.start()
    assert lab.receipt(request.canonical_hash).receipt.status == 1
    lab.wait_settled()
    assert lab.balance(USER) == 2 * ETHER
    assert executions(lab) == list(range(1, lab.counters()[2] + 1))
    assert lab.errors() == {}


def test_a_call_written_down_but_never_sent_is_sent_after_the_restart(make_lab, monkeypatch):
    """The crash between writing down and sending."""
    lab = make_lab()
    account = with_a_call_never_sent(lab, monkeypatch)
    assert account.pending is not None
    written = account.pending.attempts[0].hash
    lab.stop()
    assert lab.counters() == (0, 0, 0)
    lab.start()
    lab.wait_settled()
    assert lab.client.get_receipt(written).succeeded
    assert lab.batches()[0].l1_transactions["committed"] == "0x" + written.hex()
    assert lab.client.get_nonce(account.address, "latest") == 1


def test_a_call_sent_before_the_crash_is_not_sent_twice(make_lab, monkeypatch):
    """The crash between sending and noting what became of it."""
    lab = make_lab()
    lab.deposit()
    lab.open()
    step_until(lab, BatchStage.SEALED)
    account = lab.node.settlement.sender._accounts["committer"]
    lab.node.settlement.settle()
    sent = account.pending.attempts[0].hash
    wait_until(lambda: lab.client.get_receipt(sent), what="the commit")
    lab.stop()
    lab.start()
    lab.wait_settled()
    committed = {batch.l1_transactions["committed"] for batch in lab.batches()}
    assert "0x" + sent.hex() in committed
    assert lab.client.get_nonce(account.address, "latest") == len(committed)


def test_a_receipt_that_l1_shows_late_is_waited_for(make_embedded_lab, monkeypatch):
    """A node may count a transaction before it gives its receipt: nobody else took the nonce."""
    lab = make_embedded_lab()
    lab.deposit()
    lab.open()
    step_until(lab, BatchStage.SEALED)
    sender = lab.node.settlement.sender
    account = sender._accounts["committer"]
    lab.node.settlement.settle()
    sent = account.pending.attempts[0].hash
    wait_until(lambda: lab.client.get_receipt(sent), what="the commit")
    with monkeypatch.context() as patch:
        patch.setattr(account._client, "get_receipt", lambda _: None)
        assert account.check() is None
        assert account.check() is None
    assert account.pending is not None
    lab.node.start()
    lab.wait_settled()
    assert lab.batches()[0].l1_transactions["committed"] == "0x" + sent.hex()


def test_a_call_whose_nonce_something_else_took_is_given_up(make_embedded_lab, monkeypatch):
    lab = make_embedded_lab()
    account = with_a_call_never_sent(lab, monkeypatch)
    lost = account.pending.attempts[0].hash
    Sender(lab.client, ROLE_KEYS["committer"]).send(OTHER.address, value=1, gas=21_000)
    lab.node.start()
    lab.wait_settled()
    assert lab.client.get_receipt(lost) is None
    assert executions(lab) == list(range(1, lab.counters()[2] + 1))


def test_a_stuck_call_is_replaced_at_a_higher_price(make_anvil_lab):
    lab = make_anvil_lab(settlement=SettlementSettings(poll_interval_ms=30, resend_after_s=0.3))
    lab.start()
    lab.receipt(lab.deposit().canonical_hash)
    lab.wait_settled()
    account = lab.node.settlement.sender._accounts["committer"]
    lab.rpc("evm_setAutomine", False)
    lab.send(OTHER.address, value=1)
    wait_until(lambda: account.pending and len(account.pending.attempts) >= 3, what="replacements")
    attempts = account.pending.attempts
    for before, after in pairwise(attempts):
        assert after.fees.max_fee_per_gas * 8 >= before.fees.max_fee_per_gas * 9
        assert after.fees.max_priority_fee_per_gas * 8 >= before.fees.max_priority_fee_per_gas * 9
    lab.rpc("evm_setAutomine", True)
    lab.rpc("evm_mine")
    lab.wait_settled()
    assert executions(lab) == list(range(1, lab.counters()[2] + 1))


def test_the_sender_waits_rather_than_pay_more_than_it_may(make_anvil_lab):
    lab = make_anvil_lab(settlement=SettlementSettings(poll_interval_ms=30, max_fee_gwei=20))
    lab.start()
    lab.receipt(lab.deposit().canonical_hash)
    lab.wait_settled()
    lab.rpc("anvil_setNextBlockBaseFeePerGas", hex(100 * GWEI))
    lab.rpc("evm_mine")
    lab.send(OTHER.address, value=1)
    wait_until(lambda: "FeeAboveLimit" in lab.errors().get("settlement", ""), what="the complaint about fees")
    assert lab.node.settlement.sender._accounts["committer"].pending is None
    for _ in range(30):  # the base fee falls by an eighth with every empty block
        lab.rpc("evm_mine")
    lab.wait_settled()
    assert lab.errors() == {}


def test_a_failing_estimate_names_the_reason(make_lab):
    """A chain whose committer lost its role says so, and goes on when it gets it back."""
    lab = make_lab()
    lab.start()
    lab.receipt(lab.deposit().canonical_hash)
    lab.wait_settled()
    timelock, address = load("ValidatorTimelock"), lab.ecosystem.validator_timelock
    item = timelock.function("removeValidatorRoles")
    count = len(item.inputs[2]["components"])
    committer = lab.node.settlement.sender.addresses["committer"]
    everything = [lab.config.l1.zk_chain, committer, (True,) * count]
    lab.rich.call_contract(timelock, address, "removeValidatorRoles", everything)
    lab.send(OTHER.address, value=1)
    wait_until(lambda: "RoleAccessDenied" in lab.errors().get("settlement", ""), what="the refusal")
    lab.rich.call_contract(timelock, address, "addValidatorRoles", everything)
    lab.wait_settled()


# -- reorganisations of L1 -------------------------------------------------------------------------------------------


def test_batches_that_l1_forgets_are_settled_again(make_anvil_lab):
    lab = make_anvil_lab()
    lab.start()
    lab.receipt(lab.deposit().canonical_hash)
    lab.wait_settled()
    snapshot = lab.rpc("evm_snapshot")
    lab.send(OTHER.address, value=1)
    lab.wait_settled()
    before = lab.counters()
    assert lab.rpc("evm_revert", snapshot)
    assert lab.counters() < before
    lab.send(OTHER.address, value=1)
    wait_until(lambda: lab.counters()[2] > before[2], what="settlement after the reorganisation")
    lab.wait_settled()
    assert lab.balance(OTHER) == 2
    assert executions(lab) == list(range(1, lab.counters()[2] + 1))
    for batch in lab.batches():
        receipt = lab.client.get_receipt(bytes.fromhex(batch.l1_transactions["executed"][2:]))
        assert receipt is not None and receipt.succeeded, "no batch names a transaction that L1 has forgotten"


def test_a_deposit_that_l1_forgets_is_taken_back(make_anvil_lab):
    lab = make_anvil_lab()
    lab.start()
    lab.receipt(lab.deposit(value=ETHER).canonical_hash)
    lab.wait_settled()
    lab.prover.held = True  # the second deposit gets as far as a commit, not to its execution
    snapshot = lab.rpc("evm_snapshot")
    gone = lab.deposit(value=7 * ETHER)
    lab.receipt(gone.canonical_hash)
    lab.send(OTHER.address, value=1)
    lab.wait_stage(lab.counters()[2] + 1, BatchStage.PROVING)
    assert lab.balance(USER) > 7 * ETHER
    lab.rpc("evm_revert", snapshot)
    lab.rpc("evm_mine")
    wait_until(lambda: lab.balance(USER) < ETHER + 1, what="the rollback")
    with lab.node.store.snapshot() as view:
        assert view.receipt(gone.canonical_hash) is None
    lab.prover.release()
    # The user's own transaction was not dropped with it, and a new deposit gets the id of the lost one.
    wait_until(lambda: lab.balance(OTHER) == 1, what="the user's transaction, included again")
    lab.rich.forget_nonce()
    again = lab.deposit(value=2 * ETHER)
    assert again.priority_id == gone.priority_id
    lab.receipt(again.canonical_hash)
    lab.wait_settled()
    assert executions(lab) == list(range(1, lab.counters()[2] + 1))


def test_a_deposit_that_comes_back_in_another_block_is_only_moved(make_anvil_lab):
    lab = make_anvil_lab(settlement=SettlementSettings(poll_interval_ms=30))
    request = lab.deposit(value=ETHER)
    lab.start()
    lab.receipt(request.canonical_hash)
    lab.wait_settled()
    with lab.node.store.snapshot() as view:
        head = view.head_number
        before = view.priority_operation(0)
    depth = lab.client.block_number() - request.l1_block_number + 1
    raw = lab.rpc("eth_getRawTransactionByHash", "0x" + request.l1_transaction_hash.hex())
    lab.rpc("anvil_reorg", depth, [[raw, 1]])

    def moved():
        with lab.node.store.snapshot() as view:
            operation = view.priority_operation(0)
            return operation is not None and operation.l1_block_hash != before.l1_block_hash

    wait_until(moved, what="the new place")
    lab.wait_settled()
    with lab.node.store.snapshot() as view:
        assert view.head_number == head, "no block was given up"
    assert lab.counters() == (len(lab.batches()),) * 3


# -- reverts ---------------------------------------------------------------------------------------------------------


def test_an_operator_can_take_back_what_is_not_executed(make_lab):
    lab = make_lab()
    lab.start()
    lab.receipt(lab.deposit().canonical_hash)
    lab.wait_settled()
    executed = lab.counters()[2]
    lab.prover.held = True
    lab.send(OTHER.address, value=1)
    wait_until(lambda: lab.counters()[0] > executed, what="a commit")
    with pytest.raises(SettlementRefused, match="executed"):
        lab.node.settlement.revert_batches(executed - 1)
    with pytest.raises(SettlementRefused, match="no batch 99"):
        lab.node.settlement.revert_batches(99)
    lab.node.settlement.revert_batches(executed)
    reverts = lambda: lab.chain.events(["BlocksRevert"], 0, lab.client.block_number())  # noqa: E731
    wait_until(reverts, what="the revert on L1")
    lab.prover.release()
    wait_until(lambda: lab.node.settlement.sender.rollback_wanted is None, what="the rollback")
    wait_until(lambda: lab.balance(OTHER) == 1, what="the user's transaction, included again")
    lab.wait_settled()
    assert executions(lab) == list(range(1, lab.counters()[2] + 1))


def test_a_revert_by_others_is_shown_and_settled_again(make_lab):
    lab = make_lab()
    lab.start()
    lab.receipt(lab.deposit().canonical_hash)
    lab.wait_settled()
    executed = lab.counters()[2]
    lab.prover.held = True
    lab.send(OTHER.address, value=1)
    lab.wait_stage(executed + 1, BatchStage.PROVING)
    seen = []
    lab.node.events.subscribe(lambda event: seen.append(getattr(event, "stage", None)))
    manager = load("ChainTypeManager")
    lab.rich.call_contract(manager, lab.ecosystem.chain_type_manager, "revertBatches", [CHAIN_ID, executed])
    wait_until(lambda: BatchStage.REVERTED in seen, what="the revert")
    lab.prover.release()
    lab.wait_settled()
    assert lab.balance(OTHER) == 1
    assert executions(lab) == list(range(1, lab.counters()[2] + 1))


def test_a_batch_the_prover_refuses_is_reported_and_never_shown_to_l1(make_lab):
    lab = make_lab()
    lab.prover.held = True
    lab.start()
    lab.receipt(lab.deposit().canonical_hash)
    lab.wait_stage(1, BatchStage.PROVING)
    job = lab.prover.jobs[0]
    lab.prover._results[CHAIN_ID, 1] = (
        job.public_input,
        ProofResult(1, job.public_input, b"", "local", "rejected: nonce too low"),
    )
    wait_until(lambda: "cannot be proven" in lab.errors().get("settlement", ""), what="the complaint")
    assert lab.counters()[1] == 0


# -- losses ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("batch_log", ["kept", "lost"])
def test_a_rebuilt_store_goes_on_where_l1_is(make_lab, monkeypatch, batch_log):
    """The database is gone; blocks come from the block log, batches from it too, or as L1 reports them."""
    lab = make_lab()
    lab.start()
    request = lab.deposit()
    lab.receipt(request.canonical_hash)
    for _ in range(2):
        lab.send(OTHER.address, value=1)
        lab.wait_settled()
    # A batch may be seen to be executed a moment before the transaction that did it is noted.
    steps = {"committed", "verified", "executed"}
    wait_until(lambda: all(steps <= batch.l1_transactions.keys() for batch in lab.batches()), what="all names")
    before = lab.batches()
    lab.stop()
    for path in lab.config.data_dir.glob("*.sqlite*"):
        path.unlink()
    if batch_log == "lost":
        monkeypatch.setattr("chain_template.rebuild.read_batch_log", lambda directory: [])
    rebuild(lab.config)
    lab.start()
    lab.wait_settled()
    for now, then in zip(lab.batches(), before, strict=True):
        assert (now.last_block, now.public_input, now.stage) == (then.last_block, then.public_input, then.stage)
    named = [batch.l1_transactions for batch in before]
    wait_until(lambda: [batch.l1_transactions for batch in lab.batches()] == named, what="the names of L1's calls")
    lab.send(OTHER.address, value=1)
    lab.wait_settled()
    assert lab.balance(OTHER) == 3
    with lab.node.store.snapshot() as view:
        assert view.priority_operation(0).l1_tx_hash == request.l1_transaction_hash
    assert executions(lab) == list(range(1, lab.counters()[2] + 1))


def test_l1_may_go_away_and_come_back(make_embedded_lab):
    lab = make_embedded_lab()
    lab.start()
    lab.receipt(lab.deposit().canonical_hash)
    lab.wait_settled()
    lab.l1.stop()
    lab.send(OTHER.address, value=1)
    wait_until(lambda: {"l1-watcher", "settlement"} <= set(lab.errors()), what="the complaints")
    assert all("L1Unavailable" in error for error in lab.errors().values())
    lab.l1.start()
    lab.wait_settled()
    lab.receipt(lab.deposit().canonical_hash)
    lab.wait_settled()
    assert executions(lab) == list(range(1, lab.counters()[2] + 1))


def test_another_l1_at_the_same_url_is_refused(make_lab):
    lab = make_lab()
    lab.config = lab.config.model_copy(update={"l1": lab.config.l1.model_copy(update={"zk_chain": "0x" + "77" * 20})})
    settlement = lab.open()
    for step in (settlement.watch, settlement.settle):
        with pytest.raises(L1Diverged, match=r"no contract at 0x77"):
            step()


def test_events_count_only_when_they_are_confirmed(make_anvil_lab):
    lab = make_anvil_lab(settlement=SettlementSettings(poll_interval_ms=30, confirmations=3))
    settlement = lab.open()
    request = lab.deposit()
    while settlement.watch():
        pass

    def known():
        with lab.node.store.snapshot() as view:
            return view.priority_operation(0)

    assert known() is None
    lab.rpc("anvil_mine", "0x2")
    settlement.watch()
    assert known() is None, "two blocks above it are not three"
    lab.rpc("anvil_mine", "0x1")
    settlement.watch()
    assert known().hash == request.canonical_hash
    step_until(lab, BatchStage.SEALED)
    for _ in range(8):
        settlement.settle()
    assert lab.counters()[0] == 1
    assert lab.batches()[0].stage is BatchStage.SEALED, "L1 may still forget the commit"
    lab.rpc("anvil_mine", "0x3")
    settlement.settle()
    assert lab.batches()[0].stage is not BatchStage.SEALED
