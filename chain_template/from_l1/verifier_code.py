"""Whether the contracts that verify proofs on L1 are those of this release."""

from collections.abc import Sequence
from typing import Final

from chain_template.errors import DataMismatch
from chain_template.primitives import keccak
from contracts.artifacts import Artifact, artifact_names, load
from contracts.client import L1Client
from contracts.errors import ArtifactError

_VERIFIER: Final = "BatchVerifier"
_PUSH1: Final = 0x60
_PUSH32: Final = 0x7F
_WORD: Final = 32


def check_verifier_code(client: L1Client, verifier: str) -> str:
    """Hold the code of a verifier, and of the contracts that it calls, to this release's artifacts.

    Args:
        client: L1.
        verifier: The verifier's address.

    Returns:
        What was compared, in words.

    Raises:
        DataMismatch: A contract has other code.
        L1Error: L1 does not answer.
    """
    artifact = load(_VERIFIER)
    if not same_code(client.get_code(verifier), artifact):
        raise DataMismatch(f"the verifier at {verifier} has other code than this release's {_VERIFIER}")
    names = [_evaluator_at(client, address) for address in _evaluators(client, artifact, verifier)]
    return f"{verifier} is this release's {_VERIFIER}, with {len(names)} evaluators: {', '.join(names)}"


def same_code(code: bytes, artifact: Artifact) -> bool:
    """Whether deployed code is an artifact's, whatever was written into its immutables."""
    expected = artifact.deployed_bytecode
    if len(code) != len(expected):
        return False
    masked = bytearray(code)
    for at in immutable_places(expected):
        masked[at : at + _WORD] = bytes(_WORD)
    return bytes(masked) == expected


def immutable_places(code: bytes) -> list[int]:
    """Where the compiler left room for immutables: the words of all PUSH32 0, which it writes for nothing else."""
    places = []
    at = 0
    while at < len(code):
        operand = at + 1
        if code[at] == _PUSH32 and code[operand : operand + _WORD] == bytes(_WORD):
            places.append(operand)
        at = operand + (code[at] - _PUSH1 + 1 if _PUSH1 <= code[at] <= _PUSH32 else 0)
    return places


def _evaluators(client: L1Client, artifact: Artifact, verifier: str) -> Sequence[str]:
    found: Sequence[str] = client.read(artifact, verifier, "evaluators")
    return found


def _evaluator_at(client: L1Client, address: str) -> str:
    code = client.get_code(address)
    for name in artifact_names():
        try:
            artifact = load(name)
        except ArtifactError:
            continue
        if artifact.deployed_bytecode and same_code(code, artifact):
            return name
    raise DataMismatch(f"the evaluator at {address} (code hash 0x{keccak(code).hex()}) is none of this release's")
