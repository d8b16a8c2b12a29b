"""Making a damaged database anew from the block log, by executing every block again (``zkhub chain repair``)."""

from dataclasses import dataclass
from pathlib import Path

from chain_template.ancestors import hashes_before
from chain_template.batcher.batcher import Batcher
from chain_template.batcher.pubdata import decode_pubdata
from chain_template.batcher.state_diff import apply_pubdata
from chain_template.config import ChainConfig
from chain_template.executor import make_executor
from chain_template.executor.interface import BlockContext, ExecutedBlock
from chain_template.genesis import build_genesis
from chain_template.rules import rules_of
from chain_template.store import Snapshot, Store
from chain_template.store.readers import NodeStore
from chain_template.store.repair import LoggedBatch, LoggedBlock, LoggedRecovery, read_batch_log
from chain_template.store.repair import rebuild as rebuild_database
from chain_template.store.rows import unpack_leaves


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What came of a rebuild.

    Attributes:
        blocks: Number of the last block.
        batches: Number of the last batch; its stage is found again on L1.
        kept: Where the damaged files lie now.
    """

    blocks: int
    batches: int
    kept: tuple[Path, ...]


def rebuild(config: ChainConfig) -> Rebuilt:
    """Execute the logged blocks again into a fresh database and put it in the place of the damaged one.

    Nothing is changed until the new database is complete; interrupted, it can be called again.

    Raises:
        StoreCorrupt: A confirmed record of the log is unreadable.
        StoreError: A logged block does not come out as it was recorded.
        StoreLocked: The chain is running.
        StoreFull: There is no room.
    """
    directory, genesis = config.data_dir, build_genesis(config)
    executor = make_executor(config.executor, rules_of(config))

    def execute(logged: LoggedBlock, snapshot: Snapshot, nodes: NodeStore) -> ExecutedBlock:
        builder = executor.begin_block(_context(logged, snapshot), nodes)
        builder.apply(logged.transactions)
        return builder.seal()

    batches = read_batch_log(directory)

    def restore(logged: LoggedRecovery, store: Store) -> None:
        _seal(config, store, [batch for batch in batches if batch.number < logged.record.number])
        with store.snapshot() as snapshot:
            root = snapshot.head.state_root
        applied = apply_pubdata(store.nodes, root, decode_pubdata(logged.pubdata))
        leaves = unpack_leaves(logged.l2_log_leaves)
        operations = list(logged.operations)
        store.adopt_batch(logged.record, logged.header, applied.nodes, logged.pubdata, leaves, operations)

    blocks = rebuild_database(directory, config.chain_id, genesis, execute, restore=restore, name=config.name)
    store = Store.open(directory, config.chain_id, genesis, name=config.name)
    try:
        _seal(config, store, batches)
        with store.snapshot() as snapshot:
            last_batch = snapshot.last_batch_number()
    finally:
        store.close()
    return Rebuilt(blocks, last_batch, tuple(sorted(directory.glob("*.damaged"))))


def _seal(config: ChainConfig, store: Store, batches: list[LoggedBatch]) -> None:
    """Seal those batches that are not in the store, over the same blocks as before: L1 may know them by these ends."""
    with store.snapshot() as snapshot:
        last = snapshot.last_batch_number()
    missing = {batch.number: batch.last_block for batch in batches if batch.number > last}
    if missing:
        batcher = Batcher(config, store)
        batcher.expect(missing)
        for _ in missing:
            batcher.step()


def _context(logged: LoggedBlock, snapshot: Snapshot) -> BlockContext:
    header = logged.header
    return BlockContext(
        parent=snapshot.head,
        timestamp=header.timestamp,
        fee_recipient=header.coinbase,
        gas_limit=header.gas_limit,
        base_fee_per_gas=header.base_fee_per_gas,
        block_hashes=hashes_before(snapshot, header.number),
        extra_data=header.extra_data,
        mix_hash=header.mix_hash,
    )
