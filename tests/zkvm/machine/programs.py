"""Programs for tests of the machine: every instruction on values at the edges, and random ones."""

import random
from collections.abc import Iterator

EDGES = (0, 1, 2, 31, 32, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0x80000001, 0xFFFFFFFE, 0xFFFFFFFF)
REGISTER_OPS = ("add", "sub", "sll", "slt", "sltu", "xor", "srl", "sra", "or", "and")
M_OPS = ("mul", "mulh", "mulhsu", "mulhu", "div", "divu", "rem", "remu")
IMMEDIATE_OPS = ("addi", "slti", "sltiu", "xori", "ori", "andi")
SHIFT_IMMEDIATES = ("slli", "srli", "srai")
LOADS = {"lb": 1, "lbu": 1, "lh": 2, "lhu": 2, "lw": 4}
STORES = {"sb": 1, "sh": 2, "sw": 4}
BRANCHES = ("beq", "bne", "blt", "bge", "bltu", "bgeu")
MEMORY = 0x2000_0400
INPUT = bytes(range(1, 40))


def edge_pairs(seed: str, count: int) -> list[tuple[int, int]]:
    """``count`` pairs of edge values, with the pairs that divisions and comparisons trip over."""
    rng = random.Random(seed)
    known = [(0x80000000, 0xFFFFFFFF), (5, 0), (0x80000005, 0), (7, 7), (0xFFFFFFFF, 0xFFFFFFFF), (0, 0)]
    return (known + [(rng.choice(EDGES), rng.choice(EDGES)) for _ in range(count)])[:count]


def arithmetic(pairs: int = 8) -> Iterator[str]:
    """Every instruction of BINARY, SHIFT, MULDIV and the sums."""
    for name in (*REGISTER_OPS, *M_OPS):
        for x, y in edge_pairs(name, pairs):
            yield from (f"li t0, {x}", f"li t1, {y}", f"{name} t2, t0, t1", "xor s0, s0, t2")
        yield f"{name} s1, s0, s0"
        yield f"{name} zero, s0, t0"
    for name in IMMEDIATE_OPS:
        for x, immediate in ((0, 0), (0x80000000, -1), (0xFFFFFFFF, 2047), (0x1234, -2048)):
            yield from (f"li t0, {x}", f"{name} t2, t0, {immediate}", "add s0, s0, t2")
    for name in SHIFT_IMMEDIATES:
        for x, amount in ((0x80000001, 0), (0xFFFFFFFF, 31), (0x7FFF0000, 16), (0, 5)):
            yield from (f"li t0, {x}", f"{name} t2, t0, {amount}", "sub s0, s0, t2")
    yield from ("lui t0, 0xfffff", "auipc t1, 0x80000", "fence", "add s0, s0, t0", "add s0, s0, t1")


def memory() -> Iterator[str]:
    """Every load and store at every offset in a word, from input, image and zero memory, addresses that overflow."""
    for step, (name, size) in enumerate(STORES.items()):
        for offset in range(0, 8, size):
            yield from (f"li t1, {0x80818283 * (step + offset + 1) % 2**32}", f"{name} t1, {offset}(s2)")
            yield f"{name} t1, {offset - 8}(s3)"  # s3 is above: the sum with 2^32 - 8 overflows
    for base in ("s2", "s3", "s4", "s5"):
        for name, size in LOADS.items():
            for offset in range(0, 8, size):
                yield from (f"{name} t2, {offset - 8 if base == 's3' else offset}({base})", "add s0, s0, t2")


def control() -> Iterator[str]:
    """Every branch both ways, JAL and JALR with an odd target."""
    label = 0
    for name in BRANCHES:
        for x, y in ((1, 1), (1, 2), (2, 1), (0x80000000, 0x7FFFFFFF), (0xFFFFFFFF, 0xFFFFFFFF)):
            label += 1
            yield from (f"li t0, {x}", f"li t1, {y}", f"{name} t0, t1, b{label}", "addi s0, s0, 3", f"b{label}:")
    yield from ("la t0, odd + 1", "jalr ra, 0(t0)", "addi s0, s0, 99", "odd:", "add s0, s0, ra")
    yield from ("jal t1, over", "addi s0, s0, 77", "over: add s0, s0, t1")
    yield from ("la t0, under - 4", "jalr zero, 4(t0)", "addi s0, s0, 55", "under:")


def frame(body: Iterator[str]) -> str:
    """A program around the instructions: pointers before, the output in a0..a7 after."""
    start = [f"li s2, {MEMORY}", f"li s3, {MEMORY + 64}", "li s4, 0x10000000", "la s5, image"]
    end = ["mv a0, s0", "mv a1, s1", "lw a2, 0(s2)", "lbu a3, 5(s4)", "j zkhub_halt", ".data"]
    return "\n".join([*start, *body, *end, "image: .word 0x80ff7f01, 0x12345678, 0xffffffff, 4"])


def every_instruction(pairs: int = 8) -> str:
    """One program with all of RV32IM."""

    def body() -> Iterator[str]:
        yield from arithmetic(pairs)
        yield from memory()
        yield from control()

    return frame(body())


def random_program(seed: int, length: int = 300) -> str:
    """A straight line of random instructions over eight registers, with a loop around it."""
    rng = random.Random(seed)
    registers = ("t0", "t1", "t2", "t3", "t4", "s0", "s1", "zero")
    pick = rng.choice

    def line() -> str:
        kind = rng.random()
        if kind < 0.4:
            return f"{pick((*REGISTER_OPS, *M_OPS))} {pick(registers)}, {pick(registers)}, {pick(registers)}"
        if kind < 0.55:
            return f"{pick(IMMEDIATE_OPS)} {pick(registers)}, {pick(registers)}, {rng.randint(-2048, 2047)}"
        if kind < 0.6:
            return f"{pick(SHIFT_IMMEDIATES)} {pick(registers)}, {pick(registers)}, {rng.randint(0, 31)}"
        if kind < 0.7:
            return f"li {pick(registers)}, {pick((*EDGES, rng.getrandbits(32)))}"
        if kind < 0.85:
            name, size = pick(list(STORES.items()))
            return f"{name} {pick(registers)}, {size * rng.randint(0, 64 // size - 1)}(s2)"
        name, size = pick(list(LOADS.items()))
        return f"{name} {pick(registers)}, {size * rng.randint(0, 64 // size - 1)}(s2)"

    lines = [line() for _ in range(length)]
    for i in range(1, length, 17):  # forward branches over a few instructions
        lines[i] = f"{pick(BRANCHES)} {pick(registers)}, {pick(registers)}, r{i}\n{lines[i]}\nr{i}:"
    return frame(iter(["li s6, 2", "again:", *lines, "addi s6, s6, -1", "beqz s6, done", "j again", "done:"]))
