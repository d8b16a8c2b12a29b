"""What verifying a proof on L1 costs: bytes and gas, by part and by cause, and gas a transaction.

The contracts are the committed ones, on revm. The price of a part is that of EIP-7623: what call data and execution
cost, or 40 gas a byte that is not zero (10 for a zero), if that is more. The causes are found by parts that are honest
up to a point: the gas of a refusal is that of all steps before it. ``--profile NAME`` chooses the profile, else ``l1``.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.measure import Figure
from benchmarks.zkvm_batch import TRANSACTIONS, Bench
from tests.zkvm.onchain.revm import Gas, OnL1, Refused, Statement, gas_of
from zkvm.backends.cpu import CpuBackend
from zkvm.guest import batch_program
from zkvm.machine.api import Proven, prove
from zkvm.machine.key import key_for
from zkvm.machine.machine import riscv
from zkvm.onchain import split
from zkvm.onchain.openings import Tree, siblings_count, trees_of
from zkvm.stark.check_queries import ancestors
from zkvm.stark.domains import bit_reverse
from zkvm.stark.key import VerifyingKey
from zkvm.stark.layout import STAGES, Layout, layout
from zkvm.stark.profiles import L1, PROFILES, Profile
from zkvm.stark.proof import Proof

GAS_GOAL, BYTES_GOAL = 12_000_000, 280_000
TRANSFERS = (10, 100, 1_000)


@dataclass(frozen=True)
class Made:
    """A proof of a batch, in parts."""

    profile: Profile
    key: VerifyingKey
    output: tuple[int, ...]
    proof: bytes

    @property
    def statement(self) -> Statement:
        """As L1 names it."""
        return Statement(self.key.hash, self.output)

    def parts(self) -> list[bytes]:
        """As they are sent."""
        return split(riscv(), self.key, self.profile, self.output, self.proof)

    def layout(self) -> Layout:
        """The proof's."""
        return layout(riscv(), self.profile, Proof.from_bytes(self.proof, riscv(), self.profile).log_heights)


def made(profile: Profile) -> Made:
    """A batch of twenty transfers, proven."""
    bench, backend, program = Bench.make(), CpuBackend(), batch_program()
    data = bench.batch(lambda at: {"to": bench.others[7 * at], "value": 10**15 + at})
    key = key_for(program, profile, backend)
    proven: Proven = prove(program, data, profile, key, backend)
    return Made(profile, key.vk, proven.output, proven.proof)


def by_cause(found: Made) -> dict[str, int]:
    """The execution gas of the first part, step by step."""
    part, profile, shape = found.parts()[0], found.profile, found.layout()
    l1, bare = OnL1(profile), OnL1(profile, evaluators=[])
    count_at = _head_bytes(found, shape)
    count = int.from_bytes(part[count_at : count_at + 2], "big")
    begin = count_at + 2 + 4 * count
    positions = _positions(part, count_at)
    sizes = [_tree_bytes(shape, tree, positions) for tree in trees_of(shape)]
    layers = begin + sum(sizes[: len(STAGES)])
    slot = bit_reverse(positions[0] & ((1 << shape.folds[0]) - 1), shape.folds[0])
    opening = count_at - 8 - 24 * 64 - profile.node_bytes * len(shape.folds) - 24 * shape.openings
    flip: Callable[[int], bytes] = lambda at: part[:at] + bytes([part[at] ^ 1]) + part[at + 1 :]  # noqa: E731
    constraints = _until(l1, found.statement, flip(opening + 7), "ConstraintMismatch")
    without = _until(bare, found.statement, flip(opening + 7), "ConstraintMismatch")
    none = part[:count_at] + bytes(2) + part[count_at + 2 :]
    head = _until(l1, found.statement, none, "WrongOpenings")
    rows = _until(l1, found.statement, flip(layers - 1), "MerkleMismatch")
    deep = _until(l1, found.statement, flip(layers + 24 * slot + 7), "FoldMismatch")
    whole = l1.submit(found.statement, part).execution
    return {
        "key, transcript and heights": without,
        "constraints out of domain": constraints - without,
        "grinding, positions, powers and sums of δ": head - constraints,
        f"trees and rows of {count} queries": rows - head,
        f"DEEP sum of {count} queries": deep - rows,
        f"FRI of {count} queries, session": whole - deep,
    }


def _until(l1: OnL1, statement: Statement, part: bytes, error: str) -> int:
    """The execution gas that a refusal took."""
    try:
        l1.submit(statement, part)
    except Refused as refused:
        if refused.error != error:
            raise RuntimeError(f"refused by {refused.error}, not by {error}") from refused
        return gas_of(statement.call(part), refused.gas).execution
    raise RuntimeError(f"a part was accepted that {error} should refuse")


def _head_bytes(found: Made, shape: Layout) -> int:
    """Where the first group begins."""
    node, key = found.profile.node_bytes, found.key
    elements = len(shape.totals) + shape.openings + 64
    roots = len(key.roots) + 3 + len(shape.folds)
    return 1 + len(shape.log_heights) + 8 * len(key.parameters) + node * roots + 24 * elements + 8


def _positions(part: bytes, at: int) -> list[int]:
    count = int.from_bytes(part[at : at + 2], "big")
    return [int.from_bytes(part[each : each + 4], "big") for each in range(at + 2, at + 2 + 4 * count, 4)]


def _tree_bytes(shape: Layout, tree: Tree, positions: Sequence[int]) -> int:
    """The bytes of a tree in a group."""
    rows = sum(8 * width * len(ancestors(positions, shape.log_domain - level)) for level, width in tree.levels.items())
    leaves = dict.fromkeys(ancestors(positions, shape.log_domain - tree.log_leaves), ())
    return rows + shape.profile.node_bytes * siblings_count(tree.log_leaves, leaves)


def measured(found: Made) -> list[Figure]:
    """The figures of a proof."""
    name, parts = found.profile.name, found.parts()
    gas: list[Gas] = OnL1(found.profile).prove(found.statement, parts)
    total = sum(each.charged for each in gas)
    notes = "; ".join(
        f"part {number}: {len(part):,} bytes, {each.charged:,} gas (floor {each.floor:,}, "
        f"call data and start {each.intrinsic:,}, execution {each.execution:,})"
        for number, (part, each) in enumerate(zip(parts, gas, strict=True))
    )
    causes = "; ".join(f"{cause}: {cost:,}" for cause, cost in by_cause(found).items())
    heights = found.layout().log_heights
    return [
        Figure(
            f"proof on L1, {name}: bytes",
            "bytes",
            "lower",
            sum(map(len, parts)),
            BYTES_GOAL,
            "the goal",
            notes=f"the proof itself {len(found.proof):,}; log2 of the tables' rows {heights}",
        ),
        Figure(f"proof on L1, {name}: gas", "gas", "lower", total, GAS_GOAL, "the goal", notes=notes),
        Figure(f"proof on L1, {name}: largest part", "bytes", "lower", max(map(len, parts)), 120_000, "the limit"),
        Figure(f"proof on L1, {name}: execution of part 0", "gas", "lower", gas[0].execution, notes=causes),
        *(
            Figure(
                f"proof on L1, {name}: a transaction of {count}",
                "gas",
                "lower",
                round(total / count),
                notes=f"the gas of a batch of {TRANSACTIONS}; more add one node a query, tree and doubling",
            )
            for count in TRANSFERS
        ),
    ]


def figures(profile: Profile = L1) -> list[Figure]:
    """Those of a batch of twenty transfers."""
    return measured(made(profile))


def main() -> None:
    """Print the figures of one profile."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--profile", choices=list(PROFILES), default=L1.name)
    for figure in figures(PROFILES[parser.parse_args().profile]):
        print(f"{figure.name}: {figure.ours:,.0f} {figure.unit}\n    {figure.notes}")


if __name__ == "__main__":
    main()
