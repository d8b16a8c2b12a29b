#include "base/keccak.h"
#include "base/u256.h"

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

static inline uint64_t rotate(uint64_t v, unsigned by) { return v << by | v >> (64 - by); }

/* chi on one row. */
static inline void chi(uint64_t to[5], uint64_t b0, uint64_t b1, uint64_t b2, uint64_t b3, uint64_t b4) {
    to[0] = b0 ^ (~b1 & b2);
    to[1] = b1 ^ (~b2 & b3);
    to[2] = b2 ^ (~b3 & b4);
    to[3] = b3 ^ (~b4 & b0);
    to[4] = b4 ^ (~b0 & b1);
}

/* One round from `a` to `b`, without loops or indices that vary: so the lanes stay in registers. */
static inline void keccak_round(uint64_t b[25], const uint64_t a[25], uint64_t constant) {
    uint64_t c0 = a[0] ^ a[5] ^ a[10] ^ a[15] ^ a[20], c1 = a[1] ^ a[6] ^ a[11] ^ a[16] ^ a[21];
    uint64_t c2 = a[2] ^ a[7] ^ a[12] ^ a[17] ^ a[22], c3 = a[3] ^ a[8] ^ a[13] ^ a[18] ^ a[23];
    uint64_t c4 = a[4] ^ a[9] ^ a[14] ^ a[19] ^ a[24];
    uint64_t d0 = c4 ^ rotate(c1, 1), d1 = c0 ^ rotate(c2, 1), d2 = c1 ^ rotate(c3, 1), d3 = c2 ^ rotate(c4, 1);
    uint64_t d4 = c3 ^ rotate(c0, 1);
    chi(b, a[0] ^ d0, rotate(a[6] ^ d1, 44), rotate(a[12] ^ d2, 43), rotate(a[18] ^ d3, 21), rotate(a[24] ^ d4, 14));
    b[0] ^= constant;
    chi(b + 5, rotate(a[3] ^ d3, 28), rotate(a[9] ^ d4, 20), rotate(a[10] ^ d0, 3), rotate(a[16] ^ d1, 45),
        rotate(a[22] ^ d2, 61));
    chi(b + 10, rotate(a[1] ^ d1, 1), rotate(a[7] ^ d2, 6), rotate(a[13] ^ d3, 25), rotate(a[19] ^ d4, 8),
        rotate(a[20] ^ d0, 18));
    chi(b + 15, rotate(a[4] ^ d4, 27), rotate(a[5] ^ d0, 36), rotate(a[11] ^ d1, 10), rotate(a[17] ^ d2, 15),
        rotate(a[23] ^ d3, 56));
    chi(b + 20, rotate(a[2] ^ d2, 62), rotate(a[8] ^ d3, 55), rotate(a[14] ^ d4, 39), rotate(a[15] ^ d0, 41),
        rotate(a[21] ^ d1, 2));
}

static void permute(uint64_t lanes[25]) {
    uint64_t a[25], b[25];
    memcpy(a, lanes, sizeof a);
    for (int round = 0; round < 24; round += 2) {
        keccak_round(b, a, ROUND[round]);
        keccak_round(a, b, ROUND[round + 1]);
    }
    memcpy(lanes, a, sizeof a);
}

#endif

void keccak_start(keccak_state *state) {
    /* Not memset: for so few words the call is most of the work on RV32. */
    for (int i = 0; i < 25; i += 5)
        state->lanes[i] = state->lanes[i + 1] = state->lanes[i + 2] = state->lanes[i + 3] = state->lanes[i + 4] = 0;
    state->filled = 0;
}

/* What a register holds. */
#if ZK_LIMB_BITS == 64
typedef uint64_t word_t;
#else
typedef uint32_t word_t;
#endif

enum { WORD = sizeof(word_t) };

static inline void xor_word(uint8_t *to, const uint8_t *from) {
    word_t word, more;
    memcpy(&word, to, WORD);
    memcpy(&more, from, WORD);
    word ^= more;
    memcpy(to, &word, WORD);
}

#if defined(__riscv)

/* Unaligned words from aligned ones: the machine's memory is made of such, so one may be read whenever one of its bytes
   may be. */
static inline void xor_unaligned(uint8_t *to, const uint8_t *from, size_t words) {
    typedef uint32_t __attribute__((may_alias)) aligned_word;
    const uint32_t offset = (uint32_t)(uintptr_t)from % WORD, down = 8 * offset, up = 32 - down;
    const aligned_word *source = (const aligned_word *)(const void *)(from - offset);
    aligned_word *target = (aligned_word *)(void *)to;
    if (words == 0) return;
    uint32_t low = *source++;
#pragma GCC unroll 4
    for (size_t i = 0; i < words; i++) {
        uint32_t next = source[i];
        target[i] ^= low >> down | next << up;
        low = next;
    }
}

#else

static inline void xor_unaligned(uint8_t *to, const uint8_t *from, size_t words) {
    for (size_t i = 0; i < words; i++) xor_word(to + i * WORD, from + i * WORD);
}

#endif

/* The start of `to` is aligned. */
static inline void xor_words(uint8_t *to, const uint8_t *from, size_t words) {
    uint8_t *lanes = __builtin_assume_aligned(to, WORD);
    if ((uintptr_t)from % WORD == 0) {
        const uint8_t *aligned = __builtin_assume_aligned(from, WORD);
#pragma GCC unroll 4
        for (size_t i = 0; i < words; i++) xor_word(lanes + i * WORD, aligned + i * WORD);
    } else {
        xor_unaligned(lanes, from, words);
    }
}

static inline void xor_bytes(uint8_t *to, const uint8_t *from, size_t size) {
    for (size_t i = 0; i < size; i++) to[i] ^= from[i];
}

void keccak_update(keccak_state *state, const void *data, size_t size) {
    const uint8_t *from = data;
    uint8_t *bytes = (uint8_t *)state->lanes;
    while (size) {
        size_t part = KECCAK_RATE - state->filled, words = 0;
        if (part > size) part = size;
        if (state->filled % WORD == 0) {
            words = part / WORD;
            xor_words(bytes + state->filled, from, words);
        }
        xor_bytes(bytes + state->filled + words * WORD, from + words * WORD, part - words * WORD);
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
