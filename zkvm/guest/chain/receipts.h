/* Receipts and the blooms over their logs. */
#ifndef ZK_RECEIPTS_H
#define ZK_RECEIPTS_H

#include "base/base.h"
#include "evm/evm.h"

/* Aligned, so that it is joined by words. */
typedef struct {
    _Alignas(4) uint8_t bytes[256];
} bloom_t;

/* What was hashed lately: logs name the same contracts, events and accounts again and again. In the arena. */
typedef struct zk_bloom_items zk_bloom_items;

zk_bloom_items *zk_bloom_items_open(zk_context *context);

/* Sets the bits for a log's address and its topics. */
void zk_bloom_add(zk_bloom_items *items, bloom_t *bloom, const evm_log *log);

/* Sets what is set in `other`: a block's bloom is that of all its receipts. */
void zk_bloom_join(bloom_t *bloom, const bloom_t *other);

typedef struct {
    uint8_t type; /* of the transaction */
    bool success;
    uint64_t cumulative_gas; /* of the block up to and including it */
    bloom_t bloom;
    const evm_log *logs;
    uint32_t log_count;
} zk_receipt;

/* As it stands in the trie of receipts; in the arena. */
bytes_t zk_encode_receipt(zk_context *context, const zk_receipt *receipt);

#endif
