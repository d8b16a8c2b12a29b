"""How tall a proof's tables will be, known from what a run costs: before any row is made."""

from zkvm.emulator.cost import Cost
from zkvm.emulator.elf import Program
from zkvm.machine.expand.columns import table_height
from zkvm.machine.machine import riscv
from zkvm.machine.program import fixed_columns
from zkvm.machine.tables.chi import LOG_CHI_HEIGHT


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
