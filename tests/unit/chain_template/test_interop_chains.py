"""Registering the hub's other chains: in a block of their own, once, through restarts and rollbacks."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from chain_template.executor import make_executor
from chain_template.interop_chains import MAX_CHAINS_PER_BLOCK, InteropChains
from chain_template.primitives import keccak
from chain_template.rules import rules_of
from chain_template.sequencer import Sequencer
from contracts.abi import decode_call
from contracts.artifacts import load
from contracts.genesis import L2_BRIDGEHUB
from tests.unit.chain_template.test_sequencer import NOW, Chain, l2_config


def asset(number: int) -> bytes:
    return keccak(b"asset %d" % number)


class RegisteringChain(Chain):
    def __init__(self, directory: Path) -> None:
        super().__init__(l2_config(directory))
        self.attach()

    def attach(self) -> None:
        """As a start of the node does."""
        self.chains = InteropChains(self.store, self.config.chain_id)
        self.sequencer = Sequencer(
            self.config,
            self.store,
            make_executor(self.config.executor, rules_of(self.config)),
            self.mempool,
            self.events,
            chains=self.chains,
            clock=lambda: NOW,
        )

    def registered(self) -> list[list[tuple[int, bytes]]]:
        """What each block registered."""
        return [
            [decode_call(load("L2Bridgehub"), tx.data)[1] for tx in news.block.transactions if tx.to == L2_BRIDGEHUB]
            for news in self.blocks
        ]


@pytest.fixture
def chain(tmp_path: Path) -> Iterator[RegisteringChain]:
    made = RegisteringChain(tmp_path)
    yield made
    made.store.close()


def test_a_new_chain_is_registered_once_in_a_block_of_its_own(chain: RegisteringChain) -> None:
    own = chain.config.chain_id
    chain.chains.learn({own: asset(own)})
    assert not chain.sequencer.has_work()
    chain.chains.learn({5: asset(5), 6: asset(6)})
    assert chain.sequencer.has_work()
    assert chain.sequencer.build_block() is not None
    assert chain.registered() == [[(5, asset(5)), (6, asset(6))]]
    assert not chain.sequencer.has_work() and chain.sequencer.build_block() is None


def test_a_restart_does_not_register_again(chain: RegisteringChain) -> None:
    chain.chains.learn({5: asset(5)})
    chain.sequencer.build_block()
    chain.attach()
    chain.chains.learn({5: asset(5)})
    assert chain.sequencer.build_block() is None


def test_a_rollback_registers_again(chain: RegisteringChain) -> None:
    chain.chains.learn({5: asset(5)})
    chain.sequencer.build_block()
    chain.store.rollback_to(0)
    chain.chains.reload()
    assert chain.sequencer.build_block() is not None
    assert chain.registered() == [[(5, asset(5))]] * 2


def test_many_chains_take_several_blocks(chain: RegisteringChain) -> None:
    many = {number: asset(number) for number in range(1000, 1000 + MAX_CHAINS_PER_BLOCK + 3)}
    chain.chains.learn(many)
    while chain.sequencer.build_block() is not None:
        pass
    assert [len(block) for block in chain.registered()] == [MAX_CHAINS_PER_BLOCK, 3]


def test_what_the_contract_refuses_is_left_out_and_stops_nothing(chain: RegisteringChain) -> None:
    chain.chains.learn({5: bytes(32)})
    assert chain.sequencer.build_block() is None
    assert not chain.sequencer.has_work()
    chain.chains.learn({6: asset(6)})
    chain.sequencer.build_block()
    assert chain.registered() == [[(6, asset(6))]]


def test_priority_mode_registers_nothing(chain: RegisteringChain) -> None:
    chain.sequencer.l1_only = True
    chain.chains.learn({5: asset(5)})
    assert not chain.sequencer.has_work() and chain.sequencer.build_block() is None


def test_l1_is_asked_about_a_chain_once(chain: RegisteringChain) -> None:
    assert chain.chains.is_known(chain.config.chain_id) and not chain.chains.is_known(5)
    chain.chains.learn({5: asset(5)})
    assert chain.chains.is_known(5)
