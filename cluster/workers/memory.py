"""Memory of one machine that several provers share: each says what it will take before it takes it, the eldest first.

A prover that waits or works has a ticket: a file that it keeps locked. The lock ends with its process, however that
ends, and with the lock whatever was promised. Who decides holds the lock of the whole folder.
"""

import fcntl
import json
import os
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final, Self

from cluster.errors import ProverBroken
from zkvm.stark.memory import available, held

_DESK: Final = "desk"
_SUFFIX: Final = ".ticket"


@dataclass(frozen=True, slots=True)
class Room:
    """What a prover is told.

    Attributes:
        promised: Bytes that it may take from now on; None if it has to wait.
        free: Bytes that nobody has and nobody was promised.
        in_line: Whether there will be enough when those who were promised some have ended.
    """

    promised: int | None
    free: int
    in_line: bool


class MachineMemory:
    """The folder of tickets.

    Args:
        directory: Where; one for each user of the machine, without it.
        free: Bytes that this process may use, with those that it holds.
    """

    def __init__(self, directory: Path | None = None, free: Callable[[], int] = available) -> None:
        self._directory = directory or Path(tempfile.gettempdir()) / f"zkhub-provers-{os.getuid()}"
        self._free = free

    @contextmanager
    def ticket(self) -> Iterator["Ticket"]:
        """Stand in line; what was promised is given back at the end.

        Raises:
            ProverBroken: The folder is somebody else's.
        """
        with self._turn():
            ticket = Ticket.new(self._directory, self)
        with closing(ticket):
            yield ticket

    def ask(self, asking: "Ticket", need: Callable[[int], int | None]) -> Room:
        """See :meth:`Ticket.ask`."""
        with self._turn():
            others = [found for path in sorted(self._directory.glob(f"*{_SUFFIX}")) if (found := _read(path, asking))]
            free = self._free() - sum(other.promised - other.taken for other in others)
            in_line = need(free + sum(other.promised for other in others)) is not None
            is_next = not any(other.in_line and other.name < asking.path.name for other in others)
            promised = need(free) if is_next else None
            asking.write(promised or 0, in_line=promised is None and in_line)
            return Room(promised, free, in_line)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Nobody else decides meanwhile."""
        with suppress(FileExistsError):
            self._directory.mkdir(mode=0o700, parents=True)
        found = self._directory.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
            raise ProverBroken(
                f"{self._directory} is somebody else's", hint="remove it, or set TMPDIR to another folder"
            )
        with (self._directory / _DESK).open("w") as desk:
            fcntl.flock(desk, fcntl.LOCK_EX)
            yield


class Ticket:
    """A place in the line, and what was promised to who has it."""

    def __init__(self, path: Path, file: IO[str], memory: MachineMemory) -> None:
        self.path = path
        self._file, self._memory = file, memory
        self.write(0, in_line=False)

    @classmethod
    def new(cls, directory: Path, memory: MachineMemory) -> Self:
        """The last one of the line."""
        path = directory / f"{time.monotonic_ns():020d}-{os.getpid()}{_SUFFIX}"
        file = path.open("x")
        fcntl.flock(file, fcntl.LOCK_EX)
        return cls(path, file, memory)

    def ask(self, need: Callable[[int], int | None]) -> Room:
        """Have memory promised, if it is this ticket's turn and there is enough.

        Args:
            need: Told how much is free, says how much of that to take, or None if it is too little.
        """
        return self._memory.ask(self, need)

    def write(self, promised: int, *, in_line: bool) -> None:
        """Tell the others what this process will take from now on, or that the younger ones have to wait for it."""
        self._file.seek(0)
        self._file.truncate()
        json.dump({"pid": os.getpid(), "promised": promised, "held": held(), "in_line": in_line}, self._file)
        self._file.flush()

    def close(self) -> None:
        """Leave the line."""
        self.path.unlink(missing_ok=True)
        self._file.close()


@dataclass(frozen=True, slots=True)
class _Other:
    """Somebody else's ticket: what was promised, how much of that is taken by now, whether the younger ones wait."""

    name: str
    promised: int
    taken: int
    in_line: bool


def _read(path: Path, asking: Ticket) -> _Other | None:
    """A ticket of somebody who is there; that of a dead process is removed."""
    if path == asking.path:
        return None
    with suppress(FileNotFoundError), path.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            content: dict[str, Any] = json.load(file)
            grown = held(content["pid"]) - content["held"]
            promised = content["promised"]
            return _Other(path.name, promised, min(max(0, grown), promised), content["in_line"])
        path.unlink(missing_ok=True)
    return None
