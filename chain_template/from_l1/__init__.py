"""A chain as L1 alone shows it: what its batches published, the state that follows, and the next batch of L1 requests.

Nothing here asks a node of the chain. It is what an outsider needs to leave a chain whose operator is gone, and what an
operator needs whose data is gone.
"""

from chain_template.from_l1.batches import PublishedBatch, published_batches
from chain_template.from_l1.link import find_chain
from chain_template.from_l1.recover import Recovered, genesis_from_l1, recover
from chain_template.from_l1.settle import PreparedBatch, prepare_batch, settle
from chain_template.from_l1.state import ChainState, rebuild_state

__all__ = [
    "ChainState",
    "PreparedBatch",
    "PublishedBatch",
    "Recovered",
    "find_chain",
    "genesis_from_l1",
    "prepare_batch",
    "published_batches",
    "rebuild_state",
    "recover",
    "settle",
]
