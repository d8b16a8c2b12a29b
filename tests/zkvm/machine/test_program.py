"""Programs as fixed columns, the rules their rows must keep, and their keys."""

from pathlib import Path

import numpy as np
import pytest

from tests.zkvm.assembler import assemble
from tests.zkvm.machine.programs import INPUT, every_instruction
from tests.zkvm.machine.test_trace import signature
from zkvm.backends.cpu import CpuBackend
from zkvm.emulator.cost import CELLS_A_ROW
from zkvm.emulator.emulator import run
from zkvm.emulator.opcodes import IN_LO, REGISTER_BASE, Op
from zkvm.guest_kit.examples import example
from zkvm.machine import key as keys
from zkvm.machine.errors import TableTooTall, UnprovableProgram
from zkvm.machine.heights import heights_for
from zkvm.machine.key import all_fixed_columns, key_for
from zkvm.machine.machine import riscv
from zkvm.machine.program import byte_columns, check_rom, fixed_columns, rom_rows
from zkvm.machine.tables.rom import ROM_COLUMNS
from zkvm.machine.trace import main_columns
from zkvm.stark.profiles import FAST, L1_128

PROGRAM = assemble(every_instruction())


def test_rom_repeats_the_halt_row() -> None:
    rom = fixed_columns(PROGRAM)["rom"]
    instructions = len(PROGRAM.rom)
    assert rom.shape == (13, 2048)
    assert [tuple(row) for row in rom.T[:instructions].tolist()] == [tuple(row) for row in PROGRAM.rom]
    halt = rom[:, instructions - 1]
    assert halt[0] == halt[6] == PROGRAM.halt_pc
    assert (rom[:, instructions:] == halt[:, None]).all()


def test_image_has_every_cell_once() -> None:
    key, value = fixed_columns(PROGRAM)["image"]
    assert key[:33].tolist() == [REGISTER_BASE + r for r in range(33)]
    assert not value[:33].any()
    words = len(PROGRAM.image)
    assert np.array_equal(np.stack([key, value])[:, 33 : 33 + words].T, PROGRAM.image)
    assert (key[33 : 33 + words] < IN_LO).all()
    assert (key[33 + words :] >= REGISTER_BASE + 64).all()
    assert len(np.unique(key)) == len(key) == 64


def test_byte_rows_are_true() -> None:
    u, v, both, power = byte_columns().tolist()
    for row in (0, 1, 31, 32, 255, 256, 0x1234, 0xFFFF):
        assert (u[row], v[row]) == divmod(row, 256)
        assert both[row] == u[row] & v[row]
        assert power[row] == 2 ** (row % 32)


FAULTS = {
    "pc occurs twice": {"pc": lambda row: row["pc"] + 4},
    "pc is not a multiple": {"pc": lambda row: row["pc"] + 2},
    "the flags are not one or none": {"f_add": lambda row: 1, "f_sub": lambda row: 1},
    "op is unknown": {"op": lambda row: 17},
    "or stands beside a flag": {"f_eq": lambda row: 1},
    "a source is no register": {"rs2": lambda row: 32},
    "the destination is x0": {"rd": lambda row: 0},
    "or no register": {"rd": lambda row: 33},
    "an immediate or the base is no word": {"immy": lambda row: 1 << 32},
    "the base is no word": {"base": lambda row: 1 << 32},
    "delta is not in the field": {"delta": lambda row: 2**64 - 2**32 + 1},
    "immx where x must be a word": {"immx": lambda row: 1},
    "immy beside a second register": {"immy": lambda row: 1},
}


@pytest.mark.parametrize("reason", FAULTS)
def test_rows_that_would_prove_something_else(reason: str) -> None:
    rows = rom_rows(PROGRAM)
    check_rom(rows)
    at = int(np.flatnonzero(rows[ROM_COLUMNS.index("op")] == Op.XOR)[0])
    row = {name: int(rows[i, at]) for i, name in enumerate(ROM_COLUMNS)}
    for name, fault in FAULTS[reason].items():
        rows[ROM_COLUMNS.index(name), at] = fault(row)
    with pytest.raises(UnprovableProgram, match=reason) as refused:
        check_rom(rows)
    assert refused.value.pc in (row["pc"], row["pc"] + 2, row["pc"] + 4)


def test_programs_can_be_too_large() -> None:
    table = "image"
    program = assemble("li a0, 1\n.data\n.space 4")
    object.__setattr__(program, "image", np.zeros(((1 << 20) - 32, 2), np.uint32))
    with pytest.raises(TableTooTall) as refused:
        fixed_columns(program)
    assert refused.value.table == table


def test_keys_are_of_programs_and_profiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    backend = CpuBackend()
    small = assemble("li a0, 1")
    first = key_for(small, FAST, backend, tmp_path)
    first.vk.check(riscv(), FAST)
    assert set(first.vk.roots) == set(range(18, riscv().max_log_height + 1))
    assert first.vk.heights == {"image": 64, "rom": 64, "byte": 1 << 16, "chi": 1 << 18}

    def unneeded(*_: object) -> None:
        raise AssertionError("the key was kept")

    monkeypatch.setattr(keys, "make_key", unneeded)
    again = key_for(small, FAST, backend, tmp_path)
    assert again.vk == first.vk
    assert all(np.array_equal(again.fixed[name], first.fixed[name]) for name in first.fixed)
    for other, profile in ((assemble("li a0, 2"), FAST), (small, L1_128)):
        with pytest.raises(AssertionError, match="was kept"):
            key_for(other, profile, backend, tmp_path)


def test_a_damaged_kept_key_is_made_again(tmp_path: Path) -> None:
    backend = CpuBackend()
    program = assemble("li a0, 1")
    honest = key_for(program, FAST, backend, tmp_path)
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:-1])
    assert key_for(program, FAST, backend, tmp_path).vk == honest.vk
    assert path.read_bytes() == honest.vk.to_bytes()


def test_the_emulator_counts_the_rows_of_a_proof() -> None:
    execution = run(PROGRAM, INPUT)
    tables = main_columns(PROGRAM, execution.log)
    flags = {
        "memw": ("f_lw", "f_sw"),
        "memb": ("f_lb", "f_lh", "f_sb", "f_sh"),
        "binary": ("f_and", "f_or", "f_xor", "f_ltu", "f_lt"),
        "shift": ("f_sll", "f_srl", "f_sra"),
        "muldiv": ("f_lo", "f_hi", "f_q", "f_r"),
    }
    for name, columns in flags.items():
        table = riscv().table(name)
        used = sum(tables[name][table.main.index(column)] for column in columns)
        assert int(used.sum()) == getattr(execution.cost, name)
    assert execution.cost.main == execution.cycles == len(execution.log.steps)


@pytest.mark.parametrize("name", ["keccak", "ecrecover", "sha256"])
def test_heights_are_known_from_the_cost(name: str) -> None:
    execution = run(example(name), signature() if name == "ecrecover" else bytes(300))
    tables = main_columns(execution.program, execution.log)
    assert heights_for(execution.program, execution.cost) == {each: rows.shape[1] for each, rows in tables.items()}


def test_the_emulator_counts_the_cells_of_a_row() -> None:
    widths = {table.name: table.width("main") + table.width("aux") for table in riscv().tables}
    assert {name: widths[name] for name in CELLS_A_ROW} == CELLS_A_ROW


def test_all_fixed_columns_are_those_of_the_machine() -> None:
    fixed = all_fixed_columns(PROGRAM)
    wanted = {table.name: len(table.fixed) for table in riscv().tables if table.fixed}
    assert {name: len(columns) for name, columns in fixed.items()} == wanted
