"""How ``zkhub up`` judges a hub that has just started."""

import pytest

from ecosystem.cli import start
from ecosystem.cli.output import OK, UNHEALTHY

PROBLEM = "beta is down: [it] does not answer"


class Hub:
    """Answers as a hub's API does, a moment after the other."""

    def __init__(self, clock):
        self.clock = clock
        self.status, self.problems, self.operations = "starting", [], []

    def try_get(self, path):
        return {
            "/v1/health": {"status": self.status, "problems": self.problems},
            "/v1/hub": {"operations": self.operations},
        }[path]


@pytest.fixture
def hub(monkeypatch):
    clock = [100.0]
    monkeypatch.setattr(start.time, "monotonic", lambda: clock[0])
    return Hub(clock)


def test_a_trouble_that_passes_is_not_told(hub, capsys):
    verdict = start._Verdict(hub)
    assert verdict.look() is None
    hub.status, hub.problems = "degraded", [PROBLEM]
    assert verdict.look() is None
    hub.clock[0] += start._PASSING_S / 2
    assert verdict.look() is None
    hub.status, hub.problems = "ok", []
    assert verdict.look() == OK
    verdict.tell()
    assert capsys.readouterr().err == ""


def test_a_trouble_that_stays_is_told_in_full(hub, capsys):
    verdict = start._Verdict(hub)
    hub.status, hub.problems = "degraded", [PROBLEM]
    assert verdict.look() is None
    hub.clock[0] += start._PASSING_S * 1.01
    assert verdict.look() == UNHEALTHY
    verdict.tell()
    assert PROBLEM in capsys.readouterr().err


def test_nothing_is_judged_while_something_is_under_way(hub):
    verdict = start._Verdict(hub)
    hub.status, hub.operations = "ok", ["op-1"]
    assert verdict.look() is None
    hub.operations = []
    assert verdict.look() == OK
