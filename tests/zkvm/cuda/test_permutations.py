"""KECCAK made on a device: the rows and counts that the processors give, or the same error."""

import random

import numpy as np
import pytest

from tests.zkvm.cuda.emulated import EmulatedDevice, needs_compiler
from tests.zkvm.machine.precompiles import keccak, random_state
from zkvm.backends.cuda.launching import Kernels
from zkvm.emulator.log import Structured
from zkvm.machine.errors import ImpossibleCall
from zkvm.machine.expand import device_keccak, native_keccak
from zkvm.machine.tables.keccak import SLICES_A_ROW, rows_of_permutation

pytestmark = needs_compiler


def calls(count: int) -> Structured:
    rng = random.Random(count)
    return keccak([[0] * 25, [2**64 - 1] * 25, *(random_state(rng) for _ in range(count))][:count])


@pytest.mark.parametrize("k", SLICES_A_ROW)
@pytest.mark.parametrize("count", [0, 1, 5])
def test_rows_and_what_they_look_up(count: int, k: int) -> None:
    rows = max(64, 1 << (count * rows_of_permutation(k) - 1).bit_length()) if count else 64
    second = np.arange(7, 7 + count, dtype=np.uint32)
    found = device_keccak.permutations(Kernels(EmulatedDevice()), calls(count), k, rows, second)
    expected = native_keccak.permutations(calls(count), k, rows, second)
    for deferred, there in zip(found, expected, strict=True):
        assert deferred.shape == there.shape
        assert np.array_equal(deferred.make().to_host(), there)  # type: ignore[attr-defined]


def test_counts_are_there_without_the_rows_and_do_not_add_up() -> None:
    rows, chi = device_keccak.permutations(Kernels(EmulatedDevice()), calls(1), 2, 1024, np.zeros(1, np.uint32))
    _, expected = native_keccak.permutations(calls(1), 2, 1024, np.zeros(1, np.uint32))
    for _ in range(2):
        assert np.array_equal(chi.make().to_host(), expected)  # type: ignore[attr-defined]
        rows.make()


def test_a_log_with_another_answer_is_refused() -> None:
    wrong = calls(6)
    wrong[3]["after"][49] ^= 1 << 31
    wrong[5]["after"][0] ^= 1
    deferred, _ = device_keccak.permutations(Kernels(EmulatedDevice()), wrong, 2, 8192, np.zeros(6, np.uint32))
    with pytest.raises(ImpossibleCall, match="KECCAK at time 13: the state after it is not the permutation"):
        deferred.make()
