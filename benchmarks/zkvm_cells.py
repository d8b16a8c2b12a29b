"""What a proof commits to, on real C programs: cells an instruction, width of all tables; how fast rows are made."""

import time
from dataclasses import asdict

from benchmarks.measure import Figure, median
from zkvm.emulator.cost import CELLS_A_ROW, KECCAK_ROWS, Cost
from zkvm.emulator.emulator import Execution, run
from zkvm.guest_kit.examples import example
from zkvm.machine.heights import heights_for
from zkvm.machine.machine import riscv
from zkvm.machine.trace import build_trace

QUOTIENT_CELLS = 9  # three chunks of three base elements a row of the tallest table
PROGRAMS = {"sha256": 12_800, "keccak_software": 7_500}  # bytes of input: a million instructions each
WORDS_A_PERMUTATION = 50
RUNS = 5


def used(cost: Cost) -> float:
    """Cells an instruction in the rows that the run uses."""
    return cost.cells / cost.main + QUOTIENT_CELLS


def committed(execution: Execution) -> float:
    """Cells an instruction in all rows of all tables, those that only fill a height and the lookup tables included."""
    heights = heights_for(execution.program, execution.cost)
    rows = sum(heights[table.name] * (table.width("main") + table.width("aux")) for table in riscv().tables)
    return (rows + QUOTIENT_CELLS * max(heights.values())) / execution.cycles


def expansion(execution: Execution) -> Figure:
    """The time from the log to the witness."""
    seconds = []
    for _ in range(RUNS):
        began = time.perf_counter()
        build_trace(execution.program, execution.log)
        seconds.append(time.perf_counter() - began)
    notes = f"{execution.cycles:,} instructions, {execution.log.nbytes / execution.cycles:.1f} bytes of log each"
    return Figure(
        "trace expansion of 10^6 instructions", "s", "lower", median(seconds), samples={"ours": seconds}, notes=notes
    )


def figures() -> list[Figure]:
    found = []
    runs = {name: run(example(name), bytes(size)) for name, size in PROGRAMS.items()}
    for name, execution in runs.items():
        share = {table: round(rows / execution.cycles, 3) for table, rows in asdict(execution.cost).items() if rows}
        what = f"cells an instruction, {name}"
        found += [
            Figure(what, "cells", "lower", round(used(execution.cost), 1), notes=f"rows an instruction: {share}"),
            Figure(f"{what}, as committed", "cells", "lower", round(committed(execution), 1)),
        ]
    permutation = KECCAK_ROWS * CELLS_A_ROW["keccak"] + WORDS_A_PERMUTATION * CELLS_A_ROW["memw"]
    width = sum(len(table.main) for table in riscv().tables)
    return [
        *found,
        Figure("cells a keccak permutation, memory included", "cells", "lower", permutation),
        Figure("main columns of all tables", "columns", "lower", width),
        expansion(runs["sha256"]),
    ]
