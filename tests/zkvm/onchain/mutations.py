"""Parts that are almost an honest proof's: every class of change that a forger or a broken wire could make."""

import random
from collections.abc import Callable, Iterator, Sequence

from tests.zkvm.onchain.proofs import Stored
from zkvm.field import P
from zkvm.machine.machine import riscv
from zkvm.onchain.openings import siblings_count, trees_of
from zkvm.stark.check_queries import ancestors
from zkvm.stark.layout import FINAL_COEFFICIENTS, Layout, layout
from zkvm.stark.proof import Proof

Region = tuple[str, int, int, int]
"""Name, begin, end, bytes of one item."""
Parts = list[bytes]
VALUES = (0, 1, P - 1, P, 2**64 - 1)


def regions(made: Stored, part: bytes, number: int) -> list[Region]:
    """Every region of a part, by walking over it."""
    machine, node = riscv(), made.profile.node_bytes
    shape = layout(machine, made.profile, Proof.from_bytes(made.proof, machine, made.profile).log_heights)
    found: list[Region] = []

    def add(name: str, count: int, item: int) -> None:
        begin = found[-1][2] if found else 0
        found.append((name, begin, begin + count * item, item))

    add("number", 1, 1)
    if number == 0:
        add("heights", len(machine.tables), 1)
        add("parameters", len(machine.parameters), 8)
        add("key roots", len(made.key.roots), node)
        add("roots", 3, node)
        add("totals", len(shape.totals), 24)
        add("openings", shape.openings, 24)
        add("layer roots", len(shape.folds), node)
        add("final", FINAL_COEFFICIENTS, 24)
        add("nonce", 1, 8)
    else:
        add("done", 1, 2)
        add("context size", 1, 2)
        add("context", int.from_bytes(part[3:5], "big"), 1)
    add("count", 1, 2)
    begin = found[-1][2]
    count = int.from_bytes(part[begin - 2 : begin], "big")
    add("positions", count, 4)
    positions = [int.from_bytes(part[at : at + 4], "big") for at in range(begin, begin + 4 * count, 4)]
    _add_trees(shape, positions, add)
    assert found[-1][2] == len(part)
    return found


def _add_trees(shape: Layout, positions: Sequence[int], add: Callable[[str, int, int], None]) -> None:
    for index, tree in enumerate(trees_of(shape)):
        for level, width in tree.levels.items():
            rows = ancestors(positions, shape.log_domain - level)
            add(f"rows {index}.{level}", len(rows), 8 * width)
        leaves = dict.fromkeys(ancestors(positions, shape.log_domain - tree.log_leaves), ())
        add(f"nodes {index}", siblings_count(tree.log_leaves, leaves), shape.profile.node_bytes)


def mutants(made: Stored, seed: int) -> Iterator[tuple[str, Parts]]:
    """Name and parts of a few changes in every region of every part, and of those to the order of parts."""
    parts, rng = made.parts(), random.Random(seed)
    yield from _orders(made, parts)
    for number, part in enumerate(parts):
        for name, begin, end, item in regions(made, part, number):
            if begin == end:
                continue
            for how, changed in _changes(part, begin, end, item, rng):
                if changed != part:
                    yield f"{name} of part {number}: {how}", [*parts[:number], changed, *parts[number + 1 :]]


def _changes(part: bytes, begin: int, end: int, item: int, rng: random.Random) -> Iterator[tuple[str, bytes]]:
    for at in (begin, end - 1, rng.randrange(begin, end)):
        yield "a bit", part[:at] + bytes([part[at] ^ 1 << rng.randrange(8)]) + part[at + 1 :]
    place = begin + item * rng.randrange((end - begin) // item)
    if item % 8 == 0:
        word = place + 8 * rng.randrange(item // 8)
        for value in VALUES:
            yield f"the word {value:#x}", part[:word] + value.to_bytes(8, "big") + part[word + 8 :]
        lifted = int.from_bytes(part[word : word + 8], "big") + P
        if lifted < 1 << 64:
            yield "an element plus p", part[:word] + lifted.to_bytes(8, "big") + part[word + 8 :]
    yield "an item dropped", part[:place] + part[place + item :]
    yield "an item doubled", part[: place + item] + part[place:]
    yield "the region dropped", part[:begin] + part[end:]
    if end - begin >= 2 * item:
        first = begin + item * rng.randrange((end - begin) // item - 1)
        second, after = first + item, first + 2 * item
        yield "two items swapped", part[:first] + part[second:after] + part[first:second] + part[after:]
        yield "an item copied over the next", part[:second] + part[first:second] + part[after:]
    yield "cut off behind", part[:end]
    yield "cut off before", part[:begin]
    for by in (1, -1):
        value = (int.from_bytes(part[place : place + item], "big") + by) % 256**item
        yield f"an item {by:+}", part[:place] + value.to_bytes(item, "big") + part[place + item :]


def _orders(made: Stored, parts: Parts) -> Iterator[tuple[str, Parts]]:
    other = made.parts(100_000)
    yield "no part", []
    yield "the last part is missing", parts[:-1]
    yield "the first part is missing", parts[1:]
    yield "backwards", parts[::-1]
    yield "the last part of another grouping", [*parts[:-1], other[len(parts) - 1]]
    for tail in (b"\0", bytes(8), bytes(32), parts[0]):
        yield "a tail", [*parts[:-1], parts[-1] + tail]
        yield "a tail of the first", [parts[0] + tail, *parts[1:]]
