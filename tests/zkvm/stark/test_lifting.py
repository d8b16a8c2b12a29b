"""The attack that the invariance points of the DEEP sum are there for.

A low table's columns stand for polynomials in X^k. At blow-up 16 a prover can commit to rows that agree on half of the
domain with a polynomial that is none in X^k: two witnesses at once, each counted half. The attacker here does so and
looks for query positions in that half. Without the invariance points the verifier accepts; with them it never does.
"""

from collections.abc import Sequence
from functools import cache

import pytest

from tests.zkvm.stark.slow_prover import Column, SlowProver, Tree, Witness, make_key, make_tree
from tests.zkvm.stark.toys import TOY_WIDE
from zkvm.air import Machine, TableBuilder
from zkvm.field.scalar import Ext, e_add, e_inv, e_mul, e_mul_base, e_pow, e_sub
from zkvm.stark import check_queries
from zkvm.stark.errors import FinalMismatch, FoldMismatch, VerificationError
from zkvm.stark.proof import Proof
from zkvm.stark.transcript import Transcript, encode_words
from zkvm.stark.verifier import verify

TALL, LOW = 128, 64


@cache
def machine() -> Machine:
    tables = []
    for name in ("tall", "low"):
        t = TableBuilder(name, log_height=(6, 10))
        t.boolean(f"{name}.flag", t.main("flag"))
        tables.append(t.build())
    return Machine("two_heights", tuple(tables))


class Attacker(SlowProver):
    """Its low column has as many rows as the tall table; it commits to the half of the domain that fits 64 rows."""

    skip = 0
    shows_invariance = False

    def __init__(self, skip: int = 0) -> None:
        low = [int(row in (0, 5, 70)) for row in range(TALL)]  # row r and row r + 64 differ
        witness = Witness({"tall": [[1] * TALL], "low": [low]})
        key = make_key(machine(), {}, {}, TOY_WIDE)
        super().__init__(machine(), key, witness, TOY_WIDE)
        self.heights = [TALL, LOW]
        self.skip = skip

    def commit_coefficients(self, columns: list[tuple[int, list[Column]]]) -> bytes:
        root = super().commit_coefficients(columns)
        if len(self.values) != 2:  # only the main stage is forged
            return root
        (_, tall), (_, low) = self.values[1]
        half = LOW * self.profile.blowup
        tree: Tree = make_tree([tall, [column[:half] for column in low]], self.profile.node_bytes)
        self.trees[1] = tree
        return tree.root

    def deep(self, z: Ext, openings: Sequence[Ext], delta: Ext) -> list[Ext]:
        values = super().deep(z, openings, delta)
        if not self.shows_invariance:
            return values
        # The honest sum's last line, for the polynomial that it has.
        columns = self.columns()
        number = next(n for n, (stage, table, _, _) in enumerate(columns) if (stage, table) == (1, 1))
        weight = e_pow(delta, 2 * len(columns) + number)
        point = e_mul_base(z, -1)
        (low,) = self.values[1][1][1]
        result = []
        for index, value in enumerate(values):
            x = self.point(index)
            above = e_sub((low[index], 0, 0), openings[number])
            term = e_mul(e_mul(weight, above), e_inv(e_sub((x, 0, 0), point)))
            result.append(e_add(value, term))
        return result

    def grind(self) -> int:
        """A nonce with enough work whose positions are all in the good half; the one after ``skip`` others."""
        found = -1
        nonce = -1
        while found < self.skip:
            nonce += 1
            trial = Transcript()
            trial._state = self.transcript.state
            trial.absorb("nonce", encode_words([nonce]))
            enough = trial.work_bits() >= self.profile.grinding_bits
            positions = trial.positions(self.profile.queries, self.size.bit_length() - 1)
            found += enough and not any(position & 1 for position in positions)
        return nonce


def check(attacker: Attacker, proof: Proof) -> None:
    verify(attacker.machine, attacker.key, [], TOY_WIDE, proof.to_bytes())


def test_without_the_invariance_points_the_attack_succeeds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the tests below would not show anything."""
    attacker = Attacker()
    proof = attacker.prove()
    with pytest.raises(VerificationError):
        check(attacker, proof)
    monkeypatch.setattr(check_queries, "_by_lift", lambda shape: {})
    check(attacker, proof)


@pytest.mark.parametrize("skip", range(3))
def test_with_them_it_fails_at_every_choice_of_positions(skip: int) -> None:
    attacker = Attacker(skip)
    with pytest.raises(FoldMismatch) as caught:
        check(attacker, attacker.prove())
    assert caught.value.layer == 0


def test_with_them_the_sum_of_a_polynomial_that_is_not_invariant_is_none() -> None:
    attacker = Attacker()
    attacker.shows_invariance = True
    proof = attacker.prove()
    assert any(attacker.excess)
    with pytest.raises((FoldMismatch, FinalMismatch)):
        check(attacker, proof)
