"""Which call comes next, against a store with real batches and a chain whose answers are given."""

from dataclasses import replace

import pytest

from chain_template.batcher.batcher import Batcher
from chain_template.config import BatchSettings
from chain_template.errors import L1Diverged
from chain_template.settlement.calls import MAX_CALL_BYTES, CallMaker, claim_of, stored_batch
from chain_template.settlement.on_l1 import ChainOnL1, Counters, L1Block
from chain_template.settlement.tracker import StageTracker, require_same_batches
from chain_template.store.records import BatchStage
from contracts.abi import decode_call
from contracts.artifacts import load
from contracts.client import L1Client
from tests.unit.chain_template.batcher.stored_chain import ALICE, BOB, CHAIN_ID, StoredChain, make_config, raw_address

BLOCK = L1Block(100, b"\x64" * 32, 1_700_000_500, 10**9)


class KnownTimes(ChainOnL1):
    """The chain's contracts, with the two answers that an execute asks L1 for given by the test."""

    def __init__(self, link, times, first_operation=0):
        super().__init__(L1Client(link.url), link)
        self.times = times
        self.first_operation = first_operation

    def executable_at(self, batch_numbers):
        return [self.times[number] for number in batch_numbers]

    def first_unprocessed_operation(self):
        return self.first_operation


@pytest.fixture
def chain(tmp_path):
    chain = StoredChain(make_config(tmp_path / "chain", batch=BatchSettings(max_age_ms=3_600_000)))
    chain.fund(ALICE, BOB)
    yield chain
    chain.store.close()


def seal(chain):
    batcher = Batcher(chain.config, chain.store, clock=lambda: chain.time)
    batcher.seal_now()
    assert batcher.step()


def make_batches(chain, count):
    """One batch over what is there, then one a block."""
    seal(chain)
    for _ in range(count - 1):
        chain.block(chain.call(ALICE, raw_address(BOB), value=1))
        seal(chain)


def maker(chain, times=None, max_batches=8, first_operation=0):
    on_l1 = KnownTimes(chain.config.l1, times or {}, first_operation)
    return CallMaker(on_l1, CHAIN_ID, chain.store.batch_pubdata, max_batches)


def counters(committed=0, verified=0, executed=0, committed_hash=b""):
    return Counters(BLOCK, committed, verified, executed, committed_hash)


def move(chain, number, *stages):
    for stage in stages:
        chain.store.update_batch(number, stage=stage)


def arguments(call):
    name, args = decode_call(load("ValidatorTimelock"), call.data)
    return name, args


def test_commit_takes_what_is_sealed_in_order(chain):
    make_batches(chain, 3)
    with chain.store.snapshot() as snapshot:
        call = maker(chain).commit(snapshot, counters())
        rest = maker(chain).commit(snapshot, counters(committed=2))
        assert maker(chain).commit(snapshot, counters(committed=3)) is None
        limited = maker(chain, max_batches=2).commit(snapshot, counters())
    assert (call.stage, call.first, call.last, call.what) == (BatchStage.COMMITTED, 1, 3, "commit of batches 1 to 3")
    assert (rest.first, rest.last, rest.what) == (3, 3, "commit of batch 3")
    assert limited.last == 2
    name, args = arguments(call)
    assert name == "commitBatchesSharedBridge"
    assert args[:3] == (chain.config.l1.zk_chain, 1, 3)
    assert chain.store.batch_pubdata(2) in args[3]


def test_commit_keeps_below_what_mempools_take(chain):
    """Sixteen kilobytes of code a batch: some seven batches fit a call."""
    code = bytes.fromhex("61400080600c5f395ff3").ljust(12, b"\x5b")
    for at in range(10):
        chain.block(chain.call(ALICE, None, code + bytes([at + 1]) * 0x4000, gas=10_000_000))
        seal(chain)
    sizes = []
    with chain.store.snapshot() as snapshot:
        done = 0
        while (call := maker(chain, max_batches=100).commit(snapshot, counters(committed=done))) is not None:
            sizes.append(len(call.data))
            done = call.last
    assert done == 10 and len(sizes) > 1
    assert max(sizes) <= MAX_CALL_BYTES


def test_prove_takes_what_is_proved_without_gaps(chain):
    make_batches(chain, 3)
    for number in (1, 2, 3):
        move(chain, number, BatchStage.COMMITTED, BatchStage.PROVING)
    move(chain, 2, BatchStage.PROVED)
    make = maker(chain)
    with chain.store.snapshot() as snapshot:
        assert make.proved(snapshot, counters(committed=3)) == [], "batch 1 is not proved yet"
    move(chain, 1, BatchStage.PROVED)
    with chain.store.snapshot() as snapshot:
        proved = make.proved(snapshot, counters(committed=3))
        call = make.prove(snapshot, counters(committed=3), proved)
        assert (call.stage, call.first, call.last) == (BatchStage.VERIFIED, 1, 2)
        assert len(make.proved(snapshot, counters(committed=1))) == 1, "never beyond what L1 has"
        assert make.proved(snapshot, counters(committed=3, verified=2)) == []


def test_execute_waits_for_the_delay_of_each_batch(chain):
    make_batches(chain, 3)
    times = {1: 100, 2: 200, 3: 150}
    with chain.store.snapshot() as snapshot:
        make = maker(chain, times)
        at = counters(committed=3, verified=3)
        assert make.execute(snapshot, at, now=99) is None
        assert make.execute(snapshot, at, now=199).last == 1, "batch 3 may, but batch 2 comes first"
        call = make.execute(snapshot, at, now=200)
        assert (call.stage, call.first, call.last) == (BatchStage.EXECUTED, 1, 3)
        assert make.execute(snapshot, counters(committed=3, verified=1), now=999).last == 1
        assert make.execute(snapshot, counters(committed=3), now=999) is None


def test_execute_is_refused_when_l1_lacks_an_operation_of_a_batch(chain):
    make_batches(chain, 1)
    with chain.store.snapshot() as snapshot, pytest.raises(L1Diverged, match="L1 has shown 2"):
        maker(chain, {1: 0}, first_operation=1).execute(snapshot, counters(1, 1), now=1)


def test_genesis_is_the_batch_before_the_first(chain):
    with chain.store.snapshot() as snapshot:
        genesis = stored_batch(snapshot, 0)
        assert genesis.batch_hash == snapshot.header(0).hash
        assert genesis.timestamp == snapshot.header(0).timestamp
        with pytest.raises(L1Diverged, match="batch 1"):
            stored_batch(snapshot, 1)


def test_another_batch_on_l1_stops_everything(chain):
    make_batches(chain, 2)
    with chain.store.snapshot() as snapshot:
        right = [stored_batch(snapshot, number).hash() for number in (0, 1, 2)]
        require_same_batches(snapshot, counters(0, committed_hash=right[0]))
        require_same_batches(snapshot, counters(2, committed_hash=right[2]))
        # A batch that this store does not have (yet) cannot be compared.
        require_same_batches(snapshot, counters(3, committed_hash=b"\x01" * 32))
        with pytest.raises(L1Diverged, match="another batch 2"):
            require_same_batches(snapshot, counters(2, committed_hash=right[1]))


@pytest.mark.parametrize(
    ("before", "at", "after"),
    [
        ([], counters(committed=1), "committed"),
        ([], counters(1, 1), "verified"),
        ([], counters(1, 1, 1), "executed"),
        (["committed", "proving"], counters(1), "proving"),
        (["committed", "proving", "proved"], counters(1), "proved"),
        (["committed", "proving", "proved"], counters(1, 1), "verified"),
        (["committed", "proving", "proved", "verified"], counters(1), "proved"),
        (["committed", "proving", "proved", "verified", "executed"], counters(1, 1), "verified"),
        (["committed", "proving", "proved", "verified", "executed"], counters(1), "proved"),
        (["reverted"], counters(), "sealed"),
    ],
)
def test_stages_follow_l1_in_both_directions(chain, before, at, after):
    make_batches(chain, 1)
    if before == ["reverted"]:
        before = ["committed", "reverted"]
    move(chain, 1, *map(BatchStage, before))
    with chain.store.snapshot() as snapshot:
        at = replace(at, committed_hash=stored_batch(snapshot, at.committed).hash())
    moved = []
    on_l1 = KnownTimes(chain.config.l1, {})
    tracker = StageTracker(chain.store, on_l1, lambda number, stage: moved.append((number, stage)))
    on_l1.head = lambda confirmations=0: BLOCK
    on_l1.events = lambda names, first, last: []
    changed = tracker.follow(at)
    with chain.store.snapshot() as snapshot:
        record = snapshot.batch(1)
    assert record.stage == after
    assert (changed == 1) == bool(moved) == (not before or before[-1] != after)
    assert tracker.follow(at) is None, "a second look changes nothing"


def test_claims_survive_the_store(chain):
    make_batches(chain, 1)
    with chain.store.snapshot() as snapshot:
        record = snapshot.batch(1)
    claim = claim_of(record)
    assert claim.to_json() == record.commit_info
    assert claim.commit.batch_output_hash() == record.batch_output_hash
