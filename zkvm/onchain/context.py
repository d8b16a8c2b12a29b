"""What the queries of a proof are checked against: the challenges, and the bytes that stand for them on L1."""

from collections.abc import Sequence
from dataclasses import dataclass

from zkvm.field.scalar import ONE, ZERO, Ext, e_add, e_mul
from zkvm.stark.key import VerifyingKey
from zkvm.stark.layout import AUX, MAIN, Layout
from zkvm.stark.proof import Proof
from zkvm.stark.transcript import Transcript, encode_elements, encode_words, statement


@dataclass(frozen=True)
class Drawn:
    """The challenges that the queries' checks need.

    Attributes:
        z: The out-of-domain point.
        delta: The batching challenge.
        betas: Each layer's.
        positions: The query positions, distinct and ascending.
    """

    z: Ext
    delta: Ext
    betas: tuple[Ext, ...]
    positions: tuple[int, ...]


def draw(shape: Layout, key: VerifyingKey, public: Sequence[int], proof: Proof) -> Drawn:
    """The challenges to which a proof's messages lead."""
    transcript = Transcript()
    transcript.absorb("statement", statement(shape.profile.id, key.hash, public, proof.log_heights))
    transcript.absorb("main root", proof.main_root)
    for name in shape.machine.all_challenges:
        transcript.challenge(name)
    transcript.absorb("aux root and totals", proof.aux_root + encode_elements(proof.totals))
    transcript.challenge("alpha")
    transcript.absorb("quotient root", proof.quotient_root)
    z = transcript.challenge("z")
    transcript.absorb("openings", encode_elements(proof.openings))
    delta = transcript.challenge("delta")
    betas = []
    for number, root in enumerate(proof.layer_roots):
        transcript.absorb(f"layer {number}", root)
        betas.append(transcript.challenge(f"beta {number}"))
    transcript.absorb("final polynomial", encode_elements(proof.final))
    transcript.absorb("nonce", encode_words([proof.nonce]))
    positions = sorted(set(transcript.positions(shape.profile.queries, shape.log_domain)))
    return Drawn(z, delta, tuple(betas), tuple(positions))


def claimed_sums(shape: Layout, openings: Sequence[Ext], delta: Ext) -> list[Ext]:
    """Σ δ^c v_c over columns by slot.

    The slots are the distinct lifts of the tables, 0 and ascending: a slot has the main and aux columns of the tables
    with its lift, slot 0 also all fixed columns and the quotient's. Behind them one more, Σ δ^c v'_c over the columns
    that are opened at the next row.
    """
    lifts = slots(shape)
    sums = [ZERO] * (len(lifts) + 1)
    powers = [ONE]
    while len(powers) < shape.columns:
        powers.append(e_mul(powers[-1], delta))
    for number, stage in enumerate(shape.stages):
        for block in stage.blocks:
            slot = lifts.index(shape.log_height - block.log_height) if number in (MAIN, AUX) else 0
            for column in range(block.first, block.first + block.width):
                sums[slot] = e_add(sums[slot], e_mul(powers[column], openings[column]))
    for column, value in zip(shape.next_columns, openings[shape.columns :], strict=True):
        sums[-1] = e_add(sums[-1], e_mul(powers[column], value))
    return sums


def slots(shape: Layout) -> list[int]:
    """The distinct lifts of the tables, log2 of k_t, ascending; the first is 0."""
    return sorted({shape.lift_log(table) for table in range(len(shape.log_heights))})


def context_bytes(shape: Layout, key: VerifyingKey, proof: Proof, drawn: Drawn) -> bytes:
    """What every part but the first repeats, without its prefix."""
    fixed_root = key.roots.get(shape.log_height, bytes(shape.profile.node_bytes))
    return b"".join(
        (
            bytes(proof.log_heights),
            fixed_root,
            proof.main_root,
            proof.aux_root,
            proof.quotient_root,
            *proof.layer_roots,
            encode_elements((drawn.delta, drawn.z)),
            encode_elements(claimed_sums(shape, proof.openings, drawn.delta)),
            encode_elements(drawn.betas),
            encode_elements(proof.final),
            len(drawn.positions).to_bytes(2, "big"),
            *(position.to_bytes(4, "big") for position in drawn.positions),
        )
    )
