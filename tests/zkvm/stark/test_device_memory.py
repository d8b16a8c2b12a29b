"""The forecast of a device's memory is what a proof takes there, and decides how it is made."""

from dataclasses import asdict

import numpy as np
import pytest

from tests.zkvm.cuda.emulated import EmulatedDevice, needs_compiler
from tests.zkvm.stark.toys import TOY
from zkvm.air.examples import WIDE_COLUMNS, wide
from zkvm.backends.cpu import CpuBackend
from zkvm.backends.cuda import CudaBackend, Tiling
from zkvm.emulator.cost import Cost, Limits
from zkvm.guest_kit.examples import example
from zkvm.machine.expand.device import MADE_ON_DEVICE
from zkvm.machine.heights import heights_for
from zkvm.machine.machine import riscv
from zkvm.stark import device_memory, memory
from zkvm.stark.device_memory import CONTEXT_BYTES, POOL_LOSS
from zkvm.stark.layout import layout
from zkvm.stark.profiles import FAST, L1, Profile
from zkvm.stark.prover import prove
from zkvm.stark.refusals import ProofDoesNotFit, ProofDoesNotFitDevice
from zkvm.stark.setup import make_key
from zkvm.stark.trace import Columns, Deferred, Trace

GIB = 1 << 30
SHAPE = layout(wide(), TOY, [10])
PLANS = [(True, True), (False, True), (False, False)]
WHOLE_BATCH = Limits(
    main=1 << 22,
    memw=1 << 22,
    memb=1 << 20,
    binary=1 << 21,
    shift=1 << 20,
    muldiv=1 << 20,
    ram=1 << 20,
    keccak=1 << 21,
    arith256=1 << 22,
)
"""2^22 instructions, and as much of everything else as such a batch may have."""


def test_a_whole_batch_of_2_22_instructions_fits_16_gib() -> None:
    heights = heights_for(example("sha256"), Cost(**asdict(WHOLE_BATCH)))
    assert heights["main"] == 1 << 22
    for profile in (FAST, L1):
        found = device_memory.forecast(riscv(), heights, profile, 16 * GIB, MADE_ON_DEVICE)
        assert found.device.peak <= 16 * GIB
    assert not found.trees_on_device, "32 cosets' trees alone are larger"
    roomy = device_memory.forecast(riscv(), heights, FAST, 80 * GIB, MADE_ON_DEVICE)
    assert roomy.device.keep and roomy.trees_on_device
    assert roomy.host < found.host


@needs_compiler
@pytest.mark.parametrize(("keep", "trees"), PLANS, ids=["everything kept", "trees kept", "nothing kept"])
def test_a_proof_takes_what_was_forecast(keep: bool, trees: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    forecast = device_memory.count(SHAPE, keep=keep, trees=trees)
    monkeypatch.setattr(device_memory, "plan", lambda *_: forecast)
    # What the columns hold does not matter: no verifier will see the proof.
    rows = np.arange(1 << SHAPE.log_height, dtype=np.uint64)
    device = EmulatedDevice()
    backend = CudaBackend(device, Tiling(6, 3, 4))
    key = make_key(wide(), {}, {}, TOY, CpuBackend())
    prove(wide(), key, Trace({"wide": np.tile(rows, (WIDE_COLUMNS, 1))}), [], TOY, backend)
    arrays = (forecast.device.peak - CONTEXT_BYTES) * POOL_LOSS // (POOL_LOSS + 1)
    assert 0.75 * arrays <= device.peak <= arrays


def test_what_is_made_on_the_device_is_counted_there_and_not_on_the_host() -> None:
    """Values of the largest table, steps and records of as many rows."""
    machine, heights = riscv(), heights_for(example("sha256"), Cost(**asdict(WHOLE_BATCH)))
    shape = memory.shape_of(machine, heights, FAST)
    above, here = (device_memory.count(shape, keep=False, trees=False, made=made) for made in (MADE_ON_DEVICE, ()))
    sizes = {name: 8 * len(machine.table(name).main) * heights[name] for name in MADE_ON_DEVICE}
    own = max(3 * len(machine.table(name).own_aux) * heights[name] for name in MADE_ON_DEVICE)
    assert here.host - above.host == sum(sizes.values()) + 8 * own
    held = 8 * sum(
        len(table.main) + len(table.fixed) << height
        for table, height in zip(machine.tables, shape.log_heights, strict=True)
    )
    made = max(sizes.values()) + 64 * max(heights[name] for name in MADE_ON_DEVICE)
    assert above.device.by_stage["commit main"] >= CONTEXT_BYTES + held + made
    same = above.device.by_stage.keys() - {"commit main"}
    assert all(above.device.by_stage[stage] == here.device.by_stage[stage] for stage in same)


@needs_compiler
def test_columns_made_on_the_device_take_what_was_forecast(monkeypatch: pytest.MonkeyPatch) -> None:
    """One committed stage, of which the columns are more than anything that comes after."""
    device = EmulatedDevice()
    backend = CudaBackend(device, Tiling(6, 3, 4))
    columns = WIDE_COLUMNS, 1 << SHAPE.log_height
    peaks: list[int] = []

    def make() -> Columns:
        records = backend.kernels.empty(columns[1], device_memory.LOG_ROW_BYTES // 8)
        made = backend.empty(*columns)
        made[...] = 1
        del records
        peaks.append(device.used)
        return made

    key = make_key(wide(), {}, {}, TOY, CpuBackend())
    prove(wide(), key, Trace({"wide": Deferred(columns, make)}), [], TOY, backend)
    forecast = device_memory.count(SHAPE, keep=True, trees=True, made=["wide"])
    assert len(peaks) == 1 and peaks[0] == 8 * columns[0] * columns[1]
    assert device.peak <= forecast.device.peak - CONTEXT_BYTES


def test_trees_and_then_extensions_are_kept_where_they_fit() -> None:
    peaks = [device_memory.count(SHAPE, keep=keep, trees=trees).device.peak for keep, trees in PLANS]
    assert peaks == sorted(peaks, reverse=True)
    for limit, expected in zip(peaks, PLANS, strict=True):
        found = device_memory.plan(SHAPE, limit)
        assert (found.device.keep, found.trees_on_device) == expected
    with pytest.raises(ProofDoesNotFitDevice, match="device memory") as raised:
        device_memory.plan(SHAPE, peaks[-1] - 1)
    assert (raised.value.needed, raised.value.available) == (peaks[-1], peaks[-1] - 1)
    host = device_memory.count(SHAPE, keep=True, trees=True).host
    with pytest.raises(ProofDoesNotFit, match="of memory"):
        device_memory.plan(SHAPE, peaks[0], host - 1)


@pytest.mark.parametrize("profile", [FAST, L1])
def test_trees_on_the_host_are_counted_there(profile: Profile) -> None:
    shape = layout(wide(), profile, [18])
    here, there = (device_memory.count(shape, keep=False, trees=trees) for trees in (True, False))
    # The main tree, the quotient's and FRI's: the machine has no aux columns.
    leaves = profile.node_bytes << shape.log_domain
    assert there.host - here.host == pytest.approx(4 * leaves + 2 * leaves / 7, rel=1e-3)
