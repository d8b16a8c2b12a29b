/* What the harness of states and blocks is made of. Answers are bytes: numbers the lowest byte first, what has no fixed
   size behind its size (4 bytes). */
#ifndef ZK_TEST_BLOCK_HARNESS_H
#define ZK_TEST_BLOCK_HARNESS_H

#include <setjmp.h>
#include <stdlib.h>

#include "chain/block.h"

enum { BUCKETS = 1 << 16 };

typedef struct node {
    struct node *next;
    hash_t hash;
    bytes_t bytes;
    bool is_read;
} node;

typedef struct {
    uint8_t *bytes;
    size_t size, room;
} answer;

typedef struct {
    zk_context context; /* first */
    jmp_buf entry;
    size_t state_bytes, frame_bytes, returned_bytes;
    node *nodes[BUCKETS];
    evm vm;
    evm_block env; /* where it is not the block's own */
    zk_rules rules;
    zk_header parent;
    hash_t hashes[256];
    uint32_t hash_count;
    uint64_t number;
    zk_state *state;
    zk_block *block;
    answer out;
} chain;

/* --- Answers --- */

static inline void put(answer *out, const void *data, size_t size) {
    if (out->size + size > out->room) {
        out->room = 2 * out->room + size;
        out->bytes = realloc(out->bytes, out->room);
        if (!out->bytes) abort();
    }
    if (size) memcpy(out->bytes + out->size, data, size);
    out->size += size;
}

static inline void put_u32(answer *out, uint32_t number) { put(out, &number, sizeof number); }
static inline void put_u64(answer *out, uint64_t number) { put(out, &number, sizeof number); }

static inline void put_u256(answer *out, const u256 *number) {
    uint8_t bytes[32];
    u256_to_bytes(bytes, number);
    put(out, bytes, sizeof bytes);
}

static inline void put_sized(answer *out, bytes_t bytes) {
    put_u32(out, bytes.size);
    put(out, bytes.data, bytes.size);
}

/* Every function below ends with a reason; 0 is well. */
#define ENTER(c)                                                                                                       \
    do {                                                                                                               \
        int reason = setjmp((c)->entry);                                                                               \
        if (reason) return reason;                                                                                     \
        (c)->out.size = 0;                                                                                             \
    } while (0)

#endif
