"""Small machines: what the proof system's tests prove, and what a newcomer reads first."""

from functools import cache

from zkvm.air.builder import TableBuilder
from zkvm.air.expression import challenge, public
from zkvm.air.machine import Machine
from zkvm.air.table import Bus, Table


@cache
def fibonacci() -> Machine:
    """One table without buses: a' = b, b' = a + b mod p from (0, 1); public word 0 is ``a`` in row 20."""
    t = TableBuilder("fib", log_height=(6, 16))
    a, b = t.main("a"), t.main("b")
    t.constrain("fib.first_a", t.first * a)
    t.constrain("fib.first_b", t.first * (b - 1))
    t.constrain("fib.a", t.transition * (a.next - b))
    t.constrain("fib.b", t.transition * (b.next - a - b))
    t.constrain("fib.out", t.row(20) * (a - public(0)))
    return Machine("fibonacci", (t.build(),), publics=1)


PERMUTED = Bus("PERMUTED", 1)


@cache
def permutation() -> Machine:
    """Two heights, one bus: a tall table sends its flagged rows, a short one receives them in another order."""
    return Machine("permutation", (_sender(), _receiver()))


def _sender() -> Table:
    t = TableBuilder("sender", log_height=(6, 18))
    flag, key, value = t.main("flag"), t.main("key"), t.main("value")
    t.boolean("sender.flag", flag)
    t.constrain("sender.value", flag * (value - key * key - 3))
    t.send(PERMUTED, flag, key, value)
    return t.build()


def _receiver() -> Table:
    t = TableBuilder("receiver", log_height=(6, 18))
    count, key, value, gap = t.main("count"), t.main("key"), t.main("value"), t.main("gap")
    t.boolean("receiver.count", count)
    t.constrain("receiver.gap", t.transition * (key.next - key - gap))
    t.receive(PERMUTED, count, key, value)
    return t.build()


SQUARES = Bus("SQUARES", 7)


@cache
def lookup() -> Machine:
    """A fixed table of squares, looked up seven times a row; a parity by a periodic column."""
    return Machine("lookup", (_squares_user(), _squares_table()))


def _squares_user() -> Table:
    t = TableBuilder("user", log_height=(6, 18))
    on = t.main("on")
    even = t.periodic("even", [1, 0])
    t.boolean("user.on", on)
    t.constrain("user.even", even * (1 - on))
    for index in range(7):
        root, square = t.main(f"root_{index}"), t.main(f"square_{index}")
        t.send(SQUARES, on, root, square)
    return t.build()


def _squares_table() -> Table:
    t = TableBuilder("squares", log_height=8)
    root, square, count = t.fixed("root"), t.fixed("square"), t.main("count")
    t.receive(SQUARES, count, root, square)
    return t.build()


@cache
def accumulator() -> Machine:
    """An extension column of the machine's own: blocks of four rows whose weighted sums must agree.

    In each block Σ ζ^i w_i over its rows equals Σ ζ^i v_i; so w and v agree there as sequences.
    """
    zeta = challenge("zeta")
    t = TableBuilder("blocks", log_height=(6, 18))
    w, v = t.main("w"), t.main("v")
    difference = t.aux("difference")
    end = t.periodic("end", [0, 0, 0, 1])
    weight = t.challenge_periodic("weight", [zeta**i for i in range(4)])
    t.constrain("blocks.step", difference.next - (1 - end) * difference - weight.next * (w.next - v.next))
    t.constrain("blocks.end", end * difference)
    return Machine("accumulator", (t.build(),), challenges=("zeta",))


WIDE_COLUMNS = 64


@cache
def wide() -> Machine:
    """64 columns and no bus, to measure the proof system with: a counter, and each column the last one's square."""
    t = TableBuilder("wide", log_height=(6, 22))
    columns = [t.main(f"c_{index}") for index in range(WIDE_COLUMNS)]
    t.constrain("wide.first", t.first * columns[0])
    t.constrain("wide.count", t.transition * (columns[0].next - columns[0] - 1))
    for index in range(1, WIDE_COLUMNS):
        previous = columns[index - 1]
        t.constrain(f"wide.{index}", columns[index] - previous * previous - index)
    return Machine("wide", (t.build(),))
