"""Prover backends that tests steer from another process, by files named in the job's input."""

import threading
import time
from pathlib import Path

from cluster.errors import BatchRefused
from cluster.pool import Assignment


class SteeredBackend:
    """The job's input is a directory: writes ``started-<attempt>`` there, and goes on when ``go`` appears."""

    def warm_up(self) -> None:
        return

    def prove(self, assignment: Assignment, abandoned: threading.Event) -> bytes:
        directory = Path(assignment.batch_input.decode())
        (directory / f"started-{assignment.attempt}").touch()
        while not (directory / "go").exists():
            if abandoned.is_set():
                raise BatchRefused("abandoned")
            time.sleep(0.01)
        return b"proof by attempt %d" % assignment.attempt
