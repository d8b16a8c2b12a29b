"""What every chain is stamped from: one EVM chain, without Ray.

A chain is a :class:`~chain_template.node.ChainNode`: mempool, sequencer, executor, store, JSON-RPC and, when it
settles on an L1, the watcher, the batcher and the settlement sender. The embedded L1 is the same node without a
settlement layer.
"""
