"""The pool of users' transactions that wait for a block."""

from chain_template.mempool.pool import Mempool, PendingListener, PoolContent, PoolStatus

__all__ = ["Mempool", "PendingListener", "PoolContent", "PoolStatus"]
