"""Which kernels to run, and on how many threads."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from zkvm.backends.errors import UnknownInstructionSet
from zkvm.errors import StaleBuild

try:
    from zkvm import _kernels
except ImportError as missing:
    raise StaleBuild("zkvm._kernels is not built, or for another Python") from missing

Result = TypeVar("Result")

ISA_VARIABLE = "ZKHUB_ISA"

# Work is cut finer than the threads, so that a thread which the machine holds up does not hold up all.
PIECES_A_THREAD = 4


def instruction_sets() -> tuple[str, ...]:
    """The instruction sets that this build has kernels for and this machine runs, best last."""
    return _kernels.instruction_sets()


def choose(name: str | None = None) -> tuple[int, str]:
    """An instruction set's number and name: the one asked for, that of ZKHUB_ISA, or the best.

    Raises:
        UnknownInstructionSet: the build or the machine does not have it.
    """
    known = instruction_sets()
    wanted = name or os.environ.get(ISA_VARIABLE) or known[-1]
    if wanted not in known:
        raise UnknownInstructionSet(wanted, known)
    return known.index(wanted), wanted


def available_threads() -> int:
    """As many as this process may run at once."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Workers:
    """Runs one piece of work over ranges, on all threads; the kernels let go of the interpreter's lock."""

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="zkvm") if threads > 1 else None

    def each(self, size: int, work: Callable[[int, int], Result], grain: int = 1) -> list[Result]:
        """``work(begin, end)`` for ranges that cover [0, size), each a multiple of ``grain`` long but the last."""
        ranges = list(self._ranges(size, grain))
        if self._pool is None or len(ranges) == 1:
            return [work(begin, end) for begin, end in ranges]
        return list(self._pool.map(lambda span: work(*span), ranges))

    def _ranges(self, size: int, grain: int) -> Iterator[tuple[int, int]]:
        pieces = 1 if self._pool is None else self.threads * PIECES_A_THREAD
        step = max(1, -(-size // (pieces * grain))) * grain
        for begin in range(0, size, step):
            yield begin, min(begin + step, size)
