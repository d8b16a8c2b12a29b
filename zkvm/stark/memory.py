"""How much memory a proof takes, stage by stage, known from the tables' heights before anything is allocated.

Everything large is counted: the witness and its coefficients, extensions (all of them when they are kept, one coset of
one height when not), trees, the LogUp fractions of the largest table, quotient accumulators, D and the FRI layers.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from zkvm.air import Machine
from zkvm.stark.errors import WrongHeights
from zkvm.stark.layout import AUX, FIXED, MAIN, QUOTIENT_CHUNKS, Layout, Stage, layout
from zkvm.stark.profiles import Profile
from zkvm.stark.refusals import ProofDoesNotFit

ELEMENT_BYTES = 8
EXT_BYTES = 24
# Interpreter, NumPy, the compiled modules and the machine's definition.
BASE_BYTES = 64 << 20


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


def forecast(machine: Machine, heights: Mapping[str, int], profile: Profile, limit: int | None = None) -> Forecast:
    """What proving takes: the fastest way that fits, or the smallest if none does.

    Args:
        machine: The definition.
        heights: Table name → rows, for every table.
        profile: Sets the blow-up and the nodes' length.
        limit: Bytes the process may use; ``available()`` without it.

    Raises:
        WrongHeights: A table is missing, or no proof may have tables of these heights.
    """
    return choose(shape_of(machine, heights, profile), available() if limit is None else limit)


def shape_of(machine: Machine, heights: Mapping[str, int], profile: Profile) -> Layout:
    """The layout of a proof with tables of these heights, by name.

    Raises:
        WrongHeights: A table is missing, or no proof may have tables of these heights.
    """
    names = [table.name for table in machine.tables]
    if set(heights) != set(names):
        raise WrongHeights(f"heights of {sorted(heights)} for the tables {', '.join(names)}")
    return layout(machine, profile, [heights[name].bit_length() - 1 for name in names])


def plan(shape: Layout, limit: int | None = None) -> Forecast:
    """The fastest way that fits.

    Args:
        shape: Heights, widths and profile.
        limit: Bytes the process may use; ``available()`` without it.

    Raises:
        ProofDoesNotFit: There is no way that fits.
    """
    allowed = available() if limit is None else limit
    found = choose(shape, allowed)
    if found.peak > allowed:
        raise ProofDoesNotFit(found.peak, allowed, found.peak_stage)
    return found


def choose(shape: Layout, allowed: int) -> Forecast:
    """Keep the extensions if that fits, else drop them."""
    found = count(shape, keep=True)
    return found if found.peak <= allowed else count(shape, keep=False)


def count(shape: Layout, keep: bool) -> Forecast:
    """Bytes in use by stage, with extensions kept or not."""
    fixed, main, aux, quotient = (_Stage(stage, shape, keep) for stage in shape.stages)
    tallest = 1 << shape.log_height
    held = BASE_BYTES + fixed.columns + main.columns
    by_stage: dict[str, int] = {}

    held += fixed.columns + main.columns + fixed.tree  # coefficients
    by_stage["commit main"] = held + fixed.kept + main.tree + main.extension
    held += fixed.kept + main.tree + main.kept
    by_stage["logup"] = held + aux.columns + _fractions(shape)
    held += aux.columns
    by_stage["commit aux"] = held + aux.tree + aux.extension
    held += aux.tree + aux.kept
    accumulators = QUOTIENT_CHUNKS * EXT_BYTES * tallest
    by_stage["quotient"] = max(
        held + accumulators + 2 * EXT_BYTES * tallest + _coset_of_a_table(shape, keep),
        held + accumulators + quotient.columns,
        held + quotient.columns + quotient.tree + quotient.extension,
    )
    held += quotient.columns + quotient.tree + quotient.kept
    by_stage["openings"] = held
    by_stage["deep"] = held + 9 * EXT_BYTES * tallest
    layers = 8 * EXT_BYTES * tallest // 7
    values = layers << shape.profile.log_blowup if keep else 2 * EXT_BYTES * tallest
    nodes = 2 * shape.profile.node_bytes * (tallest << shape.profile.log_blowup) // 7
    by_stage["fri"] = held + layers + values + nodes + 2 * EXT_BYTES * tallest
    by_stage["queries"] = held + layers + (values if keep else 0) + nodes + (0 if keep else main.extension)
    return Forecast(keep, by_stage)


class _Stage:
    """Bytes of one committed stage: its columns, its tree, what is kept and what is needed while it is made."""

    def __init__(self, stage: Stage, shape: Layout, keep: bool) -> None:
        def cells(log_height: int) -> int:
            return sum(block.width << block.log_height for block in stage.blocks if block.log_height == log_height)

        blowup, node_bytes = shape.profile.blowup, shape.profile.node_bytes
        self.columns = ELEMENT_BYTES * sum(block.width << block.log_height for block in stage.blocks)
        heights = {block.log_height for block in stage.blocks}
        whole = blowup * self.columns
        one_coset = max((ELEMENT_BYTES * cells(height) for height in heights), default=0)
        self.kept = whole if keep else 0
        self.extension = whole if keep else one_coset
        # Digests of rows and nodes above the leaves; those of injected rows are gone when the tree is finished.
        self.tree = 2 * node_bytes * (blowup << max(heights)) if heights else 0


def _fractions(shape: Layout) -> int:
    """Denominators and one inverse, or three sums, of the table with the most of them."""
    tables = zip(shape.machine.tables, shape.log_heights, strict=True)
    return EXT_BYTES * max(
        (max(len(table.groups) + 1, 3) << height for table, height in tables if table.groups), default=0
    )


def _coset_of_a_table(shape: Layout, keep: bool) -> int:
    """What the quotient reads of one table at a time: the columns, unless they were kept, and FIRST."""
    columns = [0] * len(shape.log_heights)
    for stage in (shape.stages[FIXED], shape.stages[MAIN], shape.stages[AUX]):
        for block in stage.blocks:
            columns[block.table] += 0 if keep else block.width
    return max((width + 4) * ELEMENT_BYTES << height for width, height in zip(columns, shape.log_heights, strict=True))


def installed() -> int:
    """Bytes of memory that this machine has, or its control group allows."""
    whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    group = Path("/sys/fs/cgroup/memory.max")
    if group.exists() and (text := group.read_text().strip()) != "max":
        return min(whole, int(text))
    return whole


def held(pid: int | None = None) -> int:
    """Bytes of memory that a process holds, this one without ``pid``; 0 where the system does not tell."""
    try:
        pages = int(Path(f"/proc/{pid or 'self'}/statm").read_text().split()[1])
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def available() -> int:
    """Bytes this process may use: what it holds and what is free, within its control group."""
    mine = held()
    free = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_AVPHYS_PAGES")
    meminfo = Path("/proc/meminfo")
    if meminfo.exists():
        for line in meminfo.read_text().splitlines():
            if line.startswith("MemAvailable:"):
                free = 1024 * int(line.split()[1])
    limits = [mine + free]
    group, used = Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current")
    if group.exists() and used.exists() and (text := group.read_text().strip()) != "max":
        limits.append(mine + max(0, int(text) - int(used.read_text())))
    return min(limits)
