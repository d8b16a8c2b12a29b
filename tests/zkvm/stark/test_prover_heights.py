"""Proofs of tables of all kinds of heights are accepted, in both memory plans, and are the same in both."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.zkvm import toys
from tests.zkvm.stark.toys import TOY, TOY_WIDE
from tests.zkvm.toys import Toy
from zkvm.backends.cpu import CpuBackend
from zkvm.stark import memory
from zkvm.stark.layout import layout
from zkvm.stark.profiles import Profile
from zkvm.stark.prover import prove
from zkvm.stark.setup import make_key
from zkvm.stark.trace import Trace
from zkvm.stark.verifier import verify

BACKEND = CpuBackend()
profiles = st.sampled_from([TOY, TOY_WIDE])


def prove_both_ways(toy: Toy, profile: Profile) -> None:
    key = make_key(toy.machine, toy.fixed, toy.parameters, profile, BACKEND)
    trace = Trace(toy.main, toy.fill_aux)
    rows = {name: columns.shape[1] for name, columns in toy.main.items()}
    shape = layout(toy.machine, profile, [rows[table.name].bit_length() - 1 for table in toy.machine.tables])
    limits = [memory.count(shape, keep).peak for keep in (True, False)]
    proofs = [
        prove(toy.machine, key, trace, toy.publics, profile, BACKEND, memory_limit=limit).to_bytes() for limit in limits
    ]
    assert proofs[0] == proofs[1]
    verify(toy.machine, key.vk, toy.publics, profile, proofs[0])


@settings(deadline=None, max_examples=15)
@given(st.integers(6, 11), st.integers(6, 11), profiles)
def test_two_tables_and_a_bus(log_sender: int, log_receiver: int, profile: Profile) -> None:
    prove_both_ways(toys.permutation(log_sender, log_receiver), profile)


@pytest.mark.parametrize("log_height", [6, 8, 10, 13])
def test_a_fixed_table_beside_lower_and_taller_ones(log_height: int) -> None:
    prove_both_ways(toys.lookup(log_height), TOY)


@pytest.mark.parametrize("log_height", range(6, 15))
def test_every_last_fold(log_height: int) -> None:
    prove_both_ways(toys.fibonacci(log_height), TOY)


@pytest.mark.parametrize(("log_sender", "log_receiver"), [(14, 6), (6, 14), (14, 13), (13, 12)])
def test_tables_far_apart(log_sender: int, log_receiver: int) -> None:
    # Above 2^12 rows a lower table is divided at its own height, and its quotient stretched.
    prove_both_ways(toys.permutation(log_sender, log_receiver), TOY)


@pytest.mark.parametrize("log_height", [6, 9])
def test_a_machine_with_columns_of_its_own(log_height: int) -> None:
    prove_both_ways(toys.accumulator(log_height), TOY)
