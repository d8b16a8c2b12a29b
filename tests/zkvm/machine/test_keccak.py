"""KECCAK in every packing: honest permutations pass; wrong cells, missing rounds and false claims are noticed."""

import random
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from Crypto.Hash import keccak as reference_hash

from tests.zkvm.machine.precompiles import (
    check,
    keccak,
    keccak_f,
    keccak_messages,
    machine_round,
    random_state,
)
from zkvm.air import Table, interpret
from zkvm.air.debug import Report, bus_tuples, check_table, random_challenges
from zkvm.air.rows import rows_view
from zkvm.air.scalars import Scalars
from zkvm.emulator.log import Structured
from zkvm.field.scalar import Ext, e_inv, e_mul, e_pow, e_sub
from zkvm.machine import buses
from zkvm.machine.errors import ImpossibleCall
from zkvm.machine.expand import keccak as numpy_keccak
from zkvm.machine.expand import native_keccak
from zkvm.machine.expand.accumulators import fill_aux
from zkvm.machine.expand.chi import chi_columns
from zkvm.machine.tables.keccak import (
    BLOCKS,
    CELLS,
    KEYS,
    LANES,
    RADIX,
    SLICES_A_ROW,
    call_cells,
    call_row,
    columns,
    keccak_table,
    rows_of_block,
    rows_of_permutation,
)

P = 2**64 - 2**32 + 1
TABLES = {k: keccak_table(k) for k in SLICES_A_ROW}
ALL_ONES = [2**64 - 1] * 25


def height(calls: int, k: int) -> int:
    return max(64, 1 << (calls * rows_of_permutation(k) - 1).bit_length())


def expanded(calls: Structured, k: int, second: np.ndarray | None = None) -> np.ndarray:
    return native_keccak.expand_keccak(calls, k, height(len(calls), k), second)


def some_calls(count: int, seed: int = 1) -> Structured:
    rng = random.Random(seed)
    return keccak([random_state(rng) for _ in range(count)])


def cell(k: int, slice_: int, position: int) -> int:
    """Column of a cell of slice ``slice_`` (0 to 63)."""
    return CELLS * (slice_ % k) + position


def key_column(number: int) -> int:
    """Column of K cell number 5·slice + Y of a row."""
    return CELLS * (number // KEYS) + LANES + number % KEYS


def row_of(k: int, block: int, slice_: int = 0) -> int:
    """Row of a slice of the first permutation."""
    return block * rows_of_block(k) + slice_ // k


def failing(report: Report) -> set[str]:
    return {*report.failing, *report.failing_buses}


def test_the_tests_permutation_is_keccak() -> None:
    message = b"the permutation behind keccak256"
    block = bytearray(200)
    block[: len(message)] = message
    block[len(message)] ^= 1
    block[135] ^= 0x80
    lanes = keccak_f([int.from_bytes(block[8 * i : 8 * i + 8], "little") for i in range(25)])
    digest = b"".join(lane.to_bytes(8, "little") for lane in lanes[:4])
    assert digest == reference_hash.new(digest_bits=256, data=message).digest()


@pytest.mark.parametrize("k", SLICES_A_ROW)
def test_honest_permutations_and_padding(k: int) -> None:
    rng = random.Random(k)
    calls = keccak([random_state(rng), [0] * 25, ALL_ONES, random_state(rng), [1 << 63] + [0] * 24])
    second = np.array([0, 7, 2**32 - 1, 1, 0], np.uint32)
    main = expanded(calls, k, second)
    assert main.shape == (31 * k + 2, 8192 // k)
    assert main[:, len(calls) * rows_of_permutation(k) :].any() == np.False_
    report = check(TABLES[k], main, keccak_messages(calls, [int(y) for y in second]))
    assert report.ok, str(report)


@pytest.mark.parametrize("k", SLICES_A_ROW)
def test_both_expansions_agree(k: int) -> None:
    calls = some_calls(11, seed=k)
    second = np.arange(11, dtype=np.uint32)
    main = expanded(calls, k, second)
    reference = numpy_keccak.expand_keccak(calls, k, main.shape[1], second)
    assert np.array_equal(main, reference)
    assert np.array_equal(native_keccak.chi_multiplicities(main, k), numpy_keccak.chi_multiplicities(reference, k))


def test_no_permutation() -> None:
    main = native_keccak.expand_keccak(some_calls(0), 2, 64)
    assert check(TABLES[2], main, []).ok


@pytest.mark.parametrize("expand", [native_keccak.expand_keccak, numpy_keccak.expand_keccak])
def test_a_log_with_another_answer_is_refused(expand) -> None:
    calls = some_calls(12)
    calls[9]["after"][49] ^= 1 << 31
    with pytest.raises(ImpossibleCall, match="KECCAK at time 37: the state after it is not the permutation"):
        expand(calls, 2, 16384)


def test_chi_table_is_chi() -> None:
    key, out = chi_columns()
    rng = random.Random(5)
    for _ in range(2000):
        digits = [rng.randrange(RADIX) for _ in range(5)]
        at = sum(digit * RADIX**x for x, digit in enumerate(digits))
        bits = [digit & 1 for digit in digits]
        expected = sum((bits[x] ^ (1 - bits[(x + 1) % 5]) & bits[(x + 2) % 5]) << x for x in range(5))
        assert (int(key[at]), int(out[at])) == (at, expected)
    assert not key[RADIX**5 :].any() and not out[RADIX**5 :].any() and out[0] == 0
    assert sorted(key[: RADIX**5].tolist()) == list(range(RADIX**5))


def test_keys_stay_below_the_radix() -> None:
    """All ones makes the largest sums, 11 in every digit."""
    main = expanded(keccak([ALL_ONES]), 2)
    first_round = main[key_column(0) : key_column(0) + KEYS, row_of(2, 1)]
    assert set(first_round.tolist()) == {11 * sum(RADIX**x for x in range(5))}
    assert int(main[key_column(0) : key_column(0) + KEYS, row_of(2, 1) :].max()) == RADIX**5 - 1


# -- hooks: one fault for each constraint ------------------------------------------------------------------------------


@pytest.mark.parametrize("k", [1, 2])
def test_an_input_bit_of_two_with_its_word(k: int) -> None:
    """Bit 1 of word 0 is 1: bit 0 as 2 in its place makes the same word; only that it is no bit is noticed, and that
    the keys of the first round are others."""
    calls = keccak([[2] + [0] * 24])
    main = expanded(calls, k)
    for z, value in ((0, 2), (1, 0)):
        main[cell(k, z, 0), row_of(k, 0, z)] = value
        main[cell(k, z, CELLS - 1), row_of(k, 0, z)] = value
    found = failing(check(TABLES[k], main, keccak_messages(calls)))
    assert "kk.A.s0.0" in found and "OP" not in found


@pytest.mark.parametrize("k", [1, 2])
@pytest.mark.parametrize("position", [0, 12, 24, LANES, LANES + 4, CELLS - 1])
@pytest.mark.parametrize("block", [0, 1, 24])
def test_every_state_cell_counts(k: int, position: int, block: int) -> None:
    calls = some_calls(1)
    main = expanded(calls, k)
    column, row = cell(k, 1, position), row_of(k, block, 1)
    main[column, row] = (
        1 - int(main[column, row]) if position < LANES or position == CELLS - 1 else int(main[column, row]) + 1
    )
    report = check_table(TABLES[k], main, fill_aux=own_aux(k))
    # Nothing but the running sum ties cells of different rows; acc is what the rows add, so it shows at the wrap.
    if block == 0 and LANES <= position < CELLS - 1:
        assert {"kk.acc", "kk.hold.ts", "kk.hold.ptr"} & set(report.failing) or unbound(k, column, row)
    else:
        assert set(report.failing) == {"kk.acc"}


def own_aux(k: int, bend=None):
    def fill(name: str, main: np.ndarray, challenges: Mapping[str, Ext]) -> np.ndarray:
        aux = fill_aux(TABLES[k], main, challenges)
        return bend(aux, challenges) if bend else aux

    return fill


def test_the_sum_starts_at_zero() -> None:
    """A false state whose error is paid for by what acc starts with: kk.acc holds in every row.

    kk.start notices it too, here and wherever a load block follows; kk.acc0 is redundant but for tables without one.
    """
    k = 2
    calls = some_calls(1)
    main = expanded(calls, k)
    # One round's cell is wrong; the table holds one permutation, and 7 blocks of padding.
    main[cell(k, 0, 3), row_of(k, 5)] ^= 1
    period = rows_of_block(k)

    def paid(aux: np.ndarray, challenges: Mapping[str, Ext]) -> np.ndarray:
        # acc(end) = error with acc(0) = 0; with acc(0) = a it is error + τ^blocks a, which must be a again.
        blocks = main.shape[1] // period
        tau = challenges["tau"]
        last = tuple(int(value) for value in aux[:, -1])
        wrapped = e_mul(tau, last)  # the padding adds nothing
        start = e_mul(wrapped, e_inv(e_sub((1, 0, 0), e_pow(tau, blocks))))
        for block in range(blocks):
            share = np.array(e_mul(start, e_pow(tau, block)), np.uint64)
            rows = slice(block * period, (block + 1) * period)
            aux[:, rows] = (aux[:, rows].astype(object) + share[:, None].astype(object)) % P
        return aux

    report = check_table(TABLES[k], main, fill_aux=own_aux(k, paid))
    assert set(report.failing) == {"kk.acc0", "kk.start"}


def blocks_of(main: np.ndarray, k: int) -> np.ndarray:
    return main.reshape(len(main), -1, rows_of_block(k))


def from_blocks(blocks: list[np.ndarray], k: int) -> np.ndarray:
    """A table of the given blocks, the rest padding."""
    rows = max(64, 1 << (len(blocks) * rows_of_block(k) - 1).bit_length())
    main = np.zeros((31 * k + 2, rows), np.uint64)
    main[:, : len(blocks) * rows_of_block(k)] = np.concatenate(blocks, axis=1)
    return main


def rounds_of(calls: Structured, k: int) -> list[np.ndarray]:
    blocks = blocks_of(expanded(calls, k), k)
    return [blocks[:, i] for i in range(len(calls) * BLOCKS)]


@pytest.mark.parametrize("k", [1, 2])
def test_wrong_numbers_of_blocks(k: int) -> None:
    one, two = rounds_of(some_calls(1), k), rounds_of(some_calls(1, seed=2), k)
    zero = np.zeros_like(one[0])
    without_load, without_out = one[1:], one[:24]
    marked = [*one[:24], with_flag(one[23], k, out=True)]
    cases = {
        "a round less": [*one[:23], *one[24:], *two],
        "a round twice": [*one[:24], one[23], one[24], *two],
        "f_in without f_out": [*without_out, *two],
        "f_in without f_out, then padding": [*without_out],
        "f_out without f_in": [*without_load, *two],
        "a second f_out": [*one, one[24], *two],
        "f_out a round early": [*one[:23], with_flag(one[23], k, out=True), one[24], *two],
        "f_out again at once": [*marked, *two],
        "padding in between": [*one[:10], zero, *one[10:], *two],
        "two loads": [one[0], *one, *two],
        "another permutation's rounds": [one[0], *two[1:]],
        "another permutation's load": [two[0], *one[1:]],
    }
    for name, blocks in cases.items():
        report = check_table(TABLES[k], from_blocks(blocks, k), fill_aux=own_aux(k))
        assert {"kk.start", "kk.acc"} & set(report.failing), name
        assert set(report.failing) <= {"kk.start", "kk.acc"}, name
    # Whereas permutations with padding before, between and after them are as good as any.
    honest = from_blocks([zero, *one, zero, zero, *two], k)
    assert check_table(TABLES[k], honest, fill_aux=own_aux(k)).ok


def with_flag(block: np.ndarray, k: int, *, out: bool) -> np.ndarray:
    changed = block.copy()
    changed[31 * k + out] = 1
    return changed


@pytest.mark.parametrize("k", [1, 2])
def test_cut_short_by_exchanging_states(k: int) -> None:
    """Two permutations that swap their later halves: each load block is followed by another's rounds."""
    one, two = rounds_of(some_calls(1), k), rounds_of(some_calls(1, seed=2), k)
    swapped = from_blocks([*one[:12], *two[12:], *two[:12], *one[12:]], k)
    report = check_table(TABLES[k], swapped, fill_aux=own_aux(k))
    assert "kk.start" in report.failing and set(report.failing) <= {"kk.start", "kk.acc"}


@pytest.mark.parametrize("k", [1, 2])
def test_round_constants_are_those_of_iota(k: int) -> None:
    """The last round's constant has another bit, and so has the output: only ι's equation is left to see it."""
    calls = some_calls(1)
    main = expanded(calls, k)
    column, row = cell(k, 0, CELLS - 1), row_of(k, 24)
    main[column, row] ^= 1
    word = key_column(call_cells(k).new[0])
    main[word, 0] ^= 1
    calls["after"][0, 0] ^= 1
    assert failing(check(TABLES[k], main, keccak_messages(calls))) == {"kk.acc"}


@pytest.mark.parametrize("k", [1, 2])
def test_exchanged_output_words(k: int) -> None:
    calls = some_calls(1)
    main = expanded(calls, k)
    cells = call_cells(k)
    first, second = (key_column(cells.new[w % k]) for w in (0, 1))
    rows = 0, 1 // k
    main[first, rows[0]], main[second, rows[1]] = int(main[second, rows[1]]), int(main[first, rows[0]])
    calls["after"][0, [0, 1]] = calls["after"][0, [1, 0]]
    assert failing(check(TABLES[k], main, keccak_messages(calls))) == {"kk.acc"}


@pytest.mark.parametrize("k", [1, 2])
@pytest.mark.parametrize(("flag", "block"), [("f_in", 0), ("f_in", 3), ("f_out", 24), ("f_out", 3), ("f_out", 30)])
def test_flags_hold_through_a_block(k: int, flag: str, block: int) -> None:
    main = expanded(some_calls(1), k)
    main[columns(k).index(flag), row_of(k, block) + 3] ^= 1
    assert f"kk.block.{flag}" in check_table(TABLES[k], main, fill_aux=own_aux(k)).failing


@pytest.mark.parametrize("k", [1, 2])
def test_flags_are_bits_and_exclusive(k: int) -> None:
    blocks = rounds_of(some_calls(1), k)
    for flag, block, id in (("f_in", 0, "kk.f_in"), ("f_out", 24, "kk.f_out")):
        changed = blocks[block].copy()
        changed[columns(k).index(flag)] = 2
        report = check_table(
            TABLES[k], from_blocks([*blocks[:block], changed, *blocks[block + 1 :]], k), fill_aux=own_aux(k)
        )
        assert id in report.failing
    both = with_flag(blocks[0], k, out=True)
    report = check_table(TABLES[k], from_blocks([both, *blocks[1:]], k), fill_aux=own_aux(k))
    assert "kk.one" in report.failing


@pytest.mark.parametrize("k", [1, 2])
@pytest.mark.parametrize("what", ["ts", "ptr"])
def test_time_and_pointer_hold_through_the_call(k: int, what: str) -> None:
    """Words written at another time or place than the call says, with memory that expects it."""
    calls = some_calls(1)
    main = expanded(calls, k)
    cells = call_cells(k)
    column = key_column(cells.ts if what == "ts" else cells.pointer)
    main[column, :2] += 4
    messages = [
        (balance, (op, ts + 4 * (what == "ts"), x + 4 * (what == "ptr"), y, c))
        if balance == 1 and (x - int(calls["pointer"][0])) // 4 < 2 * k
        else (balance, (op, ts, x, y, c))
        for balance, (op, ts, x, y, c) in keccak_messages(calls)
    ]
    assert failing(check(TABLES[k], main, messages)) == {f"kk.hold.{what}"}


@pytest.mark.parametrize("k", SLICES_A_ROW)
def test_the_call_returns_zero(k: int) -> None:
    calls = some_calls(1)
    main = expanded(calls, k)
    main[key_column(call_cells(k).old[0]), call_row(k)] = 1
    messages = [
        (balance, (*message[:4], 1) if balance == -1 else message) for balance, message in keccak_messages(calls)
    ]
    assert failing(check(TABLES[k], main, messages)) == {"kk.c0"}


@pytest.mark.parametrize("k", SLICES_A_ROW)
def test_a_bit_that_chi_did_not_give(k: int) -> None:
    """A wrong bit carried through the rest of the permutation: every equation holds, only the lookup does not."""
    calls = some_calls(1)
    main = expanded(calls, k)
    main[cell(k, 9, 7), row_of(k, 24, 9)] ^= 1
    word = 2 * 7
    main[key_column(call_cells(k).new[word % k]), word // k] ^= 1 << 9
    calls["after"][0, word] ^= 1 << 9
    assert failing(check(TABLES[k], main, keccak_messages(calls))) == {"CHI"}


def test_a_key_beyond_the_radix() -> None:
    """A digit of 12 or more as a higher digit's one: the sum equations hold, the lookup gives other bits."""
    calls = some_calls(1)
    main = expanded(calls, 2)
    row = row_of(2, 4)
    main[LANES, row] = int(main[LANES, row]) + RADIX**5
    report = check(TABLES[2], main, keccak_messages(calls))
    assert {"CHI", "kk.acc"} <= failing(report)


# -- every column ------------------------------------------------------------------------------------------------------


def unbound(k: int, column: int, row: int) -> bool:
    """Cells of a load block that nothing reads: K cells beside the call, words after the last, all after the call."""
    position = column % CELLS
    if column >= CELLS * k or not LANES <= position < CELLS - 1:
        return False
    number = KEYS * (column // CELLS) + position - LANES
    cells = call_cells(k)
    if number in (cells.ts, cells.pointer):
        return False
    word = next((w for w in range(k) if number in (cells.new[w], cells.old[w])), None)
    return word is None or (row * k + word >= 50 and not (row == call_row(k) and word == 0))


@pytest.mark.parametrize(
    ("k", "every_row"),
    [
        (1, False),
        (2, False),
        pytest.param(1, True, marks=pytest.mark.soak),
        pytest.param(2, True, marks=pytest.mark.soak),
    ],
)
def test_every_column_is_bound(k: int, every_row: bool) -> None:
    """One permutation a fault: all columns in rows of the load block, of rounds and of the last one."""
    blocks, call = rows_of_block(k), call_row(k)
    rng = random.Random(k)
    rows = [*range(blocks)] if every_row else [0, call - 1, call, call + 1]
    rows += [rng.randrange(blocks, 24 * blocks) for _ in range(12 if every_row else 2)]
    rows += [24 * blocks, 25 * blocks - 1]
    faults = [(column, row) for row in rows for column in range(31 * k + 2)]
    honest = expanded(some_calls(1, seed=9), k)[:, : rows_of_permutation(k)]
    survivors: set[tuple[int, int]] = set()
    group = 160 * k
    for low in range(0, len(faults), group):
        part = faults[low : low + group]
        survivors.update(part[number] for number in surviving(honest, part, k))
    assert survivors == {(column, row) for column, row in faults if row < blocks and unbound(k, column, row)}


def surviving(honest: np.ndarray, faults: list[tuple[int, int]], k: int) -> list[int]:
    """Numbers of the faults that no constraint and no message shows; each has a permutation of its own."""
    table, rows = TABLES[k], honest.shape[1]
    main = np.zeros((len(honest), 1 << (len(faults) * rows - 1).bit_length()), np.uint64)
    main[:, : len(faults) * rows] = np.tile(honest, (1, len(faults)))
    for number, (column, row) in enumerate(faults):
        old = int(honest[column, row])
        is_bit = column % CELLS < LANES or column % CELLS == CELLS - 1 or column >= CELLS * k
        main[column, number * rows + row] = 1 - old if is_bit else old + 1
    challenges = random_challenges(table_challenges())
    aux = fill_aux(table, main, challenges)
    noticed = np.zeros(len(faults), bool)
    for number in range(len(faults)):
        # The sum of one permutation: what acc grew by, less what was there before it.
        before, after = (tuple(int(v) for v in aux[:, (number + i) * rows % main.shape[1]]) for i in (0, 1))
        noticed[number] = e_sub(after, e_mul(e_pow(challenges["tau"], BLOCKS), before)) != (0, 0, 0)
    notice_local(table, main, challenges, noticed, rows)
    notice_messages(table, main, honest, noticed, rows, k)
    return [number for number in range(len(faults)) if not noticed[number]]


def table_challenges() -> tuple[str, ...]:
    return machine_round(TABLES[2]).all_challenges


def notice_local(table: Table, main: np.ndarray, challenges: Mapping[str, Ext], noticed: np.ndarray, rows: int) -> None:
    """Constraints on one row and the next; the rows of padding after the permutations are not looked at."""
    ids = [c for c in table.constraints if not c.logup and c.id not in ("kk.acc", "kk.acc0", "kk.start")]
    scalars = Scalars(challenges)
    view = rows_view(table, main=main, scalars=scalars)
    for low in range(0, len(noticed) * rows, interpret.BLOCK_ROWS):
        high = min(low + interpret.BLOCK_ROWS, main.shape[1])
        for _, values in interpret.evaluate([c.expression for c in ids], view, scalars, low, high):
            numbers = (np.flatnonzero(values) + low) // rows
            noticed[numbers[numbers < len(noticed)]] = True


def notice_messages(table: Table, main: np.ndarray, honest: np.ndarray, noticed: np.ndarray, rows: int, k: int) -> None:
    key, out = chi_columns()
    loads = main[31 * k] != 0
    for s in range(k):
        for y in range(KEYS):
            keys = main[CELLS * s + LANES + y]
            bits = sum(main[CELLS * s + 5 * y + x] << np.uint64(x) for x in range(5))
            known = np.minimum(keys, len(key) - 1).astype(np.int64)
            wrong = np.flatnonzero(~loads & ((key[known] != keys) | (out[known] != bits))) // rows
            noticed[wrong[wrong < len(noticed)]] = True
    expected = said(table, honest_table(honest), rows)[0]
    for number, messages in said(table, main, rows).items():
        if number < len(noticed) and messages != expected:
            noticed[number] = True


def honest_table(honest: np.ndarray) -> np.ndarray:
    main = np.zeros((len(honest), 1 << (honest.shape[1] - 1).bit_length()), np.uint64)
    main[:, : honest.shape[1]] = honest
    return main


def said(table: Table, main: np.ndarray, rows: int) -> dict[int, list[tuple[tuple[int, ...], int]]]:
    calls = replace(table, interactions=tuple(one for one in table.interactions if one.bus is buses.OP))
    found: dict[int, list[tuple[tuple[int, ...], int]]] = {}
    for count, entries, row in bus_tuples(calls, main)["OP"]:
        found.setdefault(row // rows, []).append((entries, count))
    return {number: sorted(messages) for number, messages in found.items()}
