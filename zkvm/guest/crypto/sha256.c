#include "crypto/sha256.h"
#include "crypto/pad.h"

/* The first 32 bits behind the point of the cube roots of the first 64 primes, and of the square roots of 8. */
static const uint32_t ROUND[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};
static const uint32_t START[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

static inline uint32_t turn(uint32_t v, unsigned by) { return v >> by | v << (32 - by); }

static inline uint32_t word_at(const uint8_t *bytes) {
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

/* The schedule's word 16 places on, where w holds the last 16. */
static inline uint32_t next_word(const uint32_t w[16], int i) {
    uint32_t early = w[(i + 1) & 15], late = w[(i + 14) & 15];
    uint32_t s0 = turn(early, 7) ^ turn(early, 18) ^ early >> 3;
    uint32_t s1 = turn(late, 17) ^ turn(late, 19) ^ late >> 10;
    return w[i & 15] + s0 + w[(i + 9) & 15] + s1;
}

static void compress(uint32_t state[8], const uint8_t *block) {
    uint32_t w[16];
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
    uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
    for (int i = 0; i < 16; i++) w[i] = word_at(block + 4 * i);
    for (int i = 0; i < 64; i++) {
        uint32_t word = w[i & 15];
        uint32_t chosen = g ^ (e & (f ^ g)), majority = (a & b) | (c & (a | b));
        uint32_t t1 = h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + chosen + ROUND[i] + word;
        uint32_t t2 = (turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + majority;
        w[i & 15] = next_word(w, i);
        h = g;
        g = f;
        f = e;
        e = d + t1;
        d = c;
        c = b;
        b = a;
        a = t1 + t2;
    }
    const uint32_t change[8] = {a, b, c, d, e, f, g, h};
    for (int i = 0; i < 8; i++) state[i] += change[i];
}

void zk_sha256(uint8_t digest[32], const uint8_t *data, size_t size) {
    uint32_t state[8];
    uint8_t tail[2 * PAD_BLOCK];
    memcpy(state, START, sizeof state);
    for (size_t at = 0; at + PAD_BLOCK <= size; at += PAD_BLOCK) compress(state, data + at);
    size_t blocks = pad_tail(tail, data, size);
    uint64_t bits = __builtin_bswap64((uint64_t)size * 8);
    memcpy(tail + PAD_BLOCK * blocks - 8, &bits, 8);
    for (size_t i = 0; i < blocks; i++) compress(state, tail + PAD_BLOCK * i);
    for (int i = 0; i < 8; i++) {
        uint32_t word = __builtin_bswap32(state[i]);
        memcpy(digest + 4 * i, &word, 4);
    }
}
