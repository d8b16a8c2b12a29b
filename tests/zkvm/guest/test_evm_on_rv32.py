"""The EVM on RV32IM gives what it gives on the host: random programs, and loops that do one thing often."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.evm import PROGRAMS, Program
from contracts.genesis import GenesisAccount
from tests.zkvm.guest import random_cases
from tests.zkvm.guest.evm_on_rv32 import on_host, on_rv32, request
from tests.zkvm.guest.test_fuzz import FIRST, SECOND, SENDER, programs, seeds


@settings(max_examples=12, deadline=None)
@given(first=programs, second=programs, data=st.binary(max_size=100), gas=st.integers(5_000, 300_000))
def test_programs(first: bytes, second: bytes, data: bytes, gas: int) -> None:
    accounts = [
        GenesisAccount(SENDER, b"", {}, 10**20, 0),
        GenesisAccount(FIRST, first, {1: 2, 3: 1 << 200}, 5, 1),
        GenesisAccount(SECOND, second, {0: 1}, 0, 1),
    ]
    call = request(accounts, gas, data)
    assert on_rv32(call)[0] == on_host(call)


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
def test_loops(program: Program) -> None:
    """The loops of the benchmark end when 100,000 gas are left."""
    call = request(program.accounts(), 150_000)
    assert on_rv32(call)[0] == on_host(call)


@pytest.mark.timeout(0)
def test_random_cases() -> None:
    """Precompiles with good input among them; ``ZKHUB_FUZZ_PROGRAMS`` is how many."""
    for seed in seeds(60):
        case = random_cases.case(seed)
        call = request(case.accounts, case.tx.gas_limit, case.tx.data)
        assert on_rv32(call)[0] == on_host(call), seed
