"""A free transaction on the EVM in C and on revm: result, gas, output, logs and state must be the same.

No account has storage before: what pyrevm is given is not cold as it should be.
"""

from dataclasses import replace
from typing import Any

import pyrevm
from eth_utils.crypto import keccak

from chain_template.transactions.types import AccessListEntry
from contracts.genesis import GenesisAccount
from tests.zkvm.guest.machine import HOST, Build, Environment, Machine
from tests.zkvm.guest.random_cases import SENDER, Case

COINBASE = b"\xa4" * 20
NUMBER, TIMESTAMP, GAS_LIMIT = 9, 7, 30_000_000
ENVIRONMENT = Environment(
    COINBASE,
    NUMBER,
    TIMESTAMP,
    GAS_LIMIT,
    base_fee=0,
    block_hashes=[keccak(b"%d" % n) for n in reversed(range(NUMBER))],
)


def agree(case: Case, build: Build = HOST) -> bool:
    """Run on both; whether the transaction succeeded, after everything was found equal."""
    tx = replace(case.tx, type=2, access_list=_each_once(case.tx.access_list))
    machine = _machine(case, tx.access_list)
    error = None
    try:
        if tx.to is None:
            machine.deploy(_text(SENDER), tx.data, value=tx.value, gas=tx.gas_limit, gas_price=0)
        else:
            machine.message_call(
                _text(SENDER), _text(tx.to), calldata=tx.data, value=tx.value, gas=tx.gas_limit, gas_price=0
            )
    except RuntimeError as failure:
        error = failure
    with Machine(case.accounts, ENVIRONMENT, build) as ours:
        outcome = ours.transact(tx)
        assert (outcome.reason, outcome.refusal) == (0, 0), case.seed
        assert (outcome.status == 0) == (error is None), (case.seed, outcome, error)
        assert outcome.gas_used == machine.result.gas_used, (case.seed, error)
        if error is None:
            logs = [[bytes.fromhex(log.address[2:]), *log.data] for log in machine.result.logs]
            assert ours.logs() == logs, case.seed
            _compare(case, ours.accounts(), machine)
    return error is None


def _each_once(entries: tuple[AccessListEntry, ...]) -> tuple[AccessListEntry, ...]:
    """Of several entries with one address pyrevm takes the last."""
    slots = {entry.address: entry.slots for entry in entries}
    return tuple(AccessListEntry(*item) for item in slots.items())


def _machine(case: Case, listed: tuple[AccessListEntry, ...]) -> Any:
    machine = pyrevm.EVM(spec_id="CANCUN", gas_limit=GAS_LIMIT)
    machine.set_block_env(
        pyrevm.BlockEnv(
            number=NUMBER,
            coinbase=_text(COINBASE),
            timestamp=TIMESTAMP,
            basefee=0,
            gas_limit=GAS_LIMIT,
            prevrandao=bytes(32),
            excess_blob_gas=0,
        )
    )
    machine.set_tx_env(pyrevm.TxEnv(access_list=[(_text(item.address), list(item.slots)) for item in listed]))
    for account in case.accounts:
        info = pyrevm.AccountInfo(nonce=account.nonce, balance=account.balance, code=account.code or None)
        machine.insert_account_info(_text(account.address), info)
    return machine


def _compare(case: Case, accounts: list[GenesisAccount], machine: Any) -> None:
    for account in accounts:
        address = _text(account.address)
        info = machine.basic(address)
        # pyrevm does not count a call as the sender's transaction.
        counted = account.address == SENDER and case.tx.to is not None
        assert info.balance == account.balance, (case.seed, address)
        assert info.nonce == account.nonce - counted, (case.seed, address)
        assert info.code_hash == keccak(account.code), (case.seed, address)
        for slot, value in account.storage.items():
            assert machine.storage(address, slot) == value, (case.seed, address, slot)
    known = {account.address: account for account in accounts}
    for start in case.accounts:
        for slot in range(256):
            left = known[start.address].storage.get(slot, 0) if start.address in known else 0
            assert machine.storage(_text(start.address), slot) == left, (case.seed, start.address, slot)


def _text(address: bytes) -> str:
    return f"0x{address.hex()}"
