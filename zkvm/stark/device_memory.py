"""How much memory a proof takes on a device, and how much of the host beside it, before anything is allocated.

On the device are the coefficients of all columns, a coset of one height at a time (all of them when extensions are
kept), and what a stage needs besides. Trees are on the device if they fit there, else on the host. The witness's values
stay on the host: a table's are uploaded when they are needed. Those of tables that are made on the device are there
only until their coefficients are, and beside them what they are made from.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from zkvm.air import Machine
from zkvm.backends.cuda.backend import CudaBackend
from zkvm.backends.interface import Backend
from zkvm.stark import memory
from zkvm.stark.layout import AUX, FIXED, MAIN, QUOTIENT, QUOTIENT_CHUNKS, QUOTIENT_WIDTH, Layout, Stage
from zkvm.stark.memory import BASE_BYTES, ELEMENT_BYTES, EXT_BYTES, Forecast, shape_of
from zkvm.stark.profiles import Profile
from zkvm.stark.refusals import ProofDoesNotFit, ProofDoesNotFitDevice

CONTEXT_BYTES = 640 << 20
"""What CUDA itself, the kernels' code and their tables of roots take."""

LOG_ROW_BYTES = 32
"""What a row made on the device is made from, at most: a record of the execution log."""

# Part of all arrays that the pool loses to their rounding and to the gaps between them.
POOL_LOSS = 8


@dataclass(frozen=True)
class DeviceForecast:
    """What a proof will take.

    Attributes:
        device: Of the device: whether extensions are kept there, and bytes by stage.
        trees_on_device: Whether the nodes of trees are.
        host: Bytes of the host.
    """

    device: Forecast
    trees_on_device: bool
    host: int


def forecast(
    machine: Machine, heights: Mapping[str, int], profile: Profile, limit: int, made: Collection[str] = ()
) -> DeviceForecast:
    """What proving takes: the fastest way that fits, or the smallest if none does.

    Args:
        machine: The definition.
        heights: Table name → rows, for every table.
        profile: Sets the blow-up and the nodes' length.
        limit: Bytes of the device.
        made: The tables whose columns are made on the device.

    Raises:
        WrongHeights: A table is missing, or no proof may have tables of these heights.
    """
    return choose(shape_of(machine, heights, profile), limit, made)


def plan(shape: Layout, limit: int, host_limit: int | None = None, made: Collection[str] = ()) -> DeviceForecast:
    """The fastest way that fits.

    Args:
        shape: Heights, widths and profile.
        limit: Bytes of the device that may be taken.
        host_limit: Bytes this process may take of the host; what is free, without it.
        made: The tables whose columns are made on the device.

    Raises:
        ProofDoesNotFitDevice: There is no way that fits the device.
        ProofDoesNotFit: It fits the device, but the host has too little beside it.
    """
    found = choose(shape, limit, made)
    if found.device.peak > limit:
        raise ProofDoesNotFitDevice(found.device.peak, limit, found.device.peak_stage)
    allowed = memory.available() if host_limit is None else host_limit
    if found.host > allowed:
        raise ProofDoesNotFit(found.host, allowed, "commit main")
    return found


def choose(shape: Layout, limit: int, made: Collection[str] = ()) -> DeviceForecast:
    """Trees and extensions on the device, or trees alone, or neither."""
    for keep, trees in ((True, True), (False, True)):
        found = count(shape, keep=keep, trees=trees, made=made)
        if found.device.peak <= limit:
            return found
    return count(shape, keep=False, trees=False, made=made)


def keep_extensions(shape: Layout, backend: Backend, host_limit: int | None, made: Collection[str] = ()) -> bool:
    """Decide how a backend proves; tells one with a device where trees go.

    Raises:
        ProofDoesNotFit, ProofDoesNotFitDevice: There is no way that fits.
    """
    if not isinstance(backend, CudaBackend):
        return memory.plan(shape, host_limit).keep
    found = plan(shape, backend.device.memory()[0] + CONTEXT_BYTES, host_limit, made)
    backend.trees_on_device = found.trees_on_device
    return found.device.keep


def count(shape: Layout, *, keep: bool, trees: bool, made: Collection[str] = ()) -> DeviceForecast:
    """Bytes by stage, with extensions kept or not, trees on the device or not, and some tables made there."""
    stages = [_Stage(stage, shape, keep, trees) for stage in shape.stages]
    fixed, main, aux, quotient = stages
    tallest = 1 << shape.log_height
    column = EXT_BYTES * tallest
    by_stage: dict[str, int] = {}

    held = fixed.columns + main.columns
    by_stage["commit main"] = held + max(fixed.making, fixed.kept + max(main.making, _making_columns(shape, made)))
    held += fixed.kept + main.kept
    by_stage["logup"] = held + aux.columns + _fractions(shape)
    by_stage["commit aux"] = held + aux.columns + max(aux.widest, aux.making)
    held += aux.columns + aux.kept
    chunks = QUOTIENT_CHUNKS * column
    by_stage["quotient"] = (
        held + chunks + max(2 * column + max(_coset_of_a_table(shape, keep), 3 * column), quotient.making)
    )
    held += quotient.columns + quotient.kept
    next_columns = max(stage.next_columns for stage in stages)
    by_stage["openings"] = held + next_columns
    # Numerators at three points of all heights, the result, quotients, and what a division takes.
    by_stage["deep"] = held + (6 + 1 + 3 + 3) * column + next_columns
    layers = 8 * column // 7
    extension = layers << shape.profile.log_blowup if keep else 0
    digests = shape.profile.node_bytes * tallest
    nodes = 2 * (digests << shape.profile.log_blowup) // 7 if trees else 0
    by_stage["fri"] = held + layers + extension + nodes + 2 * column + digests
    rows = 0 if keep else max(main.coset, aux.coset, QUOTIENT_WIDTH * ELEMENT_BYTES * tallest)
    by_stage["queries"] = held + layers + extension + nodes + rows
    with_losses = {stage: CONTEXT_BYTES + size + size // POOL_LOSS for stage, size in by_stage.items()}
    return DeviceForecast(Forecast(keep, with_losses), trees, _host(shape, trees, made))


class _Stage:
    """Bytes of one committed stage.

    Attributes:
        columns: Coefficients.
        widest: Those of the largest table, of which values and coefficients are there at once.
        coset: One coset of the heights that are hashed together.
        kept: What is left when the tree is made: extensions and nodes, where they are kept.
        making: At the most while the tree is made.
        next_columns: A copy of the columns of one table that are opened at the next row, too.
    """

    def __init__(self, stage: Stage, shape: Layout, keep: bool, trees: bool) -> None:
        profile = shape.profile
        cells = {level.log_rows: level.width << level.log_rows for level in stage.levels}
        sizes = [(block.width, len(block.next), block.log_height) for block in stage.blocks]
        self.columns = ELEMENT_BYTES * sum(width << height for width, _, height in sizes)
        self.widest = ELEMENT_BYTES * max((width << height for width, _, height in sizes), default=0)
        self.next_columns = ELEMENT_BYTES * max((count << height for _, count, height in sizes), default=0)
        self.coset = ELEMENT_BYTES * (max(cells.values(), default=0) >> profile.log_blowup)
        leaves = profile.node_bytes << stage.levels[0].log_rows if cells else 0
        nodes = 2 * leaves if trees else 0
        extension = profile.blowup * self.columns if keep else 0
        self.kept = extension + nodes
        # Digests in natural order of all heights, the leaves' in position, and the level above them.
        digests = 4 * leaves >> profile.log_blowup
        self.making = self.kept + (0 if keep else self.coset) + digests


def _making_columns(shape: Layout, made: Collection[str]) -> int:
    """What is there of tables made on the device beside coefficients: the largest one's values, the log, the program.

    Of the log that are the run's steps, as many as the tallest table has rows at most, and one table's own records.
    """
    tables = zip(shape.machine.tables, shape.log_heights, strict=True)
    sizes = [(ELEMENT_BYTES * len(table.main), height) for table, height in tables if table.name in made]
    if not sizes:
        return 0
    program = ELEMENT_BYTES * max((block.width << block.log_height for block in shape.stages[FIXED].blocks), default=0)
    records = 2 * LOG_ROW_BYTES << max(height for _, height in sizes)
    return max(width << height for width, height in sizes) + records + program


def _fractions(shape: Layout) -> int:
    """Denominators and one inverse of the table with the most of them, and the columns they are read from."""
    tables = zip(shape.machine.tables, shape.log_heights, strict=True)
    return max(
        (
            (
                EXT_BYTES * max(len(table.groups) + 1, 4)
                + ELEMENT_BYTES * (table.width("main") + table.width("fixed") + 1)
            )
            << height
            for table, height in tables
            if table.groups
        ),
        default=0,
    )


def _coset_of_a_table(shape: Layout, keep: bool) -> int:
    """What the quotient reads of one table at a time: the columns, unless they were kept, and FIRST."""
    columns = [2] * len(shape.log_heights)
    for number in (FIXED, MAIN, AUX):
        for block in shape.stages[number].blocks:
            columns[block.table] += 0 if keep else block.width
    return max(ELEMENT_BYTES * width << height for width, height in zip(columns, shape.log_heights, strict=True))


def _host(shape: Layout, trees: bool, made: Collection[str]) -> int:
    """The witness made here, with a table's own aux columns, and trees that are not on the device."""
    stages = shape.stages
    here = [block for block in stages[MAIN].blocks if shape.machine.tables[block.table].name not in made]
    witness = sum(block.width << block.log_height for block in (*stages[FIXED].blocks, *here))
    tables = zip(shape.machine.tables, shape.log_heights, strict=True)
    own = max((3 * len(table.own_aux) << height for table, height in tables if table.name not in made), default=0)
    nodes = 0
    if not trees:
        leaves = [stages[number].levels[0].log_rows for number in (FIXED, MAIN, AUX, QUOTIENT) if stages[number].blocks]
        nodes = sum(2 * shape.profile.node_bytes << log_rows for log_rows in leaves)
        nodes += 2 * (shape.profile.node_bytes << shape.log_domain) // 7
    return BASE_BYTES + ELEMENT_BYTES * (witness + own) + nodes
