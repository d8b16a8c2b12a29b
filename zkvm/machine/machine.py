"""The machine: its tables in their order, its challenges, parameters and public words."""

from functools import lru_cache
from typing import Final

from zkvm.air import Machine
from zkvm.emulator.opcodes import OUTPUT_WORDS
from zkvm.machine.tables.arith256 import arith256_table
from zkvm.machine.tables.binary import binary_table
from zkvm.machine.tables.byte import byte_table
from zkvm.machine.tables.chi import chi_table
from zkvm.machine.tables.image import image_table
from zkvm.machine.tables.keccak import keccak_table
from zkvm.machine.tables.main import main_table
from zkvm.machine.tables.memb import memb_table
from zkvm.machine.tables.memw import memw_table
from zkvm.machine.tables.muldiv import muldiv_table
from zkvm.machine.tables.ram import ram_table
from zkvm.machine.tables.rom import rom_table
from zkvm.machine.tables.shift import shift_table

CHALLENGES: Final = ("zeta", "lambda", "eta", "tau")
PARAMETERS: Final = ("entry", "halt_pc", "in_lo", "zero_lo")

KECCAK_SLICES: Final = 2
"""Slices of the keccak state in a row: the trade between cells a permutation and bytes a query."""


@lru_cache(maxsize=1)
def riscv() -> Machine:
    """Return the RV32IM machine with its precompiles: 13 tables."""
    tables = (
        main_table(),
        memw_table(),
        memb_table(),
        binary_table(),
        shift_table(),
        muldiv_table(),
        ram_table(),
        image_table(),
        rom_table(),
        byte_table(),
        arith256_table(),
        keccak_table(KECCAK_SLICES),
        chi_table(),
    )
    return Machine("riscv", tables=tables, challenges=CHALLENGES, publics=OUTPUT_WORDS, parameters=PARAMETERS)
