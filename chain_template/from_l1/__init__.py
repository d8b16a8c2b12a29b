"""A chain as L1 alone shows it: what its batches published, the state that follows, and the next batch of L1 requests.

Nothing here asks a node of the chain. It is what an outsider needs to leave a chain whose operator is gone.
"""

from chain_template.from_l1.batches import PublishedBatch, published_batches
from chain_template.from_l1.link import find_chain
from chain_template.from_l1.settle import PreparedBatch, prepare_batch, settle
from chain_template.from_l1.state import ChainState, rebuild_state

__all__ = [
    "ChainState",
    "PreparedBatch",
    "PublishedBatch",
    "find_chain",
    "prepare_batch",
    "published_batches",
    "rebuild_state",
    "settle",
]
