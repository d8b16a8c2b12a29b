"""How much memory a proof takes, stage by stage, known from the tables' heights before anything is allocated.

Everything large is counted: the witness and its coefficients, extensions (all of them when they are kept, one coset of
one height when not), trees, the LogUp fractions of the largest table, quotient accumulators, D and the FRI layers.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from zkvm.stark.layout import AUX, FIXED, MAIN, Layout, Stage
from zkvm.stark.refusals import ProofDoesNotFit

ELEMENT_BYTES = 8
EXT_BYTES = 24
# Interpreter, NumPy, the compiled modules and the machine's definition.
BASE_BYTES = 110 << 20


@dataclass(frozen=True)
class Forecast:
    """What a proof will take.

    Attributes:
        keep: Whether extensions are kept in memory; it is faster.
        by_stage: Bytes in use at the most demanding moment of each stage.
    """

    keep: bool
    by_stage: Mapping[str, int]

    @property
    def peak(self) -> int:
        """Bytes at the most demanding moment of all."""
        return max(self.by_stage.values())

    @property
    def peak_stage(self) -> str:
        """Where that is."""
        return max(self.by_stage, key=self.by_stage.__getitem__)


def plan(layout: Layout, limit: int | None = None) -> Forecast:
    """The fastest way that fits.

    Args:
        layout: Heights, widths and profile.
        limit: Bytes the process may use; what the machine has free, plus what the process holds, without it.

    Raises:
        ProofDoesNotFit: There is no way that fits.
    """
    allowed = available() if limit is None else limit
    for keep in (True, False):
        found = forecast(layout, keep)
        if found.peak <= allowed:
            return found
    raise ProofDoesNotFit(found.peak, allowed, found.peak_stage)


def forecast(layout: Layout, keep: bool) -> Forecast:
    """Bytes in use by stage, with extensions kept or not."""
    fixed, main, aux, quotient = (_Stage(stage, layout, keep) for stage in layout.stages)
    tallest = 1 << layout.log_height
    held = BASE_BYTES + fixed.columns + main.columns
    by_stage: dict[str, int] = {}

    held += fixed.columns + main.columns + fixed.tree  # coefficients
    by_stage["commit main"] = held + fixed.kept + main.tree + main.extension
    held += fixed.kept + main.tree + main.kept
    by_stage["logup"] = held + aux.columns + _fractions(layout)
    held += aux.columns
    by_stage["commit aux"] = held + aux.tree + max(aux.extension, aux.largest_columns)
    held += aux.tree + aux.kept
    accumulators = 3 * EXT_BYTES * tallest
    by_stage["quotient"] = max(
        held + accumulators + EXT_BYTES * tallest + _coset_of_a_table(layout, keep),
        held + 2 * quotient.columns + quotient.tree + quotient.extension,
    )
    held += quotient.columns + quotient.tree + quotient.kept
    by_stage["openings"] = held
    by_stage["deep"] = held + 12 * EXT_BYTES * tallest
    layers = 8 * EXT_BYTES * tallest // 7
    values = layers << layout.profile.log_blowup if keep else 2 * EXT_BYTES * tallest
    nodes = 2 * layout.profile.node_bytes * (tallest << layout.profile.log_blowup) // 7
    by_stage["fri"] = held + layers + values + nodes + 2 * EXT_BYTES * tallest
    by_stage["queries"] = held + layers + (values if keep else 0) + nodes + (0 if keep else main.extension)
    return Forecast(keep, by_stage)


class _Stage:
    """Bytes of one committed stage: its columns, its tree, what is kept and what is needed while it is made."""

    def __init__(self, stage: Stage, layout: Layout, keep: bool) -> None:
        def cells(log_height: int) -> int:
            return sum(block.width << block.log_height for block in stage.blocks if block.log_height == log_height)

        blowup, node_bytes = layout.profile.blowup, layout.profile.node_bytes
        self.columns = ELEMENT_BYTES * sum(block.width << block.log_height for block in stage.blocks)
        self.largest_columns = max(
            (ELEMENT_BYTES * block.width << block.log_height for block in stage.blocks), default=0
        )
        heights = {block.log_height for block in stage.blocks}
        whole = blowup * self.columns
        one_coset = max((ELEMENT_BYTES * cells(height) for height in heights), default=0)
        self.kept = whole if keep else 0
        self.extension = whole if keep else one_coset
        top = blowup << max(heights) if heights else 0
        self.tree = 2 * node_bytes * top + sum(node_bytes * (blowup << height) for height in sorted(heights)[:-1])


def _fractions(layout: Layout) -> int:
    """Numerators, denominators and inverses of the table with the most of them."""
    groups = (
        len(table.groups) << height for table, height in zip(layout.machine.tables, layout.log_heights, strict=True)
    )
    return 4 * EXT_BYTES * max(groups, default=0)


def _coset_of_a_table(layout: Layout, keep: bool) -> int:
    """What the quotient reads of one table at a time: the columns, unless they were kept, and FIRST."""
    columns = [0] * len(layout.log_heights)
    for stage in (layout.stages[FIXED], layout.stages[MAIN], layout.stages[AUX]):
        for block in stage.blocks:
            columns[block.table] += 0 if keep else block.width
    return max((width + 4) * ELEMENT_BYTES << height for width, height in zip(columns, layout.log_heights, strict=True))


def available() -> int:
    """Bytes this process may use: what it holds and what is free, within its control group."""
    page = os.sysconf("SC_PAGE_SIZE")
    held = int(Path("/proc/self/statm").read_text().split()[1]) * page if Path("/proc/self/statm").exists() else 0
    free = page * os.sysconf("SC_AVPHYS_PAGES")
    meminfo = Path("/proc/meminfo")
    if meminfo.exists():
        for line in meminfo.read_text().splitlines():
            if line.startswith("MemAvailable:"):
                free = 1024 * int(line.split()[1])
    limits = [held + free]
    group, used = Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current")
    if group.exists() and used.exists() and (text := group.read_text().strip()) != "max":
        limits.append(held + max(0, int(text) - int(used.read_text())))
    return min(limits)
