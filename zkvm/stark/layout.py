"""The shape of a proof: what is committed where, and in which order values are opened.

It follows from the machine, the profile and the tables' heights alone. Prover and verifier read everything that has an
order from here: base columns of a stage, levels of a tree, openings, powers of the batching challenge, folds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from zkvm.air import Machine
from zkvm.air import Stage as StageName
from zkvm.stark.domains import FINAL_COEFFICIENTS_LOG, fold_logs
from zkvm.stark.errors import WrongHeights
from zkvm.stark.profiles import Profile

COMMITTED: tuple[StageName, ...] = ("fixed", "main", "aux")
STAGES = (*COMMITTED, "quotient")
FIXED, MAIN, AUX, QUOTIENT = range(4)
QUOTIENT_CHUNKS = 3
QUOTIENT_WIDTH = 3 * QUOTIENT_CHUNKS
FINAL_COEFFICIENTS = 1 << FINAL_COEFFICIENTS_LOG


@dataclass(frozen=True)
class Block:
    """The base columns of one table in one stage.

    Attributes:
        table: Index of the table in the machine; −1 for the quotient's pseudo table.
        log_height: log2 of the table's rows.
        width: Number of base columns, at least 1.
        first: Number of its first column among all base columns of all stages (``c`` in the DEEP sum).
        next: Columns, relative to ``first``, that are also opened at the next row, ascending.
    """

    table: int
    log_height: int
    width: int
    first: int
    next: tuple[int, ...]

    @property
    def columns(self) -> slice:
        """Its columns among all."""
        return slice(self.first, self.first + self.width)


@dataclass(frozen=True)
class Level:
    """The blocks whose rows are hashed together at one level of a tree.

    Attributes:
        log_rows: log2 of the level's positions: table height times blow-up.
        blocks: In table order.
    """

    log_rows: int
    blocks: tuple[Block, ...]

    @property
    def width(self) -> int:
        """Elements in one hashed row."""
        return sum(block.width for block in self.blocks)


@dataclass(frozen=True)
class Stage:
    """One committed tree.

    Attributes:
        blocks: In table order; empty when the machine has no columns in the stage, which then has no tree.
    """

    name: str
    blocks: tuple[Block, ...]
    log_blowup: int

    @cached_property
    def levels(self) -> tuple[Level, ...]:
        """Largest first; the first is the level of the leaves."""
        sizes = sorted({block.log_height for block in self.blocks}, reverse=True)
        return tuple(
            Level(size + self.log_blowup, tuple(block for block in self.blocks if block.log_height == size))
            for size in sizes
        )


@dataclass(frozen=True)
class Layout:
    """Everything about a proof that is known before the first message.

    Attributes:
        log_heights: log2 of the rows, for each table in table order.
        log_height: The largest of them.
        stages: fixed, main, aux, quotient.
        totals: Tables that have interactions and so a claimed total, ascending.
    """

    machine: Machine
    profile: Profile
    log_heights: tuple[int, ...]
    log_height: int
    stages: tuple[Stage, ...]
    totals: tuple[int, ...]

    @property
    def log_domain(self) -> int:
        """log2 of the largest evaluation domain, n."""
        return self.log_height + self.profile.log_blowup

    @cached_property
    def columns(self) -> int:
        """Number of base columns in all stages, C."""
        return sum(block.width for stage in self.stages for block in stage.blocks)

    @cached_property
    def next_columns(self) -> tuple[int, ...]:
        """The columns that are opened at the next row as well, in the order of the openings."""
        return tuple(block.first + c for stage in self.stages for block in stage.blocks for c in block.next)

    @property
    def openings(self) -> int:
        """How many values the prover claims: C at z, then the next columns at g_N·z."""
        return self.columns + len(self.next_columns)

    @cached_property
    def lifted(self) -> tuple[Block, ...]:
        """The prover's own columns of tables below the tallest, whose invariance the DEEP sum has to show."""
        return tuple(
            block
            for stage in (self.stages[MAIN], self.stages[AUX])
            for block in stage.blocks
            if block.log_height < self.log_height
        )

    @property
    def folds(self) -> tuple[int, ...]:
        """log2 of the arity of each FRI layer."""
        return fold_logs(self.log_height)

    def lift_log(self, table: int) -> int:
        """log2 of k_t, by which the tallest table is taller than this one."""
        return self.log_height - self.log_heights[table]


def layout(machine: Machine, profile: Profile, log_heights: Sequence[int]) -> Layout:
    """The layout of a proof with tables of these heights.

    Raises:
        WrongHeights: Not one height a table, one out of its table's range or the profile's, or none of 64 rows.
    """
    heights = tuple(log_heights)
    _check_heights(machine, profile, heights)
    tallest = max(heights)
    stages: list[Stage] = []
    first = 0
    for stage in COMMITTED:
        blocks: list[Block] = []
        for index, table in enumerate(machine.tables):
            width = table.width(stage)
            if width:
                blocks.append(Block(index, heights[index], width, first, tuple(table.uses_next(stage))))
                first += width
        stages.append(Stage(stage, tuple(blocks), profile.log_blowup))
    quotient = Block(-1, tallest, QUOTIENT_WIDTH, first, ())
    stages.append(Stage("quotient", (quotient,), profile.log_blowup))
    totals = tuple(index for index, table in enumerate(machine.tables) if table.has_total)
    return Layout(machine, profile, heights, tallest, tuple(stages), totals)


def _check_heights(machine: Machine, profile: Profile, heights: tuple[int, ...]) -> None:
    if len(heights) != len(machine.tables):
        raise WrongHeights(f"{len(heights)} heights for the {len(machine.tables)} tables of {machine.name}")
    for table, height in zip(machine.tables, heights, strict=True):
        low, high = table.min_log_height, min(table.max_log_height, profile.max_log_height)
        if not low <= height <= high:
            raise WrongHeights(f"table {table.name} has 2^{height} rows; 2^{low} to 2^{high} are allowed")
    if max(heights) < FINAL_COEFFICIENTS_LOG:
        raise WrongHeights(f"the tallest table has 2^{max(heights)} rows; a proof needs 2^{FINAL_COEFFICIENTS_LOG}")
