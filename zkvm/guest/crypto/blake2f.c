#include "crypto/blake2f.h"

/* The first 64 bits behind the point of the square roots of the first 8 primes. */
static const uint64_t START[8] = {
    0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
    0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179,
};

static const uint8_t ORDER[10][16] = {
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
    {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4}, {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
    {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13}, {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
    {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11}, {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
    {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5}, {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0},
};

static inline uint64_t turn(uint64_t v, unsigned by) { return v >> by | v << (64 - by); }

static inline void mix(uint64_t v[16], int a, int b, int c, int d, uint64_t x, uint64_t y) {
    v[a] += v[b] + x;
    v[d] = turn(v[d] ^ v[a], 32);
    v[c] += v[d];
    v[b] = turn(v[b] ^ v[c], 24);
    v[a] += v[b] + y;
    v[d] = turn(v[d] ^ v[a], 16);
    v[c] += v[d];
    v[b] = turn(v[b] ^ v[c], 63);
}

/* Columns first, then diagonals. */
static inline void mix_all(uint64_t v[16], const uint64_t m[16], const uint8_t order[16]) {
    for (int i = 0; i < 4; i++) mix(v, i, 4 + i, 8 + i, 12 + i, m[order[2 * i]], m[order[2 * i + 1]]);
    for (int i = 0; i < 4; i++)
        mix(v, i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4, m[order[8 + 2 * i]], m[order[9 + 2 * i]]);
}

bool zk_blake2f(uint8_t state[64], bytes_t input) {
    uint64_t h[8], m[16], counter[2], v[16];
    if (input.size != ZK_BLAKE2F_INPUT || input.data[212] > 1) return false;
    uint32_t rounds;
    memcpy(&rounds, input.data, 4);
    rounds = __builtin_bswap32(rounds);
    memcpy(h, input.data + 4, sizeof h);
    memcpy(m, input.data + 68, sizeof m);
    memcpy(counter, input.data + 196, sizeof counter);
    memcpy(v, h, sizeof h);
    memcpy(v + 8, START, sizeof START);
    v[12] ^= counter[0];
    v[13] ^= counter[1];
    if (input.data[212]) v[14] = ~v[14];
    for (uint32_t i = 0, row = 0; i < rounds; i++) {
        mix_all(v, m, ORDER[row]);
        row = row == 9 ? 0 : row + 1;
    }
    for (int i = 0; i < 8; i++) h[i] ^= v[i] ^ v[i + 8];
    memcpy(state, h, sizeof h);
    return true;
}
