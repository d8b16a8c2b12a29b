"""The proof as an object, and as bytes with one encoding only.

``docs/reference/zkvm/proof-format.md`` describes every field. Nothing in a proof chooses a parameter: the profile's
number and the heights are statements that the verifier checks, and counts are checked against the query positions.
"""

import struct
from collections.abc import Iterable
from dataclasses import dataclass

from zkvm.air import Machine
from zkvm.field.scalar import Ext
from zkvm.stark.encoding import EXTENSION_BYTES, WORD_BYTES, Reader
from zkvm.stark.errors import MalformedProof, WrongProfile
from zkvm.stark.layout import FINAL_COEFFICIENTS, MAIN, Layout, Stage, layout
from zkvm.stark.profiles import Profile

MAGIC = b"zkhubprf"
VERSION = 1

Row = tuple[int, ...]


@dataclass(frozen=True)
class StageOpening:
    """The opened rows of one tree.

    Attributes:
        rows: For each level of the tree, largest first, the rows of its distinct positions in ascending order; a row
            is the concatenation of the rows of the level's tables, in table order.
        nodes: Siblings that cannot be computed, level by level from the leaves, from left to right.
    """

    rows: tuple[tuple[Row, ...], ...]
    nodes: tuple[bytes, ...]


@dataclass(frozen=True)
class LayerOpening:
    """The opened leaves of one FRI layer.

    Attributes:
        leaves: The values of each distinct leaf position in ascending order, as many as the layer folds.
        nodes: Siblings, as in StageOpening.
    """

    leaves: tuple[tuple[Ext, ...], ...]
    nodes: tuple[bytes, ...]


@dataclass(frozen=True)
class Proof:
    """All messages of the prover, in the order of the protocol.

    Attributes:
        profile_id: Number of the profile it was made under.
        log_heights: log2 of the rows of each table, in table order.
        main_root: Root of the main columns' tree; zero bytes where the machine has none, as for the other roots.
        aux_root: Root of the aux columns' tree.
        quotient_root: Root of the quotient's tree.
        totals: Claimed LogUp totals of the tables that have interactions.
        openings: Claimed values at z, then those at g_N·z (``Layout.openings`` many).
        layer_roots: Root of each FRI layer.
        final: Coefficients of the last folded polynomial, constant first.
        nonce: The grinding's answer.
        stages: fixed, main, aux, quotient.
        layers: Each FRI layer.
    """

    profile_id: int
    log_heights: tuple[int, ...]
    main_root: bytes
    aux_root: bytes
    quotient_root: bytes
    totals: tuple[Ext, ...]
    openings: tuple[Ext, ...]
    layer_roots: tuple[bytes, ...]
    final: tuple[Ext, ...]
    nonce: int
    stages: tuple[StageOpening, ...]
    layers: tuple[LayerOpening, ...]

    def to_bytes(self) -> bytes:
        """The one encoding of this proof."""
        parts = [MAGIC, struct.pack(">HHH", VERSION, self.profile_id, len(self.log_heights)), bytes(self.log_heights)]
        parts += [self.main_root, self.aux_root, self.quotient_root]
        parts += [_extensions(self.totals), _extensions(self.openings)]
        parts += [*self.layer_roots, _extensions(self.final), struct.pack(">Q", self.nonce)]
        for stage in self.stages:
            for rows in stage.rows:
                parts.append(struct.pack(">H", len(rows)))
                parts += [struct.pack(f">{len(row)}Q", *row) for row in rows]
            parts += [struct.pack(">H", len(stage.nodes)), *stage.nodes]
        for layer in self.layers:
            parts.append(struct.pack(">H", len(layer.leaves)))
            parts += [_extensions(leaf) for leaf in layer.leaves]
            parts += [struct.pack(">H", len(layer.nodes)), *layer.nodes]
        return b"".join(parts)

    @classmethod
    def from_bytes(cls, data: bytes, machine: Machine, profile: Profile) -> "Proof":
        """Decode a proof about this machine under this profile.

        Raises:
            WrongProfile: It says that it was made under another one.
            WrongHeights: A height is outside what the machine and the profile allow.
            MalformedProof: Anything else; NonCanonicalElement where a number is not below p.
        """
        reader = Reader(data)
        log_heights = _read_header(reader, machine, profile)
        shape = layout(machine, profile, log_heights)
        if len(data) > longest_bytes(shape):
            raise reader.fail(f"{len(data)} bytes; a proof of these heights has at most {longest_bytes(shape)}")
        main_root, aux_root, quotient_root = (_read_root(reader, stage, profile) for stage in shape.stages[MAIN:])
        totals = reader.extensions(len(shape.totals), "the totals")
        openings = reader.extensions(shape.openings, "the openings")
        layer_roots = tuple(reader.take(profile.node_bytes, "a layer's root") for _ in shape.folds)
        final = reader.extensions(FINAL_COEFFICIENTS, "the final polynomial")
        nonce = reader.number(WORD_BYTES, "the nonce")
        stages = tuple(_read_stage(reader, stage, profile) for stage in shape.stages)
        layers = tuple(_read_layers(reader, shape))
        reader.end()
        return cls(
            profile.id,
            log_heights,
            main_root,
            aux_root,
            quotient_root,
            totals,
            openings,
            layer_roots,
            final,
            nonce,
            stages,
            layers,
        )


def longest_bytes(shape: Layout) -> int:
    """The longest a proof of this layout can be: as if no two queries met below the root."""
    profile = shape.profile
    size = len(MAGIC) + 6 + len(shape.log_heights) + (3 + len(shape.folds)) * profile.node_bytes + WORD_BYTES
    size += EXTENSION_BYTES * (len(shape.totals) + shape.openings + FINAL_COEFFICIENTS)
    for stage in shape.stages:
        size += 2 + sum(2 + profile.queries * WORD_BYTES * level.width for level in stage.levels)
        size += sum(profile.queries * profile.node_bytes * level.log_rows for level in stage.levels[:1])
    log_size = shape.log_domain
    for fold in shape.folds:
        log_size -= fold
        size += 4 + profile.queries * ((EXTENSION_BYTES << fold) + profile.node_bytes * log_size)
    return size


def _extensions(values: Iterable[Ext]) -> bytes:
    flat = [coordinate for value in values for coordinate in value]
    return struct.pack(f">{len(flat)}Q", *flat)


def _read_header(reader: Reader, machine: Machine, profile: Profile) -> tuple[int, ...]:
    reader.expect(MAGIC, "the magic word")
    reader.expect(struct.pack(">H", VERSION), "the version")
    number = reader.number(2, "the profile")
    if number != profile.id:
        raise WrongProfile(f"the proof was made under profile {number}, not under {profile.name} ({profile.id})")
    tables = reader.number(2, "the number of tables")
    if tables != len(machine.tables):
        raise reader.fail(f"{tables} tables where {machine.name} has {len(machine.tables)}", back=2)
    return tuple(reader.take(tables, "the heights"))


def _read_root(reader: Reader, stage: Stage, profile: Profile) -> bytes:
    if not stage.blocks:
        reader.expect(bytes(profile.node_bytes), f"the root of the empty {stage.name} tree")
        return bytes(profile.node_bytes)
    return reader.take(profile.node_bytes, f"the root of the {stage.name} tree")


def _read_stage(reader: Reader, stage: Stage, profile: Profile) -> StageOpening:
    if not stage.levels:
        reader.expect(bytes(2), f"the count of nodes of the empty {stage.name} tree")
        return StageOpening((), ())
    rows: list[tuple[Row, ...]] = []
    for level in stage.levels:
        count = _read_count(reader, profile.queries, f"rows of the {stage.name} tree")
        rows.append(tuple(reader.elements(level.width, f"a row of the {stage.name} tree") for _ in range(count)))
    return StageOpening(tuple(rows), _read_nodes(reader, len(rows[0]) * stage.levels[0].log_rows, profile))


def _read_layers(reader: Reader, shape: Layout) -> Iterable[LayerOpening]:
    log_size = shape.log_domain
    for fold in shape.folds:
        log_size -= fold
        count = _read_count(reader, shape.profile.queries, "leaves of a FRI layer")
        leaves = tuple(reader.extensions(1 << fold, "a leaf of a FRI layer") for _ in range(count))
        yield LayerOpening(leaves, _read_nodes(reader, count * log_size, shape.profile))


def _read_count(reader: Reader, most: int, what: str) -> int:
    count = reader.number(2, f"the count of {what}")
    if not 1 <= count <= most:
        raise reader.fail(f"{count} {what}; 1 to {most} are possible", back=2)
    return count


def _read_nodes(reader: Reader, most: int, profile: Profile) -> tuple[bytes, ...]:
    count = reader.number(2, "the count of nodes")
    if count > most:
        raise MalformedProof(reader.offset - 2, f"{count} nodes; at most {most} are possible")
    return tuple(reader.take(profile.node_bytes, "a node") for _ in range(count))
