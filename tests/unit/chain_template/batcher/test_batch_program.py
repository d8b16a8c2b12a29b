"""The batch program against batches of a real executor: it agrees, it is complete, and it cannot be fooled."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chain_template.batcher.batch_input import BatchInput, decode_batch_input
from chain_template.batcher.batch_program import run
from chain_template.batcher.log_tree import LogTree, root_of_proof
from chain_template.batcher.pubdata import decode_pubdata
from chain_template.batcher.reasons import Reason
from chain_template.batcher.state_diff import apply_pubdata
from chain_template.errors import BatchInputError
from chain_template.primitives import keccak
from chain_template.state import StateReader
from chain_template.transactions.system import system_transaction
from contracts.codec import abi_encode
from contracts.genesis import SYSTEM_CONTEXT
from contracts.messages import priority_operations_hash
from tests.unit.chain_template.batcher.toy_chain import (
    ALICE,
    BOB,
    CHAIN_ID,
    CREATE_STORE,
    FILL_ADDRESS,
    LOOK_BACK_ADDRESS,
    MIN_BASE_FEE,
    REVERT_ADDRESS,
    STORE_ADDRESS,
    ToyChain,
    word,
)


def set_l1_data(number):
    data = keccak(b"setL1Data(uint64,uint64,uint256)")[:4] + abi_encode(["uint64", "uint64", "uint256"], [5, 6, 7])
    return system_transaction(CHAIN_ID, number, SYSTEM_CONTEXT, data).raw


@pytest.fixture(scope="module")
def chain():
    """Four blocks with everything a batch may hold."""
    chain = ToyChain()
    bob = bytes.fromhex(BOB.address[2:])
    chain.add(chain.call(ALICE, bob, value=5), chain.store(BOB, 1, 9), chain.store(BOB, 2, 0))
    chain.add(
        set_l1_data(2),
        chain.deposit(0, b"\xaa" * 20, 10**18),
        chain.deposit(1, REVERT_ADDRESS, 7),
        chain.message(ALICE, b"hello"),
        chain.call(ALICE, None, CREATE_STORE),
        chain.call(BOB, REVERT_ADDRESS, value=3),
    )
    chain.add(chain.store(ALICE, 2, 2), chain.store(ALICE, 1 << 255, 2**256 - 1), chain.message(BOB, b"x" * 100))
    chain.add(chain.call(ALICE, LOOK_BACK_ADDRESS, word(0)), seconds=0, extra_data=b"note")
    return chain


@pytest.fixture(scope="module")
def built(chain):
    return chain.batch(1, 4)


def test_the_program_agrees_with_the_batcher(built):
    assert run(built.batch_input, batch_number=1) == built.output


@pytest.mark.parametrize(("first", "last"), [(1, 1), (2, 2), (2, 3), (3, 4), (4, 4)])
def test_any_cut_of_the_chain_is_a_batch(chain, first, last):
    cut = chain.batch(first, last)
    assert run(cut.batch_input, batch_number=1) == cut.output
    assert cut.output.prev_state_commitment == chain.headers[first - 1].hash
    assert cut.output.commit.new_state_commitment == chain.headers[last].hash


def test_what_a_batch_claims(chain, built):
    commit, output = built.output.commit, built.output
    operations = [tx for tx in chain.blocks[2].transactions if tx.priority]
    assert commit.number_of_layer1_txs == 2
    assert commit.number_of_layer2_txs == 3 + 3 + 3 + 1
    assert commit.priority_operations_hash == priority_operations_hash(tx.hash for tx in operations)
    assert commit.da_commitment == keccak(output.pubdata)
    assert commit.l2_logs_tree_root == LogTree(output.leaves).chain_batch_root
    # Two results and two messages; numbers count from the first transaction of the batch, the system one included.
    numbers = [int.from_bytes(leaf[2:4], "big") for leaf in output.leaves]
    assert numbers == [4, 5, 6, 11]
    assert [leaf[-1] for leaf in output.leaves[:2]] == [1, 0]
    tree = LogTree(output.leaves)
    assert root_of_proof(output.leaves[2], 2, tree.proof(2)) == commit.l2_logs_tree_root
    assert output.leaves[2][-32:] == keccak(b"hello")


def test_pubdata_is_complete(chain, built):
    pubdata = decode_pubdata(built.output.pubdata)
    genesis = {key: chain.state[key] for key in ToyChain().state}
    applied = apply_pubdata(genesis, chain.headers[0].state_root, pubdata)
    assert applied.state_root == chain.headers[4].state_root
    rebuilt = StateReader({**genesis, **applied.nodes}, applied.state_root)
    assert rebuilt.storage(STORE_ADDRESS, 1) == 9
    assert tuple(entry.leaf for entry in pubdata.logs) == built.output.leaves


def test_a_slot_that_ends_as_it_began_costs_nothing(built):
    (store,) = [diff for diff in decode_pubdata(built.output.pubdata).accounts if diff.address == STORE_ADDRESS]
    assert [slot for slot, _ in store.slots] == [1, 1 << 255]


def test_the_witness_holds_the_state_before_and_nothing_else(chain, built):
    given = decode_batch_input(built.batch_input)
    before = set(ToyChain().state)
    assert {keccak(item) for item in (*given.nodes, *given.codes)} <= before


def test_a_transaction_that_publishes_too_much_fails_the_same_way_again():
    chain = ToyChain()
    gas = 90_000_000
    first = chain.add(chain.call(ALICE, FILL_ADDRESS, word(1_400), gas=gas))
    second = chain.add(chain.call(ALICE, FILL_ADDRESS, word(1_100), gas=gas), chain.store(BOB, 9, 9))
    assert [receipt.status for receipt in (*first.receipts, *second.receipts)] == [0, 1, 1]
    assert first.receipts[0].gas_used == gas
    built = chain.batch(1, 2)
    assert run(built.batch_input, batch_number=1) == built.output
    assert 65 * 1_100 < len(built.output.pubdata) < 80_000


def test_block_hashes_come_from_headers_only():
    chain = ToyChain()
    for block in range(1, 6):
        chain.add(chain.store(ALICE, block, block))
    chain.add(chain.call(ALICE, LOOK_BACK_ADDRESS, word(2)))
    built = chain.batch(6, 6)
    given = decode_batch_input(built.batch_input)
    assert [header.number for header in given.ancestors] == [4, 3, 2, 1, 0]
    assert run(built.batch_input, batch_number=1) == built.output
    cut = replace(given, ancestors=given.ancestors[:1])
    refused(cut.encode(), Reason.MISSING_ANCESTOR)
    # The hash of block 2 stands in the header of block 3, so two ancestors suffice.
    enough = replace(given, ancestors=given.ancestors[:2])
    assert run(enough.encode(), batch_number=1) == built.output
    forged = replace(given, ancestors=(replace(given.ancestors[0], gas_used=1), *given.ancestors[1:]))
    refused(forged.encode(), Reason.ANCESTORS)


def test_no_ancestors_are_carried_when_nothing_can_look_back():
    chain = ToyChain()
    chain.add(chain.store(ALICE, 4, 4))
    chain.add(chain.store(ALICE, 5, 5))
    assert decode_batch_input(chain.batch(2, 2).batch_input).ancestors == ()


def refused(data, reason):
    with pytest.raises(BatchInputError) as caught:
        run(data)
    assert caught.value.reason == reason, str(caught.value)


def changed(built, **fields):
    return replace(decode_batch_input(built.batch_input), **fields).encode()


def with_block(built, index, **fields):
    given: BatchInput = decode_batch_input(built.batch_input)
    blocks = list(given.blocks)
    blocks[index] = replace(blocks[index], **fields)
    return replace(given, blocks=tuple(blocks)).encode()


def test_every_witness_item_is_needed(built):
    given = decode_batch_input(built.batch_input)
    for name in ("nodes", "codes"):
        items = getattr(given, name)
        for at in range(len(items)):
            refused(changed(built, **{name: items[:at] + items[at + 1 :]}), Reason.MISSING_NODE)


def test_malformed_inputs_are_refused_with_their_reason(built):
    data, given = built.batch_input, decode_batch_input(built.batch_input)
    refused(b"", Reason.MALFORMED)
    refused(b"\x02" + data[1:], Reason.VERSION)
    refused(data[:-1], Reason.MALFORMED)
    refused(data + b"\x00", Reason.MALFORMED)
    refused(changed(built, blocks=()), Reason.NO_BLOCKS)
    refused(changed(built, nodes=given.nodes[::-1]), Reason.WITNESS_ORDER)
    refused(changed(built, nodes=(given.nodes[0], *given.nodes)), Reason.WITNESS_ORDER)
    refused(changed(built, da_scheme=3), Reason.DA_SCHEME)
    refused(changed(built, min_base_fee_wei=MIN_BASE_FEE + 1), Reason.BASE_FEE)
    refused(changed(built, ancestors=(given.parent,)), Reason.ANCESTORS)
    header_at = data.index(given.parent.encode())
    refused(data[:header_at] + b"\x00" + data[header_at + 1 :], Reason.HEADER)


def test_blocks_that_break_a_rule_are_refused(chain, built):
    blocks = decode_batch_input(built.batch_input).blocks
    refused(with_block(built, 0, base_fee_per_gas=MIN_BASE_FEE + 1), Reason.BASE_FEE)
    refused(with_block(built, 1, timestamp=1), Reason.INVALID_BLOCK)
    refused(with_block(built, 0, gas_limit=1 << 63), Reason.INVALID_BLOCK)
    refused(with_block(built, 0, gas_limit=21_000), Reason.REJECTED)
    given = decode_batch_input(built.batch_input)
    dear = (replace(blocks[0], base_fee_per_gas=1 << 192, transactions=()),)
    refused(replace(given, min_base_fee_wei=1 << 192, blocks=dear).encode(), Reason.BASE_FEE)
    parent = given.parent
    refused(changed(built, parent=replace(parent, number=2**63 - 1), ancestors=()), Reason.INVALID_BLOCK)
    refused(changed(built, parent=replace(parent, base_fee_per_gas=1 << 192), ancestors=()), Reason.BASE_FEE)
    mixed = (*blocks[1].transactions[1:], blocks[1].transactions[0])
    refused(with_block(built, 1, transactions=mixed), Reason.INVALID_BLOCK)
    swapped = (blocks[1].transactions[0], *blocks[1].transactions[2:0:-1], *blocks[1].transactions[3:])
    refused(with_block(built, 1, transactions=swapped), Reason.PRIORITY_ORDER)
    twice = (blocks[0].transactions[0], *blocks[0].transactions)
    refused(with_block(built, 0, transactions=twice), Reason.REJECTED)
    for raw in (b"", b"\x03\xc0", b"\x7f\x00", blocks[0].transactions[0][:-1]):
        refused(with_block(built, 0, transactions=(raw,)), Reason.TRANSACTION)
    foreign = system_transaction(CHAIN_ID, 9, SYSTEM_CONTEXT, b"").raw
    refused(with_block(built, 1, transactions=(foreign,)), Reason.SYSTEM_TRANSACTION)
    failing = system_transaction(CHAIN_ID, 2, SYSTEM_CONTEXT, b"\xde\xad\xbe\xef").raw
    refused(with_block(built, 1, transactions=(failing,)), Reason.SYSTEM_TRANSACTION)
    refused(changed(built, chain_id=CHAIN_ID + 1), Reason.TRANSACTION)


def test_a_false_state_before_leads_to_another_claim_or_none(built):
    given = decode_batch_input(built.batch_input)
    invented = replace(given.parent, state_root=keccak(given.codes[0]))
    refused(replace(given, parent=invented, ancestors=()).encode(), Reason.MISSING_NODE)


def test_choices_of_the_operator_change_the_public_input(built):
    outputs = {built.output.public_input}
    variants = [
        with_block(built, 0, fee_recipient=b"\x01" * 20),
        with_block(built, 3, extra_data=b"other"),
        with_block(built, 3, timestamp=decode_batch_input(built.batch_input).blocks[3].timestamp + 1),
        changed(built, settlement_chain_id=1),
        changed(built, da_scheme=1),
    ]
    for data in variants:
        public_input = run(data).public_input
        assert public_input not in outputs
        outputs.add(public_input)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, 2**32), flip=st.integers(1, 255))
def test_no_changed_byte_passes_for_the_same_batch(built, place, flip):
    """Every witness item is needed (see above), so each byte counts, but for the floor of a fee that is above it."""
    original = built.batch_input
    fee_floor = range(18, 50)
    places = [at for at in range(len(original)) if at not in fee_floor]
    at = places[place % len(places)]
    forged = original[:at] + bytes([original[at] ^ flip]) + original[at + 1 :]
    try:
        output = run(forged)
    except BatchInputError:
        return
    assert output.public_input != built.output.public_input


writes = st.lists(st.tuples(st.integers(0, 30), st.sampled_from([0, 0, 1, 2**255])), min_size=1, max_size=8)


@settings(max_examples=12, deadline=None)
@given(blocks=st.lists(writes, min_size=2, max_size=4), first=st.integers(1, 2))
def test_any_mix_of_writes_and_deletions_is_witnessed_and_published(blocks, first):
    """Deleting slots collapses trie branches, whose siblings the witness must then hold."""
    chain = ToyChain()
    for block in blocks:
        chain.add(*(chain.store(ALICE, slot, value) for slot, value in block))
    built = chain.batch(first, len(blocks))
    assert run(built.batch_input, batch_number=1) == built.output
    applied = apply_pubdata(chain.state, chain.headers[first - 1].state_root, decode_pubdata(built.output.pubdata))
    assert applied.state_root == chain.headers[-1].state_root
