"""Run as a program: prove the wide machine, print the forecast and the peak the process really had, in bytes.

Usage: python -m tests.zkvm.stark.peak LOG_HEIGHT keep|drop
"""

import json
import sys
from pathlib import Path

import numpy as np

from zkvm.air.examples import WIDE_COLUMNS, wide
from zkvm.backends.cpu import CpuBackend
from zkvm.stark import memory
from zkvm.stark.layout import layout
from zkvm.stark.profiles import FAST
from zkvm.stark.prover import prove
from zkvm.stark.setup import make_key
from zkvm.stark.trace import Trace


def peak() -> int:
    """The most this process ever held, in bytes; ``getrusage`` would count what its parent held when it was forked."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return 1024 * int(line.split()[1])
    raise OSError("the system does not say")


def main(log_height: int, keep: bool) -> None:
    machine, backend = wide(), CpuBackend()
    # What the columns hold does not matter: no verifier will see the proof.
    rows = np.arange(1 << log_height, dtype=np.uint64)
    columns = np.empty((WIDE_COLUMNS, rows.size), dtype=np.uint64)
    columns[...] = rows
    forecast = memory.count(layout(machine, FAST, [log_height]), keep)
    key = make_key(machine, {}, {}, FAST, backend)
    memory.plan = lambda shape, limit: forecast
    prove(machine, key, Trace({"wide": columns}), [], FAST, backend)
    print(json.dumps({"forecast": forecast.peak, "measured": peak(), "by_stage": dict(forecast.by_stage)}))


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2] == "keep")
