"""The rows, leaves and nodes of a group of queries."""

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from zkvm.field.scalar import Ext
from zkvm.onchain.trees import Nodes, known_nodes, siblings_of
from zkvm.stark.check_queries import ancestors
from zkvm.stark.encoding import Reader
from zkvm.stark.errors import WrongOpenings
from zkvm.stark.layout import Layout
from zkvm.stark.merkle_verify import row_digest
from zkvm.stark.proof import LayerOpening, Proof, Row, StageOpening


@dataclass
class Tree:
    """One tree of a proof, as far as openings tell.

    Attributes:
        levels: log2 of the size of each level with rows → elements in a row; the first is the leaves'.
        rows: log2 of a level's size → position → row.
        nodes: What is known of its nodes.
    """

    levels: dict[int, int]
    rows: dict[int, dict[int, Row]]
    nodes: Nodes

    @property
    def log_leaves(self) -> int:
        """log2 of the leaves."""
        return next(iter(self.levels))

    def wanted(self, level: int, log_domain: int, positions: Sequence[int]) -> list[int]:
        """Where query positions lie on a level."""
        return ancestors(positions, log_domain - level)


def trees_of(shape: Layout) -> list[Tree]:
    """The trees of a proof of this layout, nothing known: the stages that have columns, then the layers."""
    trees = [
        Tree({level.log_rows: level.width for level in stage.levels}, {}, {}) for stage in shape.stages if stage.levels
    ]
    log_size = shape.log_domain
    for fold in shape.folds:
        log_size -= fold
        trees.append(Tree({log_size: 3 << fold}, {}, {}))
    return trees


def learn(tree: Tree, rows: Mapping[int, Mapping[int, Row]], siblings: Sequence[bytes], node_bytes: int) -> None:
    """Add what an opening tells.

    Raises:
        WrongOpenings: It has too few nodes or too many, or contradicts what is known.
    """
    digests = {level: {at: row_digest(row, node_bytes) for at, row in found.items()} for level, found in rows.items()}
    for level, found in rows.items():
        held = tree.rows.setdefault(level, {})
        if any(held.get(at, row) != row for at, row in found.items()):
            raise WrongOpenings(f"two rows at one position of level {level}")
        held.update(found)
    nodes = known_nodes(tree.log_leaves, digests, siblings, node_bytes)
    if any(tree.nodes.get(place, node) != node for place, node in nodes.items()):
        raise WrongOpenings("two nodes at one position")
    tree.nodes.update(nodes)


def open_group(shape: Layout, trees: Sequence[Tree], positions: Sequence[int]) -> bytes:
    """The bytes of a group: how many positions, the positions, then for each tree its rows and nodes."""
    parts = [struct.pack(f">H{len(positions)}I", len(positions), *positions)]
    for tree in trees:
        for level in tree.levels:
            for position in tree.wanted(level, shape.log_domain, positions):
                row = tree.rows[level][position]
                parts.append(struct.pack(f">{len(row)}Q", *row))
        parts += siblings_of(tree.log_leaves, tree.wanted(tree.log_leaves, shape.log_domain, positions), tree.nodes)
    return b"".join(parts)


def read_group(reader: Reader, shape: Layout, trees: Sequence[Tree]) -> list[int]:
    """Read a group and learn what it tells; its positions.

    Raises:
        StarkError: It ends too early, an element is p or more, or it contradicts what is known.
    """
    positions = [reader.number(4, "a position") for _ in range(reader.number(2, "the number of queries"))]
    if not positions or positions != sorted(set(positions)) or positions[-1] >> shape.log_domain:
        raise WrongOpenings("the positions do not ascend, or are none of the domain")
    for tree in trees:
        rows = {
            level: {at: reader.elements(width, "a row") for at in tree.wanted(level, shape.log_domain, positions)}
            for level, width in tree.levels.items()
        }
        siblings = [
            reader.take(shape.profile.node_bytes, "a node")
            for _ in range(siblings_count(tree.log_leaves, rows[tree.log_leaves]))
        ]
        learn(tree, rows, siblings, shape.profile.node_bytes)
    return positions


def siblings_count(log_leaves: int, positions: Mapping[int, Row]) -> int:
    """How many siblings the rows at these positions need."""
    reached, count = set(positions), 0
    for _ in range(log_leaves):
        count += sum(position ^ 1 not in reached for position in reached)
        reached = {position >> 1 for position in reached}
    return count


def learn_proof(shape: Layout, trees: Sequence[Tree], proof: Proof, positions: Sequence[int]) -> None:
    """Learn all that a proof opens.

    Raises:
        WrongOpenings: It does not open what these positions need.
    """
    for tree, (opened, siblings) in zip(trees, _openings_of(proof), strict=True):
        rows = {}
        for (level, _), found in zip(tree.levels.items(), opened, strict=True):
            wanted = tree.wanted(level, shape.log_domain, positions)
            if len(wanted) != len(found):
                raise WrongOpenings(f"{len(found)} rows of 2^{level}, not {len(wanted)}")
            rows[level] = dict(zip(wanted, found, strict=True))
        learn(tree, rows, siblings, shape.profile.node_bytes)


def proof_openings(
    shape: Layout, trees: Sequence[Tree], positions: Sequence[int]
) -> tuple[tuple[StageOpening, ...], tuple[LayerOpening, ...]]:
    """The openings of a proof at these positions, from trees that know them."""
    found = iter(trees)

    def siblings(tree: Tree) -> tuple[bytes, ...]:
        leaves = tree.wanted(tree.log_leaves, shape.log_domain, positions)
        return tuple(siblings_of(tree.log_leaves, leaves, tree.nodes))

    def stages() -> Iterator[StageOpening]:
        for stage in shape.stages:
            if not stage.levels:
                yield StageOpening((), ())
                continue
            tree = next(found)
            rows = tuple(tuple(row for _, row in sorted(tree.rows[level].items())) for level in tree.levels)
            yield StageOpening(rows, siblings(tree))

    opened = tuple(stages())
    layers = tuple(
        LayerOpening(tuple(_values(row) for _, row in sorted(tree.rows[tree.log_leaves].items())), siblings(tree))
        for tree in found
    )
    return opened, layers


def _openings_of(proof: Proof) -> Iterator[tuple[tuple[tuple[Row, ...], ...], tuple[bytes, ...]]]:
    """The rows by level and the nodes of each tree that there is."""
    for stage in proof.stages:
        if stage.rows:
            yield stage.rows, stage.nodes
    for layer in proof.layers:
        rows = tuple(tuple(coordinate for value in leaf for coordinate in value) for leaf in layer.leaves)
        yield (rows,), layer.nodes


def _values(row: Row) -> tuple[Ext, ...]:
    flat = iter(row)
    return tuple(zip(flat, flat, flat, strict=True))
