"""Provers of one machine and its memory: together they are never promised more than there is."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from cluster.errors import ProverBroken
from cluster.workers import memory as module
from cluster.workers.memory import MachineMemory, Ticket

ALL = 1000
TAKER = """
import sys
from pathlib import Path
from cluster.workers.memory import MachineMemory
with MachineMemory(Path(sys.argv[1]), lambda: 1000).ticket() as ticket:
    print(ticket.ask(lambda free: 600).promised, flush=True)
    sys.stdin.read()
"""


def exactly(size: int):
    """Wants that much and nothing less."""
    return lambda free: size if size <= free else None


@pytest.fixture
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MachineMemory:
    monkeypatch.setattr(module, "held", lambda pid=None: 0)
    return MachineMemory(tmp_path / "tickets", lambda: ALL)


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


def test_what_one_was_promised_the_next_one_waits_for(memory: MachineMemory) -> None:
    with memory.ticket() as second:
        with memory.ticket() as first:
            assert first.ask(exactly(600)).promised == 600
            room = second.ask(exactly(500))
            assert (room.promised, room.free, room.in_line) == (None, 400, True)
            assert second.ask(exactly(400)).promised == 400
            assert second.ask(exactly(500)).promised is None
        assert second.ask(exactly(500)).promised == 500


def test_the_eldest_comes_first(memory: MachineMemory, stack: ExitStack) -> None:
    working = stack.enter_context(ExitStack())
    assert working.enter_context(memory.ticket()).ask(exactly(600)).promised == 600
    large, small = (stack.enter_context(memory.ticket()) for _ in range(2))
    assert large.ask(exactly(900)).promised is None
    assert small.ask(exactly(100)).promised is None, "it would keep the large one waiting for ever"
    working.close()
    assert small.ask(exactly(100)).promised is None
    assert large.ask(exactly(900)).promised == 900
    assert small.ask(exactly(100)).promised == 100


def test_nobody_waits_for_one_that_wants_more_than_there_will_be(memory: MachineMemory, stack: ExitStack) -> None:
    hopeless, small = (stack.enter_context(memory.ticket()) for _ in range(2))
    room = hopeless.ask(exactly(ALL + 1))
    assert (room.promised, room.in_line) == (None, False)
    assert small.ask(exactly(100)).promised == 100


def test_what_is_taken_already_is_not_counted_twice(memory: MachineMemory, monkeypatch: pytest.MonkeyPatch) -> None:
    with memory.ticket() as first, memory.ticket() as second:
        assert first.ask(exactly(600)).promised == 600
        # The process that was promised 600 has 450 of them, so the system says that 550 are free.
        monkeypatch.setattr(module, "held", lambda pid=None: 450 if pid == os.getpid() else 0)
        monkeypatch.setattr(memory, "_free", lambda: 550)
        room = second.ask(exactly(900))
        assert (room.promised, room.free, room.in_line) == (None, 400, True)


def test_a_killed_process_s_promise_is_void(memory: MachineMemory, tmp_path: Path) -> None:
    command = [sys.executable, "-c", TAKER, str(tmp_path / "tickets")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other, memory.ticket() as ticket:
        assert other.stdout is not None and other.stdout.readline() == b"600\n"
        assert ticket.ask(exactly(500)).promised is None
        other.kill()
        other.wait()
        assert ticket.ask(exactly(500)).promised == 500
    assert not list((tmp_path / "tickets").glob("*.ticket"))


@pytest.mark.parametrize("kind", ["link", "file"])
def test_a_folder_of_somebody_else_is_not_used(tmp_path: Path, kind: str) -> None:
    place = tmp_path / "place"
    if kind == "link":
        place.symlink_to(tmp_path)
    else:
        place.touch()
    with pytest.raises(ProverBroken, match="somebody else"), MachineMemory(place).ticket():
        pass


class Provers(RuleBasedStateMachine):
    """In whatever order they come, ask and go: no more is promised than there is, and somebody can always go on."""

    def __init__(self) -> None:
        super().__init__()
        self.opened = ExitStack()
        patch = self.opened.enter_context(pytest.MonkeyPatch.context())
        patch.setattr(module, "held", lambda pid=None: 0)
        folder = self.opened.enter_context(tempfile.TemporaryDirectory())
        self.memory = MachineMemory(Path(folder), lambda: ALL)
        self.wishes: dict[Ticket, int] = {}
        self.promised: dict[Ticket, int] = {}

    @rule(wish=st.integers(1, ALL))
    def comes(self, wish: int) -> None:
        self.wishes[self.opened.enter_context(self.memory.ticket())] = wish

    @precondition(lambda self: self.wishes)
    @rule(data=st.data())
    def asks(self, data: st.DataObject) -> None:
        self._ask(data.draw(st.sampled_from(list(self.wishes))))

    @precondition(lambda self: self.promised)
    @rule(data=st.data())
    def goes(self, data: st.DataObject) -> None:
        ticket = data.draw(st.sampled_from(list(self.promised)))
        del self.promised[ticket]
        ticket.close()

    @precondition(lambda self: self.wishes and not self.promised)
    @rule()
    def the_eldest_goes_on_where_nobody_works(self) -> None:
        assert self._ask(min(self.wishes, key=lambda ticket: ticket.path.name))

    @invariant()
    def no_more_is_promised_than_there_is(self) -> None:
        assert sum(self.promised.values()) <= ALL

    def _ask(self, ticket: Ticket) -> bool:
        room = ticket.ask(exactly(self.wishes[ticket]))
        if room.promised is not None:
            self.promised[ticket] = room.promised
            del self.wishes[ticket]
        return room.promised is not None

    def teardown(self) -> None:
        self.opened.close()


TestProvers = Provers.TestCase
