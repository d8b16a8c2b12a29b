"""What the pool gives to a block, and what becomes of the rest."""

import threading
import time

import pytest

from chain_template.errors import MempoolFull, NonceTooLow
from chain_template.mempool import PoolStatus
from tests.unit.chain_template.mempool.offers import NOW, hashes, make_pool, offer, put, sender

GAS = 10_000_000


def ready(pool, base_fee=10, limit=100, gas=GAS, **more):
    return pool.ready(base_fee, limit, gas, **more)


def test_the_best_first_and_each_sender_in_order():
    pool = make_pool()
    cheap_then_dear = [put(pool, offer(0, 0, 20)), put(pool, offer(0, 1, 900))]
    middle = [put(pool, offer(1, 0, 50)), put(pool, offer(1, 1, 40))]
    dear = put(pool, offer(2, 0, 100))
    assert ready(pool) == [dear, *middle, *cheap_then_dear]
    assert len(pool) == 5


def test_it_is_what_the_operator_gets_that_counts():
    pool = make_pool()
    high_cap = put(pool, offer(0, 0, 1_000, 1))
    high_tip = put(pool, offer(1, 0, 100, 50))
    capped_tip = put(pool, offer(2, 0, 60, 59))
    assert ready(pool, base_fee=10) == [high_tip, capped_tip, high_cap]  # 50, 50 but later, 1
    assert ready(pool, base_fee=55) == [high_tip, capped_tip, high_cap]  # 45, 5, 1


def test_equals_go_by_arrival():
    pool = make_pool()
    expected = [put(pool, offer(who, 0, 100)) for who in (3, 1, 2, 0)]
    assert ready(pool) == expected


def test_what_offers_less_than_the_base_fee_waits_with_all_that_follows_it():
    pool = make_pool()
    put(pool, offer(0, 0, 50))
    put(pool, offer(0, 1, 500))
    other = put(pool, offer(1, 0, 100))
    assert ready(pool, base_fee=51) == [other]
    assert len(ready(pool, base_fee=50)) == 3


def test_a_gap_waits():
    pool = make_pool()
    first = put(pool, offer(0, 0))
    third = put(pool, offer(0, 2))
    assert ready(pool) == [first]
    assert pool.status() == PoolStatus(pending=1, queued=1)
    second = put(pool, offer(0, 1))
    assert ready(pool) == [first, second, third]
    assert pool.status() == PoolStatus(pending=3, queued=0)


def test_count_and_gas_are_bounds():
    pool = make_pool()
    large = put(pool, offer(0, 0, 500, gas_limit=90_000))
    behind = put(pool, offer(0, 1, 500))
    small = [put(pool, offer(1, nonce, 100)) for nonce in range(4)]
    assert ready(pool, limit=3) == [large, behind, small[0]]
    assert ready(pool, limit=0) == []
    assert ready(pool, gas=90_000 + 21_000) == [large, behind]
    # The large one does not fit, and what follows it must not come without it; others may.
    assert ready(pool, gas=70_000) == small[:3]


def test_a_block_under_construction_asks_again():
    pool = make_pool()
    mine = [put(pool, offer(0, nonce, 100)) for nonce in range(3)]
    others = [put(pool, offer(1, nonce, 50)) for nonce in range(2)]
    applied = set(hashes(mine[:2]))
    assert ready(pool, applied=applied) == [mine[2], *others]
    assert ready(pool, applied=applied, avoid={sender(0)}) == others
    assert ready(pool, applied=set(hashes(mine + others))) == []


def test_a_block_takes_out_what_it_includes_and_what_it_makes_stale():
    pool = make_pool()
    mine = [put(pool, offer(0, nonce)) for nonce in range(3)]
    other = put(pool, offer(1, 0))
    # Nonce 1 went into the block as another transaction than the one here.
    pool.on_block([mine[0], offer(0, 1, 777), offer(5, 9)], now_s=NOW)
    assert ready(pool) == [mine[2], other]
    assert mine[1].hash not in pool
    assert pool.get(mine[2].hash) == mine[2]
    pool.on_block([other, mine[2]], now_s=NOW)
    assert len(pool) == 0
    assert pool.status() == PoolStatus(0, 0)


def test_priority_operations_of_a_block_are_none_of_its_business():
    pool = make_pool()
    mine = put(pool, offer(0, 0))
    pool.on_block([offer(0, 7, type=0x7F)], now_s=NOW)
    assert ready(pool) == [mine]


def test_dropping_leaves_a_gap():
    pool = make_pool()
    mine = [put(pool, offer(0, nonce)) for nonce in range(3)]
    pool.drop([mine[1].hash, bytes(32)])
    assert ready(pool) == mine[:1]
    assert pool.content().queued == {sender(0): {2: mine[2]}}
    again = put(pool, offer(0, 1, 300))
    assert ready(pool) == [mine[0], again, mine[2]]


def test_the_next_nonce_of_a_sender():
    pool = make_pool()
    assert pool.pending_nonce(sender(0), 5) == 5
    for nonce in (5, 6, 8):
        put(pool, offer(0, nonce), nonce=5)
    assert pool.pending_nonce(sender(0), 5) == 7
    assert pool.pending_nonce(sender(0), 6) == 7
    assert pool.pending_nonce(sender(0), 7) == 7
    assert pool.pending_nonce(sender(0), 8) == 9
    assert pool.pending_nonce(sender(1), 0) == 0


def test_content_by_sender():
    pool = make_pool()
    mine = {nonce: put(pool, offer(0, nonce)) for nonce in (1, 0, 3)}
    other = put(pool, offer(1, 7), nonce=7)
    content = pool.content()
    assert content.pending == {sender(0): {0: mine[0], 1: mine[1]}, sender(1): {7: other}}
    assert content.queued == {sender(0): {3: mine[3]}}
    assert list(content.pending[sender(0)]) == [0, 1]
    assert pool.content(sender(1)).pending == {sender(1): {7: other}}
    assert pool.content(sender(1)).queued == {}
    assert pool.content(sender(2)).pending == {}
    assert pool.arrived_s(other.hash) == NOW
    assert pool.arrived_s(bytes(32)) is None


def test_listeners_hear_of_what_becomes_pending():
    pool = make_pool()
    heard: list[bytes] = []
    stop = pool.subscribe(lambda transaction: heard.append(transaction.hash))
    second = put(pool, offer(0, 1))
    assert heard == []
    first = put(pool, offer(0, 0))
    assert heard == hashes([first, second])
    replacement = put(pool, offer(0, 1, 200))
    assert heard[2:] == [replacement.hash]
    fourth = put(pool, offer(0, 3))
    pool.on_block([first, replacement, offer(0, 2)], now_s=NOW)  # nonce 2 was never here
    assert heard[3:] == [fourth.hash]
    stop()
    stop()
    put(pool, offer(1, 0))
    assert len(heard) == 4


def test_a_listener_that_fails_does_not_harm_the_pool():
    pool = make_pool()
    heard: list[bytes] = []

    def fail(_transaction: object) -> None:
        raise RuntimeError("no")

    pool.subscribe(fail)
    pool.subscribe(lambda transaction: heard.append(transaction.hash))
    mine = put(pool, offer(0, 0))
    assert heard == [mine.hash]
    assert ready(pool) == [mine]


def test_a_listener_may_ask_the_pool():
    pool = make_pool()
    seen: list[PoolStatus] = []
    pool.subscribe(lambda _: seen.append(pool.status()))
    put(pool, offer(0, 0))
    assert seen == [PoolStatus(1, 0)]


# A full pool


def test_the_cheapest_makes_room():
    pool = make_pool(max_transactions=3)
    cheap, _, _ = (put(pool, offer(who, 0, fee)) for who, fee in ((0, 20), (1, 50), (2, 70)))
    with pytest.raises(MempoolFull, match="txpool is full: it holds 3 transactions"):
        put(pool, offer(3, 0, 20))
    dear = put(pool, offer(3, 0, 21))
    assert cheap.hash not in pool
    assert dear.hash in pool
    assert len(pool) == 3


def test_only_the_last_of_a_sender_makes_room():
    """Otherwise what it leaves behind could never run."""
    pool = make_pool(max_transactions=3)
    first = put(pool, offer(0, 0, 20))
    last = put(pool, offer(0, 1, 80))
    put(pool, offer(1, 0, 100))
    with pytest.raises(MempoolFull):
        put(pool, offer(2, 0, 79))
    put(pool, offer(2, 0, 90))
    assert first.hash in pool
    assert last.hash not in pool


def test_what_cannot_run_yet_goes_first_whatever_it_offers():
    pool = make_pool(max_transactions=3)
    put(pool, offer(0, 0, 20))
    put(pool, offer(1, 0, 20))
    queued = put(pool, offer(2, 5, 1_000))
    put(pool, offer(3, 0, 15))
    assert queued.hash not in pool
    with pytest.raises(MempoolFull):
        put(pool, offer(4, 0, 15))


def test_what_cannot_run_yet_only_displaces_its_like():
    pool = make_pool(max_transactions=2)
    put(pool, offer(0, 0, 20))
    queued = put(pool, offer(1, 5, 30))
    with pytest.raises(MempoolFull):
        put(pool, offer(2, 5, 30))
    with pytest.raises(MempoolFull):
        put(pool, offer(2, 0, 25), base_fee=26)  # in order, but below the base fee
    put(pool, offer(2, 5, 31))
    assert queued.hash not in pool
    assert offer(0, 0, 20).hash in pool


def test_a_sender_does_not_push_out_its_own():
    pool = make_pool(max_transactions=2)
    put(pool, offer(0, 0, 20))
    put(pool, offer(0, 1, 20))
    with pytest.raises(MempoolFull):
        put(pool, offer(0, 2, 500))
    put(pool, offer(1, 0, 25))
    assert set(pool.content().pending[sender(0)]) == {0}


def test_a_replacement_needs_no_room():
    pool = make_pool(max_transactions=2)
    put(pool, offer(0, 0, 20))
    put(pool, offer(1, 0, 20))
    put(pool, offer(0, 0, 22))
    assert len(pool) == 2


def test_a_refusal_is_not_remembered_longer_than_it_holds():
    pool = make_pool(max_transactions=2)
    put(pool, offer(0, 0, 100))
    put(pool, offer(1, 0, 100))
    for _ in range(3):
        with pytest.raises(MempoolFull):
            put(pool, offer(2, 0, 50))
    pool.drop([offer(0, 0, 100).hash])
    put(pool, offer(2, 0, 50))
    with pytest.raises(MempoolFull):
        put(pool, offer(3, 0, 50))
    put(pool, offer(3, 0, 51))


def test_a_large_pool_evicts_in_portions():
    pool = make_pool(max_transactions=500)
    for who in range(50):
        for nonce in range(10):
            put(pool, offer(who, nonce, 100 + who))
    put(pool, offer(60, 0, 120))
    assert len(pool) == 496
    assert {len(pool.content(sender(who)).pending[sender(who)]) for who in range(5)} == {9}


# Time, and rollbacks


def test_what_is_too_old_is_dropped():
    pool = make_pool(lifetime_s=60)
    old = put(pool, offer(0, 0), now_s=NOW)
    put(pool, offer(0, 1), now_s=NOW + 30)
    pool.on_block([], now_s=NOW + 60)
    assert old.hash in pool
    pool.on_block([], now_s=NOW + 60.5)
    assert old.hash not in pool
    assert pool.status() == PoolStatus(pending=0, queued=1)
    put(pool, offer(1, 0), now_s=NOW + 91)
    assert pool.status() == PoolStatus(pending=1, queued=0)


def test_a_rollback_gives_back():
    pool = make_pool(max_transactions=2)
    heard: list[bytes] = []
    mine = [offer(0, nonce, 100) for nonce in range(4)]
    other = offer(1, 3, 100)
    put(pool, mine[3], nonce=3)
    put(pool, offer(2, 0, 90))
    pool.subscribe(lambda transaction: heard.append(transaction.hash))
    pool.reinject([mine[1], other, mine[2]], now_s=NOW)
    assert ready(pool, limit=9) == [mine[1], mine[2], mine[3], other, offer(2, 0, 90)]
    assert set(heard) == set(hashes([mine[1], mine[2], mine[3], other]))
    assert pool.pending_nonce(sender(0), 1) == 4
    assert pool.pending_nonce(sender(1), 3) == 4
    # It holds more than its limit for now, and takes nothing in that would not make room.
    assert len(pool) == 5
    with pytest.raises(MempoolFull):
        put(pool, offer(3, 0, 90))


def test_a_caller_that_read_the_account_before_the_block():
    """The pool holds nothing of the sender any more, and still knows its nonce from the block."""
    pool = make_pool()
    pool.on_block([offer(0, nonce) for nonce in range(3)], now_s=NOW)
    with pytest.raises(NonceTooLow, match="next nonce 3, tx nonce 2"):
        put(pool, offer(0, 2, 900), nonce=2)
    following = put(pool, offer(0, 3), nonce=1)
    assert ready(pool) == [following]
    pool.drop([following.hash])
    pool.reinject([offer(0, 2)], now_s=NOW)
    pool.drop([offer(0, 2).hash])
    put(pool, offer(0, 2, 900), nonce=2)


def test_a_rollback_replaces_what_took_its_place():
    pool = make_pool()
    pooled = put(pool, offer(0, 5, 900), nonce=5)
    included = offer(0, 5, 100)
    pool.reinject([offer(0, 4), included], now_s=NOW)
    assert ready(pool) == [offer(0, 4), included]
    assert pooled.hash not in pool


def test_the_account_s_nonce_falls_after_a_rollback():
    pool = make_pool()
    put(pool, offer(0, 7), nonce=7)
    pool.reinject([offer(0, 5), offer(0, 6)], now_s=NOW)
    pool.drop(hashes([offer(0, 5)]))
    put(pool, offer(0, 5, 300), nonce=5)
    assert len(ready(pool)) == 3


def test_threads_share_the_pool():
    pool = make_pool(max_transactions=100_000)
    problems: list[BaseException] = []

    def send(who: int) -> None:
        try:
            for nonce in range(200):
                put(pool, offer(who, nonce, 100 + nonce % 7))
        except BaseException as error:
            problems.append(error)

    def build() -> None:
        try:
            while len(included) < 8 * 200 and not problems and time.monotonic() < deadline:
                block = ready(pool, limit=50)
                included.extend(block)
                pool.on_block(block, now_s=NOW)
        except BaseException as error:
            problems.append(error)

    included: list = []
    deadline = time.monotonic() + 30
    threads = [threading.Thread(target=send, args=(who,)) for who in range(8)] + [threading.Thread(target=build)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert problems == []
    assert len(set(hashes(included))) == 8 * 200
    for who in range(8):
        assert [tx.nonce for tx in included if tx.sender == sender(who)] == list(range(200))
    assert len(pool) == 0
