"""The loop that steps, sleeps and outlives errors."""

import threading
from collections.abc import Callable

import pytest

from chain_template import loops
from chain_template.loops import Loop


def run_until(loop: Loop, done: threading.Event) -> None:
    loop.start()
    assert done.wait(20)
    loop.stop()


def test_steps_follow_at_once_while_there_is_work() -> None:
    steps: list[int] = []
    done = threading.Event()

    def step() -> bool:
        steps.append(1)
        if len(steps) == 50:
            done.set()
        return True

    run_until(Loop("busy", step, idle_s=60), done)
    assert len(steps) >= 50


def test_wake_ends_the_sleep() -> None:
    woken, done = threading.Event(), threading.Event()

    def step() -> bool:
        if woken.is_set():
            done.set()
        return False

    loop = Loop("idle", step, idle_s=3600)
    loop.start()
    woken.set()
    loop.wake()
    assert done.wait(20)
    loop.stop()


def failing(times: int, done: threading.Event) -> Callable[[], bool]:
    left = [times]

    def step() -> bool:
        if left[0]:
            left[0] -= 1
            raise ValueError("no such luck")
        done.set()
        return False

    return step


def test_an_error_is_outlived_and_forgotten_once_a_step_succeeds() -> None:
    done = threading.Event()
    loop = Loop("failing", failing(2, done), idle_s=60)
    run_until(loop, done)
    assert loop.last_error is None
    assert loop.lasting_error is None


def test_only_an_error_that_lasts_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    failed = threading.Event()

    def step() -> bool:
        failed.set()
        raise ValueError("no such luck")

    loop = Loop("failing", step, idle_s=60)
    loop.start()
    assert failed.wait(20)
    while loop.last_error is None:
        pass
    assert loop.lasting_error is None
    monkeypatch.setattr(loops, "_LASTING_S", -1.0)
    assert loop.lasting_error == "ValueError: no such luck"
    loop.stop()
