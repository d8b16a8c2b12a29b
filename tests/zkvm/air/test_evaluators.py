"""The contracts that evaluate constraints on L1: fresh, within the limit of code, and right."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.zkvm.air.evm import Opened, call, committed_codes
from tests.zkvm.air.test_readers import Random
from zkvm.air import Machine, TableBuilder, examples
from zkvm.air.evaluate import at_point
from zkvm.air.expression import Expression, Op, RowRef, challenge, topological
from zkvm.air.generate.evaluators import chosen, compile_solidity
from zkvm.air.generate.periodic import as_sum, period_of
from zkvm.air.generate.solidity import MAX_CODE_BYTES, CallData, evaluator, partition, sources
from zkvm.air.generate.yul import pack, unpack
from zkvm.air.scalars import Scalars, apply, lift
from zkvm.air.table import Periodic
from zkvm.field import P
from zkvm.field.scalar import ONE, ZERO, Ext, e_add, e_mul, e_pow
from zkvm.machine.machine import riscv
from zkvm.stark.check_constraints import _opened_tables
from zkvm.stark.layout import layout
from zkvm.stark.profiles import FAST, L1

CONTRACTS = Path(__file__).parents[3] / "contracts"
GENERATED = CONTRACTS / "src/l1/verifier/generated"
EXAMPLES = [examples.fibonacci(), examples.permutation(), examples.lookup(), examples.accumulator()]
GAS_LIMIT = 800_000
elements = st.tuples(*[st.integers(0, P - 1)] * 3)


@given(elements)
def test_packing(value: Ext) -> None:
    assert unpack(pack(value)) == value


# -- what is committed ------------------------------------------------------------------------------------------------


def test_the_committed_contracts_are_what_the_machine_gives() -> None:
    """After a change: python -m zkvm.air.generate.evaluators contracts/src/l1/verifier/generated."""
    parts = chosen(riscv(), GENERATED)
    committed = {path.stem: path.read_text() for path in GENERATED.glob("ConstraintEvaluator*.sol")}
    assert committed == sources(riscv(), parts)
    assert [table for part in parts for table in part] == list(range(len(riscv().tables)))
    assert all(0 < len(code) <= MAX_CODE_BYTES for code in committed_codes())
    assert len(committed_codes()) == len(parts)


def test_every_constraint_is_in_the_text() -> None:
    texts = "".join(sources(riscv(), chosen(riscv(), GENERATED)).values())
    for table in riscv().tables:
        for constraint in table.constraints:
            assert texts.count(f" // {constraint.id}\n") == 1


@pytest.mark.parametrize("seed", range(6))
def test_the_real_machine_at_random_points(seed: int) -> None:
    opened = _random(riscv(), seed)
    gas = _agree(opened, committed_codes(), chosen(riscv(), GENERATED), first=Random(seed + 100).ext())
    assert gas < GAS_LIMIT


@pytest.mark.parametrize("value", [0, 1, P - 1])
def test_extreme_values(value: int) -> None:
    """All inputs at once at the ends of the field: sums and differences are at their bounds."""
    machine, everywhere = riscv(), (value, value, value)
    challenges = dict.fromkeys(machine.all_challenges, everywhere)
    scalars = Scalars(challenges, [value] * machine.publics, dict.fromkeys(machine.parameters, value))
    for heights in ([t.min_log_height for t in machine.tables], [min(t.max_log_height, 23) for t in machine.tables]):
        shape = layout(machine, L1, heights)
        z = (P - 1, P - 1, P - 1)
        openings = [everywhere] * shape.openings
        opened = Opened(machine, heights, openings, dict.fromkeys(shape.totals, everywhere), scalars, everywhere, z)
        _agree(opened, committed_codes(), chosen(machine, GENERATED), first=everywhere)


def test_bad_call_data_is_refused() -> None:
    opened = _random(riscv(), 1)
    data = opened.call_data(ONE)
    heights = CallData(riscv()).log_rows(0)
    assert len(data) == CallData(riscv()).size
    in_the_domain = Opened(**{**opened.__dict__, "z": ONE}).call_data(ONE)
    too_high = data[:heights] + (33).to_bytes(32, "big") + data[heights + 32 :]
    for code in committed_codes():
        call(code, data)
        for wrong in (b"", data[:-1], data + b"\0", in_the_domain, too_high):
            with pytest.raises(RuntimeError, match="Revert"):
                call(code, wrong)


# -- any machine ------------------------------------------------------------------------------------------------------


@pytest.mark.npm
def test_the_examples_at_random_points() -> None:
    texts = {f"Evaluator_{machine.name}": _all(machine, f"Evaluator_{machine.name}") for machine in EXAMPLES}
    codes = compile_solidity(CONTRACTS / "tools/solc", texts)
    for machine, code in zip(EXAMPLES, codes.values(), strict=True):
        for seed in range(3):
            _agree(_random(machine, seed), [code], [range(len(machine.tables))], first=Random(seed).ext())


def test_as_many_tables_as_fit_share_a_contract() -> None:
    machine = riscv()

    def three_tables(_name: str, text: str) -> int:
        return text.count("function riscv_") * (MAX_CODE_BYTES // 3)

    parts = partition(machine, three_tables)
    assert parts == [range(3), range(3, 6), range(6, 9), range(9, 12), range(12, 13)]
    with pytest.raises(ValueError, match="table main exceeds"):
        partition(machine, lambda _name, _text: MAX_CODE_BYTES + 1)


@pytest.mark.parametrize("machine", EXAMPLES, ids=lambda machine: machine.name)
def test_periodic_columns_have_their_values_in_every_row(machine: Machine) -> None:
    scalars = Random(5).scalars(machine)
    for table in machine.tables:
        for column in table.periodic:
            _check_periodic(column, scalars)


@given(st.lists(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9)), max_size=3), min_size=8, max_size=8))
def test_any_periodic_column(rows: list[list[tuple[int, int]]]) -> None:
    """Whether or not it looks like a stream."""
    _check_periodic(_column([sum((f * challenge("x") ** e for f, e in row), lift_(0)) for row in rows]), _SCALARS)


@given(st.integers(0, 40), st.integers(0, 40), st.sampled_from([1, 2, 4]), st.integers(-1, 7))
def test_streams_and_almost_streams(start: int, other: int, step: int, changed: int) -> None:
    x, y = challenge("x"), challenge("y")
    modulus = 8 * step

    def exponent(begin: int, row: int) -> int:
        return begin // modulus * modulus + (begin + step * row) % modulus

    values = [3 * x ** exponent(start, row) + 5 * x ** exponent(other, row) for row in range(8)]
    values[7] = values[7] * y
    if changed >= 0:
        values[changed] = values[changed] + x
    _check_periodic(_column(values), _SCALARS)


# -- tools ------------------------------------------------------------------------------------------------------------

_SCALARS = Scalars({"x": (3, 1, 4), "y": (1, 5, P - 9)})


def lift_(number: int) -> Expression:
    return 0 * challenge("x") + number


def _column(values: Sequence[Expression]) -> Periodic:
    t = TableBuilder("t", log_height=6)
    t.constrain("c", t.main("m") * t.challenge_periodic("p", values))
    return t.build().periodic[0]


def _check_periodic(column: Periodic, scalars: Scalars) -> None:
    """In row i, L_i is 1 and the others are 0."""
    expected = scalars.values(column.values, 6)
    for rotation in (0, 1):
        formula = as_sum(column, rotation)
        for row in range(column.period):
            assert _in_row(formula, row, scalars) == expected[(row + rotation) % column.period]


def _in_row(formula: Expression, row: int, scalars: Scalars) -> Ext:
    values: dict[Expression, Ext] = {}
    for node in topological((formula,)):
        if isinstance(node.leaf, RowRef):
            assert period_of(node.leaf.table)
            values[node] = lift(int(node.leaf.index == row))
        elif node.args:
            values[node] = apply(node.op, [values[arg] for arg in node.args])
        else:
            assert node.op in (Op.CONSTANT, Op.CHALLENGE, Op.PARAMETER)
            values[node] = scalars.leaf(node, 6)
    return values[formula]


def _all(machine: Machine, name: str) -> str:
    return evaluator(machine, name, range(len(machine.tables)))


def _random(machine: Machine, seed: int) -> Opened:
    random = Random(seed)
    limits = [(table.min_log_height, min(table.max_log_height, FAST.max_log_height)) for table in machine.tables]
    heights = [low + int(random.words(1)[0]) % (high - low + 1) for low, high in limits]
    shape = layout(machine, FAST, heights)
    openings = [random.ext() for _ in range(shape.openings)]
    totals = {table: random.ext() for table in shape.totals}
    return Opened(machine, heights, openings, totals, random.scalars(machine), random.ext(), random.ext())


def _agree(opened: Opened, codes: Sequence[bytes], parts: Sequence[range], first: Ext) -> int:
    """Every contract gives what ``at_point`` gives; the gas of all."""
    shape = layout(opened.machine, FAST, opened.log_heights)
    points = _opened_tables(shape, opened.openings, opened.totals, opened.scalars, opened.z)
    gas, power = 0, first
    for code, part in zip(codes, parts, strict=True):
        found, following, used = call(code, opened.call_data(power))
        values = [value for table in part for value in at_point(opened.machine.tables[table], points[table])]
        expected = ZERO
        for number, value in enumerate(values):
            expected = e_add(expected, e_mul(e_mul(power, e_pow(opened.alpha, number)), value))
        power = e_mul(power, e_pow(opened.alpha, len(values)))
        assert (found, following) == (expected, power)
        gas += used
    return gas
