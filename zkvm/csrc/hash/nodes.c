/* Tree nodes, messages and the search for a nonce: one message a lane. */
#include "hash/hash.h"
#include "hash/sponge.h"

/* A node's message fits one block: three digests of at most 32 bytes. */
void ZK_NAME(hash_nodes)(const uint8_t *children, const uint8_t *injected, size_t begin, size_t end,
                         unsigned node_bytes, uint8_t *out) {
    uint8_t blocks[KV_LANES][KECCAK_RATE_BYTES] = {{0}};
    const size_t pair = 2 * (size_t)node_bytes, length = injected != NULL ? pair + node_bytes : pair;
    for (int m = 0; m < KV_LANES; m++) {
        blocks[m][length] = (uint8_t)KECCAK_PAD_FIRST;
        blocks[m][KECCAK_RATE_BYTES - 1] = (uint8_t)(KECCAK_PAD_LAST >> 56);
    }
    for (size_t node = begin; node < end; node += KV_LANES) {
        const size_t count = end - node < KV_LANES ? end - node : KV_LANES;
        for (size_t m = 0; m < count; m++) {
            memcpy(blocks[m], children + (node + m) * pair, pair);
            if (injected != NULL) memcpy(blocks[m] + pair, injected + (node + m) * node_bytes, node_bytes);
        }
        kv state[25];
        sponge_clear(state);
        sponge_absorb(state, (const uint8_t(*)[KECCAK_RATE_BYTES])blocks);
        keccak_f(state);
        sponge_digests(state, count, node_bytes, out + node * node_bytes);
    }
}

void ZK_NAME(hash_messages)(const uint8_t *messages, size_t length, size_t begin, size_t end, uint8_t *out) {
    for (size_t first = begin; first < end; first += KV_LANES) {
        const size_t count = end - first < KV_LANES ? end - first : KV_LANES;
        uint8_t blocks[KV_LANES][KECCAK_RATE_BYTES];
        kv state[25];
        sponge_clear(state);
        for (size_t at = 0;; at += KECCAK_RATE_BYTES) {
            const int last = length - at < KECCAK_RATE_BYTES;
            const size_t part = last ? length - at : KECCAK_RATE_BYTES;
            memset(blocks, 0, sizeof blocks);
            for (size_t m = 0; m < count; m++) {
                memcpy(blocks[m], messages + (first + m) * length + at, part);
                if (last) {
                    blocks[m][part] ^= (uint8_t)KECCAK_PAD_FIRST;
                    blocks[m][KECCAK_RATE_BYTES - 1] ^= (uint8_t)(KECCAK_PAD_LAST >> 56);
                }
            }
            sponge_absorb(state, (const uint8_t(*)[KECCAK_RATE_BYTES])blocks);
            keccak_f(state);
            if (last) break;
        }
        sponge_digests(state, count, 32, out + 32 * first);
    }
}

/* The state fills lanes 0 to 3, the nonce, big-endian, lane 4. */
uint64_t ZK_NAME(grind)(const uint8_t state[32], unsigned bits, uint64_t begin, uint64_t end) {
    if (bits == 0) return begin;
    uint64_t words[4];
    memcpy(words, state, sizeof words);
    for (uint64_t nonce = begin; nonce < end; nonce += KV_LANES) {
        uint64_t lane[KV_LANES];
        kv sponge[25];
        sponge_clear(sponge);
        for (int i = 0; i < 4; i++) sponge[i] = kv_set1(words[i]);
        for (int m = 0; m < KV_LANES; m++) lane[m] = nonce + (uint64_t)m;
        sponge[4] = kv_swap_bytes(kv_load(lane));
        sponge_pad(sponge, 5);
        keccak_f(sponge);
        kv_store(lane, kv_swap_bytes(sponge[0]));
        for (int m = 0; m < KV_LANES; m++) {
            if (lane[m] >> (64 - bits) == 0 && nonce + (uint64_t)m < end) return nonce + (uint64_t)m;
        }
    }
    return end;
}
