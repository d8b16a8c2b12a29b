"""Random programs: every RV32IM instruction on edge values, loads and stores into a small window, short jumps."""

import random

from tests.zkvm.assembler import I_TYPE, LOADS, R_TYPE, SHIFTS, STORES

EDGES = [0, 1, 2, 3, 31, 32, 33, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0x80000001,
         0xFFFF8000, 0xFFFFFF80, 0xFFFFFFFE, 0xFFFFFFFF]  # fmt: skip

WINDOW = 0x2000_0000
"""Where random programs load and store: 64 bytes each side of s0, which holds this address plus 64."""

_SOURCES = ["zero", "ra", "t0", "t1", "t2", "a0", "a1", "a2", "a3", "t3", "t4"]
_TARGETS = ["zero", "t0", "t1", "t2", "a0", "a1", "a2", "a3", "t3", "t4"]


def random_source(rng: random.Random, length: int) -> str:
    """A program of ``length`` random instructions (some are skipped by jumps) that ends by itself."""
    lines = [f"li s0, {WINDOW + 64}"]
    lines += [f"li {name}, {_edge(rng)}" for name in _TARGETS[1:]]
    for i in range(length):
        lines.append(f"l{i}:")
        lines += _random_instruction(rng, i)
    lines += [f"l{length}:", f"l{length + 1}:", f"l{length + 2}:", f"l{length + 3}:", "halt"]
    return "\n".join(lines)


def _edge(rng: random.Random) -> int:
    return rng.choice(EDGES) if rng.random() < 0.7 else rng.getrandbits(32)


def _random_instruction(rng: random.Random, i: int) -> list[str]:
    d, a, b = rng.choice(_TARGETS), rng.choice(_SOURCES), rng.choice(_SOURCES)
    ahead = f"l{i + rng.randint(1, 3)}"
    kind = rng.random()
    if kind < 0.35:
        return [f"{rng.choice(list(R_TYPE))} {d}, {a}, {b}"]
    if kind < 0.5:
        return [f"{rng.choice(list(I_TYPE))} {d}, {a}, {rng.choice([-2048, -1, 0, 1, 2047, rng.randint(-2048, 2047)])}"]
    if kind < 0.56:
        return [f"{rng.choice(list(SHIFTS))} {d}, {a}, {rng.choice([0, 1, 31, rng.randint(0, 31)])}"]
    if kind < 0.6:
        return [f"{rng.choice(['lui', 'auipc'])} {d}, {rng.getrandbits(20)}"]
    if kind < 0.75:
        name = rng.choice([*LOADS, *STORES])
        size = {"b": 1, "h": 2, "w": 4}[name[1]]
        return [f"{name} {d if name in LOADS else a}, {rng.randrange(-64, 64, size)}(s0)"]
    if kind < 0.9:
        return [f"{rng.choice(['beq', 'bne', 'blt', 'bge', 'bltu', 'bgeu'])} {a}, {rng.choice([a, b])}, {ahead}"]
    if kind < 0.94:
        return [f"jal {rng.choice(['zero', 'ra', d])}, {ahead}"]
    if kind < 0.97:
        return [f"la s1, {ahead}", f"jalr {rng.choice(['ra', d])}, {rng.choice([0, 1])}(s1)"]
    return [f"li {d}, {_edge(rng)}"]
