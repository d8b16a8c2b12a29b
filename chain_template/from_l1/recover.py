"""Rebuilding a chain's store from L1 alone: the state after every batch, checked against the header it committed to.

L1 shows state differences, not transactions: what comes back is every account, code and slot, the batches, their logs
to L1 and the L1 operations; transactions, receipts, events and all headers but the last of each batch do not. Each
batch is one commit of the store, so that an interrupted recovery goes on where it was, and a store that is merely
behind L1 (someone else settled the chain) keeps the blocks that it has.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import rlp

from chain_template.batcher.commit_info import StoredClaim
from chain_template.batcher.sealing import SealReason
from chain_template.batcher.state_diff import apply_pubdata
from chain_template.config import BlockSettings, FeeSettings
from chain_template.errors import DataMismatch, DataUnavailable, GenesisUnknown, L1Diverged
from chain_template.from_l1.batches import (
    CommittedBatch,
    PublishedBatch,
    check_published,
    commit_transactions,
    read_commit,
)
from chain_template.genesis import Genesis, build_link_genesis
from chain_template.headers import BlockHeader
from chain_template.settlement.calls import claim_of
from chain_template.settlement.on_l1 import MAX_LOG_RANGE, ChainOnL1, Counters
from chain_template.settlement.watcher import operation_of
from chain_template.store import BatchRecord, BatchStage, PriorityOperation, Store
from chain_template.transactions import Transaction
from contracts.messages import ZERO_HASH, genesis_batch, priority_operations_hash, public_input

_HASH_BYTES = 32
#: Told after each batch: its number, and the last one.
Told = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Recovered:
    """What a store holds after a recovery.

    Attributes:
        batch: The last batch that was to be recovered; 0 for genesis alone.
        header: Header of its last block.
        adopted: How many batches were taken from L1 now.
        is_here: Whether the store had all their blocks already.
        dropped: Users' transactions in blocks that were given up, as L1 has other batches.
        waiting: How many later batches L1 has committed and not executed; 0 where those were to be recovered too.
    """

    batch: int
    header: BlockHeader
    adopted: int
    is_here: bool
    dropped: tuple[Transaction, ...]
    waiting: int


def recover(
    chain: ChainOnL1,
    chain_id: int,
    genesis: Genesis,
    directory: Path,
    *,
    name: str = "",
    proof_mode: str = "none",
    unexecuted: bool = False,
    confirmations: int = 0,
    told: Told = lambda number, last: None,
) -> Recovered:
    """Bring the store in a directory to the last executed batch of L1; makes one where there is none.

    Args:
        chain: The chain's contracts.
        chain_id: Its id.
        genesis: Its block 0; :func:`genesis_from_l1` finds it where the chain's settings are not at hand.
        directory: The store's. Its chain must not run.
        name: The chain's name, for error messages.
        proof_mode: What the batches are labelled with, ``none`` or the prover profile.
        unexecuted: Go on to the last committed batch.
        confirmations: L1 blocks above the last one that is looked at.
        told: Called after each batch.

    Raises:
        GenesisUnknown: ``genesis`` is not the chain's.
        DataUnavailable: L1 does not show what a batch published: it is a validium, or its transaction is not to be had.
        DataMismatch: A batch's data is not what it committed to, or leads to another state; names batch and account.
        L1Diverged: L1 reorganised meanwhile. The batches that are stored stay; run it again.
        StoreLocked: The chain runs.
        StoreError: The store in the directory cannot be used.
        L1Error: L1 does not answer.
    """
    head = chain.head(confirmations)
    counters = chain.counters(head)
    require_genesis(chain, genesis)
    goal = counters.committed if unexecuted else counters.executed
    store = Store.open(directory, chain_id, genesis, name=name)
    try:
        recovery = _Recovery(chain, store, genesis, counters, proof_mode)
        common = recovery.common_batch(goal)
        is_here = common == goal or recovery.has_blocks_of(goal)
        dropped: list[Transaction] = []
        if not is_here:
            recovery.require_published(common + 1)
            dropped = recovery.give_up_after(common)
            recovery.adopt(common + 1, goal, told)
            recovery.require_same_l1(goal)
        return Recovered(
            batch=goal,
            header=recovery.end_of(goal),
            adopted=0 if is_here else goal - common,
            is_here=is_here,
            dropped=tuple(dropped),
            waiting=counters.committed - goal,
        )
    finally:
        store.close()


def require_genesis(chain: ChainOnL1, genesis: Genesis) -> None:
    """Refuse a block 0 that is not the one that L1 knows by its hash.

    Raises:
        GenesisUnknown: It is not.
    """
    if genesis_batch(genesis.header.hash, genesis.header.timestamp).hash() != chain.stored_batch_hash(0):
        raise GenesisUnknown(
            f"block 0 of these settings, 0x{genesis.header.hash.hex()}, is not the one that L1 has for the chain",
            hint="timestamp, gas limit and minimum base fee must be those that the chain was created with",
        )


def genesis_from_l1(chain: ChainOnL1, chain_id: int, *, min_base_fee_wei: int | None = None) -> Genesis:
    """Block 0 of a chain of which only L1 is at hand.

    L1 tells the timestamp and, in the first batch, the gas limit; the state follows from the chain's creation. The
    minimum base fee is looked for among the given one, the default and what the first batch paid; the hash decides.

    Args:
        chain: The chain's contracts.
        chain_id: Its id.
        min_base_fee_wei: The chain's ``fees.min_base_fee_wei``, if it is known.

    Raises:
        GenesisUnknown: No batch was committed yet, or the minimum base fee must be given.
        DataUnavailable: The first batch published nothing.
        DataMismatch: It published something else than it committed to.
        L1Error: L1 does not answer.
    """
    if chain.counters(chain.head()).committed == 0:
        raise GenesisUnknown(
            f"no batch of chain {chain_id} was committed yet, and L1 knows its block 0 by its hash only",
            hint="the chain's own settings are needed",
        )
    first = read_commit(chain, 1, commit_transactions(chain, chain.head().number).get(1))
    if first.base.hash() != chain.stored_batch_hash(0):
        raise GenesisUnknown(f"batch 1 of chain {chain_id} was committed together with batches before it")
    known = check_published(first.commit).pubdata.header
    candidates = (min_base_fee_wei, FeeSettings().min_base_fee_wei, known.base_fee_per_gas)
    limits = dict.fromkeys((known.gas_limit, BlockSettings().gas_limit))
    for fee in dict.fromkeys(each for each in candidates if each is not None):
        for gas_limit in limits:
            found = build_link_genesis(
                chain_id, chain.link, timestamp=first.base.timestamp, gas_limit=gas_limit, base_fee_per_gas=fee
            )
            if found.header.hash == first.base.batch_hash:
                return found
    raise GenesisUnknown(
        f"block 0 of chain {chain_id} does not follow from L1 with the minimum base fees tried",
        hint="give the chain's fees.min_base_fee_wei",
    )


class _Recovery:
    """One recovery, into one store."""

    def __init__(self, chain: ChainOnL1, store: Store, genesis: Genesis, counters: Counters, proof_mode: str) -> None:
        self._chain = chain
        self._store = store
        self._genesis = genesis
        self._counters = counters
        self._proof_mode = proof_mode
        self._l1_head = counters.block.number
        self._transactions: dict[tuple[int, BatchStage], str] | None = None

    def common_batch(self, goal: int) -> int:
        """The last batch, at most ``goal``, that the store has as L1 has it."""
        with self._store.snapshot() as snapshot:
            for number in range(min(goal, snapshot.last_batch_number()), 0, -1):
                record = snapshot.batch(number)
                assert record is not None
                if claim_of(record).commit.to_stored().hash() == self._chain.stored_batch_hash(number):
                    return number
        return 0

    def has_blocks_of(self, goal: int) -> bool:
        """Whether the store has the blocks up to the end of a batch, and has lost the batch alone."""
        commit = self._read(goal).commit
        with self._store.snapshot() as snapshot:
            return snapshot.header_by_hash(commit.new_state_commitment) is not None

    def require_published(self, number: int) -> None:
        """Refuse before anything is given up where L1 does not have what has to come instead."""
        check_published(self._read(number).commit)

    def give_up_after(self, batch: int) -> list[Transaction]:
        """Drop all blocks after a batch: L1 has others. Returns their users' transactions."""
        with self._store.snapshot() as snapshot:
            others = snapshot.batches(batch + 1, snapshot.last_batch_number())
            last_block = self._last_block(snapshot.batch(batch))
        for record in others:
            if record.stage is BatchStage.EXECUTED:
                # L1 executed another batch of this number: what was seen once was reorganised away.
                self._store.update_batch(record.number, stage=BatchStage.SEALED)
        return self._store.rollback_to(last_block)

    def adopt(self, first: int, last: int, told: Told) -> None:
        """Take batches ``first`` to ``last`` from L1, each in one commit."""
        with self._store.snapshot() as snapshot:
            operations = self._operations(snapshot.next_priority_id())
        for number in range(first, last + 1):
            committed = self._read(number)
            published = check_published(committed.commit)
            taken = list(islice(operations, committed.commit.number_of_layer1_txs))
            self._adopt(committed, published, taken)
            told(number, last)

    def end_of(self, batch: int) -> BlockHeader:
        """Header of a batch's last block."""
        with self._store.snapshot() as snapshot:
            record = snapshot.batch(batch)
            if record is None and batch:
                return snapshot.head
            header = snapshot.header(self._last_block(record))
        assert header is not None
        return header

    def require_same_l1(self, batch: int) -> None:
        """Refuse what was read from an L1 that is no longer the same.

        Raises:
            L1Diverged: It reorganised meanwhile.
        """
        block = self._chain.block(self._l1_head)
        with self._store.snapshot() as snapshot:
            record = snapshot.batch(batch)
        is_same = block is not None and block.hash == self._counters.block.hash
        if not is_same and (
            record is None or claim_of(record).commit.to_stored().hash() != self._chain.stored_batch_hash(batch)
        ):
            raise L1Diverged(
                f"L1 reorganised at block {self._l1_head} while it was read",
                hint="run the recovery again: it goes on from the last batch that is still the same",
            )

    # -- one batch ---------------------------------------------------------------------------------------------------

    def _adopt(self, committed: CommittedBatch, published: PublishedBatch, operations: list[PriorityOperation]) -> None:
        commit, pubdata = committed.commit, published.pubdata
        number, header = commit.batch_number, pubdata.header
        with self._store.snapshot() as snapshot:
            parent = snapshot.head
        if header.number <= parent.number:
            raise DataMismatch(
                f"it ends with block {header.number}, the batch before with block {parent.number}", batch_number=number
            )
        if priority_operations_hash([each.hash for each in operations]) != commit.priority_operations_hash:
            raise L1Diverged(f"L1's requests are not those of batch {number}", hint="try again")
        if commit.dependency_roots_rolling_hash != ZERO_HASH and number > self._counters.executed:
            raise DataUnavailable(
                number,
                "it imports message roots, which L1 is told of when it is executed",
                hint="recover the executed batches only",
            )
        try:
            applied = apply_pubdata(self._store.nodes, parent.state_root, pubdata)
        except DataMismatch as exc:
            raise DataMismatch(exc.reason, batch_number=number, account=exc.account) from exc
        self._store.adopt_batch(
            self._record(commit.batch_number, parent, header, committed),
            header,
            reachable(applied.nodes, applied.state_root),
            commit.operator_da_input,
            [entry.leaf for entry in pubdata.logs],
            operations,
        )

    def _record(self, number: int, parent: BlockHeader, header: BlockHeader, committed: CommittedBatch) -> BatchRecord:
        commit = committed.commit
        stage = self._counters.stage_of(number)
        assert stage is not None
        output_hash = commit.batch_output_hash()
        return BatchRecord(
            number=number,
            stage=stage,
            first_block=parent.number + 1,
            last_block=header.number,
            l1_tx_count=commit.number_of_layer1_txs,
            l2_tx_count=commit.number_of_layer2_txs,
            tx_count=commit.number_of_layer1_txs + commit.number_of_layer2_txs,
            prev_state_commitment=parent.hash,
            state_commitment=header.hash,
            batch_output_hash=output_hash,
            public_input=public_input(parent.hash, header.hash, output_hash),
            l2_logs_root=commit.l2_logs_tree_root,
            pubdata_bytes=len(commit.operator_da_input),
            seal_reason=SealReason.RECOVERED.value,
            commit_info=StoredClaim(replace(commit, operator_da_input=b"")).to_json(),
            stage_times_ms={},
            l1_transactions=self._sent(number),
            proof_mode=self._proof_mode,
        )

    # -- L1 ----------------------------------------------------------------------------------------------------------

    def _read(self, number: int) -> CommittedBatch:
        return read_commit(self._chain, number, self._sent(number).get(BatchStage.COMMITTED.value))

    def _sent(self, number: int) -> dict[str, str]:
        """The L1 transactions that a batch went through, by stage."""
        if self._transactions is None:
            self._transactions = self._chain.settlement_transactions(self._l1_head)
        stages = (BatchStage.COMMITTED, BatchStage.VERIFIED, BatchStage.EXECUTED)
        sent = self._transactions
        return {stage.value: sent[number, stage] for stage in stages if (number, stage) in sent}

    def _operations(self, first: int) -> Iterator[PriorityOperation]:
        """L1's requests from a number on, read as they are needed."""
        for start in range(self._chain.link.start_block, self._l1_head + 1, MAX_LOG_RANGE):
            end = min(self._l1_head, start + MAX_LOG_RANGE - 1)
            for entry in self._chain.events(["NewPriorityRequest"], start, end):
                operation = operation_of(entry)
                if operation.operation_id >= first:
                    yield operation

    def _last_block(self, record: BatchRecord | None) -> int:
        return self._genesis.header.number if record is None else record.last_block


def reachable(nodes: Mapping[bytes, bytes], root: bytes) -> dict[bytes, bytes]:
    """Those of the new nodes and codes that a state refers to; building it leaves others behind.

    Args:
        nodes: By hash.
        root: The state's root.
    """
    kept: dict[bytes, bytes] = {}
    waiting = [root]
    while waiting:
        name = waiting.pop()
        value = nodes.get(name)
        if value is None or name in kept:
            continue
        kept[name] = value
        waiting += _names_in(value)
    return kept


def _names_in(value: bytes) -> list[bytes]:
    """Whatever in a node may be a hash: children, and in an account's leaf the root of its storage and its code."""
    try:
        waiting = [rlp.decode(value)]
    except rlp.exceptions.DecodingError:
        return []  # a code
    found: list[bytes] = []
    while waiting:
        item = waiting.pop()
        if isinstance(item, list):
            waiting += item
        elif len(item) == _HASH_BYTES:
            found.append(item)
        elif len(item) > _HASH_BYTES:
            found += _names_in(item)
    return found
