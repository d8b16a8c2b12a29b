"""The honest cases, as the prover takes them."""

import numpy as np
import pytest

from tests.zkvm.stark.honest import Honest
from zkvm.backends.cpu import CpuBackend, instruction_sets
from zkvm.backends.interface import Backend
from zkvm.backends.reference import ReferenceBackend
from zkvm.stark.key import ProvingKey
from zkvm.stark.proof import Proof
from zkvm.stark.prover import Progress, prove
from zkvm.stark.setup import make_key
from zkvm.stark.trace import Columns, Trace
from zkvm.stark.transcript import Entry

BACKENDS: dict[str, Backend] = {"reference": ReferenceBackend()} | {
    f"cpu, {name}": CpuBackend(name) for name in instruction_sets()
}
backends = pytest.mark.parametrize("backend", BACKENDS.values(), ids=list(BACKENDS))


def array(columns: list[list[int]]) -> Columns:
    return np.array(columns, dtype=np.uint64)


def key_of(made: Honest, backend: Backend) -> ProvingKey:
    fixed = {name: array(columns) for name, columns in made.toy.witness.fixed.items()}
    return make_key(made.toy.machine, fixed, {}, made.profile, backend)


def trace_of(made: Honest) -> Trace:
    fill = made.toy.witness.fill_aux

    def fill_aux(name: str, main: Columns, challenges: dict) -> Columns:
        filled = fill(name, main.tolist(), challenges)
        return array([[value[i] for value in column] for column in filled for i in range(3)])

    main = {name: array(columns) for name, columns in made.toy.witness.main.items()}
    return Trace(main, fill_aux if fill else None)


def prove_case(
    made: Honest, backend: Backend, progress: Progress | None = None, log: list[Entry] | None = None
) -> Proof:
    key = key_of(made, backend)
    return prove(
        made.toy.machine, key, trace_of(made), made.toy.witness.public, made.profile, backend, progress, log=log
    )
