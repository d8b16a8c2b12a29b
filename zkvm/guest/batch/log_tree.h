/* The tree over a batch's L2 to L1 logs; chain_template/batcher/log_tree.py. */
#ifndef ZK_LOG_TREE_H
#define ZK_LOG_TREE_H

#include "base/base.h"
#include "chain/block.h"

enum { ZK_LOG_TREE_DEPTH = 14, ZK_MAX_LOGS = 1 << ZK_LOG_TREE_DEPTH };

/* The leaf of a log of the transaction with this number in its batch. */
void zk_log_leaf(hash_t *leaf, const zk_l2_log *log, uint32_t tx_number);

/* What L1 stores for a batch, from at most ZK_MAX_LOGS leaves; works in their place, where there must be room for one
   more. */
void zk_log_tree_root(hash_t *root, hash_t *leaves, uint32_t count);

#endif
