/* The part of a state that a batch needs: trie nodes and codes, found by hashes that were computed here. */
#ifndef ZK_WITNESS_H
#define ZK_WITNESS_H

#include "base/base.h"

typedef struct {
    hash_t hash;
    bytes_t bytes;
} zk_witness_item;

typedef struct {
    const zk_witness_item *items; /* strictly ascending by hash */
    uint32_t count;
} zk_witness_list;

typedef struct {
    zk_witness_list nodes, codes;
} zk_witness;

/* Hashes each item, once. False where the hashes do not ascend. The list is in the arena. */
bool zk_witness_index(zk_context *context, const bytes_t *bytes, uint32_t count, zk_witness_list *list);

/* Nodes and codes alike; the witness stays as long as the source. */
struct zk_nodes zk_witness_source(zk_witness *witness);

#endif
