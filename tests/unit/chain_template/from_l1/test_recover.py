"""Recovering a store from what L1 shows: any chain comes back, and nothing that is not the chain does."""

import dataclasses

import pytest
import rlp
from eth_utils.address import to_checksum_address
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chain_template.batcher.pubdata import decode_pubdata
from chain_template.config import BatchSettings
from chain_template.errors import DataMismatch, DataUnavailable, GenesisUnknown, L1Diverged, OutOfOrder, StoreLocked
from chain_template.from_l1 import genesis_from_l1, recover
from chain_template.genesis import build_genesis
from chain_template.primitives import EMPTY_CODE_HASH, EMPTY_TRIE_ROOT, keccak
from chain_template.store import BatchStage, Store
from contracts.messages import DA_VALIDIUM
from tests.unit.chain_template.batcher.stored_chain import (
    ALICE,
    BOB,
    CHAIN_ID,
    ETHER,
    StoredChain,
    make_config,
    operation,
)
from tests.unit.chain_template.batcher.toy_chain import send_message, word
from tests.unit.chain_template.from_l1.told_by_store import HEAD, ToldByStore, new_chain, seal


def same(directory, chain, batch=None):
    """Whether a directory has a sound store with the chain's state after a batch, whole."""
    genesis = build_genesis(chain.config)
    store = Store.open(directory, CHAIN_ID, genesis)
    try:
        store.verify()
        with store.snapshot() as snapshot, chain.store.snapshot() as original:
            last = original.last_batch_number() if batch is None else batch
            header = original.header(original.batch(last).last_block)
            assert (snapshot.head, snapshot.last_batch_number()) == (header, last)
        assert nodes_of(store.nodes, header.state_root) == nodes_of(chain.store.nodes, header.state_root)
    finally:
        store.close()


def nodes_of(nodes, root):
    """The hashes of everything that a state refers to; fails where something is missing."""
    found = set()

    def visit(reference, is_account_trie):
        if reference in (b"", EMPTY_TRIE_ROOT):
            return
        if isinstance(reference, bytes):
            found.add(reference)
        node = rlp.decode(nodes[reference]) if isinstance(reference, bytes) else reference
        if len(node) == 17:
            for child in node[:16]:
                visit(child, is_account_trie)
        elif node[0][0] >> 4 < 2:
            visit(node[1], is_account_trie)
        elif is_account_trie:
            _, _, storage, code = rlp.decode(node[1])
            visit(storage, False)
            if code != EMPTY_CODE_HASH:
                assert keccak(nodes[code]) == code
                found.add(code)

    visit(root, True)
    return found


slots = st.integers(0, 5)
values = st.sampled_from([0, 1, 2**64, 2**255 + 7, 2**256 - 1])
moves = st.one_of(
    st.tuples(st.just("store"), slots, values),
    st.tuples(st.just("pay"), st.integers(0, 3), st.integers(0, 10**18)),
    st.tuples(st.just("deploy"), st.integers(0, 40), st.just(0)),
    st.tuples(st.just("destroy"), st.integers(0, 3), st.integers(0, 9)),
    st.tuples(st.just("tell"), st.integers(0, 70), st.just(0)),
    st.tuples(st.just("deposit"), st.integers(0, 3), st.integers(1, 10**18)),
    st.tuples(st.just("seal"), st.just(0), st.just(0)),
)


def act(chain, move):
    kind, first, second = move
    target = to_checksum_address(keccak(b"account %d" % first)[12:])
    if kind == "store":
        chain.block(chain.call(ALICE, chain.store_address, word(first) + word(second)))
    elif kind == "pay":
        chain.block(chain.call(ALICE, target, value=second))
    elif kind == "deploy":
        create = bytes([0x60, first]) + bytes.fromhex("8060095f395ff3")
        chain.block(chain.call(BOB, None, create + bytes([0x5B]) * first))
    elif kind == "destroy":
        chain.block(chain.call(BOB, None, b"\x73" + bytes.fromhex(target[2:]) + b"\xff", value=second))
    elif kind == "tell":
        chain.block(chain.call(BOB, "0x0000000000000000000000000000000000008008", send_message(b"m" * first)))
    elif kind == "deposit":
        with chain.store.snapshot() as snapshot:
            number = len(snapshot.priority_operations(0, 10_000))
        chain.request(operation(number, bytes.fromhex(target[2:]), second))
        chain.block()
    elif chain.unsealed():
        seal(chain)


def unsealed(chain):
    with chain.store.snapshot() as snapshot:
        return snapshot.first_unbatched_block() <= snapshot.head_number


@given(life=st.lists(moves, min_size=1, max_size=25), stops=st.sets(st.integers(1, 6), max_size=2))
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_chain_comes_back_however_often_it_is_interrupted(tmp_path_factory, life, stops):
    directory = tmp_path_factory.mktemp("random")
    chain = new_chain(directory / "old")
    chain.unsealed = lambda: unsealed(chain)
    for move in life:
        act(chain, move)
    if unsealed(chain):
        seal(chain)
    on_l1 = ToldByStore(chain)
    genesis = genesis_from_l1(on_l1, CHAIN_ID)

    class Stopped(Exception):
        pass

    def told(number, last):
        if number in stops:
            stops.discard(number)
            raise Stopped

    while True:
        try:
            found = recover(on_l1, CHAIN_ID, genesis, directory / "new", told=told)
            break
        except Stopped:
            pass
    assert found.batch == len(on_l1.infos)
    same(directory / "new", chain)
    chain.store.close()


@pytest.fixture
def new(tmp_path):
    return tmp_path / "new"


def test_the_genesis_is_found_or_refused(chain):
    on_l1 = ToldByStore(chain)
    assert genesis_from_l1(on_l1, CHAIN_ID).header == build_genesis(chain.config).header
    other = chain.config.model_copy(update={"fees": chain.config.fees.model_copy(update={"min_base_fee_wei": 3})})
    with pytest.raises(GenesisUnknown, match="is not the one that L1 has"):
        recover(on_l1, CHAIN_ID, build_genesis(other), chain.config.data_dir)
    on_l1.infos = []
    with pytest.raises(GenesisUnknown, match="no batch of chain 271"):
        genesis_from_l1(on_l1, CHAIN_ID)


def test_a_minimum_base_fee_that_the_first_batch_does_not_tell_must_be_given(tmp_path):
    fees = make_config(tmp_path).fees.model_copy(update={"min_base_fee_wei": 12_345})
    chain = StoredChain(make_config(tmp_path / "old", fees=fees, batch=BatchSettings(max_age_ms=3_600_000)))
    block = chain.fund(ALICE)
    seal(chain)
    on_l1 = ToldByStore(chain)
    # A first block pays the minimum; a batch that ended after full ones would show another.
    assert block.header.base_fee_per_gas == 12_345
    assert genesis_from_l1(on_l1, CHAIN_ID).header == build_genesis(chain.config).header
    pubdata = decode_pubdata(on_l1.infos[0].operator_da_input)
    risen = dataclasses.replace(pubdata.header, base_fee_per_gas=99_999)
    alter(on_l1, 1, dataclasses.replace(pubdata, header=risen))
    with pytest.raises(GenesisUnknown, match="does not follow from L1"):
        genesis_from_l1(on_l1, CHAIN_ID)
    assert genesis_from_l1(on_l1, CHAIN_ID, min_base_fee_wei=12_345).header == build_genesis(chain.config).header
    chain.store.close()


def alter(on_l1, number, pubdata, **fields):
    """Let L1 have a batch with other data, to which it committed in every respect."""
    data = pubdata.encode()
    info = dataclasses.replace(
        on_l1.infos[number - 1],
        operator_da_input=data,
        da_commitment=keccak(data),
        new_state_commitment=pubdata.header.hash,
        **fields,
    )
    on_l1.infos[number - 1] = info
    on_l1.stored[number] = info.to_stored()
    on_l1.commit_again(number)


def test_what_leads_to_another_state_is_refused_at_its_batch_and_account(chain, new):
    on_l1, genesis = ToldByStore(chain), build_genesis(chain.config)
    pubdata = decode_pubdata(on_l1.infos[2].operator_da_input)
    account = pubdata.accounts[-1]
    more = account.balance._replace(operand=account.balance.operand + 1)
    forged = dataclasses.replace(account, balance=more)
    alter(on_l1, 3, dataclasses.replace(pubdata, accounts=(*pubdata.accounts[:-1], forged)))
    with pytest.raises(DataMismatch, match="batch 3: pubdata leads to state root") as refused:
        recover(on_l1, CHAIN_ID, genesis, new)
    assert refused.value.batch_number == 3
    # What came before stands, and the recovery goes on when L1 is right.
    same(new, chain, batch=2)
    unchanged = dataclasses.replace(account, balance=account.balance._replace(operand=0))
    alter(on_l1, 3, dataclasses.replace(pubdata, accounts=(*pubdata.accounts[:-1], unchanged)))
    with pytest.raises(DataMismatch, match=r"batch 3: .*shortest form") as refused:
        recover(on_l1, CHAIN_ID, genesis, new)
    assert refused.value.account == account.address
    alter(on_l1, 3, pubdata)
    assert recover(on_l1, CHAIN_ID, genesis, new).adopted == 2
    same(new, chain)


def test_data_that_was_not_committed_to_is_refused(chain, new):
    on_l1, genesis = ToldByStore(chain), build_genesis(chain.config)
    honest = on_l1.infos[1]
    on_l1.infos[1] = dataclasses.replace(honest, operator_da_input=honest.operator_da_input + b"\x00")
    on_l1.commit_again(2)
    with pytest.raises(DataMismatch, match="batch 2: its data is not what it committed to"):
        recover(on_l1, CHAIN_ID, genesis, new)
    pubdata = decode_pubdata(honest.operator_da_input)
    on_l1.infos[1] = honest
    alter(on_l1, 2, pubdata, l2_logs_tree_root=keccak(b"other logs"))
    with pytest.raises(DataMismatch, match="batch 2: it published other logs"):
        recover(on_l1, CHAIN_ID, genesis, new)
    alter(on_l1, 2, pubdata, l2_logs_tree_root=honest.l2_logs_tree_root)
    on_l1.infos[1] = dataclasses.replace(on_l1.infos[1], new_state_commitment=keccak(b"another block"))
    on_l1.stored[2] = on_l1.infos[1].to_stored()
    on_l1.commit_again(2)
    with pytest.raises(DataMismatch, match="batch 2: it published another header"):
        recover(on_l1, CHAIN_ID, genesis, new)


def test_data_that_is_not_to_be_had_is_said_to_be_so(chain, new):
    on_l1, genesis = ToldByStore(chain), build_genesis(chain.config)
    kept = on_l1.client.transactions.pop(on_l1.sent(2))
    with pytest.raises(DataUnavailable, match="batch 2: L1 does not give transaction") as refused:
        recover(on_l1, CHAIN_ID, genesis, new)
    assert refused.value.batch_number == 2
    on_l1.client.transactions[on_l1.sent(2)] = b"\x12\x34\x56\x78" + kept
    with pytest.raises(DataUnavailable, match="committed it through another contract"):
        recover(on_l1, CHAIN_ID, genesis, new)
    on_l1.infos[1] = dataclasses.replace(on_l1.infos[1], da_commitment_scheme=DA_VALIDIUM, operator_da_input=b"")
    on_l1.stored[2] = on_l1.infos[1].to_stored()
    on_l1.commit_again(2)
    with pytest.raises(DataUnavailable, match="batch 2: it published no data: the chain is a validium"):
        recover(on_l1, CHAIN_ID, genesis, new)
    same(new, chain, batch=1)


def test_an_l1_that_changes_meanwhile_is_noticed(chain, new):
    on_l1, genesis = ToldByStore(chain), build_genesis(chain.config)

    def reorganise(number, last):
        if number == last:
            on_l1.head_now = dataclasses.replace(HEAD, hash=b"\x99" * 32)
            on_l1.stored[last] = dataclasses.replace(on_l1.stored[last], timestamp=1)

    with pytest.raises(L1Diverged, match="L1 reorganised at block 100"):
        recover(on_l1, CHAIN_ID, genesis, new, told=reorganise)
    # Then L1 has another batch 4 under the events that were read: that is an L1 to ask again, not one to believe.
    with pytest.raises(L1Diverged, match="do not show batch 4"):
        recover(on_l1, CHAIN_ID, genesis, new)
    on_l1 = ToldByStore(chain)
    on_l1.operations = on_l1.operations[:1]
    new_again = new.with_name("again")
    with pytest.raises(L1Diverged, match="L1's requests are not those of batch 1"):
        recover(on_l1, CHAIN_ID, genesis, new_again)


def test_a_store_that_is_whole_stays_as_it_is(chain):
    on_l1, genesis = ToldByStore(chain), build_genesis(chain.config)
    chain.block(chain.call(ALICE, BOB.address, value=1))
    with pytest.raises(StoreLocked):
        recover(on_l1, CHAIN_ID, genesis, chain.config.data_dir)
    with chain.store.snapshot() as snapshot:
        head = snapshot.head
    chain.store.close()
    found = recover(on_l1, CHAIN_ID, genesis, chain.config.data_dir)
    assert (found.is_here, found.adopted, found.dropped) == (True, 0, ())
    chain.store = Store.open(chain.config.data_dir, CHAIN_ID, genesis)
    with chain.store.snapshot() as snapshot:
        assert snapshot.head == head and snapshot.lost_blocks() == []


def test_a_store_that_is_behind_keeps_what_it_has(chain, new, tmp_path):
    """Somebody else settled the chain: what both have stays, what L1 has others for is given up."""
    on_l1, genesis = ToldByStore(chain), build_genesis(chain.config)
    behind = new_chain(tmp_path / "behind")
    seal(behind)
    for slot in range(1):
        behind.block(behind.call(ALICE, behind.store_address, word(slot) + word(7)))
        behind.block(behind.call(ALICE, BOB.address, value=ETHER))
        seal(behind)
    behind.block(behind.call(BOB, ALICE.address, value=5))
    with behind.store.snapshot() as snapshot:
        shared = snapshot.batch(2).last_block
        kept = [receipt.transaction.hash for receipt in snapshot.receipts(shared)]
    behind.store.close()
    found = recover(on_l1, CHAIN_ID, genesis, tmp_path / "behind")
    assert (found.batch, found.adopted, [tx.value for tx in found.dropped]) == (4, 2, [5])
    same(tmp_path / "behind", chain)
    store = Store.open(tmp_path / "behind", CHAIN_ID, genesis)
    with store.snapshot() as snapshot:
        assert all(snapshot.receipt(each) is not None for each in kept)
        assert snapshot.lost_blocks() == [(shared + 1, snapshot.head_number)]
        # Only ends of batches can be gone back to.
        third = snapshot.batch(3).last_block
    with pytest.raises(OutOfOrder, match="the store does not know it"):
        store.rollback_to(third - 1)
    for number in (4, 3):
        store.update_batch(number, stage=BatchStage.SEALED)
    store.rollback_to(third)
    with store.snapshot() as snapshot:
        assert snapshot.lost_blocks() == [(shared + 1, third)]
    store.rollback_to(shared)
    with store.snapshot() as snapshot:
        assert snapshot.lost_blocks() == [] and snapshot.last_batch_number() == 2
    store.close()


def test_committed_batches_are_recovered_on_request(chain, new):
    on_l1, genesis = ToldByStore(chain, executed=2), build_genesis(chain.config)
    found = recover(on_l1, CHAIN_ID, genesis, new)
    assert (found.batch, found.waiting) == (2, 2)
    same(new, chain, batch=2)
    found = recover(on_l1, CHAIN_ID, genesis, new, unexecuted=True)
    assert (found.batch, found.adopted, found.waiting) == (4, 2, 0)
    same(new, chain)
    store = Store.open(new, CHAIN_ID, genesis)
    with store.snapshot() as snapshot:
        assert [batch.stage for batch in snapshot.batches(1, 4)] == [
            BatchStage.EXECUTED,
            BatchStage.EXECUTED,
            BatchStage.COMMITTED,
            BatchStage.COMMITTED,
        ]
    store.close()
    on_l1.infos[3] = dataclasses.replace(on_l1.infos[3], dependency_roots_rolling_hash=b"\x01" * 32)
    on_l1.stored[4] = on_l1.infos[3].to_stored()
    on_l1.commit_again(4)
    with pytest.raises(DataUnavailable, match="batch 4: it imports message roots"):
        recover(on_l1, CHAIN_ID, genesis, new.with_name("again"), unexecuted=True)
