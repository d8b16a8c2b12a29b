"""Operations: order, repetition, failure, resumption."""

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from cluster.errors import ActorTimeout
from contracts.errors import DeployError, L1Unavailable
from ecosystem.operations import Interrupted, OperationRunner, Step
from ecosystem.records import Event
from ecosystem.registry import Registry
from ecosystem.states import OperationKind, OperationStatus, StepStatus


class Script:
    """Steps whose outcomes are written down beforehand; what is not is a success."""

    def __init__(self, **outcomes: list[Exception]) -> None:
        self.outcomes = outcomes
        self.ran: list[str] = []

    def steps(self, *names: str) -> list[Step]:
        return [Step(name, lambda name=name: self._run(name)) for name in names]  # type: ignore[misc]

    def _run(self, name: str) -> str:
        self.ran.append(name)
        waiting = self.outcomes.get(name, [])
        if waiting:
            raise waiting.pop(0)
        return f"{name} did it"


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry.open(tmp_path)


def start(registry: Registry, *names: str) -> str:
    return registry.add_operation(OperationKind.CREATE, "alpha", names).id


def run(registry: Registry, operation: str, script: Script, *names: str, give_up_after_s: float = 60.0) -> object:
    runner = OperationRunner(registry, threading.Event(), give_up_after_s)
    return runner.run(registry.operation(operation), script.steps(*names))


def test_steps_run_in_order_and_say_what_they_did(registry: Registry) -> None:
    operation, script = start(registry, "a", "b"), Script()
    assert run(registry, operation, script, "a", "b") is None
    done = registry.operation(operation)
    assert script.ran == ["a", "b"] and done.status is OperationStatus.DONE
    assert [(s.status, s.detail) for s in done.steps] == [
        (StepStatus.DONE, "a did it"),
        (StepStatus.DONE, "b did it"),
    ]


def test_passing_troubles_are_waited_out_and_shown_once(registry: Registry) -> None:
    events: list[Event] = []
    registry._on_event = events.append
    operation = start(registry, "a")
    down = [L1Unavailable("http://l1", "refused") for _ in range(3)]
    script = Script(a=[*down, ActorTimeout("chain-alpha did not answer")])
    assert run(registry, operation, script, "a") is None
    assert script.ran == ["a"] * 5
    assert [e.status for e in events if e.step == "a"] == ["running", "retrying", "retrying", "done"]


def test_a_lasting_failure_ends_the_operation_there(registry: Registry) -> None:
    operation = start(registry, "a", "b", "c")
    script = Script(b=[DeployError("another genesis", hint="choose another id")])
    error = run(registry, operation, script, "a", "b", "c")
    failed = registry.operation(operation)
    assert isinstance(error, DeployError) and script.ran == ["a", "b"]
    assert failed.status is OperationStatus.FAILED
    assert failed.error == "b: another genesis" and failed.hint == "choose another id"
    assert [s.status for s in failed.steps] == [StepStatus.DONE, StepStatus.FAILED, StepStatus.PENDING]


def test_a_bug_in_a_step_ends_the_operation_too(registry: Registry) -> None:
    operation = start(registry, "a")
    run(registry, operation, Script(a=[ZeroDivisionError("oops")]), "a")
    assert "ZeroDivisionError: oops" in registry.operation(operation).error


def test_patience_ends(registry: Registry) -> None:
    operation = start(registry, "a")
    script = Script(a=[L1Unavailable("http://l1", "refused") for _ in range(100)])
    assert run(registry, operation, script, "a", give_up_after_s=0.0) is not None
    assert registry.operation(operation).status is OperationStatus.FAILED and script.ran == ["a"]


def test_a_successor_goes_on_with_the_step_that_was_cut_off(registry: Registry) -> None:
    operation = start(registry, "a", "b", "c")

    class Killed(BaseException):
        pass

    first = Script(b=[Killed()])  # type: ignore[list-item]
    with pytest.raises(Killed):
        run(registry, operation, first, "a", "b", "c")
    assert registry.operation(operation).steps[1].status is StepStatus.RUNNING
    second = Script()
    assert run(registry, operation, second, "a", "b", "c") is None
    assert second.ran == ["b", "c"]


@pytest.mark.parametrize(("done", "again"), [("a", "bc"), ("ab", "bc"), ("abc", "")])
def test_what_does_not_last_is_done_again_for_what_is_left(registry: Registry, done: str, again: str) -> None:
    operation, script = start(registry, *"abc"), Script()
    for name in done:
        registry.set_step(operation, name, StepStatus.RUNNING)
        registry.set_step(operation, name, StepStatus.DONE)
    steps = [replace(step, lasts=step.name != "b") for step in script.steps(*"abc")]
    assert OperationRunner(registry, threading.Event()).run(registry.operation(operation), steps) is None
    assert script.ran == [*again]


def test_stopping_leaves_the_operation_open(registry: Registry) -> None:
    operation, stopping = start(registry, "a"), threading.Event()

    def step() -> str:
        stopping.set()
        raise L1Unavailable("http://l1", "refused")

    with pytest.raises(Interrupted):
        OperationRunner(registry, stopping).run(registry.operation(operation), [Step("a", step)])
    assert [o.id for o in registry.operations(open_only=True)] == [operation]
