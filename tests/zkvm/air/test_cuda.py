"""CUDA C of the constraints, launched as a device is, on the tests' emulator: it gives what NumPy gives."""

import numpy as np
import pytest

from tests.zkvm.air.test_readers import IDS, TABLES, Random
from tests.zkvm.cuda.emulated import EmulatedDevice, needs_compiler
from zkvm.air import Machine, Table, interpret
from zkvm.air.errors import BadTrace
from zkvm.air.examples import permutation
from zkvm.backends.cuda.arrays import upload
from zkvm.backends.cuda.constraints import DeviceConstraints
from zkvm.backends.cuda.launching import Kernels

pytestmark = needs_compiler


@pytest.mark.parametrize(("machine", "table"), TABLES, ids=IDS)
def test_the_device_code_gives_what_numpy_gives(machine: Machine, table: Table) -> None:
    kernels = Kernels(EmulatedDevice())
    device = DeviceConstraints(machine, kernels)
    random = Random(11)
    scalars = random.scalars(machine)
    view = random.view(table, scalars)
    weights = [random.ext() for _ in table.constraints]
    expected = random.words(3, view.rows)
    found = upload(kernels, expected)
    interpret.quotient_rows(table, view, scalars, weights, expected)
    device.quotient(table, view, scalars, weights, found)
    assert np.array_equal(found.to_host(), expected)

    if not table.groups:
        return
    fractions = np.zeros((2, len(table.groups), 3, view.rows), np.uint64)
    numerators, denominators = (kernels.empty(len(table.groups), 3, view.rows) for _ in range(2))
    interpret.logup_rows(table, view, scalars, *fractions)
    device.logup(table, view, scalars, numerators, denominators)
    assert np.array_equal([numerators.to_host(), denominators.to_host()], fractions)


def test_arrays_of_another_shape_or_place_are_refused() -> None:
    machine, kernels, random = permutation(), Kernels(EmulatedDevice()), Random(1)
    table, device = machine.tables[0], DeviceConstraints(machine, kernels)
    scalars = random.scalars(machine)
    view, weights = random.view(table, scalars), [random.ext() for _ in table.constraints]
    for out in (random.words(3, view.rows), kernels.empty(3, 2 * view.rows), kernels.empty(3, 2 * view.rows)[:, ::2]):
        with pytest.raises(BadTrace, match="out"):
            device.quotient(table, view, scalars, weights, out)
    with pytest.raises(BadTrace, match="weights"):
        device.quotient(table, view, scalars, weights[1:], kernels.empty(3, view.rows))
    view.columns["main"] = random.words(1, view.rows)
    with pytest.raises(BadTrace, match="main"):
        device.quotient(table, view, scalars, weights, kernels.empty(3, view.rows))
