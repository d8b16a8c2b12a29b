"""Accumulators filled in on a device: those that the processors give, whatever the cells hold."""

from functools import cache

import numpy as np
import pytest

from tests.zkvm.cuda.emulated import EmulatedDevice, needs_compiler
from tests.zkvm.machine.precompiles import GENERATOR, ecdbl, keccak, mulmod
from zkvm.air import Table
from zkvm.air.debug import random_challenges
from zkvm.backends.cuda import CudaBackend, Tiling
from zkvm.field import P
from zkvm.machine.expand import accumulators, device_accumulators
from zkvm.machine.expand.arith256 import expand_arith256
from zkvm.machine.expand.native_keccak import expand_keccak
from zkvm.machine.machine import CHALLENGES
from zkvm.machine.tables.arith256 import arith256_table
from zkvm.machine.tables.keccak import SLICES_A_ROW, keccak_table

pytestmark = needs_compiler

HONEST = {
    **{f"keccak {k}": (keccak_table(k), expand_keccak(keccak([[0] * 25]), k, 2048)) for k in SLICES_A_ROW},
    "arith256": (arith256_table(), expand_arith256(np.concatenate([mulmod(7, 8, 9, 11), ecdbl(GENERATOR, 1)]), 256)),
}


@cache
def backend() -> CudaBackend:
    return CudaBackend(EmulatedDevice(), Tiling(6, 3, 4))


def same(table: Table, main: np.ndarray, *, uploaded: bool) -> None:
    challenges = random_challenges(CHALLENGES)
    given = backend().kernels.upload(main) if uploaded else main
    found = device_accumulators.fill_aux(backend(), table, given, challenges)  # type: ignore[arg-type]
    assert np.array_equal(found.to_host(), accumulators.fill_aux(table, main, challenges))  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", HONEST)
def test_honest_columns(name: str) -> None:
    same(*HONEST[name], uploaded=True)


@pytest.mark.parametrize("name", HONEST)
@pytest.mark.parametrize("uploaded", [True, False])
def test_any_columns(name: str, uploaded: bool) -> None:
    table, _ = HONEST[name]
    main = np.random.default_rng(len(name)).integers(0, P, (len(table.main), 256), dtype=np.uint64)
    same(table, main, uploaded=uploaded)
