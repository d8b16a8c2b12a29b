/* keccak-256, as Ethereum uses it (padding 0x01). */
#ifndef ZK_KECCAK_H
#define ZK_KECCAK_H

#include "base/base.h"

enum { KECCAK_RATE = 136 };

typedef struct {
    uint64_t lanes[25]; /* lane x + 5y, as bytes little-endian */
    uint32_t filled;    /* bytes of the current block, below KECCAK_RATE */
} keccak_state;

void keccak_start(keccak_state *state);
void keccak_update(keccak_state *state, const void *data, size_t size);
void keccak_finish(keccak_state *state, hash_t *digest);

/* All at once. */
void keccak256(hash_t *digest, const void *data, size_t size);

#endif
