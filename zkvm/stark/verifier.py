"""The verifier, readable: what a proof must satisfy, step by step, in plain integers.

It shares with the prover the field, the transcript, the layout and the machine's definition, and nothing else. Whatever
the bytes are, it ends with None or with a VerificationError, in time and memory bounded by their length.
"""

from collections.abc import Sequence

from zkvm.air import Machine
from zkvm.air.scalars import Scalars
from zkvm.field.scalar import ZERO, Ext, e_add
from zkvm.stark.check_constraints import constraints_hold
from zkvm.stark.check_queries import DeepSum, check_folds, check_layer, check_stage
from zkvm.stark.errors import (
    BusesUnbalanced,
    ConstraintMismatch,
    DegenerateChallenge,
    GrindingTooWeak,
    InsecureProof,
    TooManyInteractions,
    WrongHeights,
    WrongPublics,
)
from zkvm.stark.key import VerifyingKey
from zkvm.stark.layout import Layout, layout
from zkvm.stark.profiles import Profile
from zkvm.stark.proof import Proof
from zkvm.stark.soundness import MAX_MESSAGES, numbers_of, report
from zkvm.stark.transcript import Entry, Transcript, encode_elements, encode_words, statement


def verify(
    machine: Machine,
    key: VerifyingKey,
    public: Sequence[int],
    profile: Profile,
    proof_bytes: bytes,
    log: list[Entry] | None = None,
) -> None:
    """Check that the machine with this key has a valid execution with these public words.

    Args:
        machine: The definition of all tables.
        key: The program.
        public: The public words, each below 2^32.
        profile: The parameters that the verifier demands.
        proof_bytes: The proof.
        log: Where to record the transcript, for tests.

    Raises:
        VerificationError: The proof does not prove this; the subclass says which check failed.
    """
    # 1. The statement: key and public words are of this machine, the proof is well formed and of possible heights.
    key.check(machine, profile)
    _check_publics(machine, public)
    proof = Proof.from_bytes(proof_bytes, machine, profile)
    shape = layout(machine, profile, proof.log_heights)
    _check_heights(shape, key)
    _check_bits(shape)
    transcript = Transcript(log)
    transcript.absorb("statement", statement(profile.id, key.hash, public, proof.log_heights))

    # 2. The witness is committed; the challenges that buses and the machine's own columns need.
    transcript.absorb("main root", proof.main_root)
    challenges = {name: transcript.challenge(name) for name in machine.all_challenges}

    # 3. Auxiliary columns are committed; what all tables together send is what they receive.
    transcript.absorb("aux root and totals", proof.aux_root + encode_elements(proof.totals))
    _check_balance(proof.totals)
    alpha = transcript.challenge("alpha")

    # 4. The quotient is committed; all columns are opened at one point outside of every domain.
    transcript.absorb("quotient root", proof.quotient_root)
    z = transcript.challenge("z")
    if z[1] == z[2] == 0:
        raise DegenerateChallenge("the out-of-domain point lies in the base field")

    # 5. There the constraints are the quotient times the vanishing polynomial.
    scalars = Scalars(challenges, public, key.parameters)
    totals = dict(zip(shape.totals, proof.totals, strict=True))
    if not constraints_hold(shape, proof.openings, totals, scalars, alpha, z):
        raise ConstraintMismatch("the opened values do not satisfy the constraints")

    # 6. One polynomial stands for all openings; FRI folds it to 64 coefficients.
    transcript.absorb("openings", encode_elements(proof.openings))
    deep = DeepSum(shape, proof.openings, z, transcript.challenge("delta"))
    betas: list[Ext] = []
    for number, root in enumerate(proof.layer_roots):
        transcript.absorb(f"layer {number}", root)
        betas.append(transcript.challenge(f"beta {number}"))
    transcript.absorb("final polynomial", encode_elements(proof.final))

    # 7. Work, then the positions to look at.
    transcript.absorb("nonce", encode_words([proof.nonce]))
    if transcript.work_bits() < profile.grinding_bits:
        raise GrindingTooWeak(f"{transcript.work_bits()} leading zero bits, {profile.grinding_bits} are demanded")
    positions = sorted(set(transcript.positions(profile.queries, shape.log_domain)))

    # 8. The opened rows and leaves are the committed ones.
    fixed_root = key.roots.get(shape.log_height, b"")
    roots = (fixed_root, proof.main_root, proof.aux_root, proof.quotient_root)
    rows = [
        check_stage(stage, root, opening, shape.log_domain, positions)
        for stage, root, opening in zip(shape.stages, roots, proof.stages, strict=True)
    ]
    layers = []
    folded = 0
    for number, (fold, root) in enumerate(zip(shape.folds, proof.layer_roots, strict=True)):
        folded += fold
        log_leaves = shape.log_domain - folded
        layers.append(check_layer(number, root, proof.layers[number], log_leaves, folded, positions))

    # 9. The rows give the values of the first layer, each layer those of the next, the last the final polynomial.
    values = {position: deep.at(position, rows) for position in positions}
    check_folds(shape, values, layers, betas, proof.final)


def _check_publics(machine: Machine, public: Sequence[int]) -> None:
    if len(public) != machine.publics:
        raise WrongPublics(f"{len(public)} public words; {machine.name} has {machine.publics}")
    for index, word in enumerate(public):
        if not 0 <= word < 1 << 32:
            raise WrongPublics(f"public word {index} is {word}, no 32-bit number")


def _check_heights(shape: Layout, key: VerifyingKey) -> None:
    """The key's tables have the key's heights, a fixed root exists, and no multiplicity can wrap around p."""
    tables = list(zip(shape.machine.tables, shape.log_heights, strict=True))
    for table, log_height in tables:
        if table.keyed and key.heights[table.name] != 1 << log_height:
            raise WrongHeights(f"table {table.name} has 2^{log_height} rows, the key says {key.heights[table.name]}")
    if shape.stages[0].blocks and shape.log_height not in key.roots:
        raise WrongHeights(f"the key has no root for a tallest table of 2^{shape.log_height} rows")
    interactions = sum(len(table.interactions) << log_height for table, log_height in tables)
    if interactions >= MAX_MESSAGES:
        raise TooManyInteractions(f"{interactions} messages; {MAX_MESSAGES - 1} are allowed")


def _check_bits(shape: Layout) -> None:
    made = report(numbers_of(shape))
    if made.bits < shape.profile.target_bits:
        raise InsecureProof(made.bits, shape.profile.target_bits, made.weakest.name)


def _check_balance(totals: Sequence[Ext]) -> None:
    balance = ZERO
    for total in totals:
        balance = e_add(balance, total)
    if balance != ZERO:
        raise BusesUnbalanced("the tables' totals do not add up to zero")
