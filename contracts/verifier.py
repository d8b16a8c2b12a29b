"""Deploys the verifier of proofs: the machine's shape, who computes its constraints, and who uses both."""

import re
from dataclasses import astuple, dataclass
from typing import Final

from contracts.artifacts import artifact_names, load
from contracts.errors import DeployError
from contracts.pipeline import Pipeline
from contracts.sender import Sender, create_address

VERIFIER: Final = "BatchVerifier"
MACHINE: Final = "RiscvMachine"
_EVALUATOR: Final = re.compile(r"^ConstraintEvaluator(\d+)$")


@dataclass(frozen=True, slots=True)
class VerifierProfile:
    """The parameters of proofs, as ``BatchVerifier`` takes them; ``zkvm/stark/profiles.py`` says what each means."""

    id: int
    log_blowup: int
    queries: int
    grinding_bits: int
    node_bytes: int
    max_log_height: int


def deploy_verifier(deployer: Sender, profile: VerifierProfile) -> str:
    """Deploy the verifier of proofs of one profile; returns its address.

    All transactions are handed in before the first is waited for.

    Args:
        deployer: Pays.
        profile: The only parameters under which proofs are accepted.

    Raises:
        ArtifactError: The verifier is not compiled.
        DeployError: There are no contracts for the machine's constraints.
        TransactionReverted: A creation failed.
    """
    names = [MACHINE, *evaluator_names()]
    run = Pipeline(deployer)
    first = deployer.next_nonce
    machine, *evaluators = [create_address(deployer.address, first + i) for i in range(len(names))]
    verifier = load(VERIFIER)
    for name in names:
        run.create(load(name), [])
    run.create(verifier, [astuple(profile), machine, evaluators])
    run.wait()
    return create_address(deployer.address, first + len(names))


def evaluator_names() -> list[str]:
    """The contracts that compute the machine's constraints, in the order of their tables.

    Raises:
        DeployError: There are none.
    """
    found = {int(match[1]): match[0] for name in artifact_names() if (match := _EVALUATOR.match(name))}
    if not found:
        raise DeployError("there are no compiled evaluators of the machine's constraints")
    return [found[number] for number in sorted(found)]
