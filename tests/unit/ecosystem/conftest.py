"""A hub on fakes, in memory but for its data directory."""

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import structlog

from ecosystem.controller import HubController
from ecosystem.hub import Hub
from ecosystem.records import OperationRecord
from ecosystem.registry import Registry
from ecosystem.settings import HubSettings
from ecosystem.states import OperationStatus
from tests.unit.ecosystem import fakes


@dataclass
class FakeHub:
    """Everything of a hub, and the means to begin anew on what it left."""

    settings: HubSettings
    registry: Registry
    runtime: fakes.FakeRuntime
    settlement: fakes.FakeSettlement
    controller: HubController
    hub: Hub

    def successor(self) -> "FakeHub":
        """The controller that Ray starts after this one was killed; cluster and L1 go on."""
        return build(self.settings, self.runtime, self.settlement)

    def finished(self, operation_id: str) -> OperationRecord:
        wait_for(lambda: self.registry.operation(operation_id).ended_at_ms is not None)
        return self.registry.operation(operation_id)

    def settle(self) -> None:
        """Wait until nothing is under way and everything has been looked at."""

        def settled() -> bool:
            # The router comes last, after everything else is done: a moment without operations may still precede it.
            routed = self.runtime.router() is not None or not self.controller.lifecycle.l1_is_up()
            return routed and self.hub.health().status != "starting" and not self.registry.operations(open_only=True)

        wait_for(settled)


def build(settings: HubSettings, runtime: fakes.FakeRuntime, settlement: fakes.FakeSettlement) -> FakeHub:
    registry = Registry.open(settings.data_dir)
    # Nothing here pulls the plug; waiting for the disk would only make the tests slow.
    registry._db.execute("PRAGMA synchronous = OFF")
    lifecycle = fakes.lifecycle(settings, registry, runtime, settlement)
    controller = HubController(lifecycle, tick_s=0.02)
    return FakeHub(settings, registry, runtime, settlement, controller, Hub(controller))


def wait_for(condition: Callable[[], bool], timeout_s: float = 20.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.005)


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., FakeHub]]:
    """Makes hubs that are not started, and ends them."""
    # Away from the ports that a hub on this machine would take.
    monkeypatch.setattr("ecosystem.lifecycle.FIRST_CHAIN_PORT", 23_050)
    monkeypatch.setattr("ecosystem.lifecycle.FIRST_L1_PORT", 28_545)
    # The default logger writes to stdout, which belongs to the commands under test.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    hubs: list[FakeHub] = []

    def make(predecessor: FakeHub | None = None, **changes: object) -> FakeHub:
        hub = (
            predecessor.successor()
            if predecessor is not None
            else build(fakes.settings(tmp_path, **changes), fakes.FakeRuntime(), fakes.FakeSettlement())
        )
        hubs.append(hub)
        return hub

    yield make
    for hub in hubs:
        hub.controller.leave()
        hub.registry.close()
        hub.runtime.close()
    structlog.reset_defaults()


@pytest.fixture
def running(made: Callable[..., FakeHub]) -> FakeHub:
    """A hub with alpha and beta ready."""
    hub = made()
    hub.controller.start()
    hub.settle()
    failed = [o.error for o in hub.registry.operations() if o.status is not OperationStatus.DONE]
    assert not failed, failed
    return hub
