"""How transforms are cut and trees are built on a device, where the tests of all backends do not reach."""

import numpy as np
import pytest

from tests.zkvm.backends.samples import columns
from tests.zkvm.cuda.emulated import EmulatedDevice, needs_compiler
from zkvm.backends.cpu import CpuBackend
from zkvm.backends.cuda import CudaBackend, Tiling
from zkvm.backends.cuda.transforms import passes
from zkvm.backends.errors import WrongArgument


@pytest.mark.parametrize("tiling", [Tiling(), Tiling(8, 4, 5), Tiling(5, 3, 3)])
@pytest.mark.parametrize("log_rows", range(33))
def test_passes_take_every_bit_once_in_tiles_of_one_size(log_rows: int, tiling: Tiling) -> None:
    block, across = passes(log_rows, tiling)
    done = block
    for one in across:
        assert one.distance == done
        assert 1 <= one.bits <= tiling.log_across
        assert one.bits + one.lanes == tiling.log_tile
        assert one.lanes <= one.distance, "neighbours are those of one transform"
        done += one.bits
    assert done == log_rows
    assert len({one.bits for one in across}) <= 2


def test_a_transform_of_2_22_takes_two_passes() -> None:
    assert len(passes(22, Tiling())[1]) == 1
    assert 8 << Tiling().log_tile <= 48 << 10, "what a block has of shared memory without asking for more"


@needs_compiler
@pytest.mark.parametrize(("log_rows", "tiling"), [(9, Tiling()), (14, Tiling()), (13, Tiling(5, 3, 3))])
def test_transforms_in_tiles_as_on_a_device_and_in_many_passes(log_rows: int, tiling: Tiling) -> None:
    backend, cpu = CudaBackend(EmulatedDevice(seed=5), tiling), CpuBackend()
    coefficients = columns(2, 1 << log_rows)
    for shift in (1, 7):
        assert backend.evaluate(coefficients, shift).tolist() == cpu.evaluate(coefficients, shift).tolist()
    assert backend.interpolate(coefficients).tolist() == cpu.interpolate(coefficients).tolist()


@needs_compiler
def test_the_order_of_threads_changes_nothing() -> None:
    values, found = columns(3, 1 << 10), []
    for seed in (1, 2, 3):
        backend = CudaBackend(EmulatedDevice(seed=seed), Tiling(6, 3, 4))
        digests = backend.digest_rows([backend.evaluate(values, 7)], 25)
        sums = backend.prefix_sum_ext(values)
        found.append((digests.tolist(), sums.tolist(), backend.eval_at(values, (1, 2, 3)).tolist()))
    assert found[0] == found[1] == found[2]


@needs_compiler
def test_a_tree_is_the_same_on_the_device_on_the_host_and_level_by_level() -> None:
    levels, cosets = (7, 5, 3), 8
    digests = {level: CpuBackend().digest_rows([columns(2, 1 << level, level)], 25) for level in levels}
    part = {
        number: {level: np.ascontiguousarray(rows[number::cosets]) for level, rows in digests.items()}
        for number in range(cosets)
    }
    expected = CpuBackend().new_tree(dict.fromkeys(levels, True), 25)
    trees = []
    for on_device in (True, False):
        device = EmulatedDevice()
        builder = CudaBackend(device, trees_on_device=on_device).new_tree(dict.fromkeys(levels, True), 25)
        for number in range(cosets):
            builder.add_coset(number, part[number])
        trees.append(builder.finish())
        assert (device.used > 25 << 7) == on_device
    by_level = CudaBackend(EmulatedDevice()).new_tree(dict.fromkeys(levels, True), 25)
    for number in range(cosets):
        expected.add_coset(number, part[number])
        for level in levels:
            by_level.add_coset(number, {level: part[number][level]})
    trees.append(by_level.finish())
    whole = expected.finish()
    nodes = [[whole.node(level, at) for at in range(1 << level)] for level in range(8)]
    for tree in trees:
        assert [[tree.node(level, at) for at in range(1 << level)] for level in range(8)] == nodes
        assert tree.open([3, 77]) == whole.open([3, 77])


@needs_compiler
def test_cosets_come_one_way_or_the_other() -> None:
    builder = CudaBackend(EmulatedDevice()).new_tree({4: True, 2: True}, 25)
    rows = {level: np.zeros((1 << (level - 1), 25), np.uint8) for level in (4, 2)}
    builder.add_coset(0, rows)
    with pytest.raises(WrongArgument, match="all levels"):
        builder.add_coset(1, {4: rows[4]})
