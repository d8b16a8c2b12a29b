"""How long a proof takes, stage by stage, how much memory, how large it is and how long it is checked.

A wide machine (2^20 rows of 64 columns) measures the proof system alone; a RISC-V program measures the whole way from
the ELF to the proof. Each run is a process of its own, so that its peak memory is its own.
"""

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.measure import Figure, median

WIDE_LOG_HEIGHT = 20
RUNS = 3


class Stages:
    """A progress callback that takes the time of each stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._stage, self._since = "", time.perf_counter()

    def __call__(self, stage: str, fraction: float) -> None:
        if stage != self._stage:
            self._close()
            self._stage = stage

    def _close(self) -> None:
        now = time.perf_counter()
        if self._stage:
            self.seconds[self._stage] = self.seconds.get(self._stage, 0.0) + now - self._since
        self._since = now

    def done(self) -> dict[str, float]:
        self._close()
        return self.seconds


def measured(job: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Run the job and add the process's peak memory in bytes."""
    found = job()
    found["peak"] = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return found


def wide(profile_name: str, log_height: int) -> dict[str, Any]:
    """Prove and check the wide machine."""
    from zkvm.air.examples import wide as wide_machine
    from zkvm.backends.cpu import CpuBackend
    from zkvm.stark import memory
    from zkvm.stark.layout import layout
    from zkvm.stark.profiles import profile
    from zkvm.stark.prover import prove
    from zkvm.stark.setup import make_key
    from zkvm.stark.trace import Trace
    from zkvm.stark.verifier import verify

    machine, chosen, backend = wide_machine(), profile(profile_name), CpuBackend()
    key = make_key(machine, {}, {}, chosen, backend)
    trace = Trace({"wide": wide_columns(log_height)})
    forecast = memory.plan(layout(machine, chosen, [log_height]))
    stages = Stages()
    began = time.perf_counter()
    proof = prove(machine, key, trace, [], chosen, backend, stages)
    proven = time.perf_counter()
    data = proof.to_bytes()
    encoded = time.perf_counter()
    verify(machine, key.vk, [], chosen, data)
    return {
        "prove": proven - began,
        "verify": time.perf_counter() - encoded,
        "bytes": len(data),
        "forecast": forecast.peak,
        "stages": stages.done(),
    }


def wide_columns(log_height: int) -> np.ndarray:
    """A witness of the wide machine: column 0 counts, column i is the square of the one before plus i."""
    from zkvm.air.examples import WIDE_COLUMNS
    from zkvm.field import base

    columns = np.empty((WIDE_COLUMNS, 1 << log_height), dtype=np.uint64)
    columns[0] = np.arange(1 << log_height, dtype=np.uint64)
    for i in range(1, WIDE_COLUMNS):
        columns[i] = base.add(base.mul(columns[i - 1], columns[i - 1]), np.uint64(i))
    return columns


JOBS: dict[str, Callable[..., dict[str, Any]]] = {"wide": wide}


def run(job: str, *arguments: object) -> dict[str, Any]:
    """The job's result, from a process of its own."""
    command = [sys.executable, "-m", "benchmarks.zkvm_prove", job, *map(str, arguments)]
    found: dict[str, Any] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return found


def figures() -> list[Figure]:
    runs = [run("wide", "fast", WIDE_LOG_HEIGHT) for _ in range(RUNS)]
    notes = ", ".join(f"{stage} {seconds:.2f}" for stage, seconds in runs[-1]["stages"].items())
    seconds = [one["prove"] for one in runs]
    return [
        Figure(
            "prove 2^20 rows of 64 columns, fast", "s", "lower", median(seconds), samples={"ours": seconds}, notes=notes
        ),
        Figure("its peak memory", "GiB", "lower", median([one["peak"] / 2**30 for one in runs])),
        Figure("its size", "bytes", "lower", runs[-1]["bytes"]),
        Figure("its verification in Python", "s", "lower", median([one["verify"] for one in runs])),
    ]


if __name__ == "__main__":
    name, *rest = sys.argv[1:]
    print(json.dumps(measured(lambda: JOBS[name](*(int(word) if word.isdigit() else word for word in rest)))))
