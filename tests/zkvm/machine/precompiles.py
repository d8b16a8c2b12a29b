"""Calls of the precompiles made by independent arithmetic, and a small machine round one of their tables."""

import random
from collections.abc import Iterable, Mapping, Sequence
from functools import cache

import numpy as np
from eth_keys import keys
from numpy.typing import NDArray

from zkvm.air import Machine, Table, TableBuilder
from zkvm.air.debug import Report, check_trace
from zkvm.emulator.log import ARITH256_CALL, KECCAK_CALL, Structured
from zkvm.emulator.opcodes import Op
from zkvm.field.scalar import Ext
from zkvm.machine import buses
from zkvm.machine.expand.accumulators import fill_aux
from zkvm.machine.expand.chi import chi_columns
from zkvm.machine.expand.columns import Lookups
from zkvm.machine.expand.native_keccak import chi_multiplicities
from zkvm.machine.tables.byte import byte_table
from zkvm.machine.tables.chi import chi_table
from zkvm.machine.tables.keccak import CELLS

Words = NDArray[np.uint64]
Message = tuple[int, int, int, int, int]
"""(op, ts, x, y, c)."""

MASK = 2**256 - 1
PRIME = 2**256 - 2**32 - 977
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
GENERATOR = (
    0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798,
    0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8,
)
Point = tuple[int, int]

PX, PY = 0x2000_0000, 0x2000_4000


def words(value: int, count: int = 8) -> list[int]:
    """The value's 32-bit words, the lowest first."""
    return [value >> 32 * i & 0xFFFFFFFF for i in range(count)]


# -- ARITH256 ---------------------------------------------------------------------------------------------------------


def _call(index: int, op: Op, operands: Sequence[int], results: Sequence[int], witness: int) -> Structured:
    call = np.zeros(1, ARITH256_CALL)
    py = PX if op is Op.ECDBL else PY
    call["ts"], call["op"], call["px"], call["py"] = 4 * index + 1, op, PX, py
    call["operands"][0, : 8 * len(operands)] = [word for value in operands for word in words(value)]
    call["results"][0, : 8 * len(results)] = [word for value in results for word in words(value)]
    call["witness"][0] = words(witness)
    return call


def mulmod(a: int, b: int, c: int, m: int, index: int = 0) -> Structured:
    """One MULMOD call."""
    quotient, rest = divmod(a * b + c, m)
    return _call(index, Op.MULMOD, (a, b, c, m), (rest,), quotient)


def ecdbl(point: Point, index: int = 0) -> Structured:
    """One ECDBL call."""
    slope = 3 * point[0] ** 2 * pow(2 * point[1], -1, PRIME) % PRIME
    return _call(index, Op.ECDBL, point, _third(slope, point, point[0]), slope)


def ecadd(left: Point, right: Point, index: int = 0) -> Structured:
    """One ECADD call."""
    slope = (right[1] - left[1]) * pow(right[0] - left[0], -1, PRIME) % PRIME
    return _call(index, Op.ECADD, (*left, *right), _third(slope, left, right[0]), slope)


def _third(slope: int, left: Point, other_x: int) -> Point:
    x = (slope * slope - left[0] - other_x) % PRIME
    return x, (slope * (left[0] - x) - left[1]) % PRIME


def result(call: Structured) -> Point:
    """The point that a call of the curve gives."""
    x, y = (sum(int(w) << 32 * i for i, w in enumerate(call["results"][0, s : s + 8])) for s in (0, 8))
    return x, y


def random_point(rng: random.Random) -> Point:
    """A point of the curve: P mod 4 is 3, so a square root is a power."""
    while True:
        x = rng.randrange(PRIME)
        square = (x**3 + 7) % PRIME
        y = pow(square, (PRIME + 1) // 4, PRIME)
        if y * y % PRIME == square:
            return x, rng.choice((y, PRIME - y))


def arith256_messages(calls: Structured) -> list[tuple[int, Message]]:
    """(balance, message) that the rest of the machine must have on OP: −1 sends the call, +1 receives an access."""
    found: list[tuple[int, Message]] = []
    for call in calls:
        ts, op, px, py = (int(call[name]) for name in ("ts", "op", "px", "py"))
        operands, results = ([int(w) for w in call[name]] for name in ("operands", "results"))
        read = {Op.MULMOD: operands[8:], Op.ECADD: operands[16:], Op.ECDBL: operands[:8]}[Op(op)]
        written = 8 if op == Op.MULMOD else 16
        found.append((-1, (op, ts, px, py, 0)))
        found += [(1, (Op.LW, ts, py + 4 * i, 0, word)) for i, word in enumerate(read)]
        found += [(1, (Op.SW, ts + 1, px + 4 * i, results[i], operands[i])) for i in range(written)]
    return found


# -- KECCAK -----------------------------------------------------------------------------------------------------------


def keccak_f(lanes: Sequence[int]) -> list[int]:
    """keccak-f[1600] as FIPS 202 describes it: rotations by walking the lanes, round constants by a shift register."""
    a = {(x, y): lanes[x + 5 * y] for x in range(5) for y in range(5)}
    register = 1
    for _ in range(24):
        c = [a[x, 0] ^ a[x, 1] ^ a[x, 2] ^ a[x, 3] ^ a[x, 4] for x in range(5)]
        a = {(x, y): lane ^ c[(x + 4) % 5] ^ _rotate(c[(x + 1) % 5], 1) for (x, y), lane in a.items()}
        b, (x, y) = {(0, 0): a[0, 0]}, (1, 0)
        for t in range(24):
            b[y, (2 * x + 3 * y) % 5] = _rotate(a[x, y], (t + 1) * (t + 2) // 2)
            x, y = y, (2 * x + 3 * y) % 5
        a = {(x, y): lane ^ (~b[(x + 1) % 5, y] & b[(x + 2) % 5, y]) for (x, y), lane in b.items()}
        for j in range(7):
            a[0, 0] ^= (register & 1) << (1 << j) - 1
            register = (register << 1) ^ (0x171 if register & 0x80 else 0)
    return [a[lane % 5, lane // 5] & 2**64 - 1 for lane in range(25)]


def _rotate(lane: int, by: int) -> int:
    by %= 64
    return (lane << by | lane >> 64 - by) & 2**64 - 1


def keccak(states: Iterable[Sequence[int]]) -> Structured:
    """Calls of the permutation on the given lanes."""
    states = list(states)
    calls = np.zeros(len(states), KECCAK_CALL)
    for index, state in enumerate(states):
        calls[index]["ts"], calls[index]["pointer"] = 4 * index + 1, PX + 400 * index
        calls[index]["before"] = [word for lane in state for word in words(lane, 2)]
        calls[index]["after"] = [word for lane in keccak_f(state) for word in words(lane, 2)]
    return calls


def random_state(rng: random.Random) -> list[int]:
    """25 lanes."""
    return [rng.getrandbits(64) for _ in range(25)]


def keccak_messages(calls: Structured, second: Sequence[int] | None = None) -> list[tuple[int, Message]]:
    """As ``arith256_messages``."""
    found: list[tuple[int, Message]] = []
    for index, call in enumerate(calls):
        ts, pointer = int(call["ts"]), int(call["pointer"])
        found.append((-1, (Op.KECCAK, ts, pointer, second[index] if second else 0, 0)))
        for i, (old, new) in enumerate(zip(call["before"], call["after"], strict=True)):
            found.append((1, (Op.SW, ts, pointer + 4 * i, int(new), int(old))))
    return found


# -- a machine round one table ----------------------------------------------------------------------------------------


def _counterpart() -> Table:
    """What MAIN and MEMW are to a precompile: receives accesses (m = 1), sends calls (m = −1)."""
    t = TableBuilder("counterpart", log_height=(6, 22))
    m = t.main("m")
    t.constrain("counterpart.m", m * (m - 1) * (m + 1))
    t.receive(buses.OP, m, *(t.main(name) for name in ("op", "ts", "x", "y", "c")))
    return t.build()


@cache
def machine_round(table: Table) -> Machine:
    """The table with BYTE, CHI and a stand-in for the rest."""
    return Machine(
        "precompile",
        (table, _counterpart(), byte_table(), chi_table()),
        challenges=("zeta", "lambda", "eta", "tau"),
    )


def signature() -> bytes:
    """A signed hash, as the ecrecover guest takes it."""
    signed = keys.PrivateKey(bytes(range(1, 33))).sign_msg_hash(bytes(32))
    return bytes(32) + signed.r.to_bytes(32, "big") + signed.s.to_bytes(32, "big") + bytes([signed.v])


def check(
    table: Table, main: Words, messages: Sequence[tuple[int, Message]], challenges: Mapping[str, Ext] | None = None
) -> Report:
    """Every constraint of the table in every row, and all buses against what the rest of the machine expects."""
    counterpart = np.zeros((6, max(64, 1 << (len(messages) - 1).bit_length())), np.uint64)
    for row, (balance, message) in enumerate(messages):
        counterpart[:, row] = [balance % (2**64 - 2**32 + 1), *message]
    lookups = Lookups()
    chi = np.zeros(1 << 18, np.uint64)
    if table.name == "arith256":
        lookups.r16(*(column[column < 1 << 16] for column in main[:5]))
        bytes_ = (main[5] < 256) & (main[6] < 256)
        lookups.pair(main[5][bytes_], main[6][bytes_])
    else:
        chi = chi_multiplicities(np.where(main < 1 << 18, main, 0), len(table.main) // CELLS)
    fixed_byte = np.arange(1 << 16, dtype=np.uint64)
    u, v = fixed_byte >> 8, fixed_byte & 255
    return check_trace(
        machine_round(table),
        {table.name: main, "counterpart": counterpart, "byte": lookups.multiplicities, "chi": chi[None]},
        fixed={"byte": np.stack([u, v, u & v, np.uint64(1) << (fixed_byte & 31)]), "chi": chi_columns()},
        challenges=challenges,
        fill_aux=lambda name, columns, known: fill_aux(table, columns, known),
        logup=False,
    )
