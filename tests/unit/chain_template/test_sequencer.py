"""Building blocks from the pool and from L1's requests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from chain_template.config import ChainConfig, GenesisSettings, L1Link, OperatorKeys
from chain_template.events import EventBus, NewBlock
from chain_template.executor import make_executor
from chain_template.genesis import build_genesis
from chain_template.mempool import Mempool
from chain_template.primitives import ZERO_HASH, keccak
from chain_template.rules import rules_of
from chain_template.sequencer import L1Head, Sequencer
from chain_template.state import StateReader
from chain_template.store import Store
from chain_template.store.records import L1Cursor, PriorityOperation
from chain_template.transactions import decode_transaction
from contracts.genesis import eth_asset_id
from tests.support import CHAIN_ID, ETHER, GWEI, KEYS, address_of, sign
from tests.unit.chain_template.test_transactions import canonical

NOW = 1_700_000_000.5
KEY = "0x" + "11" * 32


class Chain:
    """A sequencer with everything below it."""

    def __init__(self, config: ChainConfig, l1_head: L1Head | None = None) -> None:
        self.config = config
        self.store = Store.open(config.data_dir, config.chain_id, build_genesis(config))
        self.mempool = Mempool(config.mempool, config.chain_id, config.block.gas_limit)
        self.events = EventBus()
        self.blocks: list[NewBlock] = []
        self.events.subscribe(lambda event: self.blocks.append(event) if isinstance(event, NewBlock) else None)
        self.l1_head = l1_head
        self.sequencer = Sequencer(
            config,
            self.store,
            make_executor(config.executor, rules_of(config)),
            self.mempool,
            self.events,
            l1_head=lambda: self.l1_head,
            clock=lambda: NOW,
        )

    def send(self, raw: bytes, *, nonce: int = 0) -> bytes:
        tx = decode_transaction(raw, self.config.chain_id)
        self.mempool.add(tx, account_nonce=nonce, balance=10**30, base_fee=1, now_s=NOW)
        return tx.hash

    @property
    def state(self) -> StateReader:
        with self.store.snapshot() as snapshot:
            return StateReader(self.store.nodes, snapshot.head.state_root)


def l1_config(directory: Path) -> ChainConfig:
    premine = {key.address: 100 * ETHER for key in KEYS}
    return ChainConfig(
        name="l1",
        chain_id=CHAIN_ID,
        data_dir=directory,
        genesis=GenesisSettings(timestamp=1_700_000_000, premine=premine),
        fee_recipient="0x" + "fe" * 20,
    )


def l2_config(directory: Path) -> ChainConfig:
    return ChainConfig(
        name="alpha",
        chain_id=CHAIN_ID,
        data_dir=directory,
        genesis=GenesisSettings(timestamp=1_700_000_000),
        fee_recipient="0x" + "fe" * 20,
        operator_keys=OperatorKeys(committer=KEY, prover=KEY, executor=KEY, reverter=KEY),
        l1=L1Link(
            url="http://127.0.0.1:1",
            l1_chain_id=31337,
            bridgehub="0x" + "01" * 20,
            zk_chain="0x" + "02" * 20,
            validator_timelock="0x" + "03" * 20,
            base_token_asset_id="0x" + eth_asset_id(31337).hex(),
        ),
    )


@pytest.fixture
def chain(tmp_path: Path) -> Iterator[Chain]:
    made = Chain(l1_config(tmp_path))
    yield made
    made.store.close()


@pytest.fixture
def rollup(tmp_path: Path) -> Iterator[Chain]:
    made = Chain(l2_config(tmp_path))
    yield made
    made.store.close()


def deposit(chain: Chain, *amounts: int) -> None:
    operations = []
    for operation_id, wei in enumerate(amounts):
        receiver = int.from_bytes(address_of(KEYS[operation_id]), "big")
        data = canonical(
            **{"nonce": operation_id, "from": 7, "to": receiver, "value": wei, "reserved": (wei + ETHER, 9, 0, 0)}
        )
        operations.append(PriorityOperation(operation_id, keccak(data), data, 1, ZERO_HASH, ZERO_HASH))
    chain.store.add_priority_operations(operations, L1Cursor(1, ZERO_HASH))


def test_nothing_to_do_makes_no_block(chain: Chain) -> None:
    assert chain.sequencer.step() is False
    assert chain.sequencer.build_block() is None
    assert chain.blocks == []


def test_a_block_is_committed_before_it_is_announced_and_leaves_the_pool(chain: Chain) -> None:
    tx_hash = chain.send(sign(KEYS[0], 0, to=b"\x99" * 20, value=5))
    seen: list[bool] = []

    def check(event: object) -> None:
        with chain.store.snapshot() as snapshot:
            seen.append(snapshot.receipt(tx_hash) is not None)

    chain.events.subscribe(check)
    block = chain.sequencer.build_block()
    assert block is not None and seen == [True]
    assert len(chain.mempool) == 0
    with chain.store.snapshot() as snapshot:
        receipt = snapshot.receipt(tx_hash)
        assert receipt is not None and receipt.received_at_ms == int(NOW * 1000)
    assert chain.state.balance(b"\x99" * 20) == 5


def test_step_waits_for_the_interval_then_builds(chain: Chain) -> None:
    chain.send(sign(KEYS[0], 0, to=b"\x99" * 20))
    assert chain.sequencer.step() is True and chain.blocks == []
    while not chain.blocks:
        chain.sequencer.step()
    assert len(chain.blocks) == 1


def test_paused_builds_nothing(chain: Chain) -> None:
    chain.send(sign(KEYS[0], 0, to=b"\x99" * 20))
    chain.sequencer.paused = True
    assert chain.sequencer.step() is False
    chain.sequencer.paused = False
    assert chain.sequencer.step() is True


def test_what_cannot_run_leaves_the_pool_and_takes_nobody_with_it(chain: Chain) -> None:
    poor = chain.send(sign(KEYS[0], 0, to=b"\x99" * 20, value=10**25))
    good = chain.send(sign(KEYS[1], 0, to=b"\x99" * 20, value=1))
    block = chain.sequencer.build_block()
    assert block is not None and [tx.hash for tx in block.transactions] == [good]
    assert poor not in chain.mempool


def test_a_full_block_keeps_the_rest_for_the_next_one(tmp_path: Path) -> None:
    config = l1_config(tmp_path).model_copy(
        update={"block": l1_config(tmp_path).block.model_copy(update={"max_transactions": 3})}
    )
    chain = Chain(config)
    for nonce in range(5):
        chain.send(sign(KEYS[0], nonce, to=b"\x99" * 20, value=1))
    sizes = []
    while (block := chain.sequencer.build_block()) is not None:
        sizes.append(len(block.transactions))
    assert sizes == [3, 2]
    chain.store.close()


def test_l1_requests_come_first_and_in_order(rollup: Chain) -> None:
    deposit(rollup, 10 * ETHER, 20 * ETHER)
    block = rollup.sequencer.build_block()
    assert block is not None and [tx.nonce for tx in block.transactions] == [0, 1]
    assert [rollup.state.balance(address_of(key)) for key in KEYS[:2]] == [10 * ETHER, 20 * ETHER]
    with rollup.store.snapshot() as snapshot:
        assert snapshot.next_priority_id() == 2
    assert rollup.sequencer.build_block() is None


def test_the_first_block_of_a_batch_hears_of_l1(rollup: Chain) -> None:
    rollup.l1_head = L1Head(number=12, timestamp=1_700_000_001, base_fee=3 * GWEI)
    assert rollup.sequencer.build_block() is None, "news of L1 alone is no reason for a block"
    deposit(rollup, ETHER)
    block = rollup.sequencer.build_block()
    assert block is not None and [tx.type for tx in block.transactions] == [0x7E, 0x7F]
    assert block.receipts[0].status == 1
    rollup.send(sign(KEYS[0], 0, to=b"\x99" * 20, gasPrice=2 * GWEI))
    second = rollup.sequencer.build_block()
    assert second is not None and [tx.type for tx in second.transactions] == [0], "the batch has heard it already"


def test_two_sequencers_make_the_same_block(tmp_path: Path) -> None:
    hashes = []
    for name in ("one", "two"):
        made = Chain(l2_config(tmp_path / name))
        deposit(made, ETHER, 2 * ETHER)
        made.send(sign(KEYS[0], 0, to=b"\x99" * 20, value=1), nonce=0)
        block = made.sequencer.build_block()
        assert block is not None
        hashes.append(block.header.hash)
        made.store.close()
    assert hashes[0] == hashes[1]
