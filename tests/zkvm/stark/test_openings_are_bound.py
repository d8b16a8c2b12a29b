"""A prover that lies about one opened value and makes the rest fit.

It claims a false value for one column at one point and then chooses the quotient's claimed value so that the
out-of-domain check passes. Only the DEEP sum and FRI stand in its way, so this shows that every
single opening is held (of the lookup machine, which is slow, every seventh).
"""

from collections.abc import Sequence

import pytest

from tests.zkvm.stark.honest import honest
from tests.zkvm.stark.slow_prover import SlowProver
from zkvm.air.scalars import Scalars
from zkvm.field import P
from zkvm.field.scalar import ONE, ZERO, Ext, e_add, e_inv, e_mul, e_pow, e_sub
from zkvm.stark import check_constraints
from zkvm.stark.errors import FinalMismatch, FoldMismatch, VerificationError
from zkvm.stark.layout import QUOTIENT, Layout, layout


class Liar(SlowProver):
    """Claims one more than the truth in opening number ``target``."""

    target = 0

    def openings(self, z: Ext) -> list[Ext]:
        claimed = super().openings(z)
        false = e_add(claimed[self.target], ONE)
        claimed[self.target] = false
        shape = layout(self.machine, self.profile, [height.bit_length() - 1 for height in self.heights])
        self._fit_quotient(shape, claimed, z)
        assert claimed[self.target] == false
        return claimed

    def _fit_quotient(self, shape: Layout, claimed: list[Ext], z: Ext) -> None:
        """Choose one coordinate of the quotient so that the identity holds: Q(z) is linear in it."""
        (block,) = shape.stages[QUOTIENT].blocks
        free = block.first + 3 if self.target < block.first + 3 else block.first
        wanted = e_mul(self._combined(shape, claimed, z), e_inv(e_sub(e_pow(z, self.height), ONE)))

        def value(at: Ext) -> Ext:
            claimed[free] = at
            return check_constraints.quotient_at(shape, claimed[block.columns], z)

        constant = value(ZERO)
        slope = e_sub(value(ONE), constant)
        claimed[free] = e_mul(e_sub(wanted, constant), e_inv(slope))

    def _combined(self, shape: Layout, claimed: Sequence[Ext], z: Ext) -> Ext:
        drawn = {entry.label: entry.data for entry in self.log if entry.action == "draw"}
        challenges = {name: challenge(drawn[name]) for name in self.machine.all_challenges}
        totals = dict(zip(shape.totals, self.listed, strict=True))
        scalars = Scalars(challenges, self.witness.public, self.key.parameters)
        points = check_constraints._opened_tables(shape, claimed, totals, scalars, z)
        result, power, alpha = ZERO, ONE, challenge(drawn["alpha"])
        for table, point in zip(self.machine.tables, points, strict=True):
            for found in check_constraints.at_point(table, point):
                result = e_add(result, e_mul(power, found))
                power = e_mul(power, alpha)
        return result


def challenge(data: bytes) -> Ext:
    number = int.from_bytes(data, "big")
    c0, c1, c2 = ((number >> (85 * i)) % 2**85 % P for i in range(3))
    return c0, c1, c2


def lie(case: str, target: int) -> VerificationError:
    made = honest(case)
    prover = Liar(made.toy.machine, made.key, made.toy.witness, made.profile)
    prover.target = target
    with pytest.raises(VerificationError) as caught:
        made.verify(prover.prove().to_bytes())
    return caught.value


OPENINGS = {"permutation, low receiver": 29, "accumulator": 19, "lookup, low user": 45}


@pytest.mark.parametrize("case", OPENINGS)
def test_the_number_of_openings_is_known(case: str) -> None:
    assert len(honest(case).proof.openings) == OPENINGS[case]


@pytest.mark.parametrize(
    ("case", "target"),
    [(case, target) for case in OPENINGS for target in range(0, OPENINGS[case], 7 if case.startswith("lookup") else 1)],
)
def test_an_opening_is_held_by_the_queries(case: str, target: int) -> None:
    """Not by the constraints: those the liar has made to fit."""
    assert isinstance(lie(case, target), FoldMismatch | FinalMismatch)
