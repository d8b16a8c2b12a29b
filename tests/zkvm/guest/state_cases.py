"""Ethereum's general state tests on the EVM in C; as a program, with sanitizers, over the sets that it is given."""

import sys
from collections import Counter
from pathlib import Path

import rlp

from chain_template.errors import TransactionError
from chain_template.primitives import keccak
from chain_template.transactions import decode_transaction
from tests.conformance.state_tests import StateCase, cases
from tests.zkvm.guest.machine import Build, Environment, Machine, accounts_of


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


def is_right(case: StateCase, build: Build) -> bool:
    """Whether state root and logs are what they should be."""
    with Machine(accounts_of(case.pre), environment_of(case), build) as machine:
        try:
            tx = decode_transaction(case.raw, 1)
        except TransactionError:
            tx = None
        if tx is not None and tx.gas_limit <= int(case.env["currentGasLimit"], 16):
            assert machine.transact(tx).reason == 0
        return (machine.state_root(), keccak(rlp.encode(machine.logs()))) == (case.root, case.logs)


def main(folders: list[str]) -> None:
    """Print how many cases were right, and how many wrong."""
    build = Build(sanitized=True)
    found = (case for folder in folders for case in cases(Path(folder)) if not case.is_blob)
    counts = Counter(is_right(case, build) for case in found)
    print(counts[True], counts[False])


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


if __name__ == "__main__":
    main(sys.argv[1:])
