"""Whether the contracts that verify proofs on L1 are those of this release."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from chain_template.errors import DataMismatch
from contracts.artifacts import Artifact, load
from contracts.client import L1Client
from contracts.verifier import VERIFIER, evaluator_names

if TYPE_CHECKING:
    from zkvm.stark.profiles import Profile

_PUSH1: Final = 0x60
_PUSH32: Final = 0x7F
_WORD: Final = 32
#: What a verifier says of its parameters, and where a profile has each.
_PARAMETERS: Final = {
    "PROFILE_ID": "id",
    "LOG_BLOWUP": "log_blowup",
    "QUERIES": "queries",
    "GRINDING_BITS": "grinding_bits",
    "NODE_BYTES": "node_bytes",
    "MAX_LOG_HEIGHT": "max_log_height",
}


def check_verifier_code(client: L1Client, verifier: str) -> str:
    """Hold the code of a verifier, of the contracts that it calls, and its parameters, to this release.

    Args:
        client: L1.
        verifier: The verifier's address.

    Returns:
        What was compared, in words.

    Raises:
        DataMismatch: A contract has other code, or the parameters are of no profile.
        L1Error: L1 does not answer.
    """
    _require(client, verifier, VERIFIER)
    # Imported here: the proof system is no part of a chain that nobody audits.
    from zkvm.machine.machine import riscv
    from zkvm.onchain.shape import STOP, shape_bytes

    machine = str(_ask(client, verifier, "MACHINE"))
    if client.get_code(machine) != STOP + shape_bytes(riscv()):
        raise DataMismatch(f"the contract at {machine} has not the shape of this release's machine")
    addresses: Sequence[str] = _ask(client, verifier, "evaluators")
    names = evaluator_names()
    if len(addresses) != len(names):
        raise DataMismatch(
            f"the verifier has {len(addresses)} evaluators of constraints; this release has {len(names)}"
        )
    for address, name in zip(addresses, names, strict=True):
        _require(client, address, name)
    profile = profile_of(client, verifier)
    return (
        f"{verifier} is this release's {VERIFIER} for profile {profile.name}, and so are the {len(names) + 1} it calls"
    )


def profile_of(client: L1Client, verifier: str) -> "Profile":
    """The profile whose parameters a verifier demands.

    Raises:
        DataMismatch: They are of none.
        L1Error: L1 does not answer.
    """
    from zkvm.stark.profiles import PROFILES

    demanded = {field: int(_ask(client, verifier, name)) for name, field in _PARAMETERS.items()}
    for profile in PROFILES.values():
        if {field: getattr(profile, field) for field in demanded} == demanded:
            return profile
    raise DataMismatch(f"the verifier at {verifier} demands parameters of no profile: {demanded}")


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


def _require(client: L1Client, address: str, name: str) -> None:
    if not same_code(client.get_code(address), load(name)):
        raise DataMismatch(f"the contract at {address} has other code than this release's {name}")


def _ask(client: L1Client, verifier: str, function: str) -> Any:
    return client.read(load(VERIFIER), verifier, function)
