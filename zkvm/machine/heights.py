"""How tall a proof's tables will be, known from what a run costs: before any row is made."""

from dataclasses import asdict
from typing import Final

from zkvm.emulator.cost import Cost, Limits
from zkvm.emulator.elf import Program
from zkvm.machine.expand.columns import table_height
from zkvm.machine.machine import riscv
from zkvm.machine.program import fixed_columns
from zkvm.machine.tables.chi import LOG_CHI_HEIGHT
from zkvm.stark.memory import forecast
from zkvm.stark.profiles import Profile

LEAST_LOG_ROWS: Final = 18
"""Rows of MAIN, as a power of two, that a proof is always allowed: a few transactions need as many."""

_SHARES: Final = {
    "main": 0,
    "memw": 0,
    "memb": 2,
    "binary": 1,
    "shift": 2,
    "muldiv": 2,
    "ram": 2,
    "keccak": 1,
    "arith256": 0,
}
"""How much lower than MAIN each table may be, as a power of two: twice what transfers, tokens and swaps need."""


def heights_for(program: Program, cost: Cost) -> dict[str, int]:
    """Return the rows of every table, as ``zkvm.stark.memory.forecast`` takes them.

    Raises:
        UnprovableProgram: an instruction breaks a rule that the constraints rely on.
        TableTooTall: the run needs more rows of a table than a proof may have.
    """
    fixed = {name: columns.shape[1] for name, columns in fixed_columns(program).items()}
    fixed["chi"] = 1 << LOG_CHI_HEIGHT
    machine = riscv()
    return {
        table.name: fixed.get(table.name) or table_height(machine, table.name, getattr(cost, table.name, 0))
        for table in machine.tables
    }


def limits_within(program: Program, profile: Profile, memory: int) -> Limits:
    """Return how many rows a proof may have that takes no more than some memory.

    The tables keep the proportions that transactions give them, so that rows can be added up block by block; runs of
    other proportions are allowed less than would fit.

    Args:
        program: What is proven.
        profile: The parameters of the proof.
        memory: Bytes, of the way of proving that takes least.

    Returns:
        Limits of the tables whose heights a run decides; those of a small run where even that does not fit.
    """
    machine = riscv()
    for log_rows in range(machine.table("main").max_log_height, LEAST_LOG_ROWS, -1):
        limits = _limits(log_rows)
        if forecast(machine, heights_for(program, Cost(**asdict(limits))), profile, memory).peak <= memory:
            return limits
    return _limits(LEAST_LOG_ROWS)


def _limits(log_rows: int) -> Limits:
    return Limits(**{table: 1 << (log_rows - lower) for table, lower in _SHARES.items()})
