"""Blocks and batches within what one proof holds, as the emulator counts it."""

from math import inf

import pytest

from chain_template.batcher.batcher import Batcher
from chain_template.batcher.build import batch_rules
from chain_template.batcher.meter import CostMeter, meter_of
from chain_template.config import BatchSettings
from chain_template.events import EventBus
from chain_template.mempool import Mempool
from chain_template.sequencer import Sequencer
from chain_template.transactions import decode_transaction
from tests.support import GWEI, sign
from tests.unit.chain_template.batcher.stored_chain import ALICE, BOB, StoredChain, make_config, raw_address
from zkvm.emulator.cost import Limits
from zkvm.guest import run_in_the_zkvm

#: A loop that ends with its gas.
ENDLESS = bytes.fromhex("5b600056")


@pytest.fixture
def chain(tmp_path):
    made = StoredChain(make_config(tmp_path / "chain", batch=BatchSettings(max_age_ms=60_000, fit_proof=True)))
    made.fund(ALICE, BOB)
    yield made
    made.store.close()


def header_at(chain):
    def look(number):
        with chain.store.snapshot() as snapshot:
            return snapshot.header(number)

    return look


def meter(chain, cycles):
    limits = Limits(main=cycles)
    return CostMeter(batch_rules(chain.config), chain.store.nodes, header_at(chain), limits)


def pay(chain, count):
    return [chain.call(ALICE, raw_address(BOB), value=1) for _ in range(count)]


def seal_all(chain, batcher):
    batcher.seal_now()
    while batcher.step():
        batcher.seal_now()
    with chain.store.snapshot() as snapshot:
        batches = snapshot.batches(1, 1_000)
        return batches, [chain.store.batch_input(batch.number) for batch in batches]


def test_only_chains_that_must_have_a_meter(tmp_path, chain):
    assert meter_of(chain.config, chain.store) is not None
    assert meter_of(make_config(tmp_path / "other"), chain.store) is None
    assert meter_of(make_config(tmp_path / "other", proofs="stark"), chain.store) is not None


def test_a_proving_chain_counts_with_its_profile_and_memory(tmp_path, chain):
    """The same blocks take more of a proof where a proof takes more memory."""
    chain.block(*pay(chain, 3))
    chain.block(*pay(chain, 3))

    def share(**settings):
        config = make_config(tmp_path / "chain", proofs="stark", **settings)
        batcher = Batcher(config, chain.store, meter=meter_of(config, chain.store))
        with chain.store.snapshot() as snapshot:
            return batcher._proof_share(snapshot, 2)

    gigabyte = 10**9
    plenty = share(profile="fast", proof_memory_bytes=64 * gigabyte)
    assert 0 < plenty < share(profile="fast", proof_memory_bytes=4 * gigabyte)
    assert plenty < share(profile="l1", proof_memory_bytes=12 * gigabyte)


def test_every_batch_fits_and_none_is_shorter_than_it_must_be(chain):
    for _ in range(8):
        chain.block(*pay(chain, 3))
    most = 800_000
    batcher = Batcher(chain.config, chain.store, meter=meter(chain, most))
    batches, inputs = seal_all(chain, batcher)
    costs = [run_in_the_zkvm(data).cost.main for data in inputs]
    assert all(cost <= most for cost in costs)
    assert {batch.seal_reason for batch in batches[:-1]} == {"proof"}
    assert 2 <= len(batches) < 8
    # Bounds are sums over blocks, so a batch may stop one block early, and never more.
    for batch, cost in zip(batches[:-1], costs[:-1], strict=True):
        blocks = batch.last_block - batch.first_block + 1
        assert cost + 2 * cost / blocks > most


def test_a_batch_takes_no_more_than_its_blocks_one_by_one(chain):
    for _ in range(4):
        chain.block(*pay(chain, 3))
    (batch,), (data,) = seal_all(chain, Batcher(chain.config, chain.store))
    counted = meter(chain, Limits().main)
    alone = Batcher(chain.config, chain.store, meter=counted)
    with chain.store.snapshot() as snapshot:
        shares = [alone._measure(snapshot, number).proof_share for number in range(1, batch.last_block + 1)]
    assert 0 < counted.share_of_input(data) <= sum(shares)


def test_what_is_beyond_counting_fits_nothing(chain):
    chain.block(*pay(chain, 1))
    _, (data,) = seal_all(chain, Batcher(chain.config, chain.store))
    assert meter(chain, 1_000).share_of_input(data) == inf


def test_a_refused_input_takes_nothing(chain):
    assert meter(chain, 1_000_000).share_of_input(b"\x09") == 0


def sequencer_of(chain, cycles):
    mempool = Mempool(chain.config.mempool, chain.config.chain_id, chain.config.block.gas_limit)
    made = Sequencer(
        chain.config,
        chain.store,
        chain.executor,
        mempool,
        EventBus(),
        clock=lambda: chain.time + 1.0,
        proof_share=meter(chain, cycles).share_of_new,
    )
    return made, mempool


def send(mempool, chain, nonce, **fields):
    raw = sign(ALICE, nonce, chain_id=chain.config.chain_id, gasPrice=2 * GWEI, **fields)
    transaction = decode_transaction(raw, chain.config.chain_id)
    mempool.add(transaction, account_nonce=0, balance=10**30, base_fee=1, now_s=chain.time)
    return transaction.hash


def test_blocks_are_cut_to_what_a_proof_holds(chain):
    cycles = 700_000
    sequencer, mempool = sequencer_of(chain, cycles)
    for nonce in range(30):
        send(mempool, chain, nonce, to=raw_address(BOB), value=1)
    sizes = []
    counted = meter(chain, cycles)
    while len(mempool):
        with chain.store.snapshot() as snapshot:
            parent = snapshot.head
        block = sequencer.build_block()
        assert counted.share_of_new(parent, block) <= 1
        sizes.append(len(block.transactions))
    assert sum(sizes) == 30 and 1 < len(sizes) < 30


def test_a_transaction_that_no_proof_holds_leaves_the_pool_and_takes_nobody_with_it(chain):
    sequencer, mempool = sequencer_of(chain, 2_000_000)
    # PUSH4 ENDLESS, MSTORE, and its last four bytes are the code.
    creation = b"\x63" + ENDLESS + bytes.fromhex("6000526004601cf3")
    made = send(mempool, chain, 0, data=creation, gas=200_000, to=b"")
    assert sequencer.build_block() is not None and made not in mempool
    target = created(chain)
    dropped = send(mempool, chain, 1, to=target, gas=30_000_000)
    assert sequencer.build_block() is None
    assert dropped not in mempool
    send(mempool, chain, 1, to=raw_address(BOB), value=1)
    assert len(sequencer.build_block().transactions) == 1


def created(chain):
    with chain.store.snapshot() as snapshot:
        (receipt,) = snapshot.receipts(snapshot.head_number)
        return receipt.receipt.contract_address
