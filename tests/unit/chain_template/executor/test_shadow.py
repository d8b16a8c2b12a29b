"""Blocks executed by two executors: that they agree, and what happens when they do not."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from chain_template.errors import ExecutorsDisagree
from chain_template.executor import make_chain_executor, make_executor
from chain_template.executor.interface import ChainRules, Executor
from chain_template.executor.native import NativeExecutor
from chain_template.executor.shadow import ShadowedExecutor
from chain_template.node import ChainNode, ChainPaused
from chain_template.rules import rules_of
from contracts.genesis import GenesisAccount
from tests.support import CHAIN_ID, KEYS, Bench, funded, sign
from tests.unit.chain_template.executor.test_blocks import HOLDER, STORE, operation, word
from tests.unit.chain_template.test_sequencer import Chain, l1_config

RULES = ChainRules(CHAIN_ID)
#: Fees go elsewhere under these, and nothing else is different.
OTHER_RULES = ChainRules(CHAIN_ID, base_fee_to_coinbase=False)
#: Emits its call data, and returns it.
ECHO = GenesisAccount(b"\x66" * 20, bytes.fromhex("365f5f37365fa0365ff3"), nonce=1)


def shadowed(rules: ChainRules, share: float = 1.0) -> Executor:
    return ShadowedExecutor(NativeExecutor(RULES), ("native", "other"), lambda: make_executor("pyevm", rules), share)


def bench_with(executor: Executor) -> Bench:
    bench = Bench(RULES, funded(HOLDER, STORE, ECHO))
    bench.executor = executor
    return bench


def test_both_agree_on_blocks_of_every_kind() -> None:
    bench = bench_with(make_chain_executor("native", RULES, 1.0))
    bench.run(operation(), sign(KEYS[0], 0, to=b"\x99" * 20, value=5), sign(KEYS[0], 5, to=b"\x99" * 20))
    init = bytes.fromhex("6005600c60003960056000f3") + b"\x60\x2a\x60\x00\x55"
    block = bench.run(
        sign(KEYS[1], 0, to=STORE.address, data=word(7) + word(0), gas=90_000),
        sign(KEYS[1], 1, to=STORE.address, data=word(8) + word(1), gas=90_000),
        sign(KEYS[2], 0, to=None, data=init, gas=200_000, value=3),
        sign(KEYS[3], 0, to=ECHO.address, data=b"abc", gas=90_000),
        sign(KEYS[4], 0, to=b"\x99" * 20, value=10**30),
        max_pubdata_bytes=50_000,
    )
    assert [receipt.status for receipt in block.receipts] == [1, 0, 1, 1]


def test_a_difference_names_block_field_and_both_values() -> None:
    bench = bench_with(shadowed(OTHER_RULES))
    told = r"block 1: header state_root is 0x[0-9a-f]{64} by native but"
    with pytest.raises(ExecutorsDisagree, match=told) as caught:
        bench.run(sign(KEYS[0], 0, to=b"\x99" * 20, value=5))
    assert (caught.value.block_number, caught.value.field) == (1, "header state_root")
    assert caught.value.transaction_hash is None
    assert caught.value.values[0] != caught.value.values[1]


def test_a_difference_in_a_transaction_names_it() -> None:
    bench = bench_with(shadowed(ChainRules(CHAIN_ID, max_transaction_pubdata=200)))
    call = sign(KEYS[0], 0, to=STORE.address, data=word(7) + word(0), gas=90_000)
    with pytest.raises(ExecutorsDisagree, match="receipt status is 1 by native but 0 by other") as caught:
        bench.run(call)
    assert caught.value.transaction_hash is not None


def test_the_share_decides_which_blocks_are_held_to_the_reference() -> None:
    bench = bench_with(shadowed(OTHER_RULES, share=0.25))
    disagreed = 0
    for nonce in range(40):
        try:
            bench.run(sign(KEYS[0], nonce, to=b"\x99" * 20, value=5))
        except ExecutorsDisagree:
            disagreed += 1
            bench.executor, before = make_executor("native", RULES), bench.executor
            bench.run(sign(KEYS[0], nonce, to=b"\x99" * 20, value=5))
            bench.executor = before
    assert 8 <= disagreed <= 12


@pytest.fixture
def chain(tmp_path: Path) -> Iterator[Chain]:
    chain = Chain(l1_config(tmp_path))
    yield chain
    chain.store.close()


def test_a_chain_stops_before_a_block_that_the_executors_differ_in(chain: Chain) -> None:
    rules = rules_of(chain.config)
    other = ChainRules(rules.chain_id, has_base_token_holder=False, max_transaction_pubdata=None)
    chain.sequencer._executor = ShadowedExecutor(
        make_executor("native", rules), ("native", "pyevm"), lambda: make_executor("pyevm", other), 1.0
    )
    chain.send(sign(KEYS[0], 0, to=b"\x99" * 20, value=1))
    while chain.sequencer.step():
        pass
    stopped = chain.sequencer.disagreement
    assert stopped is not None and "block 1: header state_root" in stopped.message
    with chain.store.snapshot() as snapshot:
        assert snapshot.head_number == 0
    assert len(chain.mempool) == 1
    chain.sequencer._executor = make_executor("native", rules)
    assert chain.sequencer.step() is False, "only a restart goes on"


def test_a_node_says_why_it_stopped_and_takes_no_more(tmp_path: Path) -> None:
    config = l1_config(tmp_path).model_copy(update={"shadow_share": 1.0})
    node = ChainNode(config)
    assert isinstance(node.executor, ShadowedExecutor)
    node.executor._make_reference = lambda: make_executor("pyevm", ChainRules(config.chain_id))
    node.start()
    try:
        node.submit(sign(KEYS[0], 0, to=b"\x99" * 20, value=1))
        deadline = time.monotonic() + 20
        while not node.status().errors and time.monotonic() < deadline:
            time.sleep(0.02)
        assert node.status().errors["executors"].startswith("the executors disagree on block 1: header state_root")
        with pytest.raises(ChainPaused, match="has stopped: the executors disagree on block 1"):
            node.submit(sign(KEYS[1], 0, to=b"\x99" * 20, value=1))
        assert node.status().head_number == 0
    finally:
        node.stop()
