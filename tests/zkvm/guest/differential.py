"""One transaction on the EVM in C and on py-evm: state, gas, result, output and logs must be the same."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from chain_template.errors import SystemTransactionFailed
from chain_template.executor.interface import BlockContext, ChainRules, Included
from chain_template.executor.pyevm import PyEvmExecutor
from chain_template.genesis import genesis_block
from chain_template.transactions.types import Transaction
from contracts.genesis import GenesisAccount
from tests.zkvm.guest.machine import HOST, Build, Environment, Machine, Outcome

COINBASE = b"\xa4" * 20
BASE_FEE, GAS_LIMIT, CHAIN_ID = 7, 30_000_000, 300


@contextmanager
def _deep_recursion() -> Iterator[None]:
    """Room for 1,024 calls in each other, of which py-evm makes recursion; hypothesis allows less."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(50_000)
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


def agree(tx: Transaction, chain: ChainRules, accounts: Sequence[GenesisAccount], build: Build = HOST) -> Outcome:
    """Run on both; the result of the EVM in C, after everything was found equal."""
    pre = genesis_block(accounts, timestamp=0, gas_limit=GAS_LIMIT, base_fee_per_gas=BASE_FEE)
    context = BlockContext(pre.header, 9, COINBASE, GAS_LIMIT, BASE_FEE, [pre.header.hash])
    builder = PyEvmExecutor(chain).begin_block(context, pre.nodes)
    environment = Environment(
        COINBASE,
        context.number,
        context.timestamp,
        GAS_LIMIT,
        BASE_FEE,
        chain_id=CHAIN_ID,
        block_hashes=context.block_hashes,
        fee_to_coinbase=chain.base_fee_to_coinbase,
    )
    charge_all = chain.max_transaction_pubdata == 0
    with Machine(accounts, environment, build) as machine:
        outcome = machine.transact(tx, from_holder=chain.has_base_token_holder, charge_all=charge_all)
        assert outcome.reason == 0
        try:
            with _deep_recursion():
                (expected,) = builder.apply([tx])
        except SystemTransactionFailed:
            assert outcome.status != 0
            return outcome
        assert isinstance(expected, Included) == (outcome.refusal == 0)
        if isinstance(expected, Included):
            if not charge_all:
                assert outcome.gas_used == expected.receipt.gas_used
                assert (outcome.status == 0) == (expected.receipt.status == 1)
                assert outcome.output == expected.output
            assert machine.logs() == [log.fields() for log in expected.receipt.logs]
        assert machine.state_root() == builder.seal().header.state_root
    return outcome
