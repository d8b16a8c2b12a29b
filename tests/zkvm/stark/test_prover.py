"""The prover gives, byte for byte, the proofs of the slow prover that was written from the format's description alone."""

import numpy as np
import pytest

from tests.zkvm.stark.honest import CASES, Honest, honest
from zkvm.backends.interface import Backend
from zkvm.backends.reference import ReferenceBackend
from zkvm.stark.key import ProvingKey
from zkvm.stark.prover import prove
from zkvm.stark.setup import make_key
from zkvm.stark.trace import Columns, Trace
from zkvm.stark.transcript import Entry

BACKENDS = {"reference": ReferenceBackend}
backends = pytest.mark.parametrize("backend", [make() for make in BACKENDS.values()], ids=list(BACKENDS))
cases = pytest.mark.parametrize("case", CASES)


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
    proof = prove(
        made.toy.machine, key_of(made, backend), trace_of(made), made.toy.witness.public, made.profile, backend, log=log
    )
    assert tuple(log) == made.log
    assert proof == made.proof
