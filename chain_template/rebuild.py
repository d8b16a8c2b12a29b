"""Making a damaged database anew from the block log, by executing every block again (``zkhub chain repair``)."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from chain_template.batcher.batcher import Batcher
from chain_template.config import ChainConfig
from chain_template.errors import StoreCorrupt
from chain_template.executor import make_executor
from chain_template.executor.interface import BlockContext, ExecutedBlock, Executor
from chain_template.genesis import build_genesis
from chain_template.rules import rules_of
from chain_template.store import Snapshot, Store
from chain_template.store.repair import LoggedBlock, install_rebuilt, read_batch_log, read_block_log
from chain_template.transactions.stored import decode_block_transaction

_WORK_DIRECTORY: Final = "rebuilt"


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
        StoreCorrupt: A logged block is unreadable or does not come out as it was recorded.
        StoreLocked: The chain is running.
        StoreFull: There is no room.
    """
    directory = config.data_dir
    work = directory / _WORK_DIRECTORY
    executor = make_executor(config.executor, rules_of(config))
    store = Store.open(work, config.chain_id, build_genesis(config), name=config.name)
    try:
        with store.snapshot() as snapshot:
            done = snapshot.head_number
        for logged in read_block_log(directory):
            if logged.header.number > done:
                block = _execute(logged, store, executor, config.chain_id)
                received = zip(block.transactions, logged.received_at_ms, strict=True)
                store.commit_block(block, {tx.hash: at for tx, at in received})
        _cut_batches(config, store)
        with store.snapshot() as snapshot:
            blocks, batches = snapshot.head_number, snapshot.last_batch_number()
    finally:
        store.close()
    return Rebuilt(blocks, batches, tuple(install_rebuilt(directory, work)))


def _execute(logged: LoggedBlock, store: Store, executor: Executor, chain_id: int) -> ExecutedBlock:
    with store.snapshot() as snapshot:
        context = _context(logged, snapshot)
    builder = executor.begin_block(context, store.nodes)
    builder.apply([decode_block_transaction(raw, chain_id) for raw in logged.raw_transactions])
    block = builder.seal()
    if block.header != logged.header:
        raise StoreCorrupt(f"block {logged.header.number} of the block log does not come out as it was recorded")
    return block


def _context(logged: LoggedBlock, snapshot: Snapshot) -> BlockContext:
    header = logged.header
    return BlockContext(
        parent=snapshot.head,
        timestamp=header.timestamp,
        fee_recipient=header.coinbase,
        gas_limit=header.gas_limit,
        base_fee_per_gas=header.base_fee_per_gas,
        block_hashes=snapshot.block_hashes_before(header.number),
        extra_data=header.extra_data,
        mix_hash=header.mix_hash,
    )


def _cut_batches(config: ChainConfig, store: Store) -> None:
    """Seal the batches over the same blocks as before."""
    logged = read_batch_log(config.data_dir)
    if config.l1 is None or not logged:
        return
    batcher = Batcher(config, store)
    batcher.expect({batch.number: batch.last_block for batch in logged})
    for _ in logged:
        batcher.step()
