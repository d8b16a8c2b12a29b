"""What a proof is worth: provable bits of security, round by round.

Everything is computed from the parameters in force; no conjecture is used. ``python -m zkvm.stark.soundness`` prints
the table for the machine under each profile. The reasoning is in docs/explanation/zkvm/soundness.md.

Two regimes, of which the better one counts. In the unique-decoding regime a word far from the code is at distance
(1 − ρ)/2. In the Johnson regime (Ben-Sasson, Carmon, Haböck, Kopparty, Saraf 2025, theorem 4.2) it is at distance
θ = 1 − √ρ·(1 + 1/(2m)), up to L = (m + 1/2)/√ρ codewords are nearer, and m is free: a larger one saves queries and
costs bits in all rounds whose challenge comes from the field.
"""

import sys
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from math import ceil, inf, log2, sqrt

from zkvm.air import Machine
from zkvm.field import P
from zkvm.stark.domains import fold_logs
from zkvm.stark.errors import InsecureParameters
from zkvm.stark.layout import Layout, layout
from zkvm.stark.profiles import PROFILES, Profile

GOLDILOCKS_3 = 3 * log2(P)
"""log2 of the size of the field that challenges come from."""

MAX_MULTIPLICITY = 1000
"""Where the search for the best m ends; beyond it a query gains less than a thousandth of a bit."""

MAX_MESSAGES = 1 << 32
"""Bound on Σ rows × interactions, which the verifier enforces."""

OWN_DEGREE_A_ROW = 1024
"""Bound on the degree, in the machine's own challenges, that its own aux columns add in a row of their table."""


@dataclass(frozen=True)
class Numbers:
    """What the bits depend on.

    Attributes:
        log_height: log2 N of the tallest table.
        log_blowup: log2 1/ρ.
        queries: Positions drawn.
        grinding_bits: Work before positions are drawn.
        batch_degree: Highest power of the batching challenge.
        constraints: Number of constraints.
        degree: Largest degree of a constraint.
        messages: Σ rows × interactions.
        tuple_width: Entries of the longest bus message.
        own_degree: Degree of the machine's own identities in its own challenges.
        folds: log2 of each fold's arity.
        node_bytes: Length of a tree's nodes; 0 leaves collisions out.
        log_field: log2 of the size of the challenges' field.
        round_grinding: Work before every other challenge.
    """

    log_height: int
    log_blowup: int
    queries: int
    grinding_bits: int
    batch_degree: int
    constraints: int
    degree: int
    messages: int
    tuple_width: int
    own_degree: int
    folds: tuple[int, ...]
    node_bytes: int = 0
    log_field: float = GOLDILOCKS_3
    round_grinding: int = 0

    @property
    def rho(self) -> float:
        """The code's rate."""
        return 2.0**-self.log_blowup


@dataclass(frozen=True)
class Regime:
    """A distance and what follows from it.

    Attributes:
        multiplicity: m in the Johnson regime; 0 for unique decoding.
    """

    multiplicity: int

    def __str__(self) -> str:
        return f"Johnson, m = {self.multiplicity}" if self.multiplicity else "unique decoding"

    def agreement(self, rho: float) -> float:
        """1 − θ: the share of queries that a far word passes at most."""
        if not self.multiplicity:
            return (1 + rho) / 2
        return sqrt(rho) * (1 + 1 / (2 * self.multiplicity))

    def list_size(self, rho: float) -> float:
        """L: how many codewords can be that near."""
        return (self.multiplicity + 0.5) / sqrt(rho) if self.multiplicity else 1.0

    def line_error(self, rho: float, log_domain: int) -> float:
        """Times 1/|F|: the chance that a random point of a line through a far word is near."""
        theta, size = 1 - self.agreement(rho), 2.0**log_domain
        if not self.multiplicity:
            return theta * size + 1
        half = self.multiplicity + 0.5
        return (2 * half**5 + 3 * half * theta * rho) * size / (3 * rho * sqrt(rho)) + half / sqrt(rho)


@dataclass(frozen=True)
class Round:
    """One message of the verifier and the bits of security at it."""

    name: str
    bits: float


@dataclass(frozen=True)
class Report:
    """The calculation's outcome."""

    regime: Regime
    rounds: tuple[Round, ...]

    @property
    def weakest(self) -> Round:
        """The round that decides."""
        return min(self.rounds, key=lambda entry: entry.bits)

    @property
    def bits(self) -> float:
        """Provable bits: those of the weakest round."""
        return self.weakest.bits


def logup_bits(log_field: float, messages: float, tuple_width: int) -> float:
    """Bits of the bus argument alone: a sum of ``messages`` fractions of degree ``tuple_width`` vanishes by chance."""
    return log_field - log2(messages * tuple_width) if messages else inf


def rounds(numbers: Numbers, regime: Regime) -> tuple[Round, ...]:
    """The bits of every round in one regime."""
    rho, height = numbers.rho, 2.0**numbers.log_height
    log_domain = numbers.log_height + numbers.log_blowup
    candidates = regime.list_size(rho)

    def by_field(name: str, error: float) -> Round:
        return Round(name, numbers.log_field - log2(error) + numbers.round_grinding if error else inf)

    found: list[Round] = []
    if numbers.messages:
        # Twice: the sum of fractions may vanish by chance, and so may one of their denominators.
        found.append(by_field("buses (γ, β)", 2 * candidates * numbers.messages * numbers.tuple_width))
    if numbers.own_degree:
        found.append(by_field("own columns", candidates * numbers.own_degree))
    found.append(by_field("constraints (α)", candidates * max(numbers.constraints - 1, 1)))
    # The identity has degree d(N + 1) + N − 1 at most; invariance of lifted columns has degree N, which is less.
    deep = candidates * (numbers.degree * (height + 1) + height - 1)
    found.append(by_field("out of domain (z)", deep / (1 - 2.0 ** (log_domain + 1 - numbers.log_field))))
    found.append(by_field("batching (δ)", numbers.batch_degree * regime.line_error(rho, log_domain)))
    for number, log_arity in enumerate(numbers.folds):
        log_domain -= log_arity
        error = ((1 << log_arity) - 1) * regime.line_error(rho, log_domain)
        found.append(by_field(f"fold {number} by {1 << log_arity} (β_{number})", error))
    passing = -log2(regime.agreement(rho))
    found.append(Round("queries", numbers.queries * passing + numbers.grinding_bits))
    if numbers.node_bytes:
        found.append(Round("collisions of the hash", 4.0 * numbers.node_bytes))
    return tuple(found)


@lru_cache(maxsize=256)
def report(numbers: Numbers) -> Report:
    """The best of all regimes."""
    return max(
        (Report(regime, rounds(numbers, regime)) for regime in _regimes(numbers.rho)), key=lambda made: made.bits
    )


def fewest_queries(numbers: Numbers, target_bits: int, multiplicities: Iterable[int] | None = None) -> int | None:
    """The fewest queries that give the target with all else as it is; None when no number does.

    Args:
        numbers: All numbers; the count of queries is not looked at.
        target_bits: What every round must reach.
        multiplicities: Which m to try, 0 for unique decoding; all of them unless told.
    """
    best: int | None = None
    for regime in _regimes(numbers.rho, multiplicities):
        made = rounds(numbers, regime)
        if any(entry.bits < target_bits for entry in made if entry.name != "queries"):
            continue
        needed = max(1, ceil((target_bits - numbers.grinding_bits) / -log2(regime.agreement(numbers.rho))))
        best = needed if best is None else min(best, needed)
    return best


def numbers_of(shape: Layout) -> Numbers:
    """The numbers of a proof of this layout."""
    profile, machine = shape.profile, shape.machine
    tables = list(zip(machine.tables, shape.log_heights, strict=True))
    batch = shape.columns - 1
    if shape.next_columns:
        batch = shape.columns + shape.next_columns[-1]
    if shape.lifted:
        batch = 2 * shape.columns + max(block.first + block.width for block in shape.lifted) - 1
    return Numbers(
        log_height=shape.log_height,
        log_blowup=profile.log_blowup,
        queries=profile.queries,
        grinding_bits=profile.grinding_bits,
        batch_degree=batch,
        constraints=machine.constraint_count,
        degree=max(table.max_degree for table in machine.tables),
        messages=sum(len(table.interactions) << log_height for table, log_height in tables),
        # β's powers reach the number of entries; γ is one more indeterminate of the same total degree.
        tuple_width=max((len(i.entries) for table in machine.tables for i in table.interactions), default=0),
        own_degree=sum(OWN_DEGREE_A_ROW << log_height for table, log_height in tables if table.own_aux),
        folds=fold_logs(shape.log_height),
        node_bytes=profile.node_bytes,
    )


def check_bits(shape: Layout) -> Report:
    """The report of a layout that reaches its profile's target.

    Raises:
        InsecureParameters: It does not.
    """
    made = report(numbers_of(shape))
    if made.bits < shape.profile.target_bits:
        raise InsecureParameters(made.bits, shape.profile.target_bits, made.weakest.name)
    return made


def text(profile: Profile, made: Report) -> str:
    """The report as a table for people."""
    lines = [f"{profile.name}: {made.bits:.1f} bits provable, target {profile.target_bits} ({made.regime})"]
    lines += [f"  {entry.name:<28}{entry.bits:8.1f}" for entry in made.rounds]
    return "\n".join(lines)


def worst_numbers(machine: Machine, profile: Profile) -> Numbers:
    """Numbers at least as bad as those of every proof that the profile allows, whatever its heights."""
    heights = [min(table.max_log_height, profile.max_log_height) for table in machine.tables]
    shape = layout(machine, profile, heights)
    return replace(numbers_of(shape), batch_degree=3 * shape.columns - 1, messages=MAX_MESSAGES)


def _regimes(rho: float, multiplicities: Iterable[int] | None = None) -> Iterable[Regime]:
    tried = range(MAX_MULTIPLICITY) if multiplicities is None else multiplicities
    return (regime for regime in map(Regime, tried) if regime.agreement(rho) < 1)


def main() -> None:
    """Print what each profile is worth for the RISC-V machine at the largest heights."""
    from zkvm.machine.machine import riscv

    for profile in PROFILES.values():
        numbers = worst_numbers(riscv(), profile)
        fewest = fewest_queries(numbers, profile.target_bits)
        sys.stdout.write(f"{text(profile, report(numbers))}\n  {profile.queries} queries, {fewest} are needed\n")


if __name__ == "__main__":
    main()
