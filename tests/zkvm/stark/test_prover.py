"""The prover gives, byte for byte, the proofs of the slow prover, which was written from the format alone."""

import math
from dataclasses import replace

import pytest

from tests.zkvm.stark.honest import CASES, honest
from tests.zkvm.stark.proving import backends, key_of, prove_case, trace_of
from zkvm.backends.interface import Backend
from zkvm.backends.reference import ReferenceBackend
from zkvm.stark import commit, deep, prover
from zkvm.stark.prover import STAGES
from zkvm.stark.trace import Columns, Deferred
from zkvm.stark.transcript import Entry

cases = pytest.mark.parametrize("case", CASES)
LOWER_TABLES = ("permutation, low receiver", "permutation, low sender", "lookup, low table")


@backends
@cases
def test_the_key_is_the_slow_provers(case: str, backend: Backend) -> None:
    made = honest(case)
    assert key_of(made, backend).vk.to_bytes() == made.key.to_bytes()


@backends
@cases
def test_the_proof_is_the_slow_provers(case: str, backend: Backend) -> None:
    made = honest(case)
    log: list[Entry] = []
    proof = prove_case(made, backend, log=log)
    assert tuple(log) == made.log
    assert proof == made.proof


@backends
@pytest.mark.parametrize("rows_at_a_time", [0, math.inf], ids=["cosets again", "row by row"])
@pytest.mark.parametrize("case", ["permutation, low sender", "lookup, low user"])
def test_dropping_the_extension_changes_nothing(
    case: str, rows_at_a_time: float, backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = honest(case)
    monkeypatch.setattr(prover, "keep_extensions", lambda *_: False)
    monkeypatch.setattr(commit, "points_worth_a_coset", lambda log_blowup: rows_at_a_time)
    assert prove_case(made, backend) == made.proof


@backends
@pytest.mark.parametrize("case", ["permutation, low sender", "lookup, low user"])
def test_columns_made_when_they_are_taken_give_the_same_proof(case: str, backend: Backend) -> None:
    made = honest(case)
    trace = trace_of(made)
    taken: list[str] = []

    def deferred(name: str, columns: Columns) -> Deferred:
        def make() -> Columns:
            taken.append(name)
            there = backend.empty(*columns.shape)
            there[...] = columns
            return there

        return Deferred(columns.shape, make)

    main = {name: deferred(name, columns) for name, columns in trace.main.items()}
    assert prove_case(made, backend, trace=replace(trace, main=main)) == made.proof
    tables = [table.name for table in made.toy.machine.tables if table.name in main]
    assert taken[: len(tables)] == tables, "one after the other, as they are committed"


@backends
@pytest.mark.parametrize("case", LOWER_TABLES)
def test_the_height_at_which_lower_tables_are_divided_changes_nothing(
    case: str, backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = honest(case)
    monkeypatch.setattr(deep, "LEAST_LOG_LEVEL", 6)
    monkeypatch.setattr(deep, "LEAST_LOG_LEVEL_ON_DEVICE", 6)
    assert prove_case(made, backend) == made.proof


def test_progress_runs_through_all_stages_in_order() -> None:
    seen: list[tuple[str, float]] = []
    prove_case(honest("lookup, low user"), ReferenceBackend(), progress=lambda *told: seen.append(told))
    stages = [stage for stage, _ in seen]
    assert tuple(dict.fromkeys(stages)) == STAGES
    assert stages == sorted(stages, key=STAGES.index)
    for stage in STAGES:
        fractions = [fraction for name, fraction in seen if name == stage]
        assert fractions == sorted(fractions)
        assert (fractions[0], fractions[-1]) == (0.0, 1.0)
