"""kill -9 at any moment: what was confirmed is there, what was not is whole or not there at all."""

import os
import random
import select
import signal
import time
from pathlib import Path

import pytest

from chain_template.store import Store
from chain_template.store.repair import read_block_log
from tests.unit.chain_template.store.world import World


def work(world: World, directory: Path, report: int, seed: int) -> None:
    """Commit blocks, and roll back now and then; write every confirmed head's number to ``report``."""
    rng = random.Random(seed)
    store = world.open(directory)
    with store.snapshot() as snapshot:
        head = snapshot.head_number
    os.write(report, b"%d\n" % head)
    while True:
        if head == len(world.blocks):
            head = rng.randrange(head)
            store.rollback_to(head)
        else:
            world.fill(store, head + 1, head + 1)
            head += 1
        os.write(report, b"%d\n" % head)


def start(world: World, directory: Path, seed: int) -> tuple[int, int]:
    """A worker in a process of its own; returns its id and where it reports."""
    reports, report = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reports)
            work(world, directory, report, seed)
        finally:
            os._exit(1)
    os.close(report)
    return child, reports


def read_all(reports: int) -> list[int]:
    data = b""
    while chunk := os.read(reports, 65_536):
        data += chunk
    os.close(reports)
    return [int(line) for line in data.split()]


def kill(child: int) -> None:
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), "the worker failed by itself"


def check(world: World, store: Store, directory: Path, confirmed: int) -> int:
    """The head is the last confirmed one, or that of the one step that was under way; all of it is sound."""
    store.verify()
    with store.snapshot() as snapshot:
        head = snapshot.head_number
        assert snapshot.head == world.headers[head]
        assert snapshot.next_priority_id() == head
    if confirmed < len(world.blocks):
        assert head in (confirmed, confirmed + 1)
    assert [block.header for block in read_block_log(directory)] == world.headers[1 : head + 1]
    return head


@pytest.mark.parametrize("seed", range(3))
def test_kill_at_any_moment(tmp_path, world, seed):
    directory = tmp_path / "alpha"
    rng = random.Random(seed)
    steps = 0
    for attempt in range(12):
        child, reports = start(world, directory, seed * 100 + attempt)
        ready, _, _ = select.select([reports], [], [], 30)
        assert ready, "the worker did not start"
        time.sleep(rng.uniform(0, 0.06))
        kill(child)
        confirmed = read_all(reports)
        steps += len(confirmed)
        store = world.open(directory)
        check(world, store, directory, confirmed[-1])
        store.close()
    assert steps > 12, "more than what each life begins with: blocks were written meanwhile"


@pytest.mark.parametrize("seed", range(3))
def test_a_store_killed_before_it_is_ready(tmp_path, world, seed):
    """Creation and recovery themselves can be interrupted."""
    directory = tmp_path / "alpha"
    rng = random.Random(seed)
    for attempt in range(12):
        child, reports = start(world, directory, attempt)
        time.sleep(rng.uniform(0, 0.012))
        kill(child)
        read_all(reports)
    store = world.open(directory)
    with store.snapshot() as snapshot:
        confirmed = snapshot.head_number
    check(world, store, directory, confirmed)
    store.close()
