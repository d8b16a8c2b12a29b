import pytest
import rlp
from trie.hexary import HexaryTrie

from chain_template.batcher.compression import CompressedValue, Operation, compress
from chain_template.batcher.pubdata import AccountDiff, Pubdata
from chain_template.batcher.state_diff import Overlay, apply_pubdata, state_diff
from chain_template.batcher.witness import collect_witness, may_read_block_hashes
from chain_template.errors import BatchError, MissingStateNode
from chain_template.headers import BlockHeader
from chain_template.primitives import EMPTY_TRIE_ROOT, int_to_bytes, keccak
from chain_template.state import StateReader

A, B, C = (bytes([number]) * 20 for number in (1, 2, 3))


def make_state(nodes, accounts):
    """accounts: address → (nonce, balance, code, {slot: value})."""
    trie = HexaryTrie(nodes)
    for address, (nonce, balance, code, slots) in accounts.items():
        storage = HexaryTrie(nodes)
        for slot, value in slots.items():
            storage[keccak(slot.to_bytes(32, "big"))] = rlp.encode(int_to_bytes(value))
        if code:
            nodes[keccak(code)] = code
        fields = [int_to_bytes(nonce), int_to_bytes(balance), storage.root_hash, keccak(code)]
        trie[keccak(address)] = rlp.encode(fields)
    return bytes(trie.root_hash)


def header(state_root):
    return BlockHeader(
        parent_hash=bytes(32),
        coinbase=bytes(20),
        state_root=state_root,
        transactions_root=EMPTY_TRIE_ROOT,
        receipts_root=EMPTY_TRIE_ROOT,
        logs_bloom=bytes(256),
        number=1,
        gas_limit=1,
        gas_used=0,
        timestamp=1,
        base_fee_per_gas=1,
    )


BEFORE = {A: (1, 100, b"", {}), B: (1, 0, b"\x01", {1: 5, 2: 6, 3: 7})}
AFTER = {B: (2, 50, b"\x01", {1: 5, 2: 9, 4: 1}), C: (1, 50, b"\x60\x01", {7: 7})}
TOUCHED = {(A, None), (B, None), (C, None), (b"\x09" * 20, None)} | {(B, slot) for slot in range(6)} | {(C, 7)}


@pytest.fixture
def states():
    nodes = {}
    return nodes, make_state(nodes, BEFORE), make_state(nodes, AFTER)


def diff_of(states):
    nodes, before, after = states
    return state_diff(TOUCHED, StateReader(nodes, before), StateReader(nodes, after))


def test_only_what_changed_is_in_the_difference(states):
    assert diff_of(states) == (
        AccountDiff(A, deleted=True),
        AccountDiff(
            B,
            nonce=compress(1, 2),
            balance=compress(0, 50),
            slots=((2, compress(6, 9)), (3, compress(7, 0)), (4, compress(0, 1))),
        ),
        AccountDiff(C, nonce=compress(0, 1), balance=compress(0, 50), code=b"\x60\x01", slots=((7, compress(0, 7)),)),
    )


def test_the_difference_leads_from_one_state_to_the_other(states):
    _, before, after = states
    only_before = {}
    make_state(only_before, BEFORE)
    applied = apply_pubdata(only_before, before, Pubdata(header(after), (), diff_of(states)))
    assert applied.state_root == after
    rebuilt = StateReader(Overlay(only_before, applied.nodes), after)
    assert rebuilt.code(C) == b"\x60\x01"
    assert rebuilt.storage(B, 2) == 9


@pytest.mark.parametrize(
    ("accounts", "complaint"),
    [
        ((), "leads to state root"),
        ((AccountDiff(C, deleted=True),), "does not exist"),
        ((AccountDiff(A, balance=CompressedValue(Operation.ADD, 0)),), "shortest form"),
        ((AccountDiff(A, balance=CompressedValue(Operation.FULL, 1)),), "shortest form"),
        ((AccountDiff(B, slots=((1, CompressedValue(Operation.TRANSFORM, 5)),)),), "shortest form"),
    ],
)
def test_a_difference_that_is_not_this_batchs_is_refused(states, accounts, complaint):
    nodes, before, after = states
    with pytest.raises(BatchError, match=complaint):
        apply_pubdata(nodes, before, Pubdata(header(after), (), accounts))


def test_an_incomplete_state_is_a_typed_error(states):
    _, before, after = states
    with pytest.raises(MissingStateNode):
        apply_pubdata({}, before, Pubdata(header(after), (), (AccountDiff(A, deleted=True),)))


def test_a_witness_is_what_was_read_of_that_one_state(states):
    nodes, before, after = states
    everything = collect_witness(nodes, before, nodes.keys())
    assert set(everything.codes) == {b"\x01"}
    assert [keccak(node) for node in everything.nodes] == sorted(keccak(node) for node in everything.nodes)
    assert after not in map(keccak, everything.nodes)
    assert collect_witness(nodes, before, frozenset()).nodes == ()
    assert collect_witness(nodes, before, {before}).nodes == (nodes[before],)
    with pytest.raises(MissingStateNode):
        collect_witness({}, before, {before})


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("", False),
        ("6040", False),  # PUSH1 0x40: data, not BLOCKHASH
        ("40", True),
        ("604040", True),
        ("f0", True),
        ("7ff5" + "40" * 31, False),
        ("7ff5" + "40" * 31 + "f5", True),
        ("5f40", True),
    ],
)
def test_codes_that_may_look_back_are_found(code, expected):
    assert may_read_block_hashes([bytes.fromhex(code)], []) is expected
