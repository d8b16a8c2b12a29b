/* keccak-f[1600] on KV_LANES states at once. Lane x + 5 y of all states is one kv. */
#ifndef ZKHUB_KECCAK_H
#define ZKHUB_KECCAK_H

#include "hash/lanes.h"

#define KECCAK_RATE_LANES 17
#define KECCAK_RATE_BYTES 136
#define KECCAK_PAD_FIRST 0x01ULL /* follows the message */
#define KECCAK_PAD_LAST (0x80ULL << 56) /* ends the block */

ZK_CONSTANT uint64_t KECCAK_ROUND[24] = {
    0x0000000000000001, 0x0000000000008082, 0x800000000000808A, 0x8000000080008000,
    0x000000000000808B, 0x0000000080000001, 0x8000000080008081, 0x8000000000008009,
    0x000000000000008A, 0x0000000000000088, 0x0000000080008009, 0x000000008000000A,
    0x000000008000808B, 0x800000000000008B, 0x8000000000008089, 0x8000000000008003,
    0x8000000000008002, 0x8000000000000080, 0x000000000000800A, 0x800000008000000A,
    0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008,
};

static inline ZK_DEVICE void keccak_chi(kv e[5], kv b0, kv b1, kv b2, kv b3, kv b4) {
    e[0] = kv_chi(b0, b1, b2);
    e[1] = kv_chi(b1, b2, b3);
    e[2] = kv_chi(b2, b3, b4);
    e[3] = kv_chi(b3, b4, b0);
    e[4] = kv_chi(b4, b0, b1);
}

/* One round from a to e: theta, then row by row of the result what rho and pi bring there, then chi and iota. */
static inline ZK_DEVICE void keccak_round(kv e[25], const kv a[25], uint64_t constant) {
    kv c0 = kv_xor3(kv_xor3(a[0], a[5], a[10]), a[15], a[20]);
    kv c1 = kv_xor3(kv_xor3(a[1], a[6], a[11]), a[16], a[21]);
    kv c2 = kv_xor3(kv_xor3(a[2], a[7], a[12]), a[17], a[22]);
    kv c3 = kv_xor3(kv_xor3(a[3], a[8], a[13]), a[18], a[23]);
    kv c4 = kv_xor3(kv_xor3(a[4], a[9], a[14]), a[19], a[24]);
    kv d0 = kv_xor(c4, KV_ROL(c1, 1));
    kv d1 = kv_xor(c0, KV_ROL(c2, 1));
    kv d2 = kv_xor(c1, KV_ROL(c3, 1));
    kv d3 = kv_xor(c2, KV_ROL(c4, 1));
    kv d4 = kv_xor(c3, KV_ROL(c0, 1));
    keccak_chi(e + 0, kv_xor(a[0], d0), KV_ROL(kv_xor(a[6], d1), 44), KV_ROL(kv_xor(a[12], d2), 43),
               KV_ROL(kv_xor(a[18], d3), 21), KV_ROL(kv_xor(a[24], d4), 14));
    keccak_chi(e + 5, KV_ROL(kv_xor(a[3], d3), 28), KV_ROL(kv_xor(a[9], d4), 20), KV_ROL(kv_xor(a[10], d0), 3),
               KV_ROL(kv_xor(a[16], d1), 45), KV_ROL(kv_xor(a[22], d2), 61));
    keccak_chi(e + 10, KV_ROL(kv_xor(a[1], d1), 1), KV_ROL(kv_xor(a[7], d2), 6), KV_ROL(kv_xor(a[13], d3), 25),
               KV_ROL(kv_xor(a[19], d4), 8), KV_ROL(kv_xor(a[20], d0), 18));
    keccak_chi(e + 15, KV_ROL(kv_xor(a[4], d4), 27), KV_ROL(kv_xor(a[5], d0), 36), KV_ROL(kv_xor(a[11], d1), 10),
               KV_ROL(kv_xor(a[17], d2), 15), KV_ROL(kv_xor(a[23], d3), 56));
    keccak_chi(e + 20, KV_ROL(kv_xor(a[2], d2), 62), KV_ROL(kv_xor(a[8], d3), 55), KV_ROL(kv_xor(a[14], d4), 39),
               KV_ROL(kv_xor(a[15], d0), 41), KV_ROL(kv_xor(a[21], d1), 2));
    e[0] = kv_xor(e[0], kv_set1(constant));
}

static inline ZK_DEVICE void keccak_f(kv state[25]) {
    kv a[25], e[25];
    for (int i = 0; i < 25; i++) a[i] = state[i];
    for (int round = 0; round < 24; round += 2) {
        keccak_round(e, a, KECCAK_ROUND[round]);
        keccak_round(a, e, KECCAK_ROUND[round + 1]);
    }
    for (int i = 0; i < 25; i++) state[i] = a[i];
}

#endif
