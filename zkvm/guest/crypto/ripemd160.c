#include "crypto/ripemd160.h"
#include "crypto/pad.h"

/* Two lines of five times sixteen steps: which word of the block, and how far to turn. */
static const uint8_t WORD[2][80] = {
    {0, 1, 2,  3, 4, 5, 6,  7, 8,  9, 10, 11, 12, 13, 14, 15, 7, 4, 13, 1,  10, 6, 15, 3, 12, 0, 9,
     5, 2, 14, 11, 8, 3, 10, 14, 4, 9, 15, 8, 1, 2, 7, 0, 6, 13, 11, 5, 12, 1, 9, 11, 10, 0, 8,
     12, 4, 13, 3, 7, 15, 14, 5, 6, 2, 4, 0, 5, 9, 7, 12, 2, 10, 14, 1, 3, 8, 11, 6, 15, 13},
    {5, 14, 7, 0, 9, 2, 11, 4, 13, 6, 15, 8, 1, 10, 3, 12, 6, 11, 3, 7, 0, 13, 5, 10, 14, 15, 8,
     12, 4, 9, 1, 2, 15, 5, 1, 3, 7, 14, 6, 9, 11, 8, 12, 2, 10, 0, 4, 13, 8, 6, 4, 1, 3, 11,
     15, 0, 5, 12, 2, 13, 9, 7, 10, 14, 12, 15, 10, 4, 1, 5, 8, 7, 6, 2, 13, 14, 0, 3, 9, 11},
};
static const uint8_t TURN[2][80] = {
    {11, 14, 15, 12, 5, 8, 7, 9, 11, 13, 14, 15, 6, 7, 9, 8, 7, 6, 8, 13, 11, 9, 7, 15, 7, 12, 15,
     9, 11, 7, 13, 12, 11, 13, 6, 7, 14, 9, 13, 15, 14, 8, 13, 6, 5, 12, 7, 5, 11, 12, 14, 15, 14, 15,
     9, 8, 9, 14, 5, 6, 8, 6, 5, 12, 9, 15, 5, 11, 6, 8, 13, 12, 5, 12, 13, 14, 11, 8, 5, 6},
    {8, 9, 9, 11, 13, 15, 15, 5, 7, 7, 8, 11, 14, 14, 12, 6, 9, 13, 15, 7, 12, 8, 9, 11, 7, 7, 12,
     7, 6, 15, 13, 11, 9, 7, 15, 11, 8, 6, 6, 14, 12, 13, 5, 14, 13, 13, 7, 5, 15, 5, 8, 11, 14, 14,
     6, 14, 6, 9, 12, 9, 12, 5, 15, 8, 8, 5, 12, 9, 12, 5, 14, 6, 8, 13, 6, 5, 15, 13, 11, 11},
};
static const uint32_t ADD[2][5] = {
    {0, 0x5A827999, 0x6ED9EBA1, 0x8F1BBCDC, 0xA953FD4E},
    {0x50A28BE6, 0x5C4DD124, 0x6D703EF3, 0x7A6D76E9, 0},
};

static inline uint32_t turn(uint32_t v, unsigned by) { return v << by | v >> (32 - by); }

static inline uint32_t combine(int kind, uint32_t x, uint32_t y, uint32_t z) {
    switch (kind) {
        case 0: return x ^ y ^ z;
        case 1: return (x & y) | (~x & z);
        case 2: return (x | ~y) ^ z;
        case 3: return (x & z) | (y & ~z);
        default: return x ^ (y | ~z);
    }
}

/* The second line takes the five kinds of step in the reverse order. */
static void run_line(uint32_t v[5], const uint32_t words[16], int line) {
    uint32_t a = v[0], b = v[1], c = v[2], d = v[3], e = v[4];
    for (int i = 0; i < 80; i++) {
        int kind = line ? 4 - i / 16 : i / 16;
        uint32_t sum = a + combine(kind, b, c, d) + words[WORD[line][i]] + ADD[line][i / 16];
        uint32_t next = turn(sum, TURN[line][i]) + e;
        a = e;
        e = d;
        d = turn(c, 10);
        c = b;
        b = next;
    }
    v[0] = a, v[1] = b, v[2] = c, v[3] = d, v[4] = e;
}

static void compress(uint32_t state[5], const uint8_t *block) {
    uint32_t words[16], left[5], right[5];
    memcpy(words, block, sizeof words);
    memcpy(left, state, sizeof left);
    memcpy(right, state, sizeof right);
    run_line(left, words, 0);
    run_line(right, words, 1);
    uint32_t first = state[1] + left[2] + right[3];
    state[1] = state[2] + left[3] + right[4];
    state[2] = state[3] + left[4] + right[0];
    state[3] = state[4] + left[0] + right[1];
    state[4] = state[0] + left[1] + right[2];
    state[0] = first;
}

void zk_ripemd160(uint8_t digest[20], const uint8_t *data, size_t size) {
    uint32_t state[5] = {0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0};
    uint8_t tail[2 * PAD_BLOCK];
    for (size_t at = 0; at + PAD_BLOCK <= size; at += PAD_BLOCK) compress(state, data + at);
    size_t blocks = pad_tail(tail, data, size);
    uint64_t bits = (uint64_t)size * 8;
    memcpy(tail + PAD_BLOCK * blocks - 8, &bits, 8);
    for (size_t i = 0; i < blocks; i++) compress(state, tail + PAD_BLOCK * i);
    memcpy(digest, state, 20);
}
