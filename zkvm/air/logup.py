"""The bus argument: from a table's interactions to fractions, aux columns and generated constraints.

A message (t_1, …, t_k) on a bus has the fingerprint d = γ + bus + β t_1 + … + β^k t_k. A send adds m/d, a receive −m/d;
over all tables the sum is zero. ``pack`` fractions share one aux column h with h·Π d_i = numerator; the last group is
folded into the table's running sum s, which is cyclic: s' − s + S/N − Σ other h = its own fraction.
"""

from collections.abc import Sequence

from zkvm.air.expression import Expression, challenge, constant, total_per_row
from zkvm.air.table import Constraint, Group, Interaction

GAMMA = challenge("gamma")
BETA = challenge("beta")
RUNNING_SUM = "logup.s"


def fingerprint(interaction: Interaction) -> Expression:
    """γ + bus + β t_1 + … + β^k t_k."""
    result = GAMMA + interaction.bus.id
    power = constant(1)
    for entry in interaction.entries:
        power = power * BETA
        result = result + power * entry
    return result


def make_groups(interactions: Sequence[Interaction], pack: int) -> tuple[Group, ...]:
    """The interactions in order, ``pack`` to a group; only the last group may be smaller."""
    starts = range(0, len(interactions), pack)
    return tuple(_group(index, tuple(interactions[start : start + pack])) for index, start in enumerate(starts))


def _group(index: int, members: tuple[Interaction, ...]) -> Group:
    numerator, denominator = constant(0), constant(1)
    for member in members:
        own = fingerprint(member)
        signed = member.multiplicity if member.sign > 0 else -member.multiplicity
        numerator = numerator * own + signed * denominator
        denominator = denominator * own
    return Group(index, members, numerator, denominator)


def aux_names(groups: Sequence[Group]) -> tuple[str, ...]:
    """The extension columns of the groups: one a group, the last is the running sum."""
    if not groups:
        return ()
    return (*(f"logup.h_{index}" for index in range(1, len(groups))), RUNNING_SUM)


def make_constraints(table: str, groups: Sequence[Group], columns: Sequence[Expression]) -> tuple[Constraint, ...]:
    """One constraint a group, ``logup.<table>.<g>``, over the aux columns that ``aux_names`` lists."""
    if not groups:
        return ()
    *fractions, running = columns
    made = [
        group_column * group.denominator - group.numerator
        for group_column, group in zip(fractions, groups, strict=False)
    ]
    step = running.next - running + total_per_row(table)
    for fraction in fractions:
        step = step - fraction
    made.append(step * groups[-1].denominator - groups[-1].numerator)
    return tuple(Constraint(f"logup.{table}.{index}", formula, logup=True) for index, formula in enumerate(made))
