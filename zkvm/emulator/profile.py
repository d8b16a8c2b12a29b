"""Where a guest spends its cycles and its committed cells, by function of its symbol table."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from zkvm.emulator.cost import ARITH256_ROWS, KECCAK_ROWS, Cost
from zkvm.emulator.elf import Program, Symbol
from zkvm.emulator.emulator import MEMORY_LIMIT, PROFILE, Guest
from zkvm.emulator.hints import STANDARD_ANSWERS, Answers
from zkvm.emulator.opcodes import MAX_CYCLES

_FIRST_ROW: Final = 0x8000_0000
_UNNAMED: Final = "(unnamed)"


@dataclass(frozen=True, slots=True)
class FunctionProfile:
    """One function of the guest. Words of memory (``Cost.ram``) belong to no function and are 0 here."""

    name: str
    address: int
    calls: int
    """Jumps to its first instruction that left a return address, and tail calls."""
    own: Cost
    """Of its own instructions."""
    total: Cost
    """With all that it called; a recursive function counts once, from its outermost call."""


@dataclass(frozen=True, slots=True)
class Profile:
    """A profiled run."""

    functions: tuple[FunctionProfile, ...]
    """Those that ran, the highest total first."""
    cost: Cost
    output: tuple[int, ...]

    def render(self, most: int = 30) -> str:
        """A table for people: cells are those committed for the rows used, before padding."""
        head = f"{'cycles':>12} {'own':>12} {'cells':>14} {'own':>14} {'keccak':>7} {'arith':>7} {'calls':>9}  function"
        lines = [head, *(_line(function) for function in self.functions[:most])]
        if len(self.functions) > most:
            lines.append(f"... and {len(self.functions) - most} more")
        return "\n".join(lines)


def profile(
    program: Program,
    input_bytes: bytes = b"",
    hints: Sequence[int] | None = None,
    *,
    answers: Answers = STANDARD_ANSWERS,
    max_cycles: int = MAX_CYCLES,
    memory_limit: int = MEMORY_LIMIT,
) -> Profile:
    """Runs ``program`` and accounts for every instruction; arguments and errors as for ``emulator.run``."""
    guest = Guest(program, input_bytes, hints, answers=answers, memory_limit=memory_limit)
    functions = _functions(program)
    guest.set_functions(_function_of(program, functions), len(functions))
    guest.go(PROFILE, max_cycles)
    own, total, calls = guest.profile()
    profiles = [
        FunctionProfile(symbol.name, symbol.address, int(calls[i]), _cost(own[i]), _cost(total[i]))
        for i, symbol in enumerate(functions)
        if own[i].any()
    ]
    profiles.sort(key=lambda function: (-function.total.cells, function.address))
    return Profile(tuple(profiles), guest.cost(), guest.output())


def _functions(program: Program) -> list[Symbol]:
    """The functions by address, one an address, and one for what comes before the first."""
    named = {symbol.address: symbol for symbol in reversed(program.symbols) if symbol.is_function}
    return [Symbol(_UNNAMED, 0, 0, True), *(named[address] for address in sorted(named))]


def _function_of(program: Program, functions: list[Symbol]) -> NDArray[np.uint32]:
    """The function of each ROM row, the top bit set where the function begins."""
    starts = np.array([symbol.address for symbol in functions], dtype=np.int64)
    pcs = np.array([row.pc for row in program.rom], dtype=np.int64)
    index = np.searchsorted(starts, pcs, side="right") - 1
    first = np.where(starts[index] == pcs, _FIRST_ROW, 0)
    return (index + first).astype(np.uint32)


def _cost(counts: NDArray[np.uint64]) -> Cost:
    main, memw, memb, binary, shift, muldiv, permutations, operations = (int(count) for count in counts)
    return Cost(
        main=main,
        memw=memw,
        memb=memb,
        binary=binary,
        shift=shift,
        muldiv=muldiv,
        keccak=KECCAK_ROWS * permutations,
        arith256=ARITH256_ROWS * operations,
    )


def _line(function: FunctionProfile) -> str:
    total, own = function.total, function.own
    return (
        f"{total.main:12,} {own.main:12,} {total.cells:14,} {own.cells:14,} "
        f"{total.permutations:7,} {total.operations:7,} {function.calls:9,}  {function.name}"
    )
