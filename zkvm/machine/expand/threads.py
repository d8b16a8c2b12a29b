"""Work on ranges of rows by all cores; the compiled functions release the interpreter's lock."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Result = TypeVar("Result")


def in_ranges(total: int, least: int, work: Callable[[int, int], Result]) -> list[Result]:
    """Call work(begin, end) for consecutive ranges of [0, total), one a core but none under ``least`` long."""
    parts = max(1, min(len(os.sched_getaffinity(0)), total // least))
    bounds = [total * i // parts for i in range(parts + 1)]
    if parts == 1:
        return [work(0, total)]
    with ThreadPoolExecutor(parts) as pool:
        return list(pool.map(work, bounds[:-1], bounds[1:]))
