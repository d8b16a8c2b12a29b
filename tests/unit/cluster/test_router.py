"""The message router on fakes: what it moves, what it repeats, what it never does twice."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cluster.errors import (
    MessageMissing,
    MessageNotRetryable,
    NoEndpoints,
    OrderConflict,
    RouterClosed,
    RouterStoreCorrupt,
)
from cluster.router import Endpoints, MessageKind, MessageRouter
from cluster.router.messages import id_of_found, may_pass_to
from cluster.settings import RouterSettings
from shared_bridge.errors import AmountError, BridgeRefused, NotClaimable
from shared_bridge.records import Withdrawal
from shared_bridge.stages import TRANSITIONS, MessageStage, Refund
from tests.unit.cluster.router_world import (
    ALICE,
    BOB,
    KEY,
    URLS,
    FakeBridge,
    RouterWorld,
    lost,
    order,
    reverted,
    transfer,
)

NOT_YET = NotClaimable(Withdrawal(bytes(32), 1, ALICE, BOB, 271, bytes(32)), "the root is not there yet")


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., RouterWorld]]:
    made: list[RouterWorld] = []

    def build(**settings: object) -> RouterWorld:
        made.append(RouterWorld(tmp_path / str(len(made)), RouterSettings.model_validate(settings)))
        return made[-1]

    yield build
    for world in made:
        world.router.close()


@pytest.fixture
def w(make: Callable[..., RouterWorld]) -> RouterWorld:
    return make()


def test_an_order_goes_all_the_way_with_a_time_for_every_stage(w: RouterWorld) -> None:
    sent = w.submit(order())
    assert sent.stage is MessageStage.SENT and sent.transaction_hash is not None and sent.handle
    for stage in (MessageStage.INCLUDED, MessageStage.PROVEN, MessageStage.CLAIMABLE):
        w.world.move(stage)
        w.run(1, 60.0)
    done = w.router.message(sent.id)
    assert done.stage is MessageStage.CLAIMED and done.claim_transaction == b"\xcc" * 32 and not done.error
    times = [done.times[stage] for stage in MessageStage if stage in done.times]
    assert len(times) == 5 and times == sorted(times)
    assert w.router.counts()[MessageStage.CLAIMED] == 1


def test_repeating_an_order_sends_it_once(w: RouterWorld) -> None:
    first = w.submit(order())
    assert w.submit(order()) == first
    w.restart()
    assert w.submit(order()).transaction_hash == first.transaction_hash
    assert len(w.world.sent) == 1
    assert w.submit(order(), "r2").id != first.id and len(w.world.sent) == 2


def test_orders_that_come_at_once_under_one_name_are_one(w: RouterWorld) -> None:
    threads = [threading.Thread(target=w.submit, args=(order(),)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(w.world.sent) == 1


def test_a_name_stands_for_one_order(w: RouterWorld) -> None:
    w.submit(order())
    with pytest.raises(OrderConflict, match="r1"):
        w.submit(order(amount=6))
    assert len(w.world.sent) == 1


def test_a_refused_order_is_failed_and_may_be_repeated(w: RouterWorld) -> None:
    w.bridge.failures["before signing"] = [AmountError(5, "the account has 4")]
    with pytest.raises(AmountError):
        w.submit(order())
    (failed,) = w.router.messages()
    assert failed.stage is MessageStage.FAILED and "has 4" in failed.error and failed.transaction_hash is None
    again = w.submit(order())
    assert again.id == failed.id and again.stage is MessageStage.SENT and len(w.router.messages()) == 1


def test_a_transaction_that_the_node_refuses_is_not_waited_for(w: RouterWorld) -> None:
    w.bridge.failures["before sending"] = [BridgeRefused("withdraw", "fee too low")]
    with pytest.raises(BridgeRefused):
        w.submit(order())
    (failed,) = w.router.messages()
    assert failed.stage is MessageStage.FAILED and failed.transaction_hash is None


def test_a_transaction_that_reverts_in_a_block_keeps_its_hash(w: RouterWorld) -> None:
    w.bridge.failures["before block"] = [BridgeRefused("withdraw", "reverted", transaction_hash=bytes(32))]
    with pytest.raises(BridgeRefused):
        w.submit(order())
    (failed,) = w.router.messages()
    assert failed.stage is MessageStage.FAILED and failed.transaction_hash is not None
    assert w.submit(order()) == failed


@pytest.mark.parametrize("moment", ["before sending", "before block"])
def test_a_node_lost_in_the_middle_sends_once(w: RouterWorld, moment: str) -> None:
    w.bridge.failures[moment] = [lost()]
    waiting = w.submit(order())
    assert waiting.stage is MessageStage.SENT and "lost" in waiting.error
    # Nobody knows whether it arrived; the router hands in the very same transaction until it is in a block.
    w.bridge.failures["resend"] = [lost()]
    w.run()
    assert list(w.world.sent) == [waiting.transaction_hash]
    assert w.router.message(waiting.id).stage is MessageStage.INCLUDED
    assert not w.router.message(waiting.id).error


def test_a_router_killed_before_signing_has_sent_nothing(w: RouterWorld) -> None:
    release, began = threading.Event(), threading.Event()

    def hang(*_: object) -> None:
        began.set()
        release.wait(10)
        raise lost()

    submit, w.bridge.submit = w.bridge.submit, hang  # type: ignore[method-assign, assignment]
    assert w.router.submit(order(), KEY, "r1", wait_s=0.0).transaction_hash is None
    began.wait(10)
    old = w.router
    w.restart()
    (failed,) = w.router.messages()
    assert failed.stage is MessageStage.FAILED and "nothing was sent" in failed.error
    w.bridge.submit = submit  # type: ignore[method-assign]
    assert w.submit(order()).stage is MessageStage.SENT and len(w.world.sent) == 1
    release.set()
    old._submitters.shutdown(wait=True)


def test_a_router_killed_after_signing_goes_on(w: RouterWorld) -> None:
    w.bridge.failures["before sending"] = [lost()]
    waiting = w.submit(order())
    w.restart()
    w.world.move(MessageStage.CLAIMABLE)
    w.run()
    w.world.move(MessageStage.CLAIMABLE)
    w.run()
    assert w.router.message(waiting.id).stage is MessageStage.CLAIMED and len(w.world.claims) == 1


def test_a_claim_made_before_a_crash_is_not_made_again(w: RouterWorld) -> None:
    sent = w.submit(order())
    w.world.move(MessageStage.CLAIMABLE)
    w.bridge.failures["after claim"] = [lost("l1")]
    w.router.step()
    assert w.router.message(sent.id).stage is MessageStage.CLAIMABLE
    w.restart()
    w.run()
    assert w.router.message(sent.id).stage is MessageStage.CLAIMED and len(w.world.claims) == 1


def test_what_users_send_is_found_and_claimed_after_restarts_too(make: Callable[..., RouterWorld]) -> None:
    w = make(follow_blocks=2)
    hashes = [w.world.somebody_sends(transfer()) for _ in range(5)]
    w.run(2)
    w.restart()
    hashes.append(w.world.somebody_sends(order()))
    w.world.move(MessageStage.CLAIMABLE)
    w.run(20)
    assert sorted(w.world.claims) == hashes
    assert all(m.stage is MessageStage.CLAIMED and not m.request for m in w.router.messages())
    assert w.bridge.calls.count("claim") == 6


def test_one_chain_that_is_down_does_not_stop_the_others(w: RouterWorld) -> None:
    w.bridge.failures["sent alpha"] = [lost() for _ in range(50)]
    w.world.somebody_sends(order(source="alpha"))
    there = w.world.somebody_sends(order(source="beta"))
    w.run()
    assert [m.transaction_hash for m in w.router.messages()] == [there]
    del w.bridge.failures["sent alpha"]
    w.run()
    assert len(w.router.messages()) == 2


def test_without_auto_relay_only_what_is_asked_for_is_claimed(make: Callable[..., RouterWorld]) -> None:
    w = make(auto_relay=False)
    asked, other = w.world.somebody_sends(order()), w.world.somebody_sends(order())
    w.world.move(MessageStage.CLAIMABLE)
    kept = w.submit(order(), relay=False)
    w.world.move(MessageStage.CLAIMABLE)
    (tracked,) = w.router.track("alpha", asked)
    assert tracked.id == id_of_found("alpha", asked, 0) and w.router.track("alpha", asked)[0].id == tracked.id
    w.run()
    assert w.world.claims == [asked] and w.router.message(kept.id).stage is MessageStage.CLAIMABLE
    w.router.claim(kept.id)
    w.run()
    assert w.world.claims == [asked, kept.transaction_hash] and other not in w.world.claims


def test_a_message_that_cannot_be_claimed_dies_after_its_attempts_and_can_be_retried(
    make: Callable[..., RouterWorld],
) -> None:
    w = make(max_attempts=3, retry_delay_s=2.0)
    sent = w.submit(transfer())
    w.world.move(MessageStage.CLAIMABLE)
    w.bridge.failures["claim"] = [reverted() for _ in range(4)]
    w.router.step()
    first = w.router.message(sent.id)
    assert first.attempts == 1 and "CallFailed" in first.error and first.not_before == w.now + 2.0
    w.now += 1.9
    w.router.step()
    assert w.router.message(sent.id).attempts == 1, "it was tried too early"
    w.now += 0.2
    w.router.step()
    assert w.router.message(sent.id).not_before == w.now + 4.0
    w.run(3, 10.0)
    dead = w.router.message(sent.id)
    assert dead.stage is MessageStage.DEAD and dead.attempts == 3
    assert [m.id for m in w.router.messages(stage=MessageStage.DEAD)] == [sent.id]
    w.restart()
    w.run(3, 1_000.0)
    assert w.bridge.calls.count("claim") == 3, "the dead are left alone"
    assert w.router.retry(sent.id).attempts == 0
    w.run(3, 10.0)
    assert w.router.message(sent.id).stage is MessageStage.CLAIMED and len(w.world.claims) == 1
    with pytest.raises(MessageNotRetryable, match="claimed"):
        w.router.retry(sent.id)


def test_what_is_not_its_fault_does_not_count_against_a_message(make: Callable[..., RouterWorld]) -> None:
    w = make(max_attempts=1)
    sent = w.submit(transfer())
    w.world.move(MessageStage.CLAIMABLE)
    w.bridge.failures["claim"] = [NOT_YET, lost("beta"), NOT_YET]
    w.run(3, 20.0)
    assert w.router.message(sent.id).attempts == 0 and "root" in w.router.message(sent.id).error
    w.run(3, 20.0)
    assert w.router.message(sent.id).stage is MessageStage.CLAIMED


def test_looks_become_rarer_while_nothing_happens(w: RouterWorld) -> None:
    sent = w.submit(order())
    pauses = []
    for _ in range(12):
        w.router.step()
        pauses.append(w.router.message(sent.id).not_before - w.now)
        w.now = w.router.message(sent.id).not_before
    assert pauses[0] == pytest.approx(0.3) and pauses == sorted(pauses)
    w.now += 10_000
    w.router.step()
    assert w.router.message(sent.id).not_before == w.now + 15.0


def test_a_failed_deposit_ends_failed(w: RouterWorld) -> None:
    sent = w.submit(order(MessageKind.DEPOSIT, "l1", "alpha"))
    w.world.move(MessageStage.FAILED)
    w.run(2)
    failed = w.router.message(sent.id)
    assert failed.stage is MessageStage.FAILED and failed.error == "as the chain says"


def test_a_failed_deposit_is_claimed_back_once(w: RouterWorld) -> None:
    sent = w.submit(order(MessageKind.DEPOSIT, "l1", "alpha"))
    w.world.move(MessageStage.FAILED)
    w.world.refunds[sent.transaction_hash] = Refund.LATER
    w.run(2)
    waiting = w.router.message(sent.id)
    assert (waiting.stage, waiting.refund, w.world.claims) == (MessageStage.FAILED, Refund.LATER, [])
    w.restart()
    w.world.refunds[sent.transaction_hash] = Refund.CLAIMABLE
    w.bridge.failures["claim"] = [BridgeRefused("claim", "not today") for _ in range(20)]
    w.run(60, 300.0)
    done = w.router.message(sent.id)
    assert (done.stage, done.refund) == (MessageStage.FAILED, Refund.CLAIMED), "refusals do not make it dead"
    assert done.claim_transaction == b"\xcc" * 32 and w.world.claims == [sent.transaction_hash]
    looks = w.bridge.calls.count("look")
    w.run(5)
    assert w.bridge.calls.count("look") == looks, "nothing more happens to it"


def test_a_failed_deposit_that_nobody_relays_waits_to_be_claimed(w: RouterWorld) -> None:
    sent = w.submit(order(MessageKind.DEPOSIT, "l1", "alpha"), relay=False)
    w.world.move(MessageStage.FAILED)
    w.world.refunds[sent.transaction_hash] = Refund.CLAIMABLE
    w.run(3)
    assert w.router.message(sent.id).refund is Refund.CLAIMABLE and not w.world.claims
    w.router.claim(sent.id)
    w.run(2)
    assert w.router.message(sent.id).refund is Refund.CLAIMED


def test_a_reverted_batch_takes_its_messages_back(w: RouterWorld) -> None:
    sent = w.submit(order(), relay=False)
    w.world.move(MessageStage.PROVEN)
    w.run(2)
    w.world.move(MessageStage.INCLUDED)
    w.run(2)
    assert w.router.message(sent.id).stage is MessageStage.INCLUDED


def test_a_claim_that_a_reorganisation_undoes_is_made_again(w: RouterWorld) -> None:
    sent = w.submit(order())
    w.world.move(MessageStage.CLAIMABLE)
    w.run(3)
    assert w.router.message(sent.id).stage is MessageStage.CLAIMED
    w.restart()
    # First the L1 has not even executed the batch again.
    for stage, expected in (
        (MessageStage.PROVEN, MessageStage.CLAIMED),
        (MessageStage.CLAIMABLE, MessageStage.CLAIMED),
    ):
        w.world.stages[sent.transaction_hash] = stage
        w.run(20)
        assert w.router.message(sent.id).stage is expected
    assert w.world.claims == [sent.transaction_hash] * 2
    assert w.router.message(sent.id).claim_transaction == b"\xcc" * 32


def test_an_undone_claim_that_nobody_relays_is_shown_as_claimable(w: RouterWorld) -> None:
    sent = w.submit(order(), relay=False)
    w.world.stages[sent.transaction_hash] = MessageStage.CLAIMED
    w.run(3)
    assert w.router.message(sent.id).stage is MessageStage.CLAIMED
    w.world.stages[sent.transaction_hash] = MessageStage.CLAIMABLE
    w.run(20)
    found = w.router.message(sent.id)
    assert found.stage is MessageStage.CLAIMABLE and found.claim_transaction is None and not w.world.claims


def test_a_claim_is_looked_at_seldom_and_some_day_no_more(w: RouterWorld) -> None:
    w.submit(order())
    w.world.move(MessageStage.CLAIMABLE)
    w.run(3)
    w.bridge.calls.clear()
    w.run(100, seconds=w.router._settings.watch_claims_s / 50)
    assert 5 <= w.bridge.calls.count("look") <= 9
    w.bridge.calls.clear()
    w.run(20, seconds=3_600.0)
    assert "look" not in w.bridge.calls


def test_a_claim_on_a_chain_that_is_gone_is_not_looked_at_for_ever(w: RouterWorld) -> None:
    sent = w.submit(order())
    w.world.move(MessageStage.CLAIMABLE)
    w.run(3)
    w.bridge.failures["look"] = [lost() for _ in range(1_000)]
    w.run(200, seconds=60.0)
    w.bridge.calls.clear()
    w.run(20, seconds=60.0)
    assert "look" not in w.bridge.calls
    found = w.router.message(sent.id)
    assert found.stage is MessageStage.CLAIMED and not found.error


def test_endpoints_are_remembered_and_replaced(w: RouterWorld) -> None:
    w.router.connect("http://127.0.0.1:3", URLS)
    assert len(w.endpoints) == 1
    w.router.connect("http://127.0.0.1:3", {**URLS, "gamma": "http://127.0.0.1:4"})
    w.restart()
    assert w.endpoints[-1] == Endpoints("http://127.0.0.1:3", {**URLS, "gamma": "http://127.0.0.1:4"})


def test_an_unconnected_router_says_so(tmp_path: Path) -> None:
    router = MessageRouter(tmp_path, RouterSettings(), lambda endpoints: FakeBridge(None))  # type: ignore[arg-type]
    assert not router.step()
    with pytest.raises(NoEndpoints):
        router.submit(order(), KEY, "r")
    with pytest.raises(MessageMissing, match="m1"):
        router.message("m1")
    router.close()
    for call in (lambda: router.messages(), lambda: router.submit(order(), KEY, "r"), lambda: router.counts()):
        with pytest.raises(RouterClosed):
            call()
    router.close()


def test_records_of_finished_messages_are_bounded(make: Callable[..., RouterWorld]) -> None:
    w = make(keep_records=3)
    for _ in range(6):
        w.world.somebody_sends(order())
    w.world.move(MessageStage.CLAIMABLE)
    w.run()
    assert len(w.router.messages()) == 3 and len(w.world.claims) == 6


def test_a_damaged_memory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "router.db").write_bytes(b"no database" * 500)
    with pytest.raises(RouterStoreCorrupt, match=r"router\.db") as caught:
        MessageRouter(tmp_path, RouterSettings(), lambda endpoints: FakeBridge(None))  # type: ignore[arg-type]
    assert "again" in caught.value.hint


def test_the_loop_works_by_itself(tmp_path: Path) -> None:
    w = RouterWorld(tmp_path, RouterSettings(shortest_look_s=0.01))
    w.router._clock = time.time
    w.router.start()
    w.submit(order())
    w.world.move(MessageStage.CLAIMABLE)
    for _ in range(500):
        if w.world.claims:
            break
        threading.Event().wait(0.01)
    assert len(w.world.claims) == 1 and not w.router.trouble
    w.router.close()


def test_steps_that_looks_may_skip_are_those_of_the_table() -> None:
    for old, direct in TRANSITIONS.items():
        assert may_pass_to(old, old)
        assert all(may_pass_to(old, new) for new in direct)
    assert may_pass_to(MessageStage.SENT, MessageStage.CLAIMED)
    behind = (MessageStage.CLAIMABLE, MessageStage.CLAIMED, MessageStage.DEAD)
    assert not any(may_pass_to(MessageStage.CLAIMED, new) for new in MessageStage if new not in behind)
    assert not may_pass_to(MessageStage.CLAIMABLE, MessageStage.INCLUDED)
