"""The store against a naive model: any order of commits, rollbacks, batches, L1 operations and restarts."""

import shutil
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from chain_template.errors import IllegalBatchTransition, OutOfOrder, RollbackRefused
from chain_template.executor.interface import ExecutedBlock
from chain_template.store import BatchRecord, BatchStage, PriorityOperation
from chain_template.store.repair import read_block_log
from chain_template.store.stages import STAGE_RANK, TRANSITIONS
from tests.unit.chain_template.store.world import World, batch_of, cursor, operation_of, received


def grow() -> tuple[World, list[World]]:
    """A chain, and chains that leave it at some block."""
    trunk = World()
    for seed in range(6):
        trunk.mixed_block(seed)
    branches = []
    for at in (0, 2, 4):
        branch = trunk.fork(at)
        for seed in range(3):
            branch.mixed_block(50 + 10 * at + seed)
        branches.append(branch)
    return trunk, [trunk, *branches]


@dataclass
class Model:
    """What the store should hold, in lists."""

    blocks: list[ExecutedBlock] = field(default_factory=list)
    batches: list[BatchRecord] = field(default_factory=list)
    operations: list[PriorityOperation] = field(default_factory=list)
    l1_block: int | None = None

    @property
    def executed_block(self) -> int:
        executed = [batch.last_block for batch in self.batches if batch.stage is BatchStage.EXECUTED]
        return max(executed, default=0)

    @property
    def next_operation(self) -> int:
        return len(self.blocks)  # every block of the world has one deposit

    def operation(self, number: int) -> PriorityOperation:
        included_in = number + 1 if number < self.next_operation else None
        return replace(self.operations[number], included_in=included_in)


class StoreMachine(RuleBasedStateMachine):
    """Its rules are what a node does with its store."""

    trunk: World
    all_worlds: list[World]

    @initialize()
    def begin(self) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="zkhub-store-model-"))
        self.store = self.trunk.open(self.directory / "alpha")
        self.model = Model()

    def teardown(self) -> None:
        if hasattr(self, "store"):
            try:
                self.store.verify()
            finally:
                self.store.close()
                shutil.rmtree(self.directory)

    def candidates(self) -> list[ExecutedBlock]:
        """Blocks of any branch that follow the model's head."""
        height = len(self.model.blocks)
        parent = self.model.blocks[-1].header.hash if height else self.trunk.genesis.header.hash
        found = {
            world.blocks[height].header.hash: world.blocks[height]
            for world in self.all_worlds
            if len(world.blocks) > height and world.blocks[height].header.parent_hash == parent
        }
        return [found[key] for key in sorted(found)]

    @precondition(lambda self: self.candidates())
    @rule(data=st.data())
    def commit(self, data: st.DataObject) -> None:
        block = data.draw(st.sampled_from(self.candidates()))
        self.store.commit_block(block, received(block))
        number = len(self.model.blocks)
        if number == len(self.model.operations):  # the block shows an operation that L1 has not shown yet
            operation = operation_of(number)
            self.model.operations.append(
                replace(operation, l1_block_number=0, l1_block_hash=bytes(32), l1_tx_hash=bytes(32))
            )
        self.model.blocks.append(block)

    @rule(data=st.data())
    def commit_out_of_order(self, data: st.DataObject) -> None:
        world = data.draw(st.sampled_from(self.all_worlds))
        block = data.draw(st.sampled_from(world.blocks))
        if block not in self.candidates():
            with pytest.raises(OutOfOrder):
                self.store.commit_block(block, {})

    @rule(height=st.integers(-1, 9))
    def roll_back(self, height: int) -> None:
        if not 0 <= height <= len(self.model.blocks):
            with pytest.raises(OutOfOrder):
                self.store.rollback_to(height)
        elif height < self.model.executed_block:
            with pytest.raises(RollbackRefused):
                self.store.rollback_to(height)
        else:
            dropped = [tx for block in self.model.blocks[height:] for tx in block.transactions if tx.is_user]
            assert self.store.rollback_to(height) == dropped
            del self.model.blocks[height:]
            self.model.batches = [batch for batch in self.model.batches if batch.last_block <= height]

    @rule(number=st.integers(0, 6), first=st.integers(0, 6), last=st.integers(0, 9))
    def add_any_batch(self, number: int, first: int, last: int) -> None:
        fits = first <= last and last <= len(self.model.blocks)
        if (number, first) == self.next_batch() and fits:
            self.add(number, first, last)
        else:
            record = replace(batch_of(self.trunk, 1, 1, 1), number=number, first_block=first, last_block=last)
            with pytest.raises(OutOfOrder):
                self.store.add_batch(record, b"", b"", [])

    @precondition(lambda self: self.next_batch()[1] <= len(self.model.blocks))
    @rule(data=st.data())
    def add_next_batch(self, data: st.DataObject) -> None:
        number, first = self.next_batch()
        self.add(number, first, data.draw(st.integers(first, len(self.model.blocks))))

    def next_batch(self) -> tuple[int, int]:
        batches = self.model.batches
        return len(batches) + 1, batches[-1].last_block + 1 if batches else 1

    def add(self, number: int, first: int, last: int) -> None:
        record = replace(
            batch_of(self.trunk, 1, 1, 1),
            number=number,
            first_block=first,
            last_block=last,
            state_commitment=self.model.blocks[last - 1].header.hash,
        )
        self.store.add_batch(record, b"pubdata", b"input", [bytes(88)] * number)
        self.model.batches.append(record)

    @precondition(lambda self: self.model.batches)
    @rule(data=st.data(), stage=st.sampled_from(BatchStage))
    def move_batch(self, data: st.DataObject, stage: BatchStage) -> None:
        at = data.draw(st.integers(0, len(self.model.batches) - 1))
        current = self.model.batches[at].stage
        if stage in TRANSITIONS[current] or stage is current:
            self.store.update_batch(at + 1, stage=stage, at_ms=7)
            self.model.batches[at] = replace(self.model.batches[at], stage=stage)
        else:
            with pytest.raises(IllegalBatchTransition):
                self.store.update_batch(at + 1, stage=stage)

    @rule(count=st.integers(0, 3), back=st.integers(0, 2))
    def see_operations(self, count: int, back: int) -> None:
        first = max(len(self.model.operations) - back, 0)
        seen = [operation_of(number) for number in range(first, first + count)]
        self.l1_moves_on()
        self.store.add_priority_operations(seen, cursor(self.model.l1_block or 0))
        self.model.operations[first : first + count] = seen

    @rule(back=st.integers(1, 3))
    def forget_operations(self, back: int) -> None:
        first = max(len(self.model.operations) - back, 0)
        self.l1_moves_on()
        if first < self.model.next_operation:
            with pytest.raises(RollbackRefused):
                self.store.drop_priority_operations_from(first, cursor(self.model.l1_block or 0))
            self.model.l1_block = None if self.model.l1_block == 1 else (self.model.l1_block or 0) - 1
        else:
            self.store.drop_priority_operations_from(first, cursor(self.model.l1_block or 0))
            del self.model.operations[first:]

    def l1_moves_on(self) -> None:
        self.model.l1_block = (self.model.l1_block or 0) + 1

    @rule()
    def restart(self) -> None:
        self.store.close()
        self.store = self.trunk.open(self.directory / "alpha")

    @rule()
    def crash(self) -> None:
        """The files as a killed process leaves them."""
        copied = self.directory / "copied"
        shutil.copytree(self.directory / "alpha", copied)
        self.store.close()
        shutil.rmtree(self.directory / "alpha")
        copied.rename(self.directory / "alpha")
        self.store = self.trunk.open(self.directory / "alpha")

    @invariant()
    def blocks_agree(self) -> None:
        model = self.model
        headers = [self.trunk.genesis.header] + [block.header for block in model.blocks]
        with self.store.snapshot() as snapshot:
            assert snapshot.head == headers[-1]
            assert snapshot.header(len(headers)) is None
            assert snapshot.block_hashes_before(len(headers)) == [header.hash for header in reversed(headers)]
            if model.blocks:
                last = model.blocks[-1]
                assert [entry.receipt for entry in snapshot.receipts(len(model.blocks))] == list(last.receipts)
                assert snapshot.block_execution(len(model.blocks)) == (last.nodes_read, last.touched)

    @invariant()
    def batches_agree(self) -> None:
        batches = self.model.batches
        with self.store.snapshot() as snapshot:
            stored = snapshot.batches(0, 100)
            assert [(b.number, b.stage, b.first_block, b.last_block) for b in stored] == [
                (b.number, b.stage, b.first_block, b.last_block) for b in batches
            ]
            assert snapshot.last_batch_number() == len(batches)
            assert (len(batches) + 1, snapshot.first_unbatched_block()) == self.next_batch()
            for stage in BatchStage:
                reached = [STAGE_RANK[batch.stage] >= STAGE_RANK[stage] for batch in batches]
                assert snapshot.last_batch_at(stage) == (reached.index(False) if False in reached else len(reached))
            for number in range(1, len(self.model.blocks) + 1):
                batch = next((b.number for b in batches if b.first_block <= number <= b.last_block), None)
                assert snapshot.block(number).batch_number == batch

    @invariant()
    def operations_agree(self) -> None:
        model = self.model
        with self.store.snapshot() as snapshot:
            expected = [model.operation(number) for number in range(len(model.operations))]
            assert snapshot.priority_operations(0, 1_000) == expected
            assert snapshot.next_priority_id() == model.next_operation
            assert snapshot.pending_priority_operations(1_000) == expected[model.next_operation :]
            assert snapshot.l1_cursor() == (None if model.l1_block is None else cursor(model.l1_block))

    @invariant()
    def the_log_agrees(self) -> None:
        logged = [block.header for block in read_block_log(self.directory / "alpha")]
        assert logged == [block.header for block in self.model.blocks]


def test_the_store_against_a_model():
    # Grown here, not in the machine: py-evm changes the recursion limit, which hypothesis watches.
    StoreMachine.trunk, StoreMachine.all_worlds = grow()
    run_state_machine_as_test(StoreMachine, settings=settings(max_examples=20, stateful_step_count=30, deadline=None))
