"""Honest witnesses of the small machines in zkvm.air.examples, as lists of integers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.zkvm.stark.slow_prover import Column, Witness
from zkvm.air import Machine
from zkvm.air.examples import accumulator, fibonacci, lookup, permutation
from zkvm.field import P
from zkvm.field.scalar import ZERO, Ext, e_add, e_mul_base, e_pow
from zkvm.stark.profiles import Profile

TOY = Profile("toy", 900, log_blowup=2, queries=6, grinding_bits=5, node_bytes=25, target_bits=5, max_log_height=18)
TOY_WIDE = Profile(
    "toy-32", 901, log_blowup=4, queries=3, grinding_bits=3, node_bytes=32, target_bits=5, max_log_height=18
)


@dataclass(frozen=True)
class Toy:
    """A machine with an honest witness."""

    machine: Machine
    witness: Witness


def fibonacci_toy(log_height: int = 6) -> Toy:
    a, b = [0], [1]
    while len(a) < 1 << log_height:
        a.append(b[-1])
        b.append((a[-2] + b[-1]) % P)
    return Toy(fibonacci(), Witness({"fib": [a, b]}, public=[a[20]]))


def permutation_toy(log_sender: int = 8, log_receiver: int = 6) -> Toy:
    sender, receiver = 1 << log_sender, 1 << log_receiver
    messages = [(3 * i + 1, (3 * i + 1) ** 2 + 3) for i in range(min(sender, receiver) // 2)]
    sent = [(1, *messages[i // 2]) if i % 2 == 0 and i // 2 < len(messages) else (0, i, 7) for i in range(sender)]
    got = [(1, *message) for message in reversed(messages)]
    got += [(0, 5 * i, i) for i in range(receiver - len(got))]
    rows = [(*row, (got[(i + 1) % receiver][1] - row[1]) % P) for i, row in enumerate(got)]
    return Toy(permutation(), Witness({"sender": _columns(sent), "receiver": _columns(rows)}))


def lookup_toy(log_height: int = 7) -> Toy:
    table = [[i for i in range(256)], [i * i for i in range(256)]]
    count = [0] * 256
    rows = []
    for i in range(1 << log_height):
        on = 1 if i % 2 == 0 or i % 3 == 0 else 0
        row = [on]
        for j in range(7):
            value = (i * 37 + j * 101) % 256
            row += [value, value * value] if on else [0, 0]
            count[value] += on
        rows.append(tuple(row))
    return Toy(lookup(), Witness({"user": _columns(rows), "squares": [count]}, fixed={"squares": table}))


def accumulator_toy(log_height: int = 6) -> Toy:
    w = [(i * i * 12345 + 678) % P for i in range(1 << log_height)]

    def fill(name: str, main: Sequence[Column], challenges: Mapping[str, Ext]) -> list[list[Ext]]:
        difference = []
        value = ZERO
        for i, (left, right) in enumerate(zip(*main, strict=True)):
            weight = e_pow(challenges["zeta"], i % 4)
            value = e_add(ZERO if i % 4 == 0 else value, e_mul_base(weight, (left - right) % P))
            difference.append(value)
        return [difference]

    return Toy(accumulator(), Witness({"blocks": [w, list(w)]}, fill_aux=fill))


def _columns(rows: Sequence[tuple[int, ...]]) -> list[Column]:
    return [list(column) for column in zip(*rows, strict=True)]
