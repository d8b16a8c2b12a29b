"""Blocks of memory: lent, seen by views, given back, lent again."""

import gc
import threading

import numpy as np
import pytest

from zkvm.backends.cpu.memory import ALIGNMENT, LARGE, SLACK, BlockPool, empty, empty_bytes


@pytest.fixture
def pool():
    return BlockPool()


def address(array):
    return array.ctypes.data


def test_a_block_comes_back_when_its_last_view_is_gone(pool):
    array = pool.lend(3 * LARGE)
    view = array[5:].view(np.uint8)[::2]
    del array
    gc.collect()
    assert pool.kept() == 0
    view[:] = 7
    del view
    gc.collect()
    assert pool.kept() == 3 * LARGE


def test_a_kept_block_serves_a_result_of_its_size(pool):
    first = pool.lend(16 * LARGE)
    where = address(first)
    del first
    again = pool.lend(15 * LARGE)
    assert address(again) == where
    assert pool.kept() == 0


def test_arrays_in_use_do_not_overlap(pool):
    arrays = [pool.lend(LARGE + number) for number in range(8)]
    for number, array in enumerate(arrays):
        array[:] = number
    assert all((array == number).all() for number, array in enumerate(arrays))


def test_a_block_that_is_much_too_large_is_not_used_but_given_up(pool):
    large = pool.lend(16 * LARGE)
    del large
    assert pool.kept() == 16 * LARGE
    small = pool.lend(2 * LARGE)
    assert pool.kept() == 0
    assert len(small) == 2 * LARGE


def test_kept_memory_never_adds_to_the_most_that_was_in_use(pool):
    random, held, most = np.random.default_rng(1), [], 0
    for _ in range(300):
        if held and random.random() < 0.5:
            held.pop(int(random.integers(len(held))))
        else:
            held.append(pool.lend(int(random.integers(1, 9)) * LARGE))
        in_use = sum(len(array) for array in held)
        most = max(most, in_use)
        assert in_use + pool.kept() <= most + most // SLACK


def test_threads_get_blocks_of_their_own(pool):
    failures = []

    def work(mark):
        for _ in range(50):
            array = pool.lend(LARGE)
            array[:64] = mark
            if not (array[:64] == mark).all():
                failures.append(mark)
            del array

    threads = [threading.Thread(target=work, args=(mark,)) for mark in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


@pytest.mark.parametrize("shape", [(3, 5), (0, 7), (3, 1 << 17)])
def test_arrays_begin_on_a_cache_line(shape):
    array = empty(*shape)
    assert array.shape == shape
    assert array.dtype == np.uint64
    assert array.flags.c_contiguous
    assert array.flags.writeable
    assert array.size == 0 or address(array) % ALIGNMENT == 0
    assert empty_bytes(*shape).shape == shape


def test_kept_memory_can_be_given_back() -> None:
    pool = BlockPool()
    lent = pool.lend(LARGE)
    assert pool.give_back() == 0, "what is in use stays"
    del lent
    assert pool.kept() == pool.give_back() == LARGE and pool.kept() == 0
