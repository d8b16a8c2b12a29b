"""Yul: compiled by solc and run on py-evm, the generated functions give what the verifier's reader gives."""

import json
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.zkvm.air.test_readers import LOG_HEIGHT, TABLES, Random
from zkvm.air import Machine, Table
from zkvm.air.evaluate import OpenedPoint, at_point, leaves_at_point
from zkvm.air.expression import STAGES, Expression, Op, topological, value_of
from zkvm.air.generate.yul import SUPPORT, YulFunction, constraints_function, pack, unpack
from zkvm.air.scalars import apply, lift
from zkvm.field import P
from zkvm.field.scalar import Ext

pytestmark = pytest.mark.npm

SOLC = Path(__file__).parents[3] / "contracts" / "tools" / "solc"
GAS = 30_000_000
WORD = 32

elements = st.tuples(*[st.integers(0, P - 1)] * 3)


Programs = dict[str, tuple[YulFunction, bytes]]
EXAMPLES = [(machine, table) for machine, table in TABLES if machine.name != "riscv"]
REAL = [(machine, table) for machine, table in TABLES if machine.name == "riscv"]


@pytest.fixture(scope="module")
def programs() -> Programs:
    """The examples' functions and one of the real machine's, compiled."""
    return _compile([*EXAMPLES, REAL[0]])


def test_constraints_at_random_points(programs: Programs) -> None:
    for machine, table in [*EXAMPLES, REAL[0]]:
        _agree(programs, machine, table)


@pytest.mark.soak
def test_every_table_of_the_real_machine() -> None:
    programs = _compile(REAL)
    gas = 0
    for machine, table in REAL:
        gas += _agree(programs, machine, table)
    assert gas < 500_000, "the constraints are a small part of a verification"


@pytest.mark.parametrize("value", [0, P - 1])
def test_extreme_values(programs: Programs, value: int) -> None:
    """All inputs at once at the ends of the field: sums and differences are at their bounds."""
    for name, (function, code) in programs.items():
        base = (Op.PUBLIC, Op.PARAMETER)
        inputs = [lift(value) if leaf.op in base else (value, value, value) for leaf in function.inputs]
        found, _ = _run(code, inputs, function.outputs)
        expected = _evaluate(function, (value, value, value))
        assert found == expected, name


def _agree(programs: Programs, machine: Machine, table: Table) -> int:
    """The function gives what ``at_point`` gives; the gas it took."""
    function, code = programs[f"{machine.name}_{table.name}_constraints"]
    for seed in (1, 2):
        point = _random_point(machine, table, Random(seed))
        found, gas = _run(code, leaves_at_point(table, point, function.inputs), function.outputs)
        assert found == at_point(table, point), table.name
    return gas


def _evaluate(function: YulFunction, value: Ext) -> list[Ext]:
    """Every formula of the function with one value for every leaf."""
    table = next(table for machine, table in TABLES if function.name == f"{machine.name}_{table.name}_constraints")
    formulas = [constraint.expression for constraint in table.constraints]
    values: dict[Expression, Ext] = {}
    for node in topological(formulas):
        number = value_of(node)
        known = value if number is None else lift(number)
        if node.op in (Op.PUBLIC, Op.PARAMETER):
            known = lift(value[0])
        values[node] = apply(node.op, [values[arg] for arg in node.args]) if node.args else known
    return [values[formula] for formula in formulas]


@given(elements)
def test_packing(value: Ext) -> None:
    assert unpack(pack(value)) == value


def _random_point(machine: Machine, table: Table, random: Random) -> OpenedPoint:
    here = {stage: [random.ext() for _ in range(table.width(stage))] for stage in STAGES}
    following = {stage: [random.ext() for _ in table.uses_next(stage)] for stage in STAGES}
    return OpenedPoint(LOG_HEIGHT, random.ext(), here, following, random.scalars(machine))


def _program(function: YulFunction) -> str:
    """A program that takes the packed inputs as call data and returns the outputs."""
    inputs, outputs = WORD * len(function.inputs), WORD * function.outputs
    return (
        f'object "{function.name}" {{ code {{\n'
        # What lies below the guard is the compiler's, for variables that do not fit the stack.
        "let start := memoryguard(0)\n"
        f"let end := add(start, {inputs})\n"
        f"calldatacopy(start, 0, {inputs})\n"
        f"{function.name}(start, end, add(end, {outputs}))\n"
        f"return(end, {outputs})\n{SUPPORT}{function.source}}} }}"
    )


def _compile(tables: list[tuple[Machine, Table]]) -> Programs:
    """The functions and their programs' code."""
    functions = [constraints_function(machine, table) for machine, table in tables]
    request = {
        "language": "Yul",
        "settings": {
            "optimizer": {"enabled": True, "details": {"yul": True}},
            "outputSelection": {"*": {"*": ["evm.bytecode.object"]}},
        },
    }
    programs = {}
    for function in functions:  # Yul takes one source a run
        request["sources"] = {function.name: {"content": _program(function)}}
        ran = subprocess.run(
            [SOLC, "--standard-json"], input=json.dumps(request), capture_output=True, text=True, check=True
        )
        answer = json.loads(ran.stdout)
        errors = [error["formattedMessage"] for error in answer.get("errors", []) if error["severity"] == "error"]
        assert not errors, errors
        code = answer["contracts"][function.name][function.name]["evm"]["bytecode"]["object"]
        programs[function.name] = (function, bytes.fromhex(code))
    return programs


def _run(code: bytes, inputs: list[Ext], outputs: int) -> tuple[list[Ext], int]:
    """The outputs, and the gas used."""
    from eth.chains.base import MiningChain
    from eth.db.atomic import AtomicDB
    from eth.vm.forks.cancun import CancunVM

    chain_class = MiningChain.configure("Scratch", vm_configuration=((0, CancunVM),), chain_id=1)
    parameters = {"difficulty": 0, "gas_limit": GAS, "timestamp": 1}
    chain = chain_class.from_genesis(AtomicDB(), parameters, {})
    nobody = b"\x11" * 20
    data = b"".join(pack(value).to_bytes(WORD, "big") for value in inputs)
    ran = chain.get_vm().execute_bytecode(
        origin=nobody, gas_price=0, gas=GAS, to=nobody, sender=nobody, value=0, data=data, code=code
    )
    ran.raise_if_error()
    words = [int.from_bytes(ran.output[at : at + WORD], "big") for at in range(0, len(ran.output), WORD)]
    assert len(words) == outputs
    return [unpack(word) for word in words], ran.get_gas_used()
