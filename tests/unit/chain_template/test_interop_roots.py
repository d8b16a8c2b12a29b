"""Importing message roots: requests that make a block by themselves, the newest once a batch, nothing twice."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from chain_template.batcher.batcher import Batcher
from chain_template.errors import L1Diverged, RollbackNeeded
from chain_template.executor import make_executor
from chain_template.interop_roots import MAX_ROOTS_PER_BLOCK, InteropRoots
from chain_template.primitives import ZERO_HASH, keccak
from chain_template.rules import rules_of
from chain_template.sequencer import Sequencer
from chain_template.store.records import L1Cursor, PriorityOperation
from chain_template.transactions import SYSTEM_TYPE
from contracts.genesis import L2_INTEROP_ROOT_STORAGE
from contracts.messages import InteropRoot
from tests.support import ETHER, KEYS, address_of, sign
from tests.unit.chain_template.test_sequencer import NOW, Chain, l2_config
from tests.unit.chain_template.test_transactions import canonical

L1 = 31337
USER = KEYS[0]


def root(number: int) -> bytes:
    return keccak(b"%d" % number)


class InteropChain(Chain):
    def __init__(self, directory: Path) -> None:
        super().__init__(l2_config(directory))
        self.newest: tuple[int, bytes] | None = None
        self.attach()

    def attach(self) -> None:
        """As a start of the node does."""
        self.roots = InteropRoots(self.store, self.config.chain_id, L1)
        self.sequencer = Sequencer(
            self.config,
            self.store,
            make_executor(self.config.executor, rules_of(self.config)),
            self.mempool,
            self.events,
            roots=self.roots,
            newest_root=lambda: self.newest,
            clock=lambda: NOW,
        )

    def imports(self) -> list[list[int]]:
        """L1 blocks that each block imported."""
        return [
            [
                int.from_bytes(tx.data[36:68], "big")
                for tx in news.block.transactions
                if tx.type == SYSTEM_TYPE and tx.to == L2_INTEROP_ROOT_STORAGE
            ]
            for news in self.blocks
        ]

    def seal_batch(self) -> None:
        batcher = Batcher(self.config, self.store)
        batcher.seal_now()
        assert batcher.step()

    def rollback(self, number: int) -> None:
        self.store.rollback_to(number)
        self.roots.reload()


@pytest.fixture
def chain(tmp_path: Path) -> Iterator[InteropChain]:
    chain = InteropChain(tmp_path)
    yield chain
    chain.store.close()


def test_a_request_makes_a_block_by_itself_once(chain: InteropChain) -> None:
    assert chain.sequencer.build_block() is None
    assert chain.roots.request(9, root(9)) and chain.roots.request(4, root(4))
    assert not chain.roots.request(9, root(9)), "it is on its way"
    assert chain.sequencer.has_work()
    assert chain.sequencer.build_block() is not None
    assert chain.imports() == [[4, 9]]
    found = chain.roots.imported(9)
    assert found is not None and (found.root, found.block_number) == (root(9), 1)
    assert not chain.roots.request(4, root(4)), "it is here"
    assert not chain.sequencer.has_work() and chain.sequencer.build_block() is None


def test_another_root_for_the_same_block_is_refused(chain: InteropChain) -> None:
    chain.roots.request(9, root(9))
    with pytest.raises(L1Diverged, match="message root of L1 block 9"):
        chain.roots.request(9, root(8))
    chain.sequencer.build_block()
    with pytest.raises(L1Diverged):
        chain.roots.request(9, root(8))


def test_many_requests_take_several_blocks(chain: InteropChain) -> None:
    for number in range(MAX_ROOTS_PER_BLOCK + 3):
        chain.roots.request(number, root(number))
    while chain.sequencer.has_work():
        assert chain.sequencer.build_block() is not None
    assert list(map(len, chain.imports())) == [MAX_ROOTS_PER_BLOCK, 3]
    assert [number for block in chain.imports() for number in block] == list(range(MAX_ROOTS_PER_BLOCK + 3))


def test_requests_outlive_a_restart_and_a_rollback(chain: InteropChain) -> None:
    chain.roots.request(9, root(9))
    chain.attach()
    assert chain.roots.has_requests()
    chain.sequencer.build_block()
    chain.attach()
    assert not chain.roots.has_requests() and chain.roots.imported(9) is not None
    chain.rollback(0)
    assert chain.roots.imported(9) is None and chain.roots.imported_after(0) == {}
    assert chain.sequencer.build_block() is not None
    assert chain.imports() == [[9], [9]]
    assert list(chain.roots.imported_after(0)) == [9] and chain.roots.imported_after(1) == {}


def test_what_l1_contradicts_is_forgotten_after_a_rollback(chain: InteropChain) -> None:
    for number in (4, 5, 6, 9):
        chain.roots.request(number, root(number))
    chain.sequencer.build_block()
    chain.rollback(0)
    chain.roots.drop_false({4: root(4), 5: root(50)}.get, 8)
    assert [item.block_or_batch_number for item in chain.roots.due()] == [4, 9], "5 is another, 6 is none, 9 is to come"
    chain.attach()
    assert [item.block_or_batch_number for item in chain.roots.due()] == [4, 9]


def test_a_root_that_l1_dropped_takes_its_block_along(chain: InteropChain) -> None:
    for number in (4, 5, 9):
        chain.roots.request(number, root(number))
        assert chain.sequencer.build_block() is not None
    assert chain.roots.check(root, 9, 0)
    assert not chain.roots.check(root, 8, 0), "L1 is shorter than it was: 9 is not judged yet"
    with pytest.raises(
        RollbackNeeded, match=r"block 5, which block 2 imports; the chain goes back to block 1"
    ) as caught:
        chain.roots.check({4: root(4), 5: root(50)}.get, 9, 0)
    assert caught.value.to_block == 1
    with pytest.raises(RollbackNeeded) as caught:
        chain.roots.check({4: root(4), 5: root(50)}.get, 9, 2)
    assert caught.value.to_block == 2, "what L1 has executed is settled"
    assert chain.roots.check(lambda at: None, 9, 3)


def test_the_newest_root_comes_with_the_first_block_of_a_batch(chain: InteropChain) -> None:
    fund(chain)
    chain.newest = (5, root(5))
    assert chain.sequencer.build_block() is None, "no block is made for it alone"
    send(chain, 0)
    chain.sequencer.build_block()
    assert chain.imports()[-1] == [], "the batch had begun already"
    chain.seal_batch()
    send(chain, 1)
    chain.sequencer.build_block()
    assert chain.imports()[-1] == [5]
    chain.newest = (6, root(6))
    send(chain, 2)
    chain.sequencer.build_block()
    assert chain.imports()[-1] == []
    chain.seal_batch()
    chain.roots.request(7, root(7))
    send(chain, 3)
    chain.sequencer.build_block()
    assert chain.imports()[-1] == [7], "something newer is imported anyway"
    with chain.store.snapshot() as snapshot:
        claims = [batch.commit_info for batch in snapshot.batches(1, 9)]
    assert root(5).hex() in claims[1] and root(5).hex() not in claims[0]


def test_a_request_that_the_contract_refuses_is_dropped(chain: InteropChain) -> None:
    fund(chain)
    chain.roots.request(8, bytes(32))
    send(chain, 0)
    block = chain.sequencer.build_block()
    assert block is not None and [tx.type for tx in block.transactions] == [2]
    assert not chain.roots.has_requests()
    chain.roots.request(8, root(8))
    assert chain.sequencer.build_block() is not None
    assert chain.imports()[-1] == [8]


def test_priority_mode_takes_operations_of_l1_only(chain: InteropChain) -> None:
    fund(chain)
    chain.sequencer.l1_only = True
    chain.roots.request(8, root(8))
    send(chain, 0)
    assert not chain.sequencer.has_work() and chain.sequencer.build_block() is None
    request_funds(chain, 1)
    assert chain.sequencer.has_work()
    block = chain.sequencer.build_block()
    assert block is not None and [tx.priority is not None for tx in block.transactions] == [True]
    chain.sequencer.l1_only = False
    block = chain.sequencer.build_block()
    assert block is not None and [tx.type for tx in block.transactions] == [SYSTEM_TYPE, 2]


def test_due_names_the_l1(chain: InteropChain) -> None:
    assert chain.roots.due((3, root(3))) == [InteropRoot(L1, 3, (root(3),))]
    chain.roots.request(4, root(4))
    assert chain.roots.due((3, root(3))) == [InteropRoot(L1, 4, (root(4),))]


def request_funds(chain: InteropChain, operation_id: int) -> None:
    receiver = int.from_bytes(address_of(USER), "big")
    fields = {"nonce": operation_id, "from": 7, "to": receiver, "value": ETHER, "reserved": (2 * ETHER, 9, 0, 0)}
    data = canonical(**fields)
    operation = PriorityOperation(operation_id, keccak(data), data, 1, ZERO_HASH, ZERO_HASH)
    chain.store.add_priority_operations([operation], L1Cursor(1, ZERO_HASH))


def fund(chain: InteropChain) -> None:
    request_funds(chain, 0)
    assert chain.sequencer.build_block() is not None


def send(chain: InteropChain, nonce: int) -> None:
    chain.send(sign(USER, nonce, to=b"\x77" * 20))
