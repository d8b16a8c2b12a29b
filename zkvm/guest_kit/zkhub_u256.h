/* Numbers of 256 bits, 8 words, the lowest first; products by the MULMOD precompile. */
#ifndef ZKHUB_U256_H
#define ZKHUB_U256_H

#include "zkhub_guest.h"

static inline void u256_copy(uint32_t to[8], const uint32_t from[8]) {
    for (int i = 0; i < 8; i++) to[i] = from[i];
}

static inline int u256_is_zero(const uint32_t a[8]) {
    return (a[0] | a[1] | a[2] | a[3] | a[4] | a[5] | a[6] | a[7]) == 0;
}

static inline int u256_equal(const uint32_t a[8], const uint32_t b[8]) {
    for (int i = 0; i < 8; i++)
        if (a[i] != b[i]) return 0;
    return 1;
}

static inline int u256_less(const uint32_t a[8], const uint32_t b[8]) {
    for (int i = 7; i > 0; i--)
        if (a[i] != b[i]) return a[i] < b[i];
    return a[0] < b[0];
}

/* a - b mod 2^256 */
static inline void u256_sub(uint32_t to[8], const uint32_t a[8], const uint32_t b[8]) {
    uint32_t borrow = 0;
    for (int i = 0; i < 8; i++) {
        uint32_t difference = a[i] - b[i], result = difference - borrow;
        borrow = (a[i] < b[i]) | (difference < borrow);
        to[i] = result;
    }
}

static inline uint32_t u256_swap_bytes(uint32_t v) {
    return v >> 24 | (v >> 8 & 0xff00) | (v << 8 & 0xff0000) | v << 24;
}

/* Between a number and its 32 bytes, the highest first; both aligned to 4. */
static inline void u256_reverse(uint32_t to[8], const uint32_t from[8]) {
    for (int i = 0; i < 8; i++) to[i] = u256_swap_bytes(from[7 - i]);
}

/* to <- (a * b + c) mod m, canonical; a < m or b < m. c = NULL stands for 0. */
static inline void u256_mulmod(uint32_t to[8], const uint32_t a[8], const uint32_t b[8], const uint32_t *c,
                               const uint32_t m[8]) {
    zkhub_modular operands;
    u256_copy(operands.b, b);
    for (int i = 0; i < 8; i++) operands.c[i] = c ? c[i] : 0;
    u256_copy(operands.m, m);
    uint32_t result[8];
    u256_copy(result, a);
    zkhub_mulmod(result, &operands);
    /* The proof shows only that the result is right mod m; the precompile gives the canonical one. */
    zkhub_require(u256_less(result, m));
    u256_copy(to, result);
}

#endif
