"""From a proof to its parts."""

import struct
from collections.abc import Sequence

from zkvm.air import Machine
from zkvm.onchain.context import context_bytes, draw
from zkvm.onchain.errors import ProofTooLarge
from zkvm.onchain.openings import Tree, learn_proof, open_group, trees_of
from zkvm.stark.key import VerifyingKey
from zkvm.stark.layout import Layout, layout
from zkvm.stark.profiles import Profile
from zkvm.stark.proof import Proof
from zkvm.stark.transcript import encode_elements, encode_words

MAX_PART_BYTES = 120_000
"""What fits a transaction with room for its execution (EIP-7623: 40 gas a byte; EIP-7825: 2^24 gas)."""


def split(
    machine: Machine,
    key: VerifyingKey,
    profile: Profile,
    public: Sequence[int],
    proof_bytes: bytes,
    limit: int = MAX_PART_BYTES,
) -> list[bytes]:
    """The parts of a proof, in the order in which ``BatchVerifier`` takes them.

    Whether the proof proves anything is not checked, only that it has the form of one.

    Args:
        machine: The definition of all tables.
        key: The program.
        profile: The parameters.
        public: The public words.
        proof_bytes: The proof.
        limit: The most bytes of a part.

    Raises:
        WrongKey: The key is of another machine or another profile.
        VerificationError: The bytes are no proof, or do not open what its query positions ask for.
        ProofTooLarge: One query alone makes a part longer than the limit.
    """
    key.check(machine, profile)
    proof = Proof.from_bytes(proof_bytes, machine, profile)
    shape = layout(machine, profile, proof.log_heights)
    drawn = draw(shape, key, public, proof)
    trees = trees_of(shape)
    learn_proof(shape, trees, proof, drawn.positions)
    context = context_bytes(shape, key, proof, drawn)
    parts: list[bytes] = []
    done = 0
    while done < len(drawn.positions):
        begin = _prefix(len(parts), done, context) if parts else _head(machine, key, proof)
        left = drawn.positions[done:]
        count, group = _largest(shape, trees, left, limit - len(begin))
        if not count:
            raise ProofTooLarge(len(begin) + len(group), limit)
        parts.append(begin + group)
        done += count
    return parts


def _head(machine: Machine, key: VerifyingKey, proof: Proof) -> bytes:
    """How the first part begins: everything that the prover says before the queries, and what the key holds."""
    return b"".join(
        (
            b"\0",
            bytes(proof.log_heights),
            encode_words(key.parameters[name] for name in sorted(machine.parameters)),
            *(key.roots[log_height] for log_height in sorted(key.roots)),
            proof.main_root,
            proof.aux_root,
            proof.quotient_root,
            encode_elements(proof.totals),
            encode_elements(proof.openings),
            *proof.layer_roots,
            encode_elements(proof.final),
            encode_words([proof.nonce]),
        )
    )


def _prefix(number: int, done: int, context: bytes) -> bytes:
    """How every other part begins."""
    return struct.pack(">BHH", number, done, len(context)) + context


def _largest(shape: Layout, trees: Sequence[Tree], positions: Sequence[int], room: int) -> tuple[int, bytes]:
    """The largest group from the first position on that fits, by halving; 0 and the group of one where none does."""
    found = open_group(shape, trees, positions[:1])
    if len(found) > room:
        return 0, found
    low, high = 1, len(positions)
    while low < high:
        middle = (low + high + 1) // 2
        candidate = open_group(shape, trees, positions[:middle])
        if len(candidate) <= room:
            low, found = middle, candidate
        else:
            high = middle - 1
    return low, found
