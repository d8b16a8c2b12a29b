"""Making keys: the fixed columns are committed once for every height the tallest table may have."""

from collections.abc import Mapping, Sequence

from zkvm.air import Machine
from zkvm.backends.interface import Backend
from zkvm.field import P
from zkvm.stark.commit import Commitment, Fraction, TableSource, commit, silent
from zkvm.stark.domains import table_domain
from zkvm.stark.errors import InvalidParameters
from zkvm.stark.key import ProvingKey, VerifyingKey, constraints_digest, root_heights
from zkvm.stark.layout import Block
from zkvm.stark.profiles import Profile
from zkvm.stark.trace import Columns, check_fixed


def make_key(
    machine: Machine,
    fixed: Mapping[str, Columns],
    parameters: Mapping[str, int],
    profile: Profile,
    backend: Backend,
    report: Fraction = silent,
) -> ProvingKey:
    """The keys of a program: the same machine, fixed columns and parameters always give the same key.

    Args:
        machine: The machine.
        fixed: For each table with fixed columns, those columns, (columns, rows), uint64.
        parameters: A base field element for each of the machine's parameters.
        profile: Sets the blow-up and the nodes' length; the key serves all profiles that share them.
        backend: Computes.
        report: Told the fraction done.

    Raises:
        InvalidFixed: The fixed columns are not such as the machine has.
        InvalidParameters: A parameter is missing, unknown or not in the field.
    """
    check_fixed(machine, fixed)
    if set(parameters) != set(machine.parameters):
        raise InvalidParameters(f"{machine.name} has parameters {sorted(machine.parameters)}, not {sorted(parameters)}")
    for name, value in parameters.items():
        if not 0 <= value < P:
            raise InvalidParameters(f"parameter {name} is {value}, which is not in the field")
    heights = {name: columns.shape[1] for name, columns in fixed.items()}
    wanted = root_heights(machine, heights)
    blocks = fixed_blocks(machine, heights)
    coefficients = [backend.interpolate(fixed[machine.tables[block.table].name]) for block in blocks]
    roots = {}
    for done, log_height in enumerate(wanted):
        roots[log_height] = commit_fixed(blocks, coefficients, log_height, profile, backend, keep=False).root
        report((done + 1) / len(wanted))
    key = VerifyingKey(
        machine=machine.name,
        log_blowup=profile.log_blowup,
        node_bytes=profile.node_bytes,
        parameters=dict(parameters),
        heights=heights,
        roots=roots,
        constraints=constraints_digest(machine),
    )
    return ProvingKey(key, dict(fixed))


def commit_fixed(
    blocks: Sequence[Block],
    coefficients: Sequence[Columns],
    log_height: int,
    profile: Profile,
    backend: Backend,
    *,
    keep: bool,
) -> Commitment[TableSource]:
    """Commit to the fixed columns as they stand beside a tallest table of 2^log_height rows."""
    sources = [
        TableSource(block, table_domain(block.log_height, log_height, profile.log_blowup), columns)
        for block, columns in zip(blocks, coefficients, strict=True)
    ]
    return commit(sources, profile.log_blowup, profile.node_bytes, backend, keep=keep)


def fixed_blocks(machine: Machine, heights: Mapping[str, int]) -> list[Block]:
    """The blocks of the fixed stage, which do not depend on the other tables' heights."""
    blocks: list[Block] = []
    first = 0
    for index, table in enumerate(machine.tables):
        if table.fixed:
            log_height = heights[table.name].bit_length() - 1
            blocks.append(Block(index, log_height, len(table.fixed), first, tuple(table.uses_next("fixed"))))
            first += len(table.fixed)
    return blocks
