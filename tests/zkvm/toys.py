"""Honest traces of the example machines of zkvm.air.examples, at any heights."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from zkvm.air import Machine, examples
from zkvm.air.rows import Words
from zkvm.field import P, base, extension
from zkvm.field.scalar import ONE, Ext, e_mul


@dataclass(frozen=True)
class Toy:
    """A machine with an honest trace."""

    machine: Machine
    main: dict[str, Words]
    fixed: dict[str, Words] = field(default_factory=dict)
    publics: tuple[int, ...] = ()
    parameters: dict[str, int] = field(default_factory=dict)
    fill_aux: Callable[[str, Words, Mapping[str, Ext]], Words] | None = None


def fibonacci(log_height: int = 6) -> Toy:
    rows, a, b = [], 0, 1
    for _ in range(1 << log_height):
        rows.append((a, b))
        a, b = b, (a + b) % P
    return Toy(examples.fibonacci(), {"fib": _columns(rows)}, publics=(rows[20][0],))


def permutation(log_sender: int = 8, log_receiver: int = 6, seed: int = 1) -> Toy:
    random = np.random.default_rng(seed)
    keys = [int(key) for key in random.integers(0, P, 40, np.uint64)]
    sender = [(0, int(random.integers(0, 1 << 32)), int(random.integers(0, 1 << 32))) for _ in range(1 << log_sender)]
    for row, key in zip(random.permutation(1 << log_sender)[:40], keys, strict=True):
        sender[int(row)] = (1, key, (key * key + 3) % P)
    received = [(1, key, (key * key + 3) % P) for key in sorted(keys)]
    received += [(0, 0, 0)] * ((1 << log_receiver) - len(received))
    following = [*received[1:], received[0]]
    receiver = [(*one, (after[1] - one[1]) % P) for one, after in zip(received, following, strict=True)]
    return Toy(examples.permutation(), {"sender": _columns(sender), "receiver": _columns(receiver)})


def lookup(log_height: int = 7, seed: int = 2) -> Toy:
    random = np.random.default_rng(seed)
    counts = [0] * 256
    user = []
    for row in range(1 << log_height):
        on = 1 if row % 2 == 0 else int(random.integers(0, 2))
        roots = [int(root) for root in random.integers(0, 256, 7)]
        for root in roots:
            counts[root] += on
        user.append([on, *(part for root in roots for part in (root, root * root if on else 5))])
    fixed = _columns([(root, root * root) for root in range(256)])
    return Toy(
        examples.lookup(), {"user": _columns(user), "squares": _columns([[n] for n in counts])}, {"squares": fixed}
    )


def accumulator(log_height: int = 6, seed: int = 3) -> Toy:
    values = np.random.default_rng(seed).integers(0, P, 1 << log_height, np.uint64)
    return Toy(examples.accumulator(), {"blocks": np.stack([values, values])}, fill_aux=fill_difference)


def fill_difference(table: str, main: Words, challenges: Mapping[str, Ext]) -> Words:
    """The running sums of zeta^i (w_i - v_i) in blocks of four rows."""
    weights, power = [], ONE
    for _ in range(4):
        weights.append(power)
        power = e_mul(power, challenges["zeta"])
    differences = base.sub(main[0], main[1])
    result = np.zeros((3, main.shape[1]), np.uint64)
    total = np.zeros((3, main.shape[1] // 4), np.uint64)
    for i, weight in enumerate(weights):
        factor = np.array(weight, np.uint64).reshape(3, 1)
        total = extension.add(total, extension.mul_base(factor, differences[i::4]))
        result[:, i::4] = total
    return result


ALL: dict[str, Callable[[], Toy]] = {
    "fibonacci": fibonacci,
    "permutation": permutation,
    "lookup": lookup,
    "accumulator": accumulator,
}


def _columns(rows: list) -> Words:
    return np.ascontiguousarray(np.array(rows, np.uint64).T)
