"""KECCAK: the permutation keccak-f[1600] in place, one or several slices a row.

A block is the 64 slices of one state; a permutation is 25 blocks, one load block and 24 rounds. A slice z has the bits
A0 … A24 (lane l = x + 5y; in the load block the input, in a round what χ gives, before ι), x0 (lane 0 after ι) and
K0 … K4, the five rows that go into χ. A row has f_in (load block) and f_out (the last round) besides.

θ, ρ and π are linear over the integers if only parity is kept: v[x,y,z] = a[x,y,z] + Σ a[x−1,·,z] + Σ a[x+1,·,z−1] lies
within 0 … 11, and K_Y = Σ_X 12^X v at the cells that π and ρ bring to (X, Y). One lookup in CHI turns K_Y into the five
bits. So every cell is tied to cells of other rows by linear equations only, and one running sum `acc` with random
weights checks them all. Exponents of η name the equations: 64Y + z the keys, 320 + z the cells that ι changes, 400 + j
the input words, 460 + j the output words, 520 the marker that every permutation has once at either end. Powers of τ
count blocks from the end: from one load block to the next the sum must vanish, so an f_out block, whose Ω carries the
marker and all round constants, stands exactly 24 blocks after each f_in block.

In the load block the K cells hold the call (`call_cells` says where): for word j the new and the old value, in every
row the time and the pointer, in the row after the words y and c of the calling instruction.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from zkvm.air import Expression, Table, TableBuilder, challenge
from zkvm.emulator.opcodes import Op
from zkvm.machine import buses
from zkvm.machine.layout import LOG_MAX_HEIGHT, LOG_MIN_HEIGHT

LANES = 25
KEYS = 5
SLICES = 64
ROUNDS = 24
BLOCKS = ROUNDS + 1
WORDS = 2 * LANES
CELLS = LANES + KEYS + 1
"""Cells of a slice: the bits, the keys, x0."""

RADIX = 12
"""A digit of a key is a sum of 11 bits."""

SLICES_A_ROW = (1, 2, 4, 8)
"""Packings that leave a row of the load block for the call."""

ROTATIONS = (0, 1, 62, 28, 27, 36, 44, 6, 55, 20, 3, 10, 43, 25, 39, 41, 45, 15, 21, 8, 18, 2, 61, 56, 14)
"""ρ: by how much lane x + 5y is rotated (FIPS 202, section 3.2.2)."""

ROUND_CONSTANTS = (
    0x0000000000000001, 0x0000000000008082, 0x800000000000808A, 0x8000000080008000, 0x000000000000808B,
    0x0000000080000001, 0x8000000080008081, 0x8000000000008009, 0x000000000000008A, 0x0000000000000088,
    0x0000000080008009, 0x000000008000000A, 0x000000008000808B, 0x800000000000008B, 0x8000000000008089,
    0x8000000000008003, 0x8000000000008002, 0x8000000000000080, 0x000000000000800A, 0x800000008000000A,
    0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008,
)  # fmt: skip
"""ι: what is added to lane 0 in each round (FIPS 202, section 3.2.5)."""

IOTA, INPUT, OUTPUT, MARKER = 320, 400, 460, 520
"""Exponents of η: the keys are 0 … 319."""


def rows_of_block(k: int) -> int:
    """Rows of a block with k slices a row."""
    return SLICES // k


def rows_of_permutation(k: int) -> int:
    """Rows of a permutation with k slices a row."""
    return BLOCKS * rows_of_block(k)


def call_row(k: int) -> int:
    """The row of the load block that answers the call: the first after the words, of which each row has k."""
    return -(-WORDS // k)


@dataclass(frozen=True, slots=True)
class CallCells:
    """Which K cells of a load block's row (numbered 5·slice + Y) hold the call."""

    new: tuple[int, ...]
    """The new value of the row's words; the first one is y in the call row."""
    old: tuple[int, ...]
    """The old value of the row's words; the first one is c in the call row."""
    ts: int
    pointer: int


def call_cells(k: int) -> CallCells:
    """Word w of a row is in cells 2w and 2w + 1, leaving out the last two of every slice that holds words in full."""
    if k == 1:
        return CallCells((0,), (1,), 2, 3)
    words = [divmod(w, 2) for w in range(k)]
    cells = [KEYS * slice_ + 2 * half for slice_, half in words]
    return CallCells(tuple(cells), tuple(cell + 1 for cell in cells), KEYS * (k // 2), KEYS * (k // 2) + 1)


def columns(k: int) -> tuple[str, ...]:
    """Names of the witness columns: slice by slice, then the flags."""
    cells = [*(f"A{lane}" for lane in range(LANES)), *(f"K{y}" for y in range(KEYS)), "x0"]
    return (*(f"s{s}.{cell}" for s in range(k) for cell in cells), "f_in", "f_out")


def keccak_table(k: int = 2) -> Table:
    """Return KECCAK with k slices a row: 31k + 2 columns, 1 accumulator, 6k interactions. Padding blocks are zero.

    Raises:
        ValueError: k is none of 1, 2, 4, 8.
    """
    if k not in SLICES_A_ROW:
        raise ValueError(f"{k} slices a row; possible are {SLICES_A_ROW}")
    t = TableBuilder("keccak", log_height=(LOG_MIN_HEIGHT, LOG_MAX_HEIGHT))
    cells = [t.main(name) for name in columns(k)]
    slices = [Slice.of(cells[CELLS * s : CELLS * (s + 1)]) for s in range(k)]
    keys = [key for slice_ in slices for key in slice_.keys]
    f_in, f_out = cells[-2:]
    rows, call = rows_of_block(k), call_cells(k)
    start, end, at_call = (
        t.periodic(name, [int(row == which) for row in range(rows)])
        for name, which in (("start", 0), ("end", rows - 1), ("call", call_row(k)))
    )
    for s, slice_ in enumerate(slices):
        for lane, bit in enumerate(slice_.bits):
            t.boolean(f"kk.A.s{s}.{lane}", bit)
    t.boolean("kk.f_in", f_in)
    t.boolean("kk.f_out", f_out)
    t.constrain("kk.one", f_in * f_out)
    for name, flag in (("f_in", f_in), ("f_out", f_out)):
        t.constrain(f"kk.block.{name}", (1 - end) * (flag.next - flag))
    for name, cell in (("ts", call.ts), ("ptr", call.pointer)):
        t.constrain(f"kk.hold.{name}", (1 - end) * f_in * (keys[cell].next - keys[cell]))
    t.constrain("kk.c0", f_in * at_call * keys[call.old[0]])

    accumulator = t.aux("acc")
    factor = t.challenge_periodic("step", [1] * (rows - 1) + [challenge("tau")])
    added = _contributions(t, k, slices, f_in, f_out, start)
    t.constrain("kk.acc", accumulator.next - factor * accumulator - added)
    t.constrain("kk.acc0", t.first * accumulator)
    t.constrain("kk.start", f_in * start * accumulator)

    for slice_ in slices:
        for y in range(KEYS):
            row = slice_.bits[5 * y : 5 * y + 5]
            t.send(buses.CHI, 1 - f_in, slice_.keys[y], _sum((1 << x) * bit for x, bit in enumerate(row)))
    op = Op.SW + (Op.KECCAK - Op.SW) * at_call
    for w in range(k):
        numbers = [row * k + w for row in range(rows)]
        access = t.periodic(f"access{w}", [int(number < WORDS) for number in numbers])
        offset = t.periodic(f"offset{w}", [4 * number if number < WORDS else 0 for number in numbers])
        new, old = keys[call.new[w]], keys[call.old[w]]
        if w == 0:
            t.send(buses.OP, f_in * (access - at_call), op, keys[call.ts], keys[call.pointer] + offset, new, old)
        else:
            t.send(buses.OP, f_in * access, Op.SW, keys[call.ts], keys[call.pointer] + offset, new, old)
    return t.build()


@dataclass(frozen=True, slots=True)
class Slice:
    """The cells of one slice."""

    bits: tuple[Expression, ...]
    keys: tuple[Expression, ...]
    x0: Expression

    @classmethod
    def of(cls, cells: list[Expression]) -> "Slice":
        """Sort the cells of a slice, in the order of ``columns``."""
        return cls(tuple(cells[:LANES]), tuple(cells[LANES : LANES + KEYS]), cells[-1])


def _contributions(
    t: TableBuilder, k: int, slices: list[Slice], f_in: Expression, f_out: Expression, start: Expression
) -> Expression:
    """What a row adds to acc. Every weight of a block's last row has the factor τ that closes the block."""
    rows, call = rows_of_block(k), call_cells(k)
    eta, tau = challenge("eta"), challenge("tau")
    tau_24 = tau**ROUNDS
    weights = state_weights(eta)

    def weight(name: str, values: list[Expression]) -> Expression:
        """Values for one slice of each row; the last row closes the block."""
        return t.challenge_periodic(name, [*values[:-1], tau * values[-1]])

    total = start * (f_in * eta**MARKER - f_out * closing_constant(eta, tau))
    for s, slice_ in enumerate(slices):
        zs = [row * k + s for row in range(rows)]
        state = (slice_.x0, *slice_.bits[1:])
        moved = _sum(weight(f"S{lane}.s{s}", [weights[lane][z] for z in zs]) * cell for lane, cell in enumerate(state))
        keys = _sum(eta ** (SLICES * y) * key for y, key in enumerate(slice_.keys))
        before, after = slice_.bits[0], slice_.x0
        changed = before + after - 2 * before * after
        total += weight(f"z.s{s}", [eta**z for z in zs]) * ((1 - f_in) * tau * keys + eta**IOTA * changed)
        words = _sum(eta ** (2 * lane) * cell for lane, cell in enumerate(state))
        bit = weight(f"bit.s{s}", [eta ** (z // 32) * (1 << z % 32) for z in zs])
        total += (f_in * eta**INPUT + f_out * tau_24 * eta**OUTPUT) * (bit * words) - (1 - f_out) * moved
    keys_of_row = [key for slice_ in slices for key in slice_.keys]
    for w in range(k):
        numbers = [row * k + w for row in range(rows)]
        word = weight(f"word{w}", [eta**number if number < WORDS else eta * 0 for number in numbers])
        old, new = keys_of_row[call.old[w]], keys_of_row[call.new[w]]
        total -= f_in * word * (eta**INPUT * old + eta**OUTPUT * new)
    return total


def state_weights(eta: Expression) -> list[list[Expression]]:
    """S_l(z): the weight in the keys of bit z of lane l, by the column sums that it is part of and by itself."""

    def cell(x: int, y: int, z: int) -> Expression:
        lane = x + 5 * y
        return int(RADIX**y) * eta ** (SLICES * ((2 * x + 3 * y) % 5) + (z + ROTATIONS[lane]) % SLICES)

    columns_ = [[_sum(cell(x, y, z) for y in range(5)) for z in range(SLICES)] for x in range(5)]
    return [
        [
            cell(lane % 5, lane // 5, z) + columns_[(lane + 1) % 5][z] + columns_[(lane + 4) % 5][(z + 1) % SLICES]
            for z in range(SLICES)
        ]
        for lane in range(LANES)
    ]


def closing_constant(eta: Expression, tau: Expression) -> Expression:
    """Ω: the marker and the round constants as a finished permutation must have summed them."""
    constants = (
        tau ** (ROUNDS - 1 - r) * _sum(eta ** (IOTA + z) for z in range(SLICES) if constant >> z & 1)
        for r, constant in enumerate(ROUND_CONSTANTS)
    )
    return tau**ROUNDS * eta**MARKER + _sum(constants)


def _sum(terms: Iterable[Expression]) -> Expression:
    total, *others = terms
    for term in others:
        total += term
    return total
