/* keccak-256 of KV_LANES messages of equal length at once. */
#ifndef ZKHUB_SPONGE_H
#define ZKHUB_SPONGE_H

#include <stddef.h>
#include <string.h>

#include "hash/keccak.h"

static inline void sponge_clear(kv state[25]) {
    for (int i = 0; i < 25; i++) state[i] = kv_set1(0);
}

/* Mark the end of the message, whose last byte was the one before lane `lanes` of the current block. */
static inline void sponge_pad(kv state[25], size_t lanes) {
    state[lanes] = kv_xor(state[lanes], kv_set1(KECCAK_PAD_FIRST));
    state[KECCAK_RATE_LANES - 1] = kv_xor(state[KECCAK_RATE_LANES - 1], kv_set1(KECCAK_PAD_LAST));
}

/* The first `bytes` (at most 32) bytes of the digests of the first `count` messages, one after another. */
static inline void sponge_digests(const kv state[25], size_t count, unsigned bytes, uint8_t *out) {
    uint64_t lanes[4][KV_LANES];
    for (int i = 0; i < 4; i++) kv_store(lanes[i], state[i]);
    for (size_t m = 0; m < count; m++) {
        uint64_t digest[4] = {lanes[0][m], lanes[1][m], lanes[2][m], lanes[3][m]};
        memcpy(out + m * bytes, digest, bytes);
    }
}

/* Xor one block of 136 bytes of each message into the states. */
static inline void sponge_absorb(kv state[25], const uint8_t blocks[KV_LANES][KECCAK_RATE_BYTES]) {
    for (int i = 0; i < KECCAK_RATE_LANES; i++) {
        uint64_t lane[KV_LANES];
        for (int m = 0; m < KV_LANES; m++) memcpy(&lane[m], blocks[m] + 8 * i, 8);
        state[i] = kv_xor(state[i], kv_load(lane));
    }
}

#endif
