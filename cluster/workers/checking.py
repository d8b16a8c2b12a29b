"""Whether a proof that a stranger handed in proves the batch it is for."""

from functools import partial

from chain_template.errors import MalformedParts
from chain_template.settlement.proofs import unpack_parts
from cluster.errors import BatchRefused, NotCheckable, ProofWrong
from cluster.pool.for_workers import Check
from cluster.pool.jobs import Assignment
from zkhub.errors import HubError
from zkvm.stark.profiles import PROFILES

_STARK = "stark-"


def check_for(backend: str) -> Check:
    """The check for proofs of a backend: ``unproven`` re-executes, ``stark-PROFILE`` verifies.

    Raises:
        NotCheckable: Nobody knows how to check what this backend makes.
    """
    if backend == "unproven":
        return _re_execute
    profile_name = backend.removeprefix(_STARK)
    if backend.startswith(_STARK) and profile_name in PROFILES:
        return partial(_verify, profile_name)
    raise NotCheckable(f"what {backend} makes cannot be checked, so nobody from outside may make it")


def _re_execute(assignment: Assignment, proof: bytes) -> None:
    """In the labelled development mode there is no proof: the batch must be right, and nothing else may come."""
    import threading

    from cluster.workers.unproven import UnprovenProver

    if proof:
        raise ProofWrong("nothing is proven in this mode, yet there are bytes")
    try:
        UnprovenProver().prove(assignment, threading.Event())
    except BatchRefused as error:
        raise ProofWrong(error.message) from error


def _verify(profile_name: str, assignment: Assignment, proof: bytes) -> None:
    """Put the parts together as L1 does, and verify the proof under the program that the chain's contract accepts."""
    from zkvm.machine.api import verify
    from zkvm.machine.machine import riscv
    from zkvm.onchain.join import join, key_of
    from zkvm.stark.profiles import profile

    public = [int.from_bytes(assignment.public_input[at : at + 4], "little") for at in range(0, 32, 4)]
    chosen = profile(profile_name)
    try:
        parts = unpack_parts(proof)
        key = key_of(riscv(), chosen, parts)
        if key.hash != assignment.key.program_id:
            raise ProofWrong(f"it is of the program 0x{key.hash.hex()}, not 0x{assignment.key.program_id.hex()}")
        verify(key, public, chosen, join(riscv(), chosen, parts))
    except MalformedParts as error:
        raise ProofWrong(error.message) from error
    except ProofWrong:
        raise
    except HubError as error:
        raise ProofWrong(f"{type(error).__name__}: {error.message}") from error
