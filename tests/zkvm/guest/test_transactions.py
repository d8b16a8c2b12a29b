"""Transactions of every kind on the EVM in C against py-evm: state, gas, result and logs."""

from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chain_template.executor.interface import ChainRules
from chain_template.primitives import BASE_TOKEN_HOLDER_ADDRESS
from chain_template.transactions.types import (
    PRIORITY_TYPE,
    SYSTEM_TYPE,
    AccessListEntry,
    PriorityFields,
    Transaction,
)
from contracts.genesis import GenesisAccount
from tests.zkvm.guest.differential import CHAIN_ID, agree

SENDER, POOR, RECIPIENT = (bytes([byte]) * 20 for byte in (0xA1, 0xA2, 0xA3))
SYSTEM_SENDER = bytes(18) + b"\x80\x01"

# What the called contracts do; each is at an address of its own below 2^17.
CODES = {
    "stop": "00",
    "revert": "6001600052600a6000fd",
    "invalid": "fe",
    "returns its value": "3460005260206000f3",
    "writes and clears": "6001600055600060015560003554600255",
    "logs": "60aa60005260bb60206000a1",
    "warms": "733131313131313131313131313131313131313131316000600060006000600034f2",
    "destroys itself": "33ff",
    "creates": "6d600a600c600039600a6000f3fe00600052600e6012346000f0600055",
    "creates too much": "620186a05f61fffff0",
    "environment": "4160005242602052456040524660605248608052326 0a0523a60c05260e06000f3".replace(" ", ""),
    "balances": "41316000553331600155323160025573a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a331600355",
}
ADDRESSES = {name: (0x10020 + index).to_bytes(20, "big") for index, name in enumerate(CODES)}
ACCOUNTS = [
    GenesisAccount(SENDER, b"", {}, 10**24, 5),
    GenesisAccount(SYSTEM_SENDER, b"", {}, 0, 1),
    GenesisAccount(BASE_TOKEN_HOLDER_ADDRESS, b"\x00", {}, 1 << 120, 1),
    *(GenesisAccount(ADDRESSES[name], bytes.fromhex(code), {1: 7}, 1000, 1) for name, code in CODES.items()),
]
TARGETS = [*ADDRESSES.values(), RECIPIENT, SENDER, (4).to_bytes(20, "big")]

targets = st.sampled_from(TARGETS)
data = st.sampled_from([b"", bytes(32), b"\x01" * 33, bytes.fromhex("600a600c600039600a6000f3fe00")])
amounts = st.one_of(st.just(0), st.integers(0, 2000), st.just(10**18))


def rules(*, max_pubdata: int | None = None, is_l1: bool = False) -> ChainRules:
    return ChainRules(CHAIN_ID, not is_l1, not is_l1, max_pubdata)


def transaction(kind: int, sender: bytes, to: bytes | None, gas: int, fee: int, value: int, data: bytes) -> Transaction:
    return Transaction(kind, bytes(32), b"", sender, to, 5, CHAIN_ID, gas, fee, min(fee, 2), value, data)


@settings(max_examples=150, deadline=None)
@given(
    to=st.one_of(st.none(), targets),
    gas=st.one_of(st.integers(21_000, 120_000), st.just(400_000)),
    fee=st.integers(6, 12),
    value=amounts,
    data=data,
    listed=st.lists(targets, max_size=2),
    is_l1=st.booleans(),
    nonce=st.sampled_from([5, 5, 5, 5, 4, 6]),
)
def test_users(
    to: bytes | None, gas: int, fee: int, value: int, data: bytes, listed: list[bytes], is_l1: bool, nonce: int
) -> None:
    tx = transaction(2, SENDER, to, gas, fee, value, data)
    accesses = tuple(AccessListEntry(address, (0, 2)) for address in listed)
    agree(replace(tx, access_list=accesses, nonce=nonce), rules(is_l1=is_l1), ACCOUNTS)


@settings(max_examples=150, deadline=None)
@given(
    sender=st.sampled_from([SENDER, POOR, *TARGETS[:2]]),
    to=targets,
    gas=st.one_of(st.integers(20_000, 120_000), st.just(400_000)),
    fee=st.integers(0, 12),
    value=amounts,
    data=data,
    over=st.integers(-1, 3000),
)
@example(sender=POOR, to=RECIPIENT, gas=50_000, fee=3, value=10**18, data=b"", over=0)
@example(sender=SENDER, to=RECIPIENT, gas=50_000, fee=3, value=10**18, data=b"", over=5)
def test_priority_operations(sender: bytes, to: bytes, gas: int, fee: int, value: int, data: bytes, over: int) -> None:
    priority = PriorityFields(0, max(0, gas * fee + over), RECIPIENT, 800)
    agree(replace(transaction(PRIORITY_TYPE, sender, to, gas, fee, value, data), priority=priority), rules(), ACCOUNTS)


@pytest.mark.parametrize("name", CODES)
def test_system_transactions(name: str) -> None:
    tx = replace(transaction(SYSTEM_TYPE, SYSTEM_SENDER, ADDRESSES[name], 200_000, 0, 0, bytes(32)), nonce=0)
    assert (agree(tx, rules(), ACCOUNTS).status == 0) == (name not in ("revert", "invalid", "creates too much"))


@pytest.mark.parametrize("kind", [2, PRIORITY_TYPE])
def test_too_much_pubdata_costs_all_gas(kind: int) -> None:
    tx = transaction(kind, SENDER, ADDRESSES["writes and clears"], 100_000, 9, 11, b"")
    priority = PriorityFields(0, 2_000_000, RECIPIENT, 800) if kind == PRIORITY_TYPE else None
    agree(replace(tx, priority=priority), rules(max_pubdata=0), ACCOUNTS)
