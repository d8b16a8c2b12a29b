"""What verifying a proof on L1 costs: bytes and gas, by part and by cause, and gas a transaction.

The contracts are the committed ones, on revm. The price of a part is that of EIP-7623: what call data and execution
cost, or 40 gas a byte that is not zero (10 for a zero), if that is more. The causes are found by parts that are honest
up to a point: the gas of a refusal is that of all steps before it. ``--profile NAME`` chooses the profile, else ``l1``.

Proofs are kept below ``build/benchmarks`` and made only where there is none of this program and machine.
"""

import argparse
import random
from collections import Counter
from collections.abc import Iterator, Sequence

from benchmarks.measure import Figure
from benchmarks.proven_batch import ProvenBatch, proven_batch
from benchmarks.zkvm_batch import TRANSACTIONS, Bench
from tests.zkvm.onchain.revm import Gas, OnL1, Refused, Statement, gas_of
from zkvm.emulator.cost import Cost, Limits
from zkvm.emulator.opcodes import MAX_CYCLES
from zkvm.guest import batch_program, run_in_the_zkvm
from zkvm.machine.heights import heights_for
from zkvm.machine.machine import riscv
from zkvm.onchain.openings import Tree, siblings_count, trees_of
from zkvm.onchain.split import MAX_PART_BYTES
from zkvm.stark.check_queries import ancestors
from zkvm.stark.domains import bit_reverse
from zkvm.stark.layout import STAGES, Layout, layout
from zkvm.stark.memory import forecast
from zkvm.stark.profiles import L1, PROFILES, Profile

GAS_GOAL, BYTES_GOAL = 12_000_000, 280_000
FEW, MANY, VERY_MANY = 10, 100, 1_000
PREFIX_BYTES = 5
"""Before the context of every part but the first: its number, the queries done, the context's length."""


# -- by cause ---------------------------------------------------------------------------------------------------------


def by_cause(found: ProvenBatch) -> Counter[str]:
    """The execution gas of all parts, by the step that takes it."""
    l1, bare, causes = OnL1(found.profile), OnL1(found.profile, evaluators=[]), Counter[str]()
    shape, parts = found.layout(), found.parts()
    for number, part in enumerate(parts):
        group_at = PREFIX_BYTES + _number(part, PREFIX_BYTES - 2) if number else _head_bytes(found, shape)
        before = _until(l1, found.statement, part[:group_at] + bytes(2) + part[group_at + 2 :], "WrongOpenings")
        if number:
            causes["the other parts' contexts, layouts and powers of δ"] += before
        else:
            causes |= _by_cause_of_the_head(found, shape, part, group_at, l1, bare, before)
        causes += _by_cause_of_a_group(found.statement, shape, part, group_at, l1, before)
        l1.submit(found.statement, part)
    return causes


def _by_cause_of_the_head(
    found: ProvenBatch, shape: Layout, part: bytes, end: int, l1: OnL1, bare: OnL1, whole: int
) -> Counter[str]:
    opening = end - 8 - 24 * 64 - found.profile.node_bytes * len(shape.folds) - 24 * shape.openings
    wrong = _flipped(part, opening + 7)
    constraints = _until(l1, found.statement, wrong, "ConstraintMismatch")
    without = _until(bare, found.statement, wrong, "ConstraintMismatch")
    return Counter(
        {
            "key, heights, and transcript to z": without,
            "constraints out of domain": constraints - without,
            "grinding, positions, powers of δ and sums": whole - constraints,
        }
    )


def _by_cause_of_a_group(
    statement: Statement, shape: Layout, part: bytes, group_at: int, l1: OnL1, before: int
) -> Counter[str]:
    count = _number(part, group_at)
    begin = group_at + 2 + 4 * count
    positions = [int.from_bytes(part[at : at + 4], "big") for at in range(group_at + 2, begin, 4)]
    layers = begin + sum(_tree_bytes(shape, tree, positions) for tree in trees_of(shape)[: len(STAGES)])
    slot = bit_reverse(positions[0] & ((1 << shape.folds[0]) - 1), shape.folds[0])
    rows = _until(l1, statement, _flipped(part, layers - 1), "MerkleMismatch")
    deep = _until(l1, statement, _flipped(part, layers + 24 * slot + 7), "FoldMismatch")
    whole = l1.verdict_gas(statement, part).execution
    return Counter(
        {
            "rows of the queries, and their trees": rows - before,
            "DEEP sums of the queries": deep - rows,
            "FRI of the queries, and the session": whole - deep,
        }
    )


def _until(l1: OnL1, statement: Statement, part: bytes, error: str) -> int:
    """The execution gas that a refusal took."""
    try:
        l1.submit(statement, part)
    except Refused as refused:
        if refused.error != error:
            raise RuntimeError(f"refused by {refused.error}, not by {error}") from refused
        return gas_of(statement.call(part), refused.gas).execution
    raise RuntimeError(f"a part was accepted that {error} should refuse")


def _flipped(part: bytes, at: int) -> bytes:
    return part[:at] + bytes([part[at] ^ 1]) + part[at + 1 :]


def _number(part: bytes, at: int) -> int:
    return int.from_bytes(part[at : at + 2], "big")


# -- sizes ------------------------------------------------------------------------------------------------------------


def _head_bytes(found: ProvenBatch, shape: Layout) -> int:
    """Where the first group begins."""
    node, key = found.profile.node_bytes, found.vk
    elements = len(shape.totals) + shape.openings + 64
    roots = len(key.roots) + 3 + len(shape.folds)
    return 1 + len(shape.log_heights) + 8 * len(key.parameters) + node * roots + 24 * elements + 8


def _tree_bytes(shape: Layout, tree: Tree, positions: Sequence[int]) -> int:
    """The bytes of a tree in a group."""
    rows = sum(8 * width * len(ancestors(positions, shape.log_domain - level)) for level, width in tree.levels.items())
    leaves = dict.fromkeys(ancestors(positions, shape.log_domain - tree.log_leaves), ())
    return rows + shape.profile.node_bytes * siblings_count(tree.log_leaves, leaves)


def _openings_bytes(shape: Layout) -> int:
    """The bytes of the openings of a proof of this layout, in groups as large as parts allow, at random positions."""
    positions = sorted(random.Random(1).sample(range(1 << shape.log_domain), shape.profile.queries))
    groups = -(-shape.profile.queries // 16)
    cuts = [positions[len(positions) * at // groups : len(positions) * (at + 1) // groups] for at in range(groups)]
    return sum(_tree_bytes(shape, tree, cut) for cut in cuts for tree in trees_of(shape))


# -- a transaction ----------------------------------------------------------------------------------------------------


def a_transaction(found: ProvenBatch, gas: int) -> Iterator[Figure]:
    """The gas of a transfer, by the transfers in a batch: estimates from the measured proof, by the openings' bytes."""
    profile, measured = found.profile, _openings_bytes(found.layout())
    costs = {count: _cost_of(count) for count in (FEW, found.transfers, MANY)}
    each = _each(costs[FEW], costs[MANY], MANY - FEW)
    # What a proof holds: as many transfers as keep the fullest table within its limit.
    most = int(min((limit - fixed) / rows for limit, fixed, rows in _limits(costs[FEW], each)))
    for count in (FEW, found.transfers, MANY, VERY_MANY):
        proofs = -(-count // most)
        held = -(-count // proofs)
        shape = _shape_of(profile, costs[held] if held in costs else _scaled(costs[FEW], each, held - FEW))
        estimate = round(gas * _openings_bytes(shape) / measured)
        peak = forecast(riscv(), _heights(shape), profile, limit=0).peak / 2**30
        yield Figure(
            f"proof on L1, {profile.name}: a transfer of {count}",
            "gas",
            "lower",
            round(proofs * estimate / count),
            notes=f"{proofs} proof{'s' * (proofs > 1)} of {held} transfers, {estimate:,} gas each "
            f"({'measured' if count == found.transfers else 'estimated by the bytes of its openings'}); the tallest "
            f"table has 2^{shape.log_height} rows, it takes {peak:.1f} GiB; a proof holds {most} transfers at most",
        )


def _cost_of(transfers: int) -> Cost:
    cost = run_in_the_zkvm(Bench.make(transfers).transfers(), 8 * MAX_CYCLES).cost
    if cost is None:
        raise RuntimeError(f"the program refuses a batch of {transfers} transfers")
    return cost


def _each(few: Cost, many: Cost, more: int) -> dict[str, float]:
    """Rows of each table that one more transfer takes."""
    return {name: (getattr(many, name) - getattr(few, name)) / more for name in Cost.__slots__}


def _limits(few: Cost, each: dict[str, float]) -> Iterator[tuple[int, float, float]]:
    """For each table its limit, its rows in an empty batch, and its rows a transfer."""
    for name, rows in each.items():
        yield getattr(Limits(), name), getattr(few, name) - FEW * rows, rows


def _scaled(few: Cost, each: dict[str, float], more: int) -> Cost:
    return Cost(**{name: round(getattr(few, name) + more * rows) for name, rows in each.items()})


def _shape_of(profile: Profile, cost: Cost) -> Layout:
    heights = heights_for(batch_program(), cost)
    return layout(riscv(), profile, [heights[table.name].bit_length() - 1 for table in riscv().tables])


def _heights(shape: Layout) -> dict[str, int]:
    return {table.name: 1 << log for table, log in zip(riscv().tables, shape.log_heights, strict=True)}


# -- figures ----------------------------------------------------------------------------------------------------------


def measured(found: ProvenBatch) -> list[Figure]:
    """The figures of a proof."""
    name, parts = found.profile.name, found.parts()
    gas: list[Gas] = OnL1(found.profile).prove(found.statement, parts)
    total = sum(each.charged for each in gas)
    notes = "; ".join(
        f"part {number}: {len(part):,} bytes, {each.charged:,} gas (floor {each.floor:,}, "
        f"call data and start {each.intrinsic:,}, execution {each.execution:,})"
        for number, (part, each) in enumerate(zip(parts, gas, strict=True))
    )
    causes = by_cause(found)
    return [
        Figure(
            f"proof on L1, {name}: bytes",
            "bytes",
            "lower",
            sum(map(len, parts)),
            BYTES_GOAL,
            "the goal",
            notes=f"the proof itself {len(found.proof):,}; log2 of the tables' rows {tuple(found.log_heights)}",
        ),
        Figure(f"proof on L1, {name}: gas", "gas", "lower", total, GAS_GOAL, "the goal", notes=notes),
        Figure(f"proof on L1, {name}: floor", "gas", "lower", sum(each.floor for each in gas)),
        Figure(
            f"proof on L1, {name}: largest part", "bytes", "lower", max(map(len, parts)), MAX_PART_BYTES, "the limit"
        ),
        Figure(
            f"proof on L1, {name}: execution",
            "gas",
            "lower",
            sum(each.execution for each in gas),
            notes="; ".join(f"{cause}: {cost:,}" for cause, cost in causes.most_common()),
        ),
        *a_transaction(found, total),
    ]


def figures(profile: Profile = L1) -> list[Figure]:
    """Those of a batch of twenty transfers."""
    return measured(proven_batch(profile, TRANSACTIONS))


def main() -> None:
    """Print the figures of one profile."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--profile", choices=list(PROFILES), default=L1.name)
    for figure in figures(PROFILES[parser.parse_args().profile]):
        print(f"{figure.name}: {figure.ours:,.0f} {figure.unit}\n    {figure.notes}")


if __name__ == "__main__":
    main()
