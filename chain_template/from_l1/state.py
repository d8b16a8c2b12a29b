"""The state of a chain, from its genesis and what its batches published."""

from collections.abc import Sequence
from dataclasses import dataclass

from chain_template.batcher.state_diff import Overlay, apply_pubdata
from chain_template.config import BlockSettings, FeeSettings, L1Link
from chain_template.errors import L1Diverged
from chain_template.from_l1.batches import PublishedBatch
from chain_template.genesis import build_link_genesis
from chain_template.headers import BlockHeader
from contracts.messages import StoredBatchInfo


@dataclass(frozen=True, slots=True)
class ChainState:
    """A chain after its last executed batch.

    Attributes:
        header: Of its last block.
        nodes: Trie nodes and codes, by hash.
        last: The last executed batch, as L1 stores it.
    """

    header: BlockHeader
    nodes: Overlay
    last: StoredBatchInfo


def rebuild_state(chain_id: int, link: L1Link, batches: Sequence[PublishedBatch]) -> ChainState:
    """Apply what the batches published to the genesis, checking each batch's state root.

    Raises:
        DataMismatch: The pubdata does not lead to the state it names.
        L1Diverged: No batch was executed yet: L1 knows block 0 by its hash only.
    """
    if not batches:
        raise L1Diverged(
            f"L1 has executed no batch of chain {chain_id}, and knows its block 0 by its hash only",
            hint="the chain's own configuration is needed to settle its first batch",
        )
    # The state of block 0 follows from what L1 knows; its header does not, and is not needed.
    genesis = build_link_genesis(
        chain_id,
        link,
        timestamp=0,
        gas_limit=BlockSettings().gas_limit,
        base_fee_per_gas=FeeSettings().min_base_fee_wei,
    )
    nodes, root = Overlay({}, genesis.nodes), genesis.header.state_root
    for batch in batches:
        applied = apply_pubdata(nodes, root, batch.pubdata)
        nodes.nodes.update(applied.nodes)
        root = applied.state_root
    return ChainState(batches[-1].pubdata.header, nodes, batches[-1].commit.to_stored())
