"""From a run to the witness: the main columns of every table, of the least heights that hold them."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zkvm.emulator.elf import Program
from zkvm.emulator.log import Log, padded_registers, padding_steps
from zkvm.machine.expand.alu import Requests, expand_binary, expand_muldiv, expand_shift
from zkvm.machine.expand.columns import Lookups, assemble, height_for
from zkvm.machine.expand.main import expand_main
from zkvm.machine.expand.memory import expand_image, expand_memb, expand_memw, expand_ram
from zkvm.machine.machine import riscv
from zkvm.machine.program import rom_rows

Columns = NDArray[np.uint64]


@dataclass(frozen=True)
class Heights:
    """Rows of the tables whose height the run decides."""

    rows: Mapping[str, int]

    def __getitem__(self, table: str) -> int:
        return self.rows[table]


def main_columns(program: Program, log: Log) -> dict[str, Columns]:
    """Return the main columns of every table.

    Raises:
        TableTooTall: a table of the run does not fit a proof.
    """
    machine = riscv()
    lookups = Lookups()
    rom = rom_rows(program)

    def height(name: str, rows: int) -> int:
        table = machine.table(name)
        return height_for(name, rows, (table.min_log_height, table.max_log_height))

    main_height = height("main", len(log.steps))
    steps = np.concatenate([log.steps, padding_steps(log, main_height)])
    main = expand_main(steps, rom, lookups)
    shift, sign_requests = expand_shift(Requests.of_steps(main, log.shift), lookups)
    muldiv, muldiv_requests = expand_muldiv(Requests.of_steps(main, log.muldiv), lookups)
    binary = expand_binary(Requests.of_steps(main, log.binary) + sign_requests + muldiv_requests, lookups)
    memb_height = height("memb", len(log.memb))
    ram_height = height("ram", len(log.ram))
    tables = {
        "main": main,
        "memw": expand_memw(log.memw, lookups),
        "memb": expand_memb(log.memb, steps, memb_height, lookups),
        "binary": binary,
        "shift": shift,
        "muldiv": muldiv,
        "ram": expand_ram(log.ram, ram_height, lookups),
        "image": expand_image(padded_registers(log, main_height), log.image),
        "rom": {"m": np.bincount(steps["row"], minlength=rom.shape[1]).astype(np.uint64)},
    }
    result = {}
    for name, columns in tables.items():
        rows = max(len(values) for values in columns.values())
        result[name] = assemble(machine.table(name).main, columns, height(name, rows))
    result["byte"] = np.stack([lookups.multiplicities[i] for i in range(4)])
    return result
