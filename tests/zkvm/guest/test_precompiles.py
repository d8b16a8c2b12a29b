"""go-ethereum's vectors of precompiles and opcodes, as transactions on the EVM in C: output, gas where it is given."""

import json
from typing import Any

import pytest

from chain_template.transactions.types import Transaction
from contracts.genesis import GenesisAccount
from tests.conformance.vectors import unpacked
from tests.zkvm.guest.machine import Build, Environment, Machine, Outcome

SENDER, CONTRACT = b"\xd1" * 20, b"\xd2" * 20
GAS, FAILED = 30_000_000, 13
FILES = {
    "ecRecover": 1,
    "modexp_eip2565": 5,
    "bn256Add": 6,
    "bn256ScalarMul": 7,
    "bn256Pairing": 8,
    "blake2F": 9,
    "fail-blake2f": 9,
    "pointEvaluation": 10,
}
OPCODES = {
    name: start + place
    for start, names in {
        0x01: "add mul sub div sdiv mod smod",
        0x0A: "exp signext",
        0x10: "lt gt slt sgt eq",
        0x16: "and or xor",
        0x1A: "byte shl shr sar",
    }.items()
    for place, name in enumerate(names.split())
}
builds = pytest.mark.parametrize("build", [Build(64), Build(32)], ids=["64", "32"])


def transact(to: bytes, data: bytes, code: bytes, build: Build) -> Outcome:
    accounts = [GenesisAccount(SENDER, b"", {}, 10**20, 0), GenesisAccount(CONTRACT, code, {}, 0, 1)]
    with Machine(accounts, Environment(base_fee=0), build) as machine:
        return machine.transact(Transaction(2, bytes(32), b"", SENDER, to, 0, 1, GAS, 0, 0, 0, data))


def intrinsic_gas(data: bytes) -> int:
    return 21_000 + sum(16 if byte else 4 for byte in data)


def vectors(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((unpacked("evm-vectors") / name).read_text())
    assert found, name
    return found


@builds
@pytest.mark.parametrize("file", FILES)
def test_precompiles(file: str, build: Build) -> None:
    for vector in vectors(f"precompiles/{file}.json"):
        data = bytes.fromhex(vector["Input"])
        outcome = transact(FILES[file].to_bytes(20, "big"), data, b"", build)
        if "Expected" not in vector:
            assert (outcome.status, outcome.gas_used) == (FAILED, GAS), vector["Name"]
            continue
        assert outcome.status == 0 and outcome.output == bytes.fromhex(vector["Expected"]), vector["Name"]
        assert outcome.gas_used == intrinsic_gas(data) + vector["Gas"], vector["Name"]


@builds
@pytest.mark.parametrize("name", OPCODES)
def test_opcodes(name: str, build: Build) -> None:
    """The second number lies on top of the first, as go-ethereum's own test puts them."""
    for vector in vectors(f"testcases_{name}.json"):
        operands = b"\x7f" + bytes.fromhex(vector["X"]) + b"\x7f" + bytes.fromhex(vector["Y"])
        code = operands + bytes([OPCODES[name]]) + bytes.fromhex("5f5260205ff3")
        outcome = transact(CONTRACT, b"", code, build)
        assert outcome.output == bytes.fromhex(vector["Expected"]), vector
