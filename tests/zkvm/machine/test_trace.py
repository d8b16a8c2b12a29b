"""Honest runs: two emulators write one log, two expansions make one trace, and every rule holds in every row."""

import numpy as np
import pytest

from tests.zkvm.assembler import assemble
from tests.zkvm.machine.model import Model
from tests.zkvm.machine.precompiles import signature
from tests.zkvm.machine.programs import INPUT, every_instruction, random_program
from tests.zkvm.machine.witness import Witness
from zkvm import _expand
from zkvm.air.debug import check_trace
from zkvm.emulator.elf import Program
from zkvm.emulator.emulator import run
from zkvm.emulator.log import CELL, Log
from zkvm.emulator.opcodes import IN_LO, MEMORY_END, ZERO_LO
from zkvm.guest_kit.examples import example
from zkvm.machine.errors import TableTooTall
from zkvm.machine.expand.asks import REMAINDER
from zkvm.machine.expand.columns import Lookups, table_height
from zkvm.machine.expand.memory import RamLayout, expand_ram
from zkvm.machine.key import all_fixed_columns
from zkvm.machine.machine import riscv
from zkvm.machine.program import parameters
from zkvm.machine.trace import REFERENCE, build_trace, main_columns

LONG_ENOUGH_FOR_THREADS = "li a1, 6000\nloop: addi a1, a1, -1\nsw a1, 0(sp)\nbnez a1, loop"

PROGRAMS = {
    "every instruction": every_instruction(),
    "one instruction": "li a0, 1",
    "a full table": "addi a0, a0, 1\n" * 63,
    "loops": f"li sp, 0x20001000\n{LONG_ENOUGH_FOR_THREADS}",
} | {f"random {seed}": random_program(seed) for seed in range(12)}


@pytest.fixture(scope="module", params=PROGRAMS, ids=str)
def program(request: pytest.FixtureRequest) -> Program:
    return assemble(PROGRAMS[request.param])


def test_both_emulators_write_the_same_log(program: Program) -> None:
    model, execution = Model(program, INPUT).run(), run(program, INPUT)
    assert execution.output == model.output
    theirs = model.log()
    for name in Log.__slots__:
        assert np.array_equal(getattr(theirs, name), getattr(execution.log, name)), name


def test_both_expansions_make_the_same_trace(program: Program) -> None:
    log = run(program, INPUT).log
    compiled, reference = main_columns(program, log), main_columns(program, log, REFERENCE)
    assert compiled.keys() == reference.keys()
    for name in compiled:
        assert np.array_equal(compiled[name], reference[name]), name


def test_every_rule_holds(program: Program) -> None:
    assert Witness.of(Model(program, INPUT).run()).faults() == set()


@pytest.mark.parametrize(
    ("name", "data"), [("keccak", bytes(300)), ("ecrecover", signature())], ids=["keccak", "ecrecover"]
)
def test_every_rule_holds_with_precompiles(name: str, data: bytes) -> None:
    """All thirteen tables, LogUp included."""
    execution = run(example(name), data)
    trace = build_trace(execution.program, execution.log)
    report = check_trace(
        riscv(),
        trace.main,
        fixed=all_fixed_columns(execution.program),
        publics=execution.output,
        parameters=parameters(execution.program),
        fill_aux=trace.fill_aux,
    )
    assert report.ok, str(report)


def test_heights() -> None:
    assert table_height(riscv(), "main", 1) == 64
    assert table_height(riscv(), "main", 64) == 64
    assert table_height(riscv(), "main", 65) == 128
    assert table_height(riscv(), "memw", 1 << 23) == 1 << 23
    with pytest.raises(TableTooTall) as refused:
        table_height(riscv(), "main", (1 << 22) + 1)
    assert (refused.value.table, refused.value.rows, refused.value.limit) == ("main", (1 << 22) + 1, 1 << 22)


def test_unused_rows_of_ram_are_untouched_words() -> None:
    log = run(assemble(LONG_ENOUGH_FOR_THREADS.replace("sp", "gp").replace("li a1", "li gp, 0x20000000\nli a1"))).log
    columns = expand_ram(log.ram, 256, Lookups())
    addresses = columns["addr"]
    assert len(np.unique(addresses)) == 256
    unused = ~np.isin(addresses, log.ram["address"])
    assert unused.sum() == 256 - len(log.ram)
    assert not columns["tf"][unused].any()


def ram_of(addresses: list[int], height: int) -> None:
    """The compiled rows and the reference's of cells at these addresses are the same."""
    cells = np.zeros(len(addresses), CELL)
    for number, name in enumerate(CELL.names or ()):
        cells[name] = np.arange(len(addresses)) * 70_001 + number
    cells["address"] = addresses
    counted, counts = Lookups(), np.zeros((4, 1 << 16), np.uint32)
    expected = np.stack(list(expand_ram(cells, height, counted).values()))
    layout, columns = RamLayout.of(cells, height), np.zeros((7, height), np.uint64)
    for begin, end in ((0, height // 3), (height // 3, height)):
        _expand.ram(cells, layout.below, layout.solid, columns, counts, begin, end)
    assert np.array_equal(columns, expected)
    assert np.array_equal(counts, counted.multiplicities)


LAST = MEMORY_END - 1


@pytest.mark.parametrize(
    "addresses",
    [
        [IN_LO, ZERO_LO, LAST],
        [IN_LO, IN_LO + 9, ZERO_LO, *range(ZERO_LO + 2, ZERO_LO + 40), LAST],
        [IN_LO, *range(ZERO_LO, ZERO_LO + 60), LAST],
        [IN_LO, *range(ZERO_LO, ZERO_LO + 124, 2), LAST],
        [IN_LO, *range(ZERO_LO + 1, ZERO_LO + 124, 2), LAST],
        [IN_LO, *range(IN_LO + 70_000, IN_LO + 70_061), ZERO_LO, LAST],
        [*range(IN_LO, IN_LO + 64)],
        [*range(ZERO_LO, ZERO_LO + 64)],
        [*range(LAST - 63, LAST + 1)],
    ],
)
@pytest.mark.parametrize("height", [64, 128])
def test_ram_s_rows(addresses: list[int], height: int) -> None:
    ram_of(addresses, height)


def test_words_that_ram_does_not_have() -> None:
    cells = np.zeros(4, CELL)
    cells["address"] = [IN_LO, ZERO_LO, ZERO_LO + 5, LAST]
    with pytest.raises(TableTooTall) as refused:
        RamLayout.of(cells, (MEMORY_END - ZERO_LO) + 64)
    assert refused.value.table == "ram"
    columns, counts = np.zeros((7, 64), np.uint64), np.zeros((4, 1 << 16), np.uint32)
    honest = RamLayout.of(cells, 64)
    assert honest == RamLayout(below=1, solid=62)
    for below, solid in ((5, 60), (-1, 62), (1, 64), (1, 59), (2, 63), (1, -1), (1, 1 << 62), (0, 65)):
        with pytest.raises(ValueError, match="do not fit"):
            _expand.ram(cells, below, solid, columns, counts, 0, 64)
    with pytest.raises(ValueError, match="do not fit"):
        _expand.ram(np.zeros(65, CELL), 1, 62, columns, counts, 0, 64)
    cells["address"][2] = ZERO_LO + 70
    with pytest.raises(ValueError, match="what is not there"):
        _expand.ram(cells[::-1].copy(), honest.below, honest.solid, columns, counts, 0, 64)


def test_the_compiled_expansion_checks_its_arguments() -> None:
    """It reads and writes nothing outside of the arrays it is given."""
    log = run(assemble("li a0, 1\nslli a0, a0, 3")).log
    counts, columns = np.zeros((4, 1 << 16), np.uint32), np.zeros((26, 64), np.uint64)
    rom = np.zeros((2, 13), np.uint64)
    with pytest.raises(ValueError, match="what is not there"):
        _expand.main(log.steps, rom, columns, counts, 0, 64)  # the log's rows are beyond this ROM
    for begin, end in ((0, 65), (-1, 3), (5, 4)):
        with pytest.raises(ValueError, match="do not fit"):
            _expand.main(log.steps, rom, columns, counts, begin, end)
    with pytest.raises(ValueError, match="do not fit"):
        _expand.main(log.steps, rom, columns, counts[:3], 0, 1)
    with pytest.raises(ValueError, match="do not fit"):
        _expand.shift(np.zeros((1, 5), np.uint32), np.zeros((15, 64), np.uint64), counts, 0, 2)
    with pytest.raises(ValueError, match="what is not there"):
        _expand.requests(log.steps, rom, np.array([99], np.uint32) | REMAINDER, np.zeros((1, 5), np.uint32), 0, 1)
    read_only = columns.copy()
    read_only.flags.writeable = False
    with pytest.raises(TypeError, match="read-write"):
        _expand.main(log.steps, rom, read_only, counts, 0, 1)
