"""The tables in NumPy: what the compiled expansion is held to."""

import numpy as np

from zkvm.air import Machine
from zkvm.emulator.log import Log, padded_registers, padding_steps
from zkvm.machine.expand.alu import Requests, expand_binary, expand_muldiv, expand_shift
from zkvm.machine.expand.arith256 import expand_arith256
from zkvm.machine.expand.columns import Lookups, Words, assemble, table_height
from zkvm.machine.expand.main import expand_main, expand_rom
from zkvm.machine.expand.memory import expand_image, expand_memb, expand_memw, expand_ram
from zkvm.machine.tables.arith256 import ROWS as ARITH256_ROWS


def tables(machine: Machine, rom: Words, log: Log) -> dict[str, Words]:
    """Return the columns of all tables but KECCAK and CHI.

    Args:
        machine: Names the columns and bounds the heights.
        rom: The program's rows, (13, rows).
        log: The run.

    Raises:
        TableTooTall: a table does not fit a proof.
        ImpossibleCall: the log's result of an operation is not what ARITH256 proves.
    """
    lookups = Lookups()
    steps = np.concatenate([log.steps, padding_steps(log, table_height(machine, "main", len(log.steps)))])
    main = expand_main(steps, rom, lookups)
    shift, sign_requests = expand_shift(Requests.of_steps(main, log.shift), lookups)
    muldiv, muldiv_requests = expand_muldiv(Requests.of_steps(main, log.muldiv), lookups)
    requests = Requests.of_steps(main, log.binary) + sign_requests + muldiv_requests
    memb_height = table_height(machine, "memb", len(log.memb))
    named = {
        "main": main,
        "memw": expand_memw(log.memw, lookups),
        "memb": expand_memb(log.memb, steps, memb_height, lookups),
        "binary": expand_binary(requests, lookups),
        "shift": shift,
        "muldiv": muldiv,
        "ram": expand_ram(log.ram, table_height(machine, "ram", len(log.ram)), lookups),
        "image": expand_image(padded_registers(log, len(steps)), log.image),
        "rom": expand_rom(log.steps, len(steps), rom.shape[1]),
    }
    arith256 = expand_arith256(log.arith256, table_height(machine, "arith256", len(log.arith256) * ARITH256_ROWS))
    lookups.r16(*arith256[:5])
    lookups.pair(arith256[5], arith256[6])
    made = {name: assemble(machine.table(name), columns) for name, columns in named.items()}
    return made | {"byte": lookups.multiplicities, "arith256": arith256}
