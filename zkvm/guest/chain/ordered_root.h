/* The root over a block's transactions, or receipts: a trie from each one's number, as RLP, to its bytes. */
#ifndef ZK_ORDERED_ROOT_H
#define ZK_ORDERED_ROOT_H

#include "base/base.h"

/* No item is empty. Leaves nothing in the arena. */
void zk_ordered_root(zk_context *context, const bytes_t *items, uint32_t count, hash_t *root);

#endif
