"""Nodes of a Merkle tree as far as opened rows make them known, and the siblings that fewer positions need."""

from collections.abc import Iterable, Mapping, Sequence

from eth_hash.auto import keccak

from zkvm.stark.errors import WrongOpenings

Nodes = dict[tuple[int, int], bytes]
"""(log2 of the level's size, position) → node."""


def known_nodes(
    log_leaves: int, levels: Mapping[int, Mapping[int, bytes]], nodes: Sequence[bytes], node_bytes: int
) -> Nodes:
    """Every node that row digests and siblings give, siblings included. Whether the root is the right one is not asked.

    Args:
        log_leaves: log2 of the number of leaves.
        levels: log2 of a level's size → position → row digest.
        nodes: The siblings, level by level from the leaves, left to right.
        node_bytes: Length of a node.

    Raises:
        WrongOpenings: There are too few siblings, or too many.
    """
    known: Nodes = {(log_leaves, position): digest for position, digest in levels[log_leaves].items()}
    left = iter(nodes)
    for level, siblings in _missing(log_leaves, levels[log_leaves]):
        for position in siblings:
            sibling = next(left, None)
            if sibling is None:
                raise WrongOpenings(f"a node of level {level} is missing")
            known[level, position] = sibling
        rows = levels.get(level - 1, {})
        for position in {at >> 1 for depth, at in known if depth == level}:
            pair = known[level, 2 * position] + known[level, 2 * position + 1]
            known[level - 1, position] = keccak(pair + rows.get(position, b""))[:node_bytes]
    if next(left, None) is not None:
        raise WrongOpenings("more nodes than the positions need")
    return known


def siblings_of(log_leaves: int, positions: Iterable[int], known: Mapping[tuple[int, int], bytes]) -> list[bytes]:
    """The siblings that the rows at these positions of the leaves' level need, in the order of a proof."""
    return [known[level, position] for level, siblings in _missing(log_leaves, positions) for position in siblings]


def _missing(log_leaves: int, positions: Iterable[int]) -> Iterable[tuple[int, list[int]]]:
    """For each level from the leaves to the one below the root, the positions of siblings that are not known."""
    reached = set(positions)
    for level in range(log_leaves, 0, -1):
        yield level, sorted(position ^ 1 for position in reached if position ^ 1 not in reached)
        reached = {position >> 1 for position in reached}
