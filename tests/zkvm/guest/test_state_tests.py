"""The small sets of Ethereum's general state tests on the EVM in C; the print says N of M."""

from collections import Counter

import pytest
import rlp

from chain_template.errors import TransactionError
from chain_template.primitives import keccak
from chain_template.transactions import decode_transaction
from tests.conformance.state_tests import StateCase, cases
from tests.conformance.vectors import unpacked
from tests.zkvm.guest.machine import NO_PRECOMPILE, Environment, Machine, accounts_of

#: What a set may leave out because this build lacks a precompile (ecrecover, modexp, bn254, KZG).
LACKING = {"stCreate2": 5, "stStaticFlagEnabled": 9}


def environment_of(case: StateCase) -> Environment:
    """The block that a case's transaction is in."""
    env = case.env
    number = int(env["currentNumber"], 16)
    return Environment(
        coinbase=_bytes(env["currentCoinbase"]),
        number=number,
        timestamp=int(env["currentTimestamp"], 16),
        gas_limit=int(env["currentGasLimit"], 16),
        base_fee=int(env["currentBaseFee"], 16),
        randao=_bytes(env["currentRandom"]),
        block_hashes=[keccak(str(number - 1 - depth).encode()) for depth in range(min(number, 256))],
    )


def verdict(case: StateCase, limb_bits: int) -> str:
    """``right``, ``wrong`` or ``lacking`` a precompile."""
    with Machine(accounts_of(case.pre), environment_of(case), limb_bits=limb_bits) as machine:
        try:
            tx = decode_transaction(case.raw, 1)
        except TransactionError:
            tx = None
        fits = tx is not None and tx.gas_limit <= int(case.env["currentGasLimit"], 16)
        if tx is not None and fits and machine.transact(tx).reason == NO_PRECOMPILE:
            return "lacking"
        found = machine.state_root(), keccak(rlp.encode(machine.logs()))
        return "right" if found == (case.root, case.logs) else "wrong"


@pytest.mark.parametrize("limb_bits", [64, 32])
@pytest.mark.parametrize(
    "suite",
    [
        "stExample",
        "Shanghai",
        "Cancun",
        "VMTests/vmArithmeticTest",
        "VMTests/vmBitwiseLogicOperation",
        "VMTests/vmIOandFlowOperations",
        "VMTests/vmLogTest",
        "VMTests/vmTests",
        "stCreate2",
        "stStaticFlagEnabled",
        "stSStoreTest",
        "stSystemOperationsTest",
        "stEIP2930",
    ],
)
def test_state_tests(suite: str, limb_bits: int, capsys: pytest.CaptureFixture[str]) -> None:
    folder = unpacked("ethereum-tests") / "GeneralStateTests" / suite
    found = list(cases(folder))
    assert found, f"no Cancun cases below {folder}"
    judged = [case for case in found if not case.is_blob]
    verdicts = {case.name: verdict(case, limb_bits) for case in judged}
    counts = Counter(verdicts.values())
    with capsys.disabled():
        left_out = f"{len(found) - len(judged)} blob transactions, {counts['lacking']} that lack a precompile"
        print(f"\n  {suite}: {counts['right']} of {len(found)}, limbs of {limb_bits} bits; left out: {left_out}")
    assert [name for name, found_to_be in verdicts.items() if found_to_be == "wrong"] == []
    assert counts["lacking"] <= LACKING.get(suite, 0)


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))
