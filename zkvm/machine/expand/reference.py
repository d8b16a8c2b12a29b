"""The core tables in NumPy: what the compiled expansion is held to."""

import numpy as np

from zkvm.air import Machine
from zkvm.emulator.log import Log, padding_steps
from zkvm.machine.expand.alu import Requests, expand_binary, expand_muldiv, expand_shift
from zkvm.machine.expand.columns import Lookups, Words, assemble, table_height
from zkvm.machine.expand.main import expand_main
from zkvm.machine.expand.memory import expand_memb, expand_memw


def core_tables(machine: Machine, rom: Words, log: Log, lookups: Lookups) -> dict[str, Words]:
    """Return MAIN, MEMW, MEMB, BINARY, SHIFT and MULDIV; count their lookups.

    Args:
        machine: Names the columns and bounds the heights.
        rom: The program's rows, (13, rows).
        log: The run.
        lookups: Receives the counts.

    Raises:
        TableTooTall: a table does not fit a proof.
    """
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
    }
    return {name: assemble(machine.table(name), columns) for name, columns in named.items()}
