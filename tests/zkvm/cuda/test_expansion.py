"""The tables made on a device from the log: the columns and counts that the processors give, or the same error."""

import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from tests.zkvm.assembler import assemble
from tests.zkvm.cuda.devices import device as real_device
from tests.zkvm.cuda.emulated import EmulatedDevice, needs_compiler
from tests.zkvm.machine.precompiles import GENERATOR, MASK, ecadd, ecdbl, mulmod, random_point, signature
from tests.zkvm.machine.programs import INPUT, every_instruction, random_program
from zkvm.backends.cuda import CudaBackend
from zkvm.backends.cuda.arrays import DeviceArray
from zkvm.backends.cuda.device import Device
from zkvm.backends.cuda.launching import Kernels
from zkvm.emulator.emulator import run
from zkvm.emulator.log import BYTE_ACCESS, CELL, STEP, WORD_ACCESS, Log
from zkvm.emulator.opcodes import IN_LO, MEMORY_END, ZERO_LO, Op
from zkvm.field import P
from zkvm.guest_kit.examples import example
from zkvm.machine.errors import ImpossibleCall
from zkvm.machine.expand import device, native
from zkvm.machine.expand.asks import binary_asks
from zkvm.machine.expand.device import FROM_THE_RUN, MADE_ON_DEVICE
from zkvm.machine.machine import riscv
from zkvm.machine.program import rom_rows
from zkvm.machine.trace import expansion_for, main_columns
from zkvm.stark.trace import Witness, taken

RANDOM = random.Random(5)
OPERATIONS = [
    mulmod(MASK, MASK - 1, MASK, MASK, 0),
    ecadd(GENERATOR, random_point(RANDOM), 1),
    ecdbl(random_point(RANDOM), 2),
    *(
        mulmod(RANDOM.getrandbits(200), RANDOM.getrandbits(256), 7, RANDOM.getrandbits(255) | 1 << 254, 3 + i)
        for i in range(8)
    ),
    *(ecadd(random_point(RANDOM), random_point(RANDOM), 11 + i) for i in range(8)),
    *(ecdbl(random_point(RANDOM), 19 + i) for i in range(8)),
]
DEVICES = [
    pytest.param(EmulatedDevice, id="emulated", marks=needs_compiler),
    pytest.param(real_device, id="cuda", marks=pytest.mark.gpu),
]
PROGRAMS = {
    "every instruction": lambda: assemble(every_instruction()),
    "one instruction": lambda: assemble("li a0, 1"),
    "a full table": lambda: assemble("addi a0, a0, 1\n" * 63),
    "random 1": lambda: assemble(random_program(1)),
    "random 2": lambda: assemble(random_program(2)),
    "permutations": lambda: example("keccak"),
    "points and products": lambda: example("ecrecover"),
}
EMPTY = run(assemble("li a0, 1")).log
DATA = {"points and products": signature()}


def on_host(columns: Witness) -> np.ndarray:
    """The columns, wherever they are."""
    made = taken(columns)
    return made.to_host() if isinstance(made, DeviceArray) else made


def same(found: Mapping[str, Witness], expected: Mapping[str, Witness]) -> None:
    """Every table is the same; those of the device were deferred."""
    assert set(found) == set(expected)
    for name, columns in expected.items():
        assert found[name].shape == columns.shape
        assert np.array_equal(on_host(found[name]), columns), name


@pytest.mark.parametrize("open_device", DEVICES)
@pytest.mark.parametrize("name", PROGRAMS)
def test_a_run_s_columns(name: str, open_device: Callable[[], Device]) -> None:
    program = PROGRAMS[name]()
    log = run(program, DATA.get(name, INPUT)).log
    assert name != "points and products" or len(log.arith256)
    backend = CudaBackend(open_device())
    found = main_columns(program, log, expansion_for(backend))
    assert set(MADE_ON_DEVICE) == {table.name for table in riscv().tables}
    for table in MADE_ON_DEVICE:
        assert not isinstance(found[table], np.ndarray)
    same(found, main_columns(program, log))


def noise(seed: int, steps: int = 300, accesses: int = 150) -> tuple[np.ndarray, Log]:
    """The program's rows and a log that no run wrote, in which everything is that is referred to."""
    rng = np.random.default_rng(seed)
    rom = rom_rows(assemble(every_instruction(1)))

    def words(count: int, below: int = 1 << 32) -> np.ndarray:
        return rng.integers(0, below, count, dtype=np.uint64).astype(np.uint32)

    def records(dtype: np.dtype, count: int) -> np.ndarray:
        made = np.zeros(count, dtype)
        for name in dtype.names or ():
            made[name] = rng.choice([words(count), rng.choice(words(3), count)])
        return made

    made = records(STEP, steps)
    made["row"] = words(steps, rom.shape[1])
    ts = 4 * np.arange(steps, dtype=np.uint32) + 1
    for name in ("t1", "t2", "t3"):
        made[name] = rng.integers(0, ts)
    made["b"][::5] = 0
    memw, memb = records(WORD_ACCESS, accesses), records(BYTE_ACCESS, accesses)
    for log, ops in ((memw, (Op.LW, Op.SW)), (memb, (Op.LB, Op.LBU, Op.LH, Op.LHU, Op.SB, Op.SH))):
        log["ts"] = rng.choice(ts, accesses)
        log["previous"] = rng.integers(0, log["ts"])
        log["kind"] = rng.choice(ops, accesses) + 256 * rng.integers(0, 2, accesses)
    ops = rom[8][made["row"]]
    asking = (
        np.flatnonzero((ops >= first) & (ops <= last)).astype(np.uint32)
        for first, last in ((Op.AND, Op.SLT), (Op.SLL, Op.SRA), (Op.MUL, Op.REM))
    )
    binary, shift, muldiv = asking
    image, ram = records(CELL, accesses), records(CELL, accesses)
    # Words of the input region and, near its start and anywhere, of the zero region.
    ram["address"] = IN_LO + np.arange(accesses)
    near = ZERO_LO + rng.choice(2 * accesses, accesses // 2, replace=False)
    anywhere = rng.choice(MEMORY_END - 1 - ZERO_LO - 2 * accesses, accesses // 4, replace=False) + near.max() + 1
    ram["address"][-len(near) - len(anywhere) :] = np.sort(np.concatenate([near, anywhere]))
    arith256 = rng.permutation(np.concatenate(OPERATIONS))
    changed = {"binary": binary, "shift": shift, "muldiv": muldiv, "image": image, "ram": ram, "arith256": arith256}
    return rom, replace(EMPTY, steps=made, memw=memw, memb=memb, **changed)


def both(rom: np.ndarray, log: Log, kernels: Kernels) -> tuple[Mapping[str, Witness], Mapping[str, Witness]]:
    """All tables but KECCAK and CHI, by the device and by the processors."""
    return device.tables(kernels, riscv(), rom, log), native.tables(riscv(), rom, log)


@needs_compiler
@pytest.mark.parametrize("seed", range(8))
def test_a_log_of_noise(seed: int) -> None:
    rom, log = noise(seed)
    found, expected = both(rom, log, Kernels(EmulatedDevice(seed=seed + 1)))
    assert len(log.shift) and len(log.muldiv) and len(log.binary)
    same(found, expected)
    for name, columns in found.items():
        assert on_host(columns).max() < P, f"nobody checks {name} any more"


@needs_compiler
def test_tables_in_any_order_and_again() -> None:
    rom, log = noise(9)
    found, expected = both(rom, log, Kernels(EmulatedDevice()))
    for name in ("rom", "byte", "muldiv", "main", "main", "arith256", "memw", "ram", "rom", "byte"):
        assert np.array_equal(on_host(found[name]), expected[name]), name


@needs_compiler
def test_the_log_is_on_the_device_only_while_it_is_needed() -> None:
    rom, log = noise(10)
    there = EmulatedDevice()
    found, _ = both(rom, log, Kernels(there))
    before = there.used
    for name in FROM_THE_RUN:
        taken(found[name])
        assert (there.used > before) == (name != FROM_THE_RUN[-1])
    steps = log.steps.nbytes + rom.nbytes
    asks = binary_asks(log, rom).nbytes + log.shift.nbytes + log.muldiv.nbytes
    faults = 8 * len(FROM_THE_RUN)
    assert there.moved == {"to device": steps + log.memb.nbytes + asks + faults, "to host": faults}


def changed(log: Log, part: str, field: str | None, value: int) -> Log:
    """The log with one number changed."""
    records = getattr(log, part).copy()
    (records if field is None else records[field])[len(records) // 2] = value
    return replace(log, **{part: records})


@needs_compiler
@pytest.mark.parametrize(
    ("part", "field", "value"),
    [
        ("steps", "row", 1 << 20),
        ("steps", "t1", 1 << 30),
        ("steps", "t3", 0xFFFF_FFFF),
        ("memw", "previous", 1 << 31),
        ("memb", "previous", 1 << 31),
        ("memb", "ts", 4 * 300 + 1),
        ("binary", None, 300),
        ("shift", None, 300),
        ("muldiv", None, 0xFFFF_FFFF),
        ("ram", "address", IN_LO),
    ],
)
def test_what_is_not_there_is_refused(part: str, field: str | None, value: int) -> None:
    rom, log = noise(11)
    log = changed(log, part, field, value)
    with pytest.raises(ValueError, match="what is not there"):
        native.tables(riscv(), rom, log)
    with pytest.raises(ValueError, match="what is not there"):
        for columns in device.tables(Kernels(EmulatedDevice()), riscv(), rom, log).values():
            taken(columns)


@needs_compiler
@pytest.mark.parametrize("part", ["operands", "results", "witness"])
@pytest.mark.parametrize("number", range(len(OPERATIONS)))
def test_an_operation_with_another_answer_is_refused(number: int, part: str) -> None:
    calls = np.concatenate(OPERATIONS)
    calls[part][number, 3] ^= 1 << 17
    log = replace(EMPTY, arith256=calls)
    rom = rom_rows(assemble("li a0, 1"))
    said = []
    for tables in (native.tables, partial(device.tables, Kernels(EmulatedDevice()))):
        with pytest.raises(ImpossibleCall) as refused:
            taken(tables(riscv(), rom, log)["arith256"])
        said.append(str(refused.value))
    assert said[0] == said[1]
    assert f"at time {calls['ts'][number]}:" in said[0]
