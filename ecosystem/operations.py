"""Runs an operation: named steps in order, each of which may be repeated, so that any interruption only delays."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from cluster.errors import ActorError
from contracts.errors import FeeTooLow, L1Unavailable, NonceTooLow, ReceiptTimeout
from ecosystem.errors import HubUnavailable, StepFailed
from ecosystem.records import OperationRecord
from ecosystem.registry import Registry
from ecosystem.states import OperationStatus, StepStatus
from zkhub.errors import HubError

#: What passes by itself: a part that is being restarted, an L1 that is away for a while.
PASSING = (ActorError, HubUnavailable, L1Unavailable, ReceiptTimeout, NonceTooLow, FeeTooLow)
FIRST_PAUSE_S = 0.05
LONGEST_PAUSE_S = 2.0
GIVE_UP_AFTER_S = 600.0

_log = structlog.get_logger("operations")


class Interrupted(Exception):
    """The controller stops; the operation stays open and is taken up again by the next one."""


@dataclass(frozen=True, slots=True)
class Step:
    """A step.

    Attributes:
        run: Does the step, or finds it done already. It takes what it needs from the registry, not from an
            earlier step's memory, and returns what it did in words.
        lasts: Whether what it did outlives the hub's processes. What does not is done again before the next step of
            an operation that is taken up.
    """

    name: str
    run: Callable[[], str]
    lasts: bool = True


class OperationRunner:
    """Runs operations, each in the thread that calls :meth:`run`.

    Args:
        registry: Where each change of a step is recorded before the next thing is done.
        stopping: Set when the controller stops; steps are then left as they are.
        give_up_after_s: How long a step may be repeated.
    """

    def __init__(self, registry: Registry, stopping: threading.Event, give_up_after_s: float = GIVE_UP_AFTER_S) -> None:
        self._registry = registry
        self._stopping = stopping
        self._give_up_after_s = give_up_after_s
        self._news = threading.Condition()

    def wake(self) -> None:
        """Let steps that wait look again: what they wait for may have happened."""
        with self._news:
            self._news.notify_all()

    def run(self, operation: OperationRecord, steps: Sequence[Step]) -> HubError | None:
        """Bring an operation to its end.

        Returns:
            The error it failed with, or None when it is done.

        Raises:
            Interrupted: The controller stops.
        """
        self._registry.set_operation(operation.id, OperationStatus.RUNNING)
        for step in _due(operation, steps):
            error = self._run_step(operation, step)
            if error is not None:
                self._registry.set_operation(
                    operation.id, OperationStatus.FAILED, error=f"{step.name}: {error.message}", hint=error.hint
                )
                return error
        self._registry.set_operation(operation.id, OperationStatus.DONE)
        return None

    def _run_step(self, operation: OperationRecord, step: Step) -> HubError | None:
        log = _log.bind(operation=operation.id, chain=operation.chain, step=step.name)
        started = time.monotonic()
        pause = FIRST_PAUSE_S
        self._registry.set_step(operation.id, step.name, StepStatus.RUNNING)
        last_detail = ""
        while True:
            if self._stopping.is_set():
                raise Interrupted
            try:
                detail = step.run()
                self._registry.set_step(operation.id, step.name, StepStatus.DONE, detail)
                log.info("step done", seconds=round(time.monotonic() - started, 3), detail=detail)
                self.wake()
                return None
            except PASSING as error:
                failure: HubError = error
                if time.monotonic() - started > self._give_up_after_s:
                    break
            except HubError as error:
                failure = error
                break
            except Exception as error:
                if self._stopping.is_set():
                    raise Interrupted from error
                # A bug must end the operation, not the thread that runs it with the operation left open.
                log.exception("step raised")
                failure = StepFailed(step.name, f"{type(error).__name__}: {error}", hint="this is a bug of zkhub")
                break
            if self._stopping.is_set():
                raise Interrupted
            if failure.message != last_detail:
                last_detail = failure.message
                self._registry.set_step(operation.id, step.name, StepStatus.RETRYING, last_detail)
                log.warning("step waits", reason=last_detail)
            with self._news:
                self._news.wait(pause)
            pause = min(2 * pause, LONGEST_PAUSE_S)
        self._registry.set_step(operation.id, step.name, StepStatus.FAILED, failure.message)
        log.error("step failed", reason=failure.message)
        return failure


def _due(operation: OperationRecord, steps: Sequence[Step]) -> list[Step]:
    """What is left of an operation, and what of the steps before does not outlast the process that did it."""
    done = {step.name: step.status is StepStatus.DONE for step in operation.steps}
    own = [step for step in steps if step.name in done]
    last = max((at for at, step in enumerate(own) if not done[step.name]), default=-1)
    return [step for at, step in enumerate(own) if not done[step.name] or (at < last and not step.lasts)]
