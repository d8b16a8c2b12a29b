"""Prover backends that tests steer from another process, by files named in the job's input."""

import threading
import time
from pathlib import Path

from chain_template.settlement.proofs import pack_parts
from cluster.errors import BatchRefused
from cluster.pool import Assignment, Progress
from cluster.workers.backends import Report


class SteeredBackend:
    """The job's input is a directory: writes ``started-<attempt>`` there, and goes on when ``go`` appears."""

    def warm_up(self) -> None:
        return

    def prove(self, assignment: Assignment, abandoned: threading.Event, report: Report) -> bytes:
        directory = Path(assignment.batch_input.decode())
        (directory / f"started-{assignment.attempt}").touch()
        while not (directory / "go").exists():
            if abandoned.is_set():
                raise BatchRefused("abandoned")
            time.sleep(0.01)
        return b"proof by attempt %d" % assignment.attempt


class PartsBackend:
    """Makes at once what stands for the parts of a proof, for a verifier that only counts them."""

    PARTS = 12

    def warm_up(self) -> None:
        return

    def prove(self, assignment: Assignment, abandoned: threading.Event, report: Report) -> bytes:
        report(Progress("make up", 1, 1, 0.5))
        time.sleep(1.5)
        name = assignment.public_input[:4]
        head = [number.to_bytes(2, "big") + self.PARTS.to_bytes(2, "big") + name for number in range(self.PARTS)]
        return pack_parts([part + bytes(500) for part in head])
