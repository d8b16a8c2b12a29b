"""Every witness of every question, counted out in a small field: one answer each, and it is the right one."""

from collections.abc import Callable, Iterable

import numpy as np
import pytest

from tests.zkvm.machine.small_field import BYTE, LIMB, WORD, Q, Rule, asked, cells_of, evaluate, rules, solve
from zkvm.air import Expression
from zkvm.machine.machine import riscv

FIELD = range(Q)
WORDS = range(WORD)
BITS = range(2)
HALF = WORD // 2
Question = tuple[str, int, int]


def signed(word: int) -> int:
    return word - WORD if word >= HALF else word


def divide(x: int, y: int) -> int:
    quotient = abs(x) // abs(y)
    return quotient if (x < 0) == (y < 0) else -quotient


def answers(
    table: str,
    flags: dict[str, dict[str, int]],
    choices: list[tuple[str, Iterable[int]]],
    second: Iterable[int] = WORDS,
    without: tuple[str, ...] = (),
) -> dict[Question, set[int]]:
    """Which answers the table's rules allow, for every operation and every pair of operands."""
    definition = riscv().table(table)
    _, _, x_said, y_said, c_said = asked(definition).entries
    demands = rules(definition, without)
    for cell, said in (("x", x_said), ("y", y_said)):
        if str(said) != cell:  # where the operand is a formula of cells, it must be what was asked
            demands.append(_equal(cell, said))
    operands = [(x, y) for x in WORDS for y in second]
    allowed: dict[Question, set[int]] = {}
    for name in flags:  # one operation at a time, for the sake of memory
        start = {"x": [x for x, _ in operands], "y": [y for _, y in operands], "ts": [0] * len(operands)}
        start |= {flag: [value] * len(operands) for flag, value in flags[name].items()}
        found = solve(start, [(cell, list(domain)) for cell, domain in choices], demands)
        allowed |= {(name, x, y): set() for x, y in operands}
        said = np.broadcast_to(evaluate(c_said, found), len(found["x"]))
        for x, y, answer in zip(found["x"].tolist(), found["y"].tolist(), said.tolist(), strict=True):
            allowed[name, x, y].add(answer)
    return allowed


def _equal(cell: str, said: Expression) -> Rule:
    return Rule(f"asked {cell}", cells_of([said]) | {cell}, lambda cells: evaluate(said, cells) == cells[cell])


def wrong(allowed: dict[Question, set[int]], truth: dict[str, Callable[[int, int], int]]) -> int:
    """How many questions have another set of answers than the one true answer."""
    return sum(answers != {truth[name](x, y) % WORD} for (name, x, y), answers in allowed.items())


# -- MULDIV -----------------------------------------------------------------------------------------------------------

MULDIV = {
    "mul": lambda x, y: x * y,
    "mulhu": lambda x, y: x * y // WORD,
    "mulhsu": lambda x, y: signed(x) * y // WORD,
    "mulh": lambda x, y: signed(x) * signed(y) // WORD,
    "divu": lambda x, y: x // y if y else -1,
    "div": lambda x, y: divide(signed(x), signed(y)) if y else -1,
    "remu": lambda x, y: x % y if y else x,
    "rem": lambda x, y: signed(x) - signed(y) * divide(signed(x), signed(y)) if y else x,
}
SIGNS = {"mulhsu": (1, 0), "mulh": (1, 1), "div": (1, 1), "rem": (1, 1)}
PART = {"mul": "f_lo", "divu": "f_q", "div": "f_q", "remu": "f_r", "rem": "f_r"}


def muldiv(without: tuple[str, ...] = ()) -> dict[Question, set[int]]:
    flags = {}
    for name in MULDIV:
        s_x, s_y = SIGNS.get(name, (0, 0))
        parts = {part: int(PART.get(name, "f_hi") == part) for part in ("f_lo", "f_hi", "f_q", "f_r")}
        flags[name] = parts | {"s_x": s_x, "s_y": s_y}
    limbs = [(name, range(LIMB)) for name in ("b0", "b1", "a0", "a1")]
    signs = [("sx", FIELD), ("sy", FIELD), ("ax", FIELD), ("ay", FIELD), ("dz", FIELD), ("neg", FIELD)]
    rest = [("k", FIELD), ("c", FIELD), ("c0", range(LIMB)), ("inv", FIELD)]
    return answers("muldiv", flags, [*signs, *limbs, *rest], without=without)


def test_products_and_divisions_have_one_answer() -> None:
    assert wrong(muldiv(), MULDIV) == 0


@pytest.mark.parametrize(("rule", "count"), [("md.canon", 288), ("OP.9", 494)])
def test_each_rule_of_muldiv_is_needed(rule: str, count: int) -> None:
    """Without the canonical split, and without remainder < divisor."""
    assert wrong(muldiv((rule,)), MULDIV) == count


# -- SHIFT ------------------------------------------------------------------------------------------------------------

SHIFTS = {
    "sll": lambda x, y: x << y % 4,
    "srl": lambda x, y: x >> y % 4,
    "sra": lambda x, y: signed(x) >> y % 4,
}


def shift(without: tuple[str, ...] = ()) -> dict[Question, set[int]]:
    flags = {name: {f"f_{other}": int(other == name) for other in SHIFTS} for name in SHIFTS}
    limbs = [(name, range(LIMB)) for name in ("l0", "l1", "h0", "h1")]
    choices = [("ylo", range(LIMB)), ("yhi", range(LIMB)), ("pw", FIELD), ("sx", FIELD), *limbs]
    return answers("shift", flags, [*choices, ("c", FIELD), ("inv", FIELD)], range(4), without)


def test_shifts_have_one_answer() -> None:
    assert wrong(shift(), SHIFTS) == 0


def test_the_canonical_split_of_shifts_is_needed() -> None:
    assert wrong(shift(("sh.canon",)), SHIFTS) == 59


# -- BINARY -----------------------------------------------------------------------------------------------------------

BINARY = {
    "and": lambda x, y: x & y,
    "or": lambda x, y: x | y,
    "xor": lambda x, y: x ^ y,
    "ltu": lambda x, y: int(x < y),
    "lt": lambda x, y: int(signed(x) < signed(y)),
}


def test_logic_and_comparisons_have_one_answer() -> None:
    flags = {name: {f"f_{other}": int(other == name) for other in BINARY} for name in BINARY}
    signs = [("sx", FIELD), ("sy", FIELD)]
    operands = [(f"{name}{i}", range(BYTE)) for name in "uv" for i in range(4)]
    both = [(f"n{i}", range(BYTE)) for i in range(4)]
    assert wrong(answers("binary", flags, [*signs, *operands, *both, ("c", FIELD), ("lo", FIELD)]), BINARY) == 0


# -- MAIN -------------------------------------------------------------------------------------------------------------

SUMS = {"add": lambda x, y: x + y, "sub": lambda x, y: x - y, "eq": lambda x, y: int(x == y)}


def test_sums_and_equality_have_one_answer() -> None:
    questions = [(name, x, y) for name in SUMS for x in WORDS for y in WORDS]
    start = {f"f_{name}": [int(name == asked) for asked, _, _ in questions] for name in (*SUMS, "jalr")}
    start |= {"a": [x for _, x, _ in questions], "b": [y for _, _, y in questions]}
    start |= {"immx": [0] * len(questions), "immy": [0] * len(questions), "question": list(range(len(questions)))}
    choices = [("c", FIELD), ("carry", FIELD), ("q", FIELD)]
    known = start.keys() | {name for name, _ in choices}
    demands = [rule for rule in rules(riscv().table("main")) if rule.cells <= known]
    assert {"main.add", "main.sub", "main.eq0", "main.eq1", "main.carry"} <= {rule.id for rule in demands}
    found = solve(start, choices, demands)
    allowed: dict[Question, set[int]] = {question: set() for question in questions}
    for question, answer in zip(found["question"], found["c"], strict=True):
        allowed[questions[question]].add(int(answer))
    assert wrong(allowed, SUMS) == 0


# -- MEMB -------------------------------------------------------------------------------------------------------------

ACCESSES = {"lbu": (1, "f_lb", 0), "lb": (1, "f_lb", 1), "lhu": (2, "f_lh", 0), "lh": (2, "f_lh", 1)}
ACCESSES |= {"sb": (1, "f_sb", 0), "sh": (2, "f_sh", 0)}
CELLS = 4
"""Words of memory: addresses have four bits, and x one more."""
Access = tuple[int, int, int]


def expected(name: str, x: int, y: int, old: int) -> set[Access]:
    """Which word is accessed, what it is afterwards, and the answer; nothing where x is not aligned."""
    size, flag, is_signed = ACCESSES[name]
    if x % size:
        return set()
    mask, shift = (1 << size) - 1, x % 4
    found = old >> shift & mask
    if flag in ("f_sb", "f_sh"):
        return {(x % WORD // 4, old & ~(mask << shift) | (y & mask) << shift, 0)}
    negative = is_signed and found >> (size - 1)
    return {(x % WORD // 4, old, (found - (1 << size)) % WORD if negative else found)}


FEW = (0, 1, 2, 3, 120, 121, 240)
"""Enough to find what a missing rule would let pass."""


def accesses(name: str, without: tuple[str, ...] = ()) -> int:
    """How many accesses have another set of outcomes than the one true outcome.

    Every value is tried for every cell; where a rule is left out only some, since one wrong outcome is enough.
    """
    table = riscv().table("memb")
    stores = name in ("sb", "sh")
    questions = [(x, y, old) for x in range(2 * WORD) for y in (WORDS if stores else [0]) for old in WORDS]
    start = dict(zip(("x", "y", "old"), map(list, zip(*questions, strict=True)), strict=True))
    flags = dict.fromkeys(("f_lb", "f_lh", "f_sb", "f_sh"), 0) | {ACCESSES[name][1]: 1, "f_sgn": ACCESSES[name][2]}
    start |= {cell: [value] * len(questions) for cell, value in ({"ts": 1, "tp": 0, "lo": 0} | flags).items()}
    _, _, x_said, y_said, _ = asked(table).entries
    demands = [*rules(table, without), _equal("x", x_said), _equal("y", y_said)]

    some, words = (FEW, WORDS) if without else (FIELD, FIELD)
    choices: list[tuple[str, Iterable[int]]] = [("hs", some), ("bs", some), ("k", FIELD), ("w", range(CELLS))]
    choices += [("p", range(BYTE)), ("q", range(BYTE)), ("oth", range(LIMB)), ("s", some), ("sg", some), ("g", some)]
    choices += [("y0", range(BYTE)), ("y1", range(BYTE)), ("y2", range(LIMB)), ("new", words), ("c", words)]
    found = solve(start, [(cell, list(domain)) for cell, domain in choices], demands)
    outcomes: dict[Access, set[Access]] = {question: set() for question in questions}
    columns = [found[cell].tolist() for cell in ("x", "y", "old", "w", "new", "c")]
    for x, y, old, word, new, c in zip(*columns, strict=True):
        outcomes[x, y, old].add((word, new, c))
    return sum(outcome != expected(name, *question) for question, outcome in outcomes.items())


@pytest.mark.parametrize("name", ACCESSES)
def test_accesses_have_one_outcome(name: str) -> None:
    assert accesses(name) == 0


NEEDED = {"memb.align": "sh", "memb.bs": "lbu", "memb.k": "lbu", "memb.hs": "lbu", "memb.sg": "lb", "memb.s": "lbu"}
NEEDED |= {"memb.g": "sb", "memb.old": "lhu", "memb.new": "lhu", "memb.c": "lhu"}


@pytest.mark.parametrize(("rule", "name"), NEEDED.items())
def test_each_rule_of_memb_is_needed(rule: str, name: str) -> None:
    assert accesses(name, (rule,)) > 0
