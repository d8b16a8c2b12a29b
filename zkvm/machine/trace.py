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
from zkvm.emulator.log import Log, Structured
from zkvm.field.scalar import Ext
from zkvm.machine.expand import device, device_accumulators, device_keccak, keccak, native, native_keccak, reference
from zkvm.machine.expand.accumulators import fill_aux
from zkvm.machine.expand.columns import Words, table_height
from zkvm.machine.machine import KECCAK_SLICES, riscv
from zkvm.machine.program import rom_rows
from zkvm.machine.tables.keccak import rows_of_permutation
from zkvm.stark.trace import Trace, Witness


@dataclass(frozen=True)
class Expansion:
    """Who makes the rows: compiled code, a device, or the reference in NumPy."""

    tables: Callable[[Machine, Words, Log], Mapping[str, Witness]]
    """The columns of all tables but KECCAK and CHI."""
    permutations: Callable[[Structured, int, int, NDArray[np.uint32]], tuple[Witness, Witness]]
    """KECCAK's columns and CHI's multiplicities."""
    fill_aux: Callable[[Table, Words, Mapping[str, Ext]], Words] = fill_aux


COMPILED = Expansion(native.tables, native_keccak.permutations)
REFERENCE = Expansion(reference.tables, keccak.permutations)


def expansion_for(backend: Backend) -> Expansion:
    """The fastest that gives columns where this backend wants them."""
    if not isinstance(backend, CudaBackend):
        return COMPILED
    return Expansion(
        partial(device.tables, backend.kernels),
        partial(device_keccak.permutations, backend.kernels),
        partial(device_accumulators.fill_aux, backend),
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
    machine = riscv()
    tables = expansion.tables(machine, rom_rows(program), log)
    keccak_rows = table_height(machine, "keccak", len(log.keccak) * rows_of_permutation(KECCAK_SLICES))
    ignored = log.steps["b"][(log.keccak["ts"] - 1) // 4]
    permutations, chi = expansion.permutations(log.keccak, KECCAK_SLICES, keccak_rows, ignored)
    return {**tables, "keccak": permutations, "chi": chi}
