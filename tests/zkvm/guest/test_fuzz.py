"""Random programs and transactions on the EVM in C against py-evm and revm.

``ZKHUB_FUZZ_PROGRAMS=N`` runs so many cases on each, from the seed ``ZKHUB_FUZZ_FROM`` on. A failure names its seed.
"""

import os
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chain_template.executor.interface import ChainRules
from chain_template.transactions.types import Transaction
from contracts.genesis import GenesisAccount
from tests.zkvm.guest import random_cases, revm
from tests.zkvm.guest.differential import CHAIN_ID, agree
from tests.zkvm.guest.machine import Build

SENDER, FIRST, SECOND = (bytes([byte]) * 20 for byte in (0xB1, 0xB2, 0xB3))
RULES = ChainRules(CHAIN_ID, max_transaction_pubdata=None)

#: How many operands each opcode takes; the others take none.
OPERANDS = {
    **dict.fromkeys([*range(0x01, 0x08), 0x0A, 0x0B, *range(0x10, 0x15), *range(0x16, 0x19), *range(0x1A, 0x1E)], 2),
    **dict.fromkeys([0x08, 0x09, 0x37, 0x39, 0x3E, 0x5E, 0xF0], 3),
    **dict.fromkeys([0x15, 0x19, 0x31, 0x35, 0x3B, 0x3F, 0x40, 0x49, 0x50, 0x51, 0x54, 0x5C, 0xFF], 1),
    **dict.fromkeys([0x20, 0x52, 0x53, 0x55, 0x5D, 0xA0, 0xF3, 0xFD], 2),
    **dict.fromkeys([0x3C, 0xA2, 0xF5], 4),
    **dict.fromkeys([0xF1, 0xF2], 7),
    **dict.fromkeys([0xF4, 0xFA], 6),
}


def push(value: int) -> bytes:
    data = value.to_bytes((value.bit_length() + 7) // 8, "big")
    return bytes([0x5F + len(data)]) + data


# Small numbers are offsets, sizes and slots; addresses are those of the accounts, of precompiles and of nobody.
words = st.one_of(
    st.integers(0, 80),
    st.sampled_from([int.from_bytes(address, "big") for address in (SENDER, FIRST, SECOND)]),
    st.sampled_from([2, 3, 4, 9, 0xBEEF, 100_000, (1 << 255), (1 << 256) - 1, (1 << 64) - 1, 1 << 32]),
    st.integers(0, (1 << 256) - 1),
)


def with_operands(opcode: int) -> st.SearchStrategy[bytes]:
    count = OPERANDS[opcode]
    return st.lists(words, min_size=count, max_size=count).map(
        lambda values: b"".join(map(push, values)) + bytes([opcode])
    )


def call(opcode: int) -> st.SearchStrategy[bytes]:
    """A call that is likely to be made: to somebody there is, with gas."""
    address = st.sampled_from([SENDER, FIRST, SECOND, *(number.to_bytes(20, "big") for number in (2, 3, 4, 9))])
    values = st.integers(0, 3).map(push) if opcode in (0xF1, 0xF2) else st.just(b"")
    regions = st.lists(st.integers(0, 70).map(push), min_size=4, max_size=4).map(b"".join)
    gas = st.one_of(st.integers(0, 5000).map(push), st.just(b"\x5a"))
    parts = st.tuples(regions, values, address.map(lambda found: b"\x73" + found), gas)
    return parts.map(lambda found: b"".join(found) + bytes([opcode]))


snippets = st.one_of(
    st.sampled_from(sorted(OPERANDS)).flatmap(with_operands),
    st.sampled_from([0xF1, 0xF2, 0xF4, 0xFA]).flatmap(call),
    st.sampled_from([*range(0x30, 0x4B), 0x58, 0x59, 0x5A, *range(0x80, 0x90), *range(0x90, 0xA0)]).map(
        lambda opcode: bytes([opcode])
    ),
    words.map(push),
    st.binary(min_size=1, max_size=3),
    # What came of it stays in the state.
    st.integers(0, 9).map(lambda slot: push(slot) + b"\x55"),
)
programs = st.lists(snippets, max_size=25).map(b"".join)


@settings(max_examples=30, deadline=None)
@given(
    first=programs,
    second=programs,
    init=programs,
    creates=st.booleans(),
    gas=st.one_of(st.integers(60_000, 200_000), st.just(400_000)),
    value=st.integers(0, 3),
    narrow=st.booleans(),
)
def test_programs(first: bytes, second: bytes, init: bytes, creates: bool, gas: int, value: int, narrow: bool) -> None:
    accounts = [
        GenesisAccount(SENDER, b"", {}, 10**20, 0),
        GenesisAccount(FIRST, first, {1: 2, 3: 1 << 200}, 5, 1),
        GenesisAccount(SECOND, second, {0: 1}, 0, 1),
    ]
    to, data = (None, init) if creates else (FIRST, init[:100])
    tx = Transaction(2, bytes(32), b"", SENDER, to, 0, CHAIN_ID, gas, 10, 1, value, data)
    agree(tx, RULES, accounts, Build(32 if narrow else 64))


def seeds(by_default: int) -> range:
    start = int(os.environ.get("ZKHUB_FUZZ_FROM", 0))
    return range(start, start + int(os.environ.get("ZKHUB_FUZZ_PROGRAMS", by_default)))


def build_for(seed: int) -> Build:
    return Build(32 if seed % 4 == 3 else 64)


@pytest.mark.timeout(0)
def test_transactions_on_revm() -> None:
    chosen = seeds(150)
    succeeded = sum(revm.agree(random_cases.case(seed, free=True), build_for(seed)) for seed in chosen)
    assert succeeded > len(chosen) // 4


@pytest.mark.timeout(0)
def test_transactions_on_py_evm() -> None:
    """With fees, refusals, and storage that was there before; py-evm is slow where much gas goes into calls."""
    chosen = seeds(60)
    refused = 0
    for seed in chosen:
        case = random_cases.case(seed)
        tx = replace(case.tx, gas_limit=min(case.tx.gas_limit, 150_000))
        try:
            refused += agree(tx, RULES, case.accounts, build_for(seed)).refusal != 0
        except AssertionError as difference:
            raise AssertionError(f"seed {seed}") from difference
    assert refused < len(chosen) // 2
