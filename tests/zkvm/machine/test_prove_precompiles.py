"""A prover that lies in one cell of a precompile is not believed. That honest proofs are is in ``test_proofs``."""

import numpy as np
import pytest

from tests.zkvm.machine.test_trace import signature
from zkvm.backends.cpu import CpuBackend
from zkvm.emulator.emulator import Execution, run
from zkvm.guest_kit.examples import example
from zkvm.machine import api
from zkvm.machine.key import key_for
from zkvm.machine.machine import riscv
from zkvm.machine.trace import build_trace
from zkvm.stark import prover
from zkvm.stark.errors import VerificationError
from zkvm.stark.key import ProvingKey
from zkvm.stark.profiles import FAST
from zkvm.stark.trace import Trace

BACKEND = CpuBackend()


def lied(execution: Execution, table: str, column: int, row: int) -> Trace:
    """The witness with one bit or limb changed, all that follows from it in the table's own sums included."""
    trace = build_trace(execution.program, execution.log)
    columns = trace.main[table].copy()
    columns[column, row] ^= np.uint64(1)
    return Trace(dict(trace.main) | {table: columns}, trace.fill_aux)


@pytest.fixture(scope="module")
def recovered(tmp_path_factory: pytest.TempPathFactory) -> tuple[Execution, ProvingKey]:
    """A run that calls both tables, and its program's key."""
    execution = run(example("ecrecover"), signature())
    return execution, key_for(execution.program, FAST, BACKEND, tmp_path_factory.mktemp("keys"))


@pytest.mark.slow
@pytest.mark.parametrize(("table", "column", "row"), [("keccak", 3, 700), ("keccak", 30, 799), ("arith256", 1, 0)])
def test_a_lie_in_a_precompile_is_not_believed(
    recovered: tuple[Execution, ProvingKey], table: str, column: int, row: int
) -> None:
    execution, key = recovered
    proof = prover.prove(riscv(), key, lied(execution, table, column, row), execution.output, FAST, BACKEND)
    with pytest.raises(VerificationError):
        api.verify(key.vk, execution.output, FAST, proof.to_bytes())
