/* Keccak-256 on the precompile, and on plain instructions where KECCAK_SOFTWARE is defined. */
#ifndef ZKHUB_EXAMPLE_KECCAK_H
#define ZKHUB_EXAMPLE_KECCAK_H

#include "zkhub_guest.h"

enum { KECCAK_RATE = 136 };

#ifdef KECCAK_SOFTWARE

static inline uint64_t keccak_rotate(uint64_t v, int by) { return by ? v << by | v >> (64 - by) : v; }

static inline void keccak_permute(uint32_t state[50]) {
    static const uint64_t round[24] = {
        0x0000000000000001, 0x0000000000008082, 0x800000000000808A, 0x8000000080008000, 0x000000000000808B,
        0x0000000080000001, 0x8000000080008081, 0x8000000000008009, 0x000000000000008A, 0x0000000000000088,
        0x0000000080008009, 0x000000008000000A, 0x000000008000808B, 0x800000000000008B, 0x8000000000008089,
        0x8000000000008003, 0x8000000000008002, 0x8000000000000080, 0x000000000000800A, 0x800000008000000A,
        0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008,
    };
    static const uint8_t rotation[25] = {0,  1,  62, 28, 27, 36, 44, 6,  55, 20, 3,  10, 43,
                                         25, 39, 41, 45, 15, 21, 8,  18, 2,  61, 56, 14};
    uint64_t a[25], b[25], column[5];
    for (int i = 0; i < 25; i++) a[i] = (uint64_t)state[2 * i + 1] << 32 | state[2 * i];
    for (int r = 0; r < 24; r++) {
        for (int x = 0; x < 5; x++) column[x] = a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20];
        for (int x = 0; x < 5; x++) {
            uint64_t d = column[(x + 4) % 5] ^ keccak_rotate(column[(x + 1) % 5], 1);
            for (int y = 0; y < 25; y += 5) a[x + y] ^= d;
        }
        for (int y = 0; y < 5; y++)
            for (int x = 0; x < 5; x++)
                b[y + 5 * ((2 * x + 3 * y) % 5)] = keccak_rotate(a[x + 5 * y], rotation[x + 5 * y]);
        for (int y = 0; y < 25; y += 5)
            for (int x = 0; x < 5; x++) a[x + y] = b[x + y] ^ (~b[(x + 1) % 5 + y] & b[(x + 2) % 5 + y]);
        a[0] ^= round[r];
    }
    for (int i = 0; i < 25; i++) {
        state[2 * i] = (uint32_t)a[i];
        state[2 * i + 1] = (uint32_t)(a[i] >> 32);
    }
}

#else

static inline void keccak_permute(uint32_t state[50]) { zkhub_keccak_f(state); }

#endif

/* The first 32 bytes of `state` become the hash of `size` bytes; `data` is aligned to 4. */
static inline void keccak256(const uint8_t *data, uint32_t size, uint32_t state[50]) {
    for (int i = 0; i < 50; i++) state[i] = 0;
    for (; size >= KECCAK_RATE; size -= KECCAK_RATE, data += KECCAK_RATE) {
        const uint32_t *words = (const uint32_t *)data;
        for (int i = 0; i < KECCAK_RATE / 4; i++) state[i] ^= words[i];
        keccak_permute(state);
    }
    for (uint32_t i = 0; i < size; i++) state[i / 4] ^= (uint32_t)data[i] << 8 * (i % 4);
    state[size / 4] ^= 1u << 8 * (size % 4);
    state[KECCAK_RATE / 4 - 1] ^= 0x80000000u;
    keccak_permute(state);
}

#endif
