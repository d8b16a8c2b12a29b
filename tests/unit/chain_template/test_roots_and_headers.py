"""List roots against a general trie; headers and base fees against py-evm."""

import dataclasses

import pytest
import rlp
from eth.vm.forks.london.headers import calculate_expected_base_fee_per_gas
from hypothesis import given
from hypothesis import strategies as st
from trie.hexary import HexaryTrie

from chain_template.errors import InvalidBlock
from chain_template.headers import BlockHeader, next_base_fee
from chain_template.primitives import EMPTY_TRIE_ROOT, keccak
from chain_template.receipts import Log, logs_bloom
from chain_template.state import ordered_trie_root


@given(st.lists(st.binary(min_size=1, max_size=80), max_size=300))
def test_list_root_agrees_with_a_general_trie(items: list[bytes]) -> None:
    trie = HexaryTrie({})
    for i, item in enumerate(items):
        trie[rlp.encode(i)] = item
    assert ordered_trie_root(items) == trie.root_hash


def test_empty_list_root() -> None:
    assert ordered_trie_root([]) == EMPTY_TRIE_ROOT


def header(**changes: object) -> BlockHeader:
    base = BlockHeader(
        parent_hash=keccak(b"p"),
        coinbase=bytes(20),
        state_root=keccak(b"s"),
        transactions_root=EMPTY_TRIE_ROOT,
        receipts_root=EMPTY_TRIE_ROOT,
        logs_bloom=bytes(256),
        number=5,
        gas_limit=30_000_000,
        gas_used=1,
        timestamp=9,
        base_fee_per_gas=10**9,
    )
    return dataclasses.replace(base, **changes)  # type: ignore[arg-type]


def test_header_roundtrip_and_strictness() -> None:
    one = header(extra_data=b"x")
    assert BlockHeader.decode(one.encode()) == one
    assert one.hash == keccak(one.encode())
    for bad in (b"", b"\x00", one.encode() + b"\x00", rlp.encode([b""] * 19)):
        with pytest.raises(InvalidBlock):
            BlockHeader.decode(bad)
    fields = rlp.decode(one.encode())
    fields[8] = b"\x00\x05"
    with pytest.raises(InvalidBlock, match="canonical"):
        BlockHeader.decode(rlp.encode(fields))


@given(st.integers(10**6, 10**8), st.floats(0, 1), st.integers(7, 10**12))
def test_base_fee_follows_eip_1559(gas_limit: int, fullness: float, base_fee: int) -> None:
    parent = header(gas_limit=gas_limit, gas_used=int(gas_limit * fullness), base_fee_per_gas=base_fee)
    assert next_base_fee(parent, 0) == calculate_expected_base_fee_per_gas(parent)  # type: ignore[arg-type]
    assert next_base_fee(parent, 10**13) == 10**13


@given(
    st.lists(st.tuples(st.binary(min_size=20, max_size=20), st.lists(st.binary(min_size=32, max_size=32), max_size=4)))
)
def test_bloom_agrees_with_eth_bloom(entries: list[tuple[bytes, list[bytes]]]) -> None:
    from eth_bloom import BloomFilter

    reference = BloomFilter()
    for address, topics in entries:
        reference.add(address)
        for topic in topics:
            reference.add(topic)
    logs = tuple(Log(address, tuple(topics), b"") for address, topics in entries)
    assert int.from_bytes(logs_bloom(logs), "big") == int(reference)


@pytest.mark.parametrize(
    ("at", "value"),
    [(0, b"\x01" * 31), (2, b"\x01" * 21), (6, b""), (7, b"\x01" * 33), (8, b"\x01" * 9), (14, [b""]), (12, [])],
)
def test_a_field_of_another_size_makes_no_header(at: int, value: object) -> None:
    fields = rlp.decode(header().encode())
    fields[at] = value
    with pytest.raises(InvalidBlock, match=f"field {at} "):
        BlockHeader.decode(rlp.encode(fields))


@pytest.mark.parametrize("limit", [0, 1])
def test_a_base_fee_stays_where_there_is_no_target(limit: int) -> None:
    for used in (0, 1, 2**64 - 1):
        parent = header(gas_limit=limit, gas_used=used, base_fee_per_gas=7)
        assert next_base_fee(parent, 0) == 7
        assert next_base_fee(parent, 8) == 8
