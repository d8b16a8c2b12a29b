"""The hub's state machines: enums, and the tables of what may follow what."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import TypeVar

from ecosystem.errors import IllegalTransition

_State = TypeVar("_State", bound=StrEnum)


class Phase(StrEnum):
    """Where a chain is in its life; kept in the registry."""

    CREATING = "creating"
    READY = "ready"
    FAILED = "failed"
    REMOVING = "removing"
    REMOVED = "removed"


class Goal(StrEnum):
    """What a chain's owner wants of it."""

    RUNNING = "running"
    PAUSED = "paused"
    REMOVED = "removed"


class ChainState(StrEnum):
    """What clients are told: the phase, refined by what the chain's process does right now."""

    CREATING = "creating"
    STARTING = "starting"
    RUNNING = "running"
    PAUSED = "paused"
    DOWN = "down"
    REMOVING = "removing"
    REMOVED = "removed"
    FAILED = "failed"


class OperationStatus(StrEnum):
    """Where an operation stands; a running one is taken up again when the controller is restarted."""

    PENDING = "pending"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"

    @property
    def is_open(self) -> bool:
        """Whether it is still to be brought to its end."""
        return bool(OPERATION_TRANSITIONS[self])


class StepStatus(StrEnum):
    """Where a step of an operation stands; ``retrying`` is a running one that has met a passing trouble."""

    PENDING = "pending"
    RUNNING = "running"
    RETRYING = "retrying"
    DONE = "done"
    FAILED = "failed"


class OperationKind(StrEnum):
    """What an operation does."""

    START_L1 = "start-l1"
    START_PROVERS = "start-provers"
    START_ROUTER = "start-router"
    CREATE = "create-chain"
    START = "start-chain"
    PAUSE = "pause-chain"
    RESUME = "resume-chain"
    REMOVE = "remove-chain"


PHASE_TRANSITIONS: Mapping[Phase, frozenset[Phase]] = MappingProxyType(
    {
        Phase.CREATING: frozenset({Phase.READY, Phase.FAILED}),
        Phase.FAILED: frozenset({Phase.CREATING, Phase.REMOVED}),
        Phase.READY: frozenset({Phase.REMOVING}),
        Phase.REMOVING: frozenset({Phase.REMOVED}),
        Phase.REMOVED: frozenset(),
    }
)

OPERATION_TRANSITIONS: Mapping[OperationStatus, frozenset[OperationStatus]] = MappingProxyType(
    {
        OperationStatus.PENDING: frozenset({OperationStatus.RUNNING, OperationStatus.FAILED}),
        OperationStatus.RUNNING: frozenset({OperationStatus.DONE, OperationStatus.FAILED}),
        OperationStatus.DONE: frozenset(),
        OperationStatus.FAILED: frozenset(),
    }
)

STEP_TRANSITIONS: Mapping[StepStatus, frozenset[StepStatus]] = MappingProxyType(
    {
        StepStatus.PENDING: frozenset({StepStatus.RUNNING, StepStatus.FAILED}),
        StepStatus.RUNNING: frozenset({StepStatus.RETRYING, StepStatus.DONE, StepStatus.FAILED}),
        # A controller that was killed while it retried begins the step anew.
        StepStatus.RETRYING: frozenset({StepStatus.RUNNING, StepStatus.DONE, StepStatus.FAILED}),
        # A successor does again what ended with the hub's processes.
        StepStatus.DONE: frozenset({StepStatus.RUNNING}),
        StepStatus.FAILED: frozenset(),
    }
)


def check_transition(what: str, table: Mapping[_State, frozenset[_State]], old: _State, new: _State) -> None:
    """Raise IllegalTransition unless ``new`` may follow ``old``; staying is always allowed."""
    if new is not old and new not in table[old]:
        raise IllegalTransition(what, old.value, new.value)
