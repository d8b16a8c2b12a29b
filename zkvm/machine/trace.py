"""From a run to the witness: the main columns of every table, of the least heights that hold them."""

import numpy as np
from numpy.typing import NDArray

from zkvm.emulator.elf import Program
from zkvm.emulator.log import Log, padded_registers, padding_steps
from zkvm.machine.expand.alu import Requests, expand_binary, expand_muldiv, expand_shift
from zkvm.machine.expand.arith256 import expand_arith256
from zkvm.machine.expand.columns import Lookups, assemble, height_for
from zkvm.machine.expand.keccak import chi_multiplicities, expand_keccak
from zkvm.machine.expand.main import expand_main
from zkvm.machine.expand.memory import expand_image, expand_memb, expand_memw, expand_ram
from zkvm.machine.machine import KECCAK_SLICES, riscv
from zkvm.machine.program import rom_rows
from zkvm.machine.tables.arith256 import ROWS as ARITH256_ROWS
from zkvm.machine.tables.keccak import rows_of_permutation

Columns = NDArray[np.uint64]


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
    arith256 = expand_arith256(log.arith256, height("arith256", len(log.arith256) * ARITH256_ROWS))
    lookups.r16(*arith256[:5])
    lookups.pair(arith256[5], arith256[6])
    keccak_rows = height("keccak", len(log.keccak) * rows_of_permutation(KECCAK_SLICES))
    keccak_y = steps["b"][(log.keccak["ts"] - 1) // 4]
    keccak = expand_keccak(log.keccak, KECCAK_SLICES, keccak_rows, keccak_y)
    named = {
        "main": main,
        "memw": expand_memw(log.memw, lookups),
        "memb": expand_memb(log.memb, steps, height("memb", len(log.memb)), lookups),
        "binary": binary,
        "shift": shift,
        "muldiv": muldiv,
        "ram": expand_ram(log.ram, height("ram", len(log.ram)), lookups),
        "image": expand_image(padded_registers(log, main_height), log.image),
        "rom": {"m": np.bincount(steps["row"], minlength=rom.shape[1]).astype(np.uint64)},
    }
    tables = {}
    for name, columns in named.items():
        rows = max(len(values) for values in columns.values())
        tables[name] = assemble(machine.table(name).main, columns, height(name, rows))
    tables |= {"byte": lookups.multiplicities, "arith256": arith256, "keccak": keccak}
    return tables | {"chi": chi_multiplicities(keccak, KECCAK_SLICES)[None]}
