#include "base/keccak.h"

#if defined(__riscv)

#include "zkhub_guest.h"

/* The precompile's words are the lanes' halves, the low one first: the same bytes in memory. */
static inline void permute(uint64_t lanes[25]) { zkhub_keccak_f((uint32_t *)(void *)lanes); }

#else

static const uint64_t ROUND[24] = {
    0x0000000000000001, 0x0000000000008082, 0x800000000000808A, 0x8000000080008000, 0x000000000000808B,
    0x0000000080000001, 0x8000000080008081, 0x8000000000008009, 0x000000000000008A, 0x0000000000000088,
    0x0000000080008009, 0x000000008000000A, 0x000000008000808B, 0x800000000000008B, 0x8000000000008089,
    0x8000000000008003, 0x8000000000008002, 0x8000000000000080, 0x000000000000800A, 0x800000008000000A,
    0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008,
};

/* rho and pi as one walk: lane WALK[i] takes the lane before it in the walk, turned by TURN[i]. */
static const uint8_t WALK[24] = {10, 7, 11, 17, 18, 3, 5, 16, 8, 21, 24, 4, 15, 23, 19, 13, 12, 2, 20, 14, 22, 9, 6, 1};
static const uint8_t TURN[24] = {1, 3, 6, 10, 15, 21, 28, 36, 45, 55, 2, 14, 27, 41, 56, 8, 25, 43, 62, 18, 39, 61, 20, 44};

static inline uint64_t rotate(uint64_t v, unsigned by) { return v << by | v >> (64 - by); }

static inline void theta(uint64_t a[25]) {
    uint64_t column[5];
#pragma GCC unroll 5
    for (int x = 0; x < 5; x++) column[x] = a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20];
#pragma GCC unroll 5
    for (int x = 0; x < 5; x++) {
        uint64_t change = column[(x + 4) % 5] ^ rotate(column[(x + 1) % 5], 1);
#pragma GCC unroll 5
        for (int y = 0; y < 25; y += 5) a[x + y] ^= change;
    }
}

static inline void rho_pi(uint64_t a[25]) {
    uint64_t carried = a[1];
#pragma GCC unroll 24
    for (int i = 0; i < 24; i++) {
        uint64_t next = a[WALK[i]];
        a[WALK[i]] = rotate(carried, TURN[i]);
        carried = next;
    }
}

static inline void chi(uint64_t a[25]) {
#pragma GCC unroll 5
    for (int y = 0; y < 25; y += 5) {
        uint64_t a0 = a[y], a1 = a[y + 1];
        a[y] = a0 ^ (~a1 & a[y + 2]);
        a[y + 1] = a1 ^ (~a[y + 2] & a[y + 3]);
        a[y + 2] ^= ~a[y + 3] & a[y + 4];
        a[y + 3] ^= ~a[y + 4] & a0;
        a[y + 4] ^= ~a0 & a1;
    }
}

static void permute(uint64_t lanes[25]) {
    uint64_t a[25];
    memcpy(a, lanes, sizeof a);
    for (int round = 0; round < 24; round++) {
        theta(a);
        rho_pi(a);
        chi(a);
        a[0] ^= ROUND[round];
    }
    memcpy(lanes, a, sizeof a);
}

#endif

void keccak_start(keccak_state *state) { memset(state, 0, sizeof *state); }

static void absorb_block(keccak_state *state, const uint8_t *block) {
    for (uint32_t i = 0; i < KECCAK_RATE / 8; i++) {
        uint64_t lane;
        memcpy(&lane, block + 8 * i, 8);
        state->lanes[i] ^= lane;
    }
    permute(state->lanes);
}

void keccak_update(keccak_state *state, const void *data, size_t size) {
    const uint8_t *from = data;
    uint8_t *bytes = (uint8_t *)state->lanes;
    while (size) {
        if (state->filled == 0 && size >= KECCAK_RATE) {
            absorb_block(state, from);
            from += KECCAK_RATE;
            size -= KECCAK_RATE;
            continue;
        }
        size_t part = KECCAK_RATE - state->filled;
        if (part > size) part = size;
        for (size_t i = 0; i < part; i++) bytes[state->filled + i] ^= from[i];
        from += part;
        size -= part;
        state->filled += (uint32_t)part;
        if (state->filled == KECCAK_RATE) {
            permute(state->lanes);
            state->filled = 0;
        }
    }
}

void keccak_finish(keccak_state *state, hash_t *digest) {
    uint8_t *bytes = (uint8_t *)state->lanes;
    bytes[state->filled] ^= 0x01;
    bytes[KECCAK_RATE - 1] ^= 0x80;
    permute(state->lanes);
    memcpy(digest, state->lanes, sizeof *digest);
}

void keccak256(hash_t *digest, const void *data, size_t size) {
    keccak_state state;
    keccak_start(&state);
    keccak_update(&state, data, size);
    keccak_finish(&state, digest);
}
