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
LONG_INPUT = 12_800  # bytes to hash: a million instructions
SHORT_INPUT = 1_000
RUNS = 3


class Stages:
    """A progress callback that takes the time of each stage, and all processor time from its making to its end."""

    def __init__(self) -> None:
        self._cpu = time.process_time()
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

    def done(self) -> dict[str, Any]:
        self._close()
        return {"stages": self.seconds, "cpu": time.process_time() - self._cpu}


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
    by_stage = stages.done()
    data = proof.to_bytes()
    encoded = time.perf_counter()
    verify(machine, key.vk, [], chosen, data)
    return {
        "prove": proven - began,
        "verify": time.perf_counter() - encoded,
        "bytes": len(data),
        "forecast": forecast.peak,
    } | by_stage


def wide_columns(log_height: int) -> np.ndarray:
    """A witness of the wide machine: column 0 counts, column i is the square of the one before plus i."""
    from zkvm.air.examples import WIDE_COLUMNS
    from zkvm.field import base

    columns = np.empty((WIDE_COLUMNS, 1 << log_height), dtype=np.uint64)
    columns[0] = np.arange(1 << log_height, dtype=np.uint64)
    for i in range(1, WIDE_COLUMNS):
        columns[i] = base.add(base.mul(columns[i - 1], columns[i - 1]), np.uint64(i))
    return columns


def riscv(profile_name: str, size: int) -> dict[str, Any]:
    """Prove and check the SHA-256 of that many bytes, computed by a C program."""
    from zkvm.backends.cpu import CpuBackend
    from zkvm.guest_kit.examples import example
    from zkvm.machine.api import prove, verify
    from zkvm.machine.key import key_for
    from zkvm.stark.profiles import profile

    program, chosen, backend = example("sha256"), profile(profile_name), CpuBackend()
    began = time.perf_counter()
    key = key_for(program, chosen, backend)
    keyed = time.perf_counter()
    stages = Stages()
    proven = prove(program, bytes(size), chosen, key, backend, progress=stages)
    done = time.perf_counter()
    by_stage = stages.done()
    verify(key.vk, proven.output, chosen, proven.proof)
    return {
        "key": keyed - began,
        "prove": done - keyed,
        "cycles": len(proven.execution.log.steps),
        "verify": time.perf_counter() - done,
        "bytes": len(proven.proof),
    } | by_stage


JOBS: dict[str, Callable[..., dict[str, Any]]] = {"wide": wide, "riscv": riscv}


def run(job: str, *arguments: object) -> dict[str, Any]:
    """The job's result, from a process of its own."""
    command = [sys.executable, "-m", "benchmarks.zkvm_prove", job, *map(str, arguments)]
    found: dict[str, Any] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return found


def notes_of(one: dict[str, Any]) -> str:
    stages = ", ".join(f"{stage} {seconds:.2f} s" for stage, seconds in one["stages"].items())
    return f"{one['cpu']:.1f} s of processor time; {stages}"


def of_the_proof(what: str, runs: list[dict[str, Any]]) -> list[Figure]:
    return [
        Figure(f"{what}: peak memory", "GiB", "lower", median([one["peak"] / 2**30 for one in runs])),
        Figure(f"{what}: proof size", "bytes", "lower", runs[-1]["bytes"]),
        Figure(f"{what}: verification in Python", "s", "lower", median([one["verify"] for one in runs])),
    ]


def figures() -> list[Figure]:
    wides = [run("wide", "fast", WIDE_LOG_HEIGHT) for _ in range(RUNS)]
    longs = [run("riscv", "fast", LONG_INPUT) for _ in range(RUNS)]
    shorts = [run("riscv", "l1", SHORT_INPUT) for _ in range(RUNS)]
    seconds = [one["prove"] for one in wides]
    speeds, slow = ([one["cycles"] / one["prove"] / 1000 for one in runs] for runs in (longs, shorts))
    wide_name, long_name, short_name = (
        "2^20 rows of 64 columns, fast",
        "10^6 instructions, fast",
        "80,000 instructions, l1",
    )
    return [
        Figure(wide_name, "s", "lower", median(seconds), samples={"ours": seconds}, notes=notes_of(wides[-1])),
        *of_the_proof(wide_name, wides),
        Figure(long_name, "kHz", "higher", median(speeds), samples={"ours": speeds}, notes=notes_of(longs[-1])),
        *of_the_proof(long_name, longs),
        Figure(short_name, "kHz", "higher", median(slow), samples={"ours": slow}, notes=notes_of(shorts[-1])),
        *of_the_proof(short_name, shorts),
        Figure("key of a program, l1", "s", "lower", median([one["key"] for one in shorts])),
    ]


if __name__ == "__main__":
    name, *rest = sys.argv[1:]
    print(json.dumps(measured(lambda: JOBS[name](*(int(word) if word.isdigit() else word for word in rest)))))
