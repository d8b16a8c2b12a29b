"""The contract is not about one machine: with another shape and other constraints it verifies the small machines."""

import random
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from tests.zkvm.onchain.revm import OnL1, Refused, Statement
from tests.zkvm.stark.honest import CASES, Honest, honest
from zkvm.air.generate.evaluators import compile_solidity
from zkvm.air.generate.solidity import evaluator
from zkvm.onchain import join, split
from zkvm.onchain.shape import creation_code, deploying

pytestmark = [pytest.mark.npm, pytest.mark.soak]
SOLC = Path(__file__).parents[3] / "contracts/tools/solc"
cases = pytest.mark.parametrize("case", CASES)


@cache
def evaluators() -> dict[str, bytes]:
    """Creation code of the constraints of every machine of the cases."""
    machines = {made.toy.machine.name: made.toy.machine for made in map(honest, CASES)}
    texts = {f"Of_{name}": evaluator(one, f"Of_{name}", range(len(one.tables))) for name, one in machines.items()}
    return {name.removeprefix("Of_"): deploying(code) for name, code in compile_solidity(SOLC, texts).items()}


def deployed(made: Honest) -> OnL1:
    machine = made.toy.machine
    return OnL1(made.profile, creation_code(machine), [evaluators()[machine.name]])


def statement(made: Honest) -> Statement:
    return Statement(made.key.hash, tuple(made.toy.witness.public))


def parts_of(made: Honest, limit: int) -> list[bytes]:
    return split(made.toy.machine, made.key, made.profile, made.toy.witness.public, made.proof.to_bytes(), limit)


@cases
def test_an_honest_proof_is_verified(case: str) -> None:
    """No tree for a stage, a fixed tree, tables of other heights, no layers, one, two; in one part and in some."""
    made = honest(case)
    (whole,) = parts_of(made, 120_000)
    for limit in (len(whole), len(whole) - 1):
        parts = parts_of(made, limit)
        assert (len(parts) > 1) == (limit < len(whole))
        assert join(made.toy.machine, made.profile, parts, made.toy.witness.public) == made.proof.to_bytes()
        l1 = deployed(made)
        l1.prove(statement(made), parts)
        assert l1.is_verified(statement(made))


@cases
def test_a_changed_byte_is_refused(case: str) -> None:
    made, rng = honest(case), random.Random(case)
    (part,), l1 = parts_of(made, 120_000), deployed(made)
    for _ in range(40):
        at = rng.randrange(len(part))
        assert l1.verdict(statement(made), [part[:at] + bytes([part[at] ^ 1 << rng.randrange(8)]) + part[at + 1 :]])


def test_a_machine_with_fewer_public_words_has_zeros_behind_them() -> None:
    made = honest("fibonacci")
    l1, (part,) = deployed(made), parts_of(made, 120_000)
    longer = replace(statement(made), public=(*made.toy.witness.public, 1))
    with pytest.raises(Refused) as refused:
        l1.submit(longer, part)
    assert refused.value.error == "WrongPublics"
