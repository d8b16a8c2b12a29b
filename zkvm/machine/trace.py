"""From a run to the witness: the main columns of every table, of the least heights that hold them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from zkvm.air import Machine, Table
from zkvm.backends.cuda import CudaBackend
from zkvm.backends.interface import Backend
from zkvm.emulator.elf import Program
from zkvm.emulator.log import Log, Structured, padded_registers
from zkvm.field.scalar import Ext
from zkvm.machine.expand import device, device_keccak, keccak, native, native_keccak, reference
from zkvm.machine.expand.accumulators import fill_aux
from zkvm.machine.expand.arith256 import expand_arith256
from zkvm.machine.expand.columns import Lookups, Values, Words, assemble, table_height
from zkvm.machine.expand.memory import expand_image, expand_ram
from zkvm.machine.machine import KECCAK_SLICES, riscv
from zkvm.machine.program import rom_rows
from zkvm.machine.tables.arith256 import ROWS as ARITH256_ROWS
from zkvm.machine.tables.keccak import rows_of_permutation
from zkvm.stark.trace import Trace, Witness


@dataclass(frozen=True)
class Expansion:
    """Who makes the rows of the tall tables: compiled code, a device, or the reference in NumPy."""

    core_tables: Callable[[Machine, Words, Log, Lookups], Mapping[str, Witness]]
    permutations: Callable[[Structured, int, int, NDArray[np.uint32]], tuple[Witness, Witness]]
    """KECCAK's columns and CHI's multiplicities."""
    fill_aux: Callable[[Table, Words, Mapping[str, Ext]], Words] = fill_aux


COMPILED = Expansion(native.core_tables, native_keccak.permutations)
REFERENCE = Expansion(reference.core_tables, keccak.permutations)


def expansion_for(backend: Backend) -> Expansion:
    """The fastest that gives columns where this backend wants them."""
    if not isinstance(backend, CudaBackend):
        return COMPILED
    return Expansion(
        partial(device.core_tables, backend.kernels),
        partial(device_keccak.permutations, backend.kernels),
        partial(device_keccak.fill_aux, backend),
    )


def build_trace(program: Program, log: Log, expansion: Expansion = COMPILED) -> Trace:
    """Return the witness of a run, as the prover takes it. Arguments and errors as of ``main_columns``."""

    def fill(name: str, main: Words, challenges: Mapping[str, Ext]) -> Words:
        return expansion.fill_aux(riscv().table(name), main, challenges)

    return Trace(main_columns(program, log, expansion), fill)


def main_columns(program: Program, log: Log, expansion: Expansion = COMPILED) -> dict[str, Witness]:
    """Return the main columns of every table; those that a device makes are deferred.

    Args:
        program: What was run.
        log: The run.
        expansion: Who makes the rows; all make the same.

    Raises:
        TableTooTall: a table of the run does not fit a proof.
        ImpossibleCall: the log's result of a precompile is not what its table proves.
        ValueError: the log refers to what is not there.
    """
    lookups = Lookups()
    tables = core_columns(program, log, lookups, expansion)
    machine = riscv()
    arith256 = expand_arith256(log.arith256, table_height(machine, "arith256", len(log.arith256) * ARITH256_ROWS))
    lookups.r16(*arith256[:5])
    lookups.pair(arith256[5], arith256[6])
    keccak_rows = table_height(machine, "keccak", len(log.keccak) * rows_of_permutation(KECCAK_SLICES))
    ignored = log.steps["b"][(log.keccak["ts"] - 1) // 4]
    permutations, chi = expansion.permutations(log.keccak, KECCAK_SLICES, keccak_rows, ignored)
    return tables | {"byte": lookups.columns, "arith256": arith256, "keccak": permutations, "chi": chi}


def core_columns(program: Program, log: Log, lookups: Lookups, expansion: Expansion = COMPILED) -> dict[str, Witness]:
    """Return the main columns of the tables of instructions and memory, counting what they look up.

    Raises:
        TableTooTall: a table of the run does not fit a proof.
    """
    machine = riscv()
    rom = rom_rows(program)
    tables = expansion.core_tables(machine, rom, log, lookups)
    main_rows = tables["main"].shape[1]
    named: dict[str, dict[str, Values]] = {
        "ram": expand_ram(log.ram, table_height(machine, "ram", len(log.ram)), lookups),
        "image": expand_image(padded_registers(log, main_rows), log.image),
        "rom": {"m": _fetches(log, rom.shape[1], main_rows)},
    }
    return {**tables, **{name: assemble(machine.table(name), columns) for name, columns in named.items()}}


def _fetches(log: Log, instructions: int, main_rows: int) -> Words:
    """How often MAIN fetches each row of the ROM; the rows after the run fetch the halt row again."""
    counts = np.bincount(log.steps["row"], minlength=instructions)
    counts[log.steps["row"][-1]] += main_rows - len(log.steps)
    return counts.astype(np.uint64)
