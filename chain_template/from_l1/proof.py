"""A batch's proof as it lies in L1's transactions, and verifying it again."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from chain_template.errors import DataMismatch, L1Diverged
from chain_template.primitives import keccak
from chain_template.settlement.on_l1 import MAX_LOG_RANGE, ChainOnL1
from contracts.client import Log
from contracts.codec import abi_decode
from contracts.errors import EncodingError

if TYPE_CHECKING:
    from zkvm.stark.key import VerifyingKey
    from zkvm.stark.profiles import Profile

_PART_VERIFIED: Final = keccak(b"PartVerified(address,bytes32,bytes32,uint256)")
_PROOF_VERIFIED: Final = keccak(b"ProofVerified(address,bytes32,bytes32)")
_VERIFY_PART: Final = keccak(b"verifyPart(bytes32,bytes32,bytes)")[:4]


def proof_parts(chain: ChainOnL1, verifier: str, program_id: bytes, statement: bytes, l1_head: int) -> list[bytes]:
    """The parts of the proof that L1 accepted for a statement, in order.

    Args:
        chain: The chain's contracts.
        verifier: Address of its verifier.
        program_id: The program, 32 bytes.
        statement: Its public input, 32 bytes.
        l1_head: The last L1 block to look at.

    Raises:
        L1Diverged: L1's events do not show a whole proof.
        DataMismatch: A part did not come in a plain call of the verifier.
        L1Error: L1 does not answer.
    """
    accepted = _accepted(_events(chain, verifier, program_id, statement, l1_head))
    return [_part_in(chain, verifier, log, program_id, statement) for log in accepted]


def _events(chain: ChainOnL1, verifier: str, program_id: bytes, statement: bytes, l1_head: int) -> list[Log]:
    topics = [[_PART_VERIFIED, _PROOF_VERIFIED], None, program_id, statement]
    found: list[Log] = []
    for start in range(chain.link.start_block, l1_head + 1, MAX_LOG_RANGE):
        end = min(l1_head, start + MAX_LOG_RANGE - 1)
        found += chain.client.get_logs(verifier, topics, start, end)
    return found


def _accepted(events: Sequence[Log]) -> list[Log]:
    """The events of the session that ended with a proof: of its sender, from its last part 0 on."""
    sessions: dict[bytes, list[Log]] = {}
    for log in events:
        sender = log.topics[1]
        if log.topics[0] == _PROOF_VERIFIED:
            return sessions.get(sender, [])
        number = int.from_bytes(log.data, "big")
        session = [] if number == 0 else sessions.get(sender, [])
        if number != len(session):
            raise L1Diverged(f"L1's events show part {number} of a proof after {len(session)} parts", hint="try again")
        sessions[sender] = [*session, log]
    raise L1Diverged("L1's events show no whole proof, and the verifier has accepted one", hint="try again")


def _part_in(chain: ChainOnL1, verifier: str, log: Log, program_id: bytes, statement: bytes) -> bytes:
    """The part in the transaction that emitted an event."""
    name = f"L1 transaction 0x{log.transaction_hash.hex()}"
    transaction = chain.client.rpc("eth_getTransactionByHash", ["0x" + log.transaction_hash.hex()])
    if transaction is None:
        raise DataMismatch(f"L1 does not give {name}, which has a part of the proof")
    data = bytes.fromhex(transaction["input"][2:])
    to = str(transaction["to"] or "")
    try:
        given_program, given_statement, part = abi_decode(["bytes32", "bytes32", "bytes"], data[4:])
    except EncodingError as exc:
        raise DataMismatch(f"{name} is no call of the verifier: its part has to be read from a trace") from exc
    if (
        to.lower() != verifier.lower()
        or data[:4] != _VERIFY_PART
        or (given_program, given_statement)
        != (
            program_id,
            statement,
        )
    ):
        raise DataMismatch(f"{name} handed in its part through another contract: it has to be read from a trace")
    return bytes(part)


def program_key(profile: "Profile", cache: Path | None) -> "VerifyingKey":
    """The verifying key of this release's batch program under a profile; its hash is the program's id on L1.

    Args:
        profile: The profile.
        cache: A folder to keep the key in, which takes seconds to make.
    """
    # Imported here: the proof system is no part of a chain that nobody audits.
    from zkvm.backends.cpu import CpuBackend
    from zkvm.guest import batch_program
    from zkvm.machine.key import key_for

    return key_for(batch_program(), profile, CpuBackend(), cache).vk


def proven_key(profile: "Profile", program_id: bytes, parts: Sequence[bytes]) -> "VerifyingKey":
    """The verifying key that a proof tells itself, held to the program's id.

    Args:
        profile: The parameters that the proof must be of.
        program_id: Hash of the key, 32 bytes.
        parts: All parts of the proof, in order.

    Raises:
        DataMismatch: It tells none, or that of another program.
    """
    from zkvm.errors import ZkvmError
    from zkvm.machine.machine import riscv
    from zkvm.onchain.join import key_of

    try:
        key = key_of(riscv(), profile, parts)
    except ZkvmError as exc:
        raise DataMismatch(f"the parts on L1 tell no verifying key: {exc}") from exc
    if key.hash != program_id:
        raise DataMismatch(f"the proof is one of 0x{key.hash.hex()}, not of program 0x{program_id.hex()}")
    return key


def verify_parts(profile: "Profile", key: "VerifyingKey", statement: bytes, parts: Sequence[bytes]) -> str:
    """Verify the proof that parts make, by the Python verifier; returns in words what was verified.

    Args:
        profile: The parameters that it must be of.
        key: The program.
        statement: The public input that it must prove, 32 bytes.
        parts: All of them, in order.

    Raises:
        DataMismatch: It proves something else, or nothing.
    """
    from zkvm.errors import ZkvmError
    from zkvm.machine.api import verify
    from zkvm.machine.machine import riscv
    from zkvm.onchain import join

    words = [int.from_bytes(statement[at : at + 4], "little") for at in range(0, len(statement), 4)]
    try:
        proof = join(riscv(), profile, parts, words)
        verify(key, words, profile, proof)
    except ZkvmError as exc:
        raise DataMismatch(f"the parts on L1 are no proof of the public input: {exc}") from exc
    return (
        f"{len(parts)} parts make a proof of {len(proof)} bytes, which proves the public input "
        f"under profile {profile.name} (at least {profile.target_bits} provable bits)"
    )
