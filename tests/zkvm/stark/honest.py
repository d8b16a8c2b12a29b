"""Honest proofs of the small machines, made once a session by the slow prover."""

from dataclasses import dataclass
from functools import cache

from tests.zkvm.stark.slow_prover import SlowProver, make_key
from tests.zkvm.stark.toys import (
    TOY,
    TOY_WIDE,
    Toy,
    accumulator_toy,
    fibonacci_toy,
    lookup_toy,
    permutation_toy,
)
from zkvm.stark.key import VerifyingKey
from zkvm.stark.profiles import Profile
from zkvm.stark.proof import Proof
from zkvm.stark.transcript import Entry
from zkvm.stark.verifier import verify

CASES = {
    "fibonacci": (lambda: fibonacci_toy(6), TOY),
    "fibonacci, two folds": (lambda: fibonacci_toy(10), TOY),
    "fibonacci, blow-up 16": (lambda: fibonacci_toy(7), TOY_WIDE),
    "permutation, low receiver": (lambda: permutation_toy(8, 6), TOY),
    "permutation, low sender": (lambda: permutation_toy(6, 7), TOY_WIDE),
    "lookup, low user": (lambda: lookup_toy(7), TOY),
    "lookup, low table": (lambda: lookup_toy(9), TOY),
    "accumulator": (lambda: accumulator_toy(6), TOY),
}


@dataclass(frozen=True)
class Honest:
    """An honest proof with everything it was made from."""

    toy: Toy
    profile: Profile
    key: VerifyingKey
    proof: Proof
    log: tuple[Entry, ...]
    excess: tuple[int, ...]

    def verify(self, data: bytes, log: list[Entry] | None = None) -> None:
        verify(self.toy.machine, self.key, self.toy.witness.public, self.profile, data, log)


@cache
def honest(case: str) -> Honest:
    make, profile = CASES[case]
    toy = make()
    key = make_key(toy.machine, toy.witness.fixed, {}, profile)
    prover = SlowProver(toy.machine, key, toy.witness, profile)
    proof = prover.prove()
    return Honest(toy, profile, key, proof, tuple(prover.log), tuple(prover.excess))
