from itertools import pairwise

import pytest

from chain_template.batcher.batch_program import run
from chain_template.batcher.batcher import Batcher
from chain_template.batcher.build import batch_rules
from chain_template.batcher.commit_info import StoredClaim
from chain_template.batcher.log_tree import LogTree
from chain_template.batcher.pubdata import decode_pubdata
from chain_template.batcher.state_diff import apply_pubdata
from chain_template.config import BatchSettings, DataAvailability, GenesisSettings
from chain_template.errors import BatchError
from chain_template.primitives import L1_MESSENGER_ADDRESS, keccak
from chain_template.store.records import BatchStage
from contracts.messages import DA_CALLDATA, DA_VALIDIUM
from tests.unit.chain_template.batcher.stored_chain import ALICE, BOB, START, StoredChain, make_config, raw_address
from tests.unit.chain_template.batcher.toy_chain import send_message


class Clock:
    def __init__(self):
        self.seconds = float(START)

    def __call__(self):
        return self.seconds


@pytest.fixture
def make_chain(tmp_path):
    made = []

    def make(**settings):
        chain = StoredChain(make_config(tmp_path / "chain", **settings))
        made.append(chain)
        return chain

    yield make
    for chain in made:
        chain.store.close()


def batcher_of(chain, clock=None):
    return Batcher(chain.config, chain.store, clock=clock or Clock())


def batches(chain):
    with chain.store.snapshot() as snapshot:
        return snapshot.batches(1, 1_000)


def pay(chain, count=1):
    return [chain.call(ALICE, raw_address(BOB), value=1) for _ in range(count)]


def test_nothing_to_do_without_blocks(make_chain):
    chain = make_chain()
    batcher = batcher_of(chain)
    batcher.seal_now()
    assert not batcher.step()
    assert batches(chain) == []


def test_a_batch_is_sealed_when_its_first_block_is_old_enough(make_chain):
    chain = make_chain(batch=BatchSettings(max_age_ms=5_000))
    clock = Clock()
    batcher = batcher_of(chain, clock)
    clock.seconds += 1
    chain.fund(ALICE)
    assert not batcher.step()
    clock.seconds += 4.9
    chain.block(*pay(chain))
    assert not batcher.step()
    clock.seconds += 0.2
    assert batcher.step()
    assert not batcher.step()
    (batch,) = batches(chain)
    assert (batch.first_block, batch.last_block, batch.seal_reason) == (1, 2, "age")
    assert batch.stage is BatchStage.SEALED
    assert batch.stage_times_ms == {"sealed": int(clock.seconds * 1000)}


def test_age_seals_nothing_while_the_batch_before_is_to_be_proven(make_chain):
    """Its transactions would wait for that proof and then for their own; so they wait for the next batch to grow."""
    chain = make_chain(proofs="stark", batch=BatchSettings(max_age_ms=1_000, max_blocks=4))
    clock = Clock()
    batcher = batcher_of(chain, clock)
    chain.fund(ALICE)
    clock.seconds += 10
    assert batcher.step()
    assert batches(chain)[0].proof_mode == "stark-fast"
    for _ in range(2):
        chain.block(*pay(chain))
        clock.seconds += 10
        assert not batcher.step()
    for stage in (BatchStage.COMMITTED, BatchStage.PROVING, BatchStage.PROVED):
        assert not batcher.step()
        chain.store.update_batch(1, stage=stage)
    assert batcher.step()
    assert [(batch.first_block, batch.last_block) for batch in batches(chain)] == [(1, 1), (2, 3)]
    # Who asks for it, and what a batch may hold, are heard all the same.
    for _ in range(6):
        chain.block(*pay(chain))
    assert batcher.step()
    batcher.seal_now()
    assert batcher.step()
    assert [batch.seal_reason for batch in batches(chain)] == ["age", "age", "blocks", "request"]


def test_age_counts_from_the_block_even_after_a_restart(make_chain):
    chain = make_chain(batch=BatchSettings(max_age_ms=5_000))
    chain.fund(ALICE)
    clock = Clock()
    clock.seconds += 100
    assert batcher_of(chain, clock).step()


def test_what_is_sealed_can_be_proven_and_rebuilt(make_chain):
    chain = make_chain()
    chain.fund(ALICE, BOB)
    chain.block(*pay(chain, 3), chain.call(BOB, L1_MESSENGER_ADDRESS, send_message(b"out")))
    sealed = []
    batcher = Batcher(chain.config, chain.store, on_sealed=sealed.append, clock=Clock())
    batcher.seal_now()
    assert batcher.step()
    (batch,) = batches(chain)
    assert sealed == [batch]
    output = run(chain.store.batch_input(1), batch_number=1)
    claim = StoredClaim.from_json(batch.commit_info)
    assert output.public_input == batch.public_input
    assert output.commit == claim.commit
    assert output.batch_output_hash == batch.batch_output_hash == claim.commit.batch_output_hash()
    assert (batch.l1_tx_count, batch.l2_tx_count, batch.tx_count) == (2, 4, 6)
    assert batch.seal_reason == "request"
    pubdata = chain.store.batch_pubdata(1)
    assert pubdata == output.pubdata and len(pubdata) == batch.pubdata_bytes
    assert claim.with_pubdata(pubdata).operator_da_input == pubdata
    with chain.store.snapshot() as snapshot:
        genesis, head = snapshot.header(0), snapshot.head
        assert tuple(snapshot.l2_log_leaves(1)) == output.leaves
        assert LogTree(snapshot.l2_log_leaves(1)).chain_batch_root == batch.l2_logs_root
        assert snapshot.receipts(2)[3].tx_number_in_batch == 5
    assert int.from_bytes(output.leaves[2][2:4], "big") == 5
    applied = apply_pubdata(chain.store.nodes, genesis.state_root, decode_pubdata(pubdata))
    assert applied.state_root == head.state_root


@pytest.mark.parametrize(
    ("settings", "reason", "last_block"),
    [
        ({"max_blocks": 2}, "blocks", 2),
        # Blocks here use 84,000 (the deposits) and 42,000 (two transfers) gas.
        ({"max_gas": 1_000_000}, "gas", None),
        ({"max_l2_to_l1_logs": 2}, "logs", 1),
        ({"max_priority_operations": 2}, "priority_operations", 2),
        ({"max_pubdata_bytes": 4_096}, "pubdata", None),
    ],
)
def test_every_bound_seals(make_chain, settings, reason, last_block):
    chain = make_chain(batch=BatchSettings(max_age_ms=3_600_000, **settings))
    chain.fund(ALICE, BOB)
    batcher = batcher_of(chain)
    message = send_message(bytes(range(1, 200)))
    for number in range(2, 40):
        if reason == "priority_operations" and number == 3:
            chain.fund(BOB)
        else:
            chain.block(*pay(chain, 2), chain.call(BOB, L1_MESSENGER_ADDRESS, message))
        if batcher.step():
            break
    (batch,) = batches(chain)
    assert batch.seal_reason == reason
    if last_block is not None:
        assert batch.last_block == last_block
    with chain.store.snapshot() as snapshot:
        headers = [snapshot.header(number) for number in range(1, batch.last_block + 2)]
    if reason == "gas":
        used = [header.gas_used for header in headers]
        assert sum(used[:-1]) <= 1_000_000 < sum(used)
    if reason == "pubdata":
        assert batch.pubdata_bytes <= 4_096
        assert batch.last_block > 3


def test_a_block_that_alone_breaks_a_bound_is_a_batch_of_its_own(make_chain):
    chain = make_chain(batch=BatchSettings(max_age_ms=3_600_000, max_l2_to_l1_logs=1))
    chain.fund(ALICE, BOB)
    batcher = batcher_of(chain)
    assert not batcher.step()
    chain.block(*pay(chain))
    assert batcher.step()
    (batch,) = batches(chain)
    assert (batch.first_block, batch.last_block, batch.seal_reason) == (1, 1, "logs")
    assert run(chain.store.batch_input(1)).public_input == batch.public_input


def test_batches_follow_each_other_and_a_new_batcher_goes_on(make_chain):
    chain = make_chain(batch=BatchSettings(max_age_ms=3_600_000, max_blocks=2))
    chain.fund(ALICE)
    for _ in range(6):
        chain.block(*pay(chain))
    first = batcher_of(chain)
    assert first.step()
    second = batcher_of(chain)
    assert second.step() and second.step()
    assert not second.step() and not first.step()
    found = batches(chain)
    assert [(batch.first_block, batch.last_block) for batch in found] == [(1, 2), (3, 4), (5, 6)]
    for before, after in pairwise(found):
        assert after.prev_state_commitment == before.state_commitment
    for batch in found:
        assert run(chain.store.batch_input(batch.number)).public_input == batch.public_input


def test_sealing_is_a_function_of_the_blocks(make_chain, tmp_path):
    chain = make_chain(batch=BatchSettings(max_age_ms=3_600_000, max_blocks=3))
    chain.fund(ALICE)
    for _ in range(3):
        chain.block(*pay(chain))
    batcher = batcher_of(chain)
    assert batcher.step()
    (first,) = batches(chain)
    data = chain.store.batch_input(1)
    # Forget the batch, keep blocks 1 and 2, and make other blocks after them.
    chain.store.rollback_to(2)
    assert batches(chain) == []
    assert not batcher.step()
    chain.nonces[ALICE.address] = 1
    chain.block(*pay(chain, 2))
    assert batcher.step()
    (other,) = batches(chain)
    assert other.state_commitment != first.state_commitment
    assert run(chain.store.batch_input(1)).public_input == other.public_input
    assert run(data).public_input == first.public_input


def test_a_rollback_is_noticed_by_an_open_batch(make_chain):
    chain = make_chain(batch=BatchSettings(max_age_ms=3_600_000, max_blocks=3))
    chain.fund(ALICE)
    chain.block(*pay(chain))
    batcher = batcher_of(chain)
    assert not batcher.step()
    chain.store.rollback_to(1)
    chain.nonces[ALICE.address] = 0
    chain.block(*pay(chain, 2))
    assert not batcher.step()
    chain.block(*pay(chain))
    assert batcher.step()
    (batch,) = batches(chain)
    assert batch.tx_count == 4


def test_batches_lost_here_are_cut_as_l1_has_them(make_chain):
    chain = make_chain(batch=BatchSettings(max_age_ms=50))
    chain.fund(ALICE)
    for _ in range(4):
        chain.block(*pay(chain))
    clock = Clock()
    clock.seconds += 100
    batcher = batcher_of(chain, clock)
    batcher.expect({1: 2, 2: 7})
    assert batcher.step()
    assert not batcher.step(), "block 7 is not here yet; cutting otherwise would contradict L1"
    assert [(batch.last_block, batch.seal_reason) for batch in batches(chain)] == [(2, "l1")]


def test_rules_come_from_the_settings(tmp_path):
    config = make_config(tmp_path)
    assert batch_rules(config).da_scheme == DA_CALLDATA
    validium = make_config(tmp_path, data_availability=DataAvailability.VALIDIUM)
    assert batch_rules(validium).da_scheme == DA_VALIDIUM
    l1 = make_config(tmp_path, l1=None, operator_keys=None, genesis=GenesisSettings(timestamp=START))
    with pytest.raises(BatchError, match="no settlement layer"):
        batch_rules(l1)


def test_a_validium_publishes_nothing(make_chain):
    chain = make_chain(data_availability=DataAvailability.VALIDIUM)
    chain.fund(ALICE)
    batcher = batcher_of(chain)
    batcher.seal_now()
    assert batcher.step()
    claim = StoredClaim.from_json(batches(chain)[0].commit_info)
    pubdata = chain.store.batch_pubdata(1)
    assert claim.with_pubdata(pubdata).operator_da_input == b""
    assert claim.commit.da_commitment == keccak(pubdata)


@pytest.mark.parametrize("text", ["", "{}", '{"batch_number": "1"}', "[]"])
def test_damaged_commit_info_is_a_typed_error(text):
    with pytest.raises(BatchError, match="damaged"):
        StoredClaim.from_json(text)
