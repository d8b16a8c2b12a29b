"""The honest cases, as the prover takes them."""

from collections.abc import Callable
from functools import cache, partial

import numpy as np
import pytest

from tests.zkvm.cuda.devices import device
from tests.zkvm.cuda.emulated import EmulatedDevice, needs_compiler
from tests.zkvm.stark.honest import Honest
from zkvm.backends.cpu import CpuBackend, instruction_sets
from zkvm.backends.cuda import CudaBackend, Tiling
from zkvm.backends.interface import Backend
from zkvm.backends.reference import ReferenceBackend
from zkvm.stark.key import ProvingKey
from zkvm.stark.proof import Proof
from zkvm.stark.prover import Progress, prove
from zkvm.stark.setup import make_key
from zkvm.stark.trace import Columns, Trace
from zkvm.stark.transcript import Entry

MAKERS: dict[str, Callable[[], Backend]] = {"reference": ReferenceBackend} | {
    f"cpu, {name}": partial(CpuBackend, name) for name in instruction_sets()
}
MAKERS["cuda, emulated"] = lambda: CudaBackend(EmulatedDevice(), Tiling(6, 3, 5))
MAKERS["cuda"] = lambda: CudaBackend(device())
MARKS = {"cuda, emulated": [needs_compiler], "cuda": [pytest.mark.gpu]}


@cache
def made(name: str) -> Backend:
    return MAKERS[name]()


def backends(test: Callable[..., None]) -> Callable[..., None]:
    """Runs a test that takes a ``backend`` with every one there is."""
    names = [pytest.param(name, id=name, marks=MARKS.get(name, [])) for name in MAKERS]
    return pytest.mark.parametrize("backend", names, indirect=True)(test)


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
    made: Honest,
    backend: Backend,
    progress: Progress | None = None,
    log: list[Entry] | None = None,
    trace: Trace | None = None,
) -> Proof:
    key, witness = key_of(made, backend), made.toy.witness
    given = trace or trace_of(made)
    return prove(made.toy.machine, key, given, witness.public, made.profile, backend, progress, log=log)
