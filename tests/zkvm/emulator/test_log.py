"""The log says what happened: rows compute what they claim, and every memory access continues the one before."""

import random
from collections import Counter

import numpy as np
import pytest
from eth_keys import keys

from tests.zkvm.assembler import assemble
from tests.zkvm.emulator.programs import random_source
from zkvm.emulator.elf import Program
from zkvm.emulator.emulator import Execution, run
from zkvm.emulator.log import Log, padded_registers, padding_steps
from zkvm.emulator.opcodes import IN_LO, MEMORY_END, REGISTER_BASE, ZERO_LO, Op
from zkvm.guest_kit.examples import example

P = 2**64 - 2**32 + 1
M32 = 0xFFFF_FFFF

BYTES = """
    li a0, 0x20000002
    li a1, -2
    sb a1, 1(a0)
    sh a1, 0(a0)
    lb a2, 1(a0)
    lhu a3, -2(a0)
    lw a4, -2(a0)
    sw a4, 14(a0)
    la t0, table
    lh a5, 2(t0)
    lui t1, 0x10000
    lw a6, 0(t1)
    sw a6, 4(t1)
    halt
    .data
    table: .word 0x80017fff, 5
"""


def executions() -> list[Execution]:
    found = [run(assemble(random_source(random.Random(seed), 150))) for seed in range(6)]
    found.append(run(assemble(BYTES), b"input"))
    found += [run(example("keccak"), bytes(300)), run(example("ecrecover"), signature())]
    return found


def signature() -> bytes:
    signed = keys.PrivateKey(bytes(range(1, 33))).sign_msg_hash(bytes(32))
    return bytes(32) + signed.r.to_bytes(32, "big") + signed.s.to_bytes(32, "big") + bytes([signed.v])


EXECUTIONS = executions()
every_execution = pytest.mark.parametrize("execution", EXECUTIONS, ids=range(len(EXECUTIONS)))


def cells_of(log: Log) -> list[np.ndarray]:
    return [log.registers, log.image, log.ram]


@every_execution
def test_memory_tuples_balance(execution: Execution) -> None:
    """What MAIN, MEMW and MEMB receive and send, with both ends of the cells, is the same multiset."""
    log, rom = execution.log, execution.program.rom
    sent: Counter[tuple[int, int, int]] = Counter()
    received: Counter[tuple[int, int, int]] = Counter()
    for cells in cells_of(log):
        sent.update(zip(cells["address"].tolist(), cells["initial"].tolist(), [0] * len(cells), strict=True))
        received.update(zip(cells["address"].tolist(), cells["final"].tolist(), cells["time"].tolist(), strict=True))
    for i, (row, a, b, c, old, t1, t2, t3) in enumerate(log.steps.tolist()):
        ts = 4 * i + 1
        rs1, rs2, rd = (REGISTER_BASE + getattr(rom[row], name) for name in ("rs1", "rs2", "rd"))
        received.update([(rs1, a, t1), (rs2, b, t2), (rd, old, t3)])
        sent.update([(rs1, a, ts), (rs2, b, ts + 1), (rd, c, ts + 3)])
        assert t1 < ts and t2 < ts + 1 and t3 < ts + 3
    for ts, address, old, new, previous, _kind in log.memw.tolist():
        received[address, old, previous] += 1
        sent[address, new, ts] += 1
        assert previous < ts
    for ts, address, old, new, previous, _y, _kind in log.memb.tolist():
        received[address // 4, old, previous] += 1
        sent[address // 4, new, ts] += 1
        assert previous < ts
    assert sent == received


@every_execution
def test_the_pc_goes_where_the_rom_says(execution: Execution) -> None:
    rom, pc = execution.program.rom, execution.program.entry
    for row, a, b, c, *_ in execution.log.steps.tolist():
        instruction = rom[row]
        assert instruction.pc == pc
        pc = (a + instruction.immx & M32 & ~1) if instruction.f_jalr else (instruction.base + c * instruction.delta) % P
        x, y = a + instruction.immx, b + instruction.immy
        if instruction.f_add:
            assert c == x + y & M32
        if instruction.f_sub:
            assert c == x - y & M32
        if instruction.f_eq:
            assert c == (x == y)
        if instruction.f_jalr:
            assert c == y
    assert pc == execution.program.halt_pc
    assert execution.log.steps["row"][-1] == len(rom) - 1


@every_execution
def test_every_memory_instruction_has_its_row(execution: Execution) -> None:
    log, rom = execution.log, execution.program.rom
    words = {ts: rest for ts, *rest in log.memw.tolist()}
    parts = {ts: rest for ts, *rest in log.memb.tolist()}
    calls = {int(ts) for ts in (*log.arith256["ts"], *log.keccak["ts"])}
    loads_and_stores = 0
    for i, (row, a, b, c, *_) in enumerate(log.steps.tolist()):
        ts, op, x = 4 * i + 1, rom[row].op, a + rom[row].immx
        if op in (Op.LW, Op.SW):
            address, old, new, _, kind = words[ts]
            assert (kind & 255, 4 * address + (kind >> 8 << 32), old) == (op, x, c)
            assert new == (b if op == Op.SW else old)
            loads_and_stores += 1
        elif Op.LBU <= op <= Op.SH:
            address, old, new, _, y, kind = parts[ts]
            assert (kind & 255, address + (kind >> 8 << 32), y) == (op, x, b)
            size = 1 if op in (Op.LB, Op.LBU, Op.SB) else 2
            mask, at = (1 << 8 * size) - 1, 8 * (address & 3)
            stores = op in (Op.SB, Op.SH)
            assert new == (old & ~(mask << at) | (y & mask) << at if stores else old)
            part = old >> at & mask
            negative = op in (Op.LB, Op.LH) and part >> (8 * size - 1)
            assert c == (0 if stores else part | (M32 & ~mask if negative else 0))
        elif op >= Op.KECCAK:
            assert ts in calls and c == 0
    assert loads_and_stores == execution.cost.memw - len(log.keccak) * 50 - _call_words(log)
    assert len(log.memw) == execution.cost.memw
    assert len(log.memb) == execution.cost.memb


def _call_words(log: Log) -> int:
    return sum({Op.MULMOD: 32, Op.ECADD: 32, Op.ECDBL: 24}[Op(op)] for op in log.arith256["op"].tolist())


@every_execution
def test_index_lists_name_the_steps_of_each_table(execution: Execution) -> None:
    log = execution.log
    ops = np.array([row.op for row in execution.program.rom])[log.steps["row"]]
    assert np.array_equal(log.binary, np.flatnonzero((ops >= Op.AND) & (ops <= Op.SLT)))
    assert np.array_equal(log.shift, np.flatnonzero((ops >= Op.SLL) & (ops <= Op.SRA)))
    assert np.array_equal(log.muldiv, np.flatnonzero((ops >= Op.MUL) & (ops <= Op.REM)))
    assert len(log.shift) == execution.cost.shift
    assert len(log.muldiv) == execution.cost.muldiv
    assert len(log.steps) == execution.cycles == execution.cost.main


@every_execution
def test_words_of_a_call_stand_together_in_the_documented_order(execution: Execution) -> None:
    log = execution.log
    rows = log.memw.tolist()
    starts = {}
    for i, row in enumerate(rows):
        starts.setdefault((row[0] - 1) // 4, i)
    for call in log.arith256:
        at, ts = starts[(int(call["ts"]) - 1) // 4], int(call["ts"])
        px, py, op = int(call["px"]) // 4, int(call["py"]) // 4, int(call["op"])
        reads, writes = {Op.MULMOD: (24, 8), Op.ECADD: (16, 16), Op.ECDBL: (8, 16)}[Op(op)]
        expected = [(ts, py + r, Op.LW) for r in range(reads)] + [(ts + 1, px + r, Op.SW) for r in range(writes)]
        assert [(row[0], row[1], row[5]) for row in rows[at : at + reads + writes]] == expected
        assert [row[3] for row in rows[at + reads : at + reads + writes]] == call["results"][:writes].tolist()
        own = call["operands"][:writes].tolist()
        assert [row[2] for row in rows[at + reads : at + reads + writes]] == own
        read = call["operands"][:8] if op == Op.ECDBL else call["operands"][writes:]
        assert [row[2] for row in rows[at : at + reads]] == read.tolist()
    for call in log.keccak:
        at, ts = starts[(int(call["ts"]) - 1) // 4], int(call["ts"])
        block = rows[at : at + 50]
        assert [(row[0], row[1], row[5]) for row in block] == [
            (ts, int(call["pointer"]) // 4 + r, Op.SW) for r in range(50)
        ]
        assert [row[2] for row in block] == call["before"].tolist()
        assert [row[3] for row in block] == call["after"].tolist()


@every_execution
def test_ends_of_the_cells(execution: Execution) -> None:
    log, program = execution.log, execution.program
    assert log.registers["address"].tolist() == [REGISTER_BASE + r for r in range(33)]
    assert np.array_equal(log.image["address"], program.image[:, 0])
    assert np.array_equal(log.image["initial"], program.image[:, 1])
    ram = log.ram["address"].astype(np.int64)
    assert (np.diff(ram) > 0).all()
    assert {IN_LO, ZERO_LO, MEMORY_END - 1} <= set(ram.tolist())
    assert not log.ram["initial"][ram >= ZERO_LO].any()
    assert execution.output == tuple(log.registers["final"][10:18].tolist())


def test_input_words_are_the_initial_values_of_their_region() -> None:
    log = run(assemble(BYTES), b"input").log
    region = log.ram[log.ram["address"] < ZERO_LO]
    assert region["address"].tolist() == [IN_LO, IN_LO + 1]
    assert region["initial"].tolist() == [5, int.from_bytes(b"inpu", "little")]
    assert region["final"].tolist() == [5, 5]


def test_padding_continues_the_log() -> None:
    """Each row of padding takes up the times where the row before left them."""
    execution = run(assemble("li a0, 1\nli t0, 0x20000000\nsw a0, 0(t0)\nsw zero, 0(t0)\nhalt"))
    log, rom = execution.log, execution.program.rom
    padding = padding_steps(log, 16)
    times = {REGISTER_BASE + r: int(time) for r, time in enumerate(log.registers["time"])}
    for i, (row, a, b, c, old, t1, t2, t3) in enumerate(padding.tolist(), start=len(log.steps)):
        assert (row, a, b, c, old) == (len(rom) - 1, 0, 0, 0, 0)
        ts = 4 * i + 1
        assert (t1, t2, t3) == (times[REGISTER_BASE], ts, times[REGISTER_BASE + 32])
        times[REGISTER_BASE], times[REGISTER_BASE + 32] = ts + 1, ts + 3
    assert padded_registers(log, 16)["time"].tolist() == list(times.values())
    with pytest.raises(ValueError, match="do not fit"):
        padding_steps(log, 4)


def test_size_and_read_only() -> None:
    log = EXECUTIONS[-1].log
    assert log.nbytes / len(log.steps) < 80
    with pytest.raises(ValueError, match="read-only"):
        log.steps["a"][0] = 1


def test_programs_of_equal_files_have_equal_digests() -> None:
    first, second = assemble(BYTES), assemble(BYTES)
    assert isinstance(first, Program)
    assert first.digest == second.digest
    assert first.digest != assemble(BYTES.replace("5", "6")).digest
