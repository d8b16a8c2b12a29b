"""Check that rows belong to a tree of which only the root is known.

A tree has injected levels: a node there also takes the digest of a row of smaller tables. All positions of a proof are
opened at once, so a node that several of them need is sent once, and none that can be computed is sent at all.
"""

import struct
from collections.abc import Mapping, Sequence

from eth_hash.auto import keccak

Digests = Mapping[int, bytes]

SHORTEST_NODE = 16
"""Below this a root binds nothing; an empty one would match everything."""


def row_digest(row: Sequence[int], node_bytes: int) -> bytes:
    """The digest of a row of base elements."""
    return keccak(struct.pack(f">{len(row)}Q", *row))[:node_bytes]


def belongs(root: bytes, log_leaves: int, levels: Mapping[int, Digests], nodes: Sequence[bytes]) -> bool:
    """Whether these digests and siblings lead to this root.

    Args:
        root: The committed root; its length is the length of all nodes.
        log_leaves: log2 of the number of leaves.
        levels: log2 of a level's size → position → row digest. The leaves' level must be there. At a lower level the
            positions must be those of the opened leaves' ancestors.
        nodes: The siblings, level by level from the leaves, left to right. Each must be needed.
    """
    if len(root) < SHORTEST_NODE:
        return False
    known = sorted(levels[log_leaves].items())
    used = 0
    for level in range(log_leaves - 1, -1, -1):
        injected = levels.get(level, {})
        above: list[tuple[int, bytes]] = []
        index = 0
        while index < len(known):
            position, digest = known[index]
            index += 1
            if index < len(known) and known[index][0] == position ^ 1:
                pair = digest + known[index][1]
                index += 1
            elif used == len(nodes):
                return False
            else:
                pair = nodes[used] + digest if position & 1 else digest + nodes[used]
                used += 1
            parent = position >> 1
            above.append((parent, keccak(pair + injected.get(parent, b""))[: len(root)]))
        known = above
    return used == len(nodes) and known == [(0, root)]
