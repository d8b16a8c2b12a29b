"""Runs a program: ``run`` writes the log that a proof is made of, ``measure`` only counts what a proof would cost."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from zkvm import _emulator
from zkvm.emulator import log as logs
from zkvm.emulator.cost import Cost, cost_of
from zkvm.emulator.elf import HINT_SYMBOL, Program
from zkvm.emulator.errors import CycleLimitExceeded, HintNotGiven, InputTooLarge, OutOfRangeAccess, OutputNotWritten
from zkvm.emulator.faults import raise_fault
from zkvm.emulator.hints import MOST_WORDS, STANDARD_ANSWERS, Answers
from zkvm.emulator.opcodes import (
    IN_LO,
    MAX_CYCLES,
    MEMORY_END,
    OUTPUT_REGISTER,
    OUTPUT_WORDS,
    REGISTER_BASE,
    REGISTER_CELLS,
    ZERO_LO,
)

COUNT, LOG, PROFILE = 0, 1, 2
"""What is written down: runs by op code, the log, or costs by function."""

MEMORY_LIMIT: Final = 1 << 30
"""Bytes that the emulator may hold for the guest's memory; a touched KiB takes 2 KiB."""

_HALTED, _AT_LIMIT, _AT_STOP = 0, 1, 2
_ABSENT: Final = 0xFFFF_FFFF
_CELL_STATE: Final = np.dtype([("value", "<u4"), ("time", "<u4")])
# The words that the table RAM always has.
_RAM_ENDS: Final = np.array([IN_LO, ZERO_LO, MEMORY_END - 1], dtype="<u4")
# Between two of these the interpreter of Python may look for signals.
_SLICE: Final = 1 << 26


@dataclass(frozen=True, slots=True)
class Execution:
    """A finished run."""

    program: Program
    output: tuple[int, ...]
    """The eight public words, a0 to a7 at the halt."""
    cost: Cost
    hints: tuple[int, ...]
    """The hint words that the guest was given; the same again make the same run."""
    log: logs.Log

    @property
    def cycles(self) -> int:
        """Instructions, the halt row included."""
        return self.cost.main

    @property
    def output_bytes(self) -> bytes:
        """The public words as 32 bytes, each little-endian."""
        return words_to_bytes(self.output)


@dataclass(frozen=True, slots=True)
class Measurement:
    """A finished run of which only the cost was kept."""

    output: tuple[int, ...]
    cost: Cost
    hints: tuple[int, ...]


def run(
    program: Program,
    input_bytes: bytes = b"",
    hints: Sequence[int] | None = None,
    *,
    answers: Answers = STANDARD_ANSWERS,
    max_cycles: int = MAX_CYCLES,
    memory_limit: int = MEMORY_LIMIT,
) -> Execution:
    """Runs ``program`` on ``input_bytes`` and logs it.

    Args:
        program: The guest.
        input_bytes: Its input, private.
        hints: Words for its hint cursor; None lets ``answers`` make them while the guest asks.
        answers: Who answers which kind of hint.
        max_cycles: Instructions it may take, the halt row included; at most MAX_CYCLES.
        memory_limit: Bytes that its memory may take here.

    Raises:
        InputTooLarge: Input and hints do not fit their region.
        GuestError: What the guest did cannot be proven.
    """
    if not 0 < max_cycles <= MAX_CYCLES:
        raise ValueError(f"max_cycles is {max_cycles:,}; one proof holds 1 to {MAX_CYCLES:,}")
    guest = Guest(program, input_bytes, hints, answers=answers, memory_limit=memory_limit)
    guest.go(LOG, max_cycles)
    output = guest.output()
    cost = guest.cost()
    return Execution(program, output, cost, guest.hints, guest.take_log())


def measure(
    program: Program,
    input_bytes: bytes = b"",
    hints: Sequence[int] | None = None,
    *,
    answers: Answers = STANDARD_ANSWERS,
    max_cycles: int = MAX_CYCLES,
    memory_limit: int = MEMORY_LIMIT,
) -> Measurement:
    """The same run without a log, faster; ``max_cycles`` may be more than one proof holds. Raises as ``run`` does."""
    guest = Guest(program, input_bytes, hints, answers=answers, memory_limit=memory_limit)
    guest.go(COUNT, max_cycles)
    return Measurement(guest.output(), guest.cost(), guest.hints)


def input_words(input_bytes: bytes) -> NDArray[np.uint32]:
    """The input region without hints: the length in bytes, then the bytes, little-endian, padded with zeros."""
    padded = input_bytes + bytes(-len(input_bytes) % 4)
    return np.frombuffer(len(input_bytes).to_bytes(4, "little") + padded, dtype="<u4")


def words_to_bytes(words: Sequence[int]) -> bytes:
    """Words as bytes, each little-endian."""
    return b"".join(word.to_bytes(4, "little") for word in words)


class Guest:
    """A program in the machine, before, during or after its run; ``run`` and ``measure`` are the usual ways."""

    def __init__(
        self,
        program: Program,
        input_bytes: bytes = b"",
        hints: Sequence[int] | None = None,
        *,
        answers: Answers = STANDARD_ANSWERS,
        memory_limit: int = MEMORY_LIMIT,
    ) -> None:
        self.program = program
        self._answers = answers
        self._memory_limit = memory_limit
        self._input = input_words(input_bytes)
        self._hints = [] if hints is None else [_word(hint) for hint in hints]
        self._check_input_size()
        rows, row_at, code_low, entry = program.native
        self._machine = _emulator.Machine(
            rows, row_at, code_low, entry, program.image.tobytes(), self._input_region().tobytes(), memory_limit
        )
        hint = program.find(HINT_SYMBOL) if hints is None else None
        pcs = {row.pc: index for index, row in enumerate(program.rom)} if hint else {}
        self._hint_row = pcs.get(hint.address, -1) if hint else -1

    @property
    def hints(self) -> tuple[int, ...]:
        """All hint words so far."""
        return tuple(self._hints)

    @property
    def registers(self) -> tuple[int, ...]:
        """x0 to x31 as they are now."""
        return tuple(int(value) for value in self._registers()["value"][:32])

    def go(self, mode: int, limit: int) -> None:
        """On to the halt. Raises GuestError; CycleLimitExceeded if that takes more than ``limit`` cycles in all."""
        cycle = 0
        while True:
            status, cycle, row = self._step(mode, min(limit, cycle + _SLICE))
            if status == _HALTED:
                return
            if status == _AT_STOP:
                self._answer(cycle)
            elif cycle >= limit:
                raise CycleLimitExceeded(limit, pc=self.program.rom[row].pc, cycle=cycle)

    def step(self, cycles: int = 1, mode: int = COUNT) -> bool:
        """Runs at most up to cycle ``cycles``, counted from the start; whether it has halted. Asks for no hints."""
        return self._step(mode, cycles)[0] == _HALTED

    def _step(self, mode: int, limit: int) -> tuple[int, int, int]:
        status, cycle, row, address = self._machine.run(mode, limit, self._hint_row)
        if status > _AT_STOP:
            raise_fault(
                self.program,
                status=status,
                row=row,
                cycle=cycle,
                address=address,
                input_end=4 * (IN_LO + len(self._input) + len(self._hints)),
                memory_limit=self._memory_limit,
            )
        return status, cycle, row

    def output(self) -> tuple[int, ...]:
        """The public words. Raises OutputNotWritten if the guest never wrote one of these registers."""
        written = self._registers()[OUTPUT_REGISTER : OUTPUT_REGISTER + OUTPUT_WORDS]
        if not written["time"].any():
            raise OutputNotWritten(pc=self.program.halt_pc, cycle=self.cost().main)
        return tuple(int(value) for value in written["value"])

    def cost(self) -> Cost:
        """What was run so far."""
        kinds, divisions_by_zero, touched = self._machine.counts()
        ends = np.frombuffer(self._machine.cells(_RAM_ENDS.tobytes()), dtype=_CELL_STATE)
        return cost_of(kinds, divisions_by_zero, touched + int((ends["time"] == 0).sum()))

    def peek(self, address: int, count: int) -> list[int]:
        """``count`` words from byte address ``address``. Raises ValueError if unaligned or where there is no memory."""
        words = np.arange(address // 4, address // 4 + count, dtype=np.uint64).astype("<u4")
        cells = np.frombuffer(self._machine.cells(words.tobytes()), dtype=_CELL_STATE)
        if address % 4 or (cells["time"] == _ABSENT).any():
            raise ValueError(f"no {count} words of memory at {address:#010x}")
        return [int(value) for value in cells["value"]]

    def set_functions(self, function_of: NDArray[np.uint32], functions: int) -> None:
        """Before a run in PROFILE mode: the function of each ROM row, the top bit set on its first."""
        self._machine.set_functions(function_of.astype("<u4").tobytes(), functions)

    def profile(self) -> tuple[NDArray[np.uint64], NDArray[np.uint64], NDArray[np.uint64]]:
        """After a run in PROFILE mode: own costs and costs with calls, shape (functions, 8), and numbers of calls."""
        flat, inclusive, calls = (np.frombuffer(part, dtype=np.uint64) for part in self._machine.profile())
        return flat.reshape(-1, 8), inclusive.reshape(-1, 8), calls

    def take_log(self) -> logs.Log:
        """The log of a run in LOG mode; the machine no longer has it afterwards."""
        take = self._machine.take
        return logs.Log(
            steps=logs.read_only(take("steps"), logs.STEP),
            memw=logs.read_only(take("memw"), logs.WORD_ACCESS),
            memb=logs.read_only(take("memb"), logs.BYTE_ACCESS),
            binary=logs.read_only(take("binary"), np.dtype("<u4")),
            shift=logs.read_only(take("shift"), np.dtype("<u4")),
            muldiv=logs.read_only(take("muldiv"), np.dtype("<u4")),
            arith256=logs.read_only(take("arith256"), logs.ARITH256_CALL),
            keccak=logs.read_only(take("keccak"), logs.KECCAK_CALL),
            registers=self._register_cells(),
            image=self._cells(self.program.image[:, 0], self.program.image[:, 1]),
            ram=self._ram_cells(),
        )

    def _registers(self) -> logs.Structured:
        return np.frombuffer(self._machine.registers(), dtype=_CELL_STATE)

    def _register_cells(self) -> logs.Structured:
        addresses = np.arange(REGISTER_BASE, REGISTER_BASE + REGISTER_CELLS, dtype=np.uint32)
        return _as_cells(addresses, np.zeros(REGISTER_CELLS, dtype=np.uint32), self._registers())

    def _cells(self, addresses: NDArray[np.uint32], initial: NDArray[np.uint32]) -> logs.Structured:
        state = np.frombuffer(self._machine.cells(addresses.astype("<u4").tobytes()), dtype=_CELL_STATE)
        return _as_cells(addresses, initial, state)

    def _ram_cells(self) -> logs.Structured:
        touched = logs.read_only(self._machine.take("touched"), np.dtype("<u4"))
        addresses = np.union1d(touched, _RAM_ENDS)
        initial = np.zeros(len(addresses), dtype=np.uint32)
        given = addresses < ZERO_LO
        initial[given] = self._input_region()[addresses[given] - IN_LO]
        return self._cells(addresses, initial)

    def _input_region(self) -> NDArray[np.uint32]:
        return np.concatenate([self._input, np.array(self._hints, dtype="<u4")])

    def _check_input_size(self) -> None:
        words = len(self._input) + len(self._hints)
        if words > ZERO_LO - IN_LO:
            raise InputTooLarge(4 * words, 4 * (ZERO_LO - IN_LO))

    def _answer(self, cycle: int) -> None:
        """The guest calls zkhub_hint(kind, operands, number of operands, number of words wanted)."""
        kind, pointer, operands, wanted = self.registers[10:14]
        pc = self.program.rom[self._hint_row].pc
        if max(operands, wanted) > MOST_WORDS:
            raise HintNotGiven(kind, wanted, pc=pc, cycle=cycle)
        try:
            given = self.peek(pointer, operands)
        except ValueError:
            raise OutOfRangeAccess(pointer, pc=pc, cycle=cycle) from None
        answer = self._answers.get(kind)
        words = answer(given, wanted) if answer else None
        if words is None or len(words) != wanted:
            raise HintNotGiven(kind, wanted, pc=pc, cycle=cycle)
        self._hints += [_word(word) for word in words]
        self._check_input_size()
        self._machine.extend_input(np.array(words, dtype="<u4").tobytes())


def _as_cells(addresses: NDArray[np.uint32], initial: NDArray[np.uint32], state: logs.Structured) -> logs.Structured:
    cells = np.zeros(len(addresses), dtype=logs.CELL)
    cells["address"], cells["initial"] = addresses, initial
    cells["final"], cells["time"] = state["value"], state["time"]
    cells.flags.writeable = False
    return cells


def _word(value: int) -> int:
    if not 0 <= value < 1 << 32:
        raise ValueError(f"the hint {value} is no word of 32 bits")
    return value
