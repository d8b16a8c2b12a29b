/* Numbers of 256 bits, little-endian limbs: 64 bits where the compiler multiplies to 128, else 32. */
#ifndef ZK_U256_H
#define ZK_U256_H

#include "base/base.h"

#if !defined(ZK_LIMB_BITS)
#if defined(__SIZEOF_INT128__)
#define ZK_LIMB_BITS 64
#else
#define ZK_LIMB_BITS 32
#endif
#endif

#if ZK_LIMB_BITS == 64
typedef uint64_t limb_t;
__extension__ typedef unsigned __int128 limb2_t;
#elif ZK_LIMB_BITS == 32
typedef uint32_t limb_t;
typedef uint64_t limb2_t;
#else
#error "ZK_LIMB_BITS is 32 or 64"
#endif

enum { U256_LIMBS = 256 / ZK_LIMB_BITS };

typedef struct {
    limb_t limb[U256_LIMBS];
} u256;

/* --- Making and comparing --- */

static inline u256 u256_of(uint64_t v) {
    u256 r = {{0}};
    r.limb[0] = (limb_t)v;
#if ZK_LIMB_BITS == 32
    r.limb[1] = (limb_t)(v >> 32);
#endif
    return r;
}

/* The lowest 64 bits. */
static inline uint64_t u256_low(const u256 *a) {
#if ZK_LIMB_BITS == 64
    return a->limb[0];
#else
    return (uint64_t)a->limb[1] << 32 | a->limb[0];
#endif
}

static inline bool u256_fits64(const u256 *a) {
    limb_t high = 0;
#pragma GCC unroll 8
    for (int i = 64 / ZK_LIMB_BITS; i < U256_LIMBS; i++) high |= a->limb[i];
    return high == 0;
}

static inline bool u256_is_zero(const u256 *a) {
    limb_t any = 0;
#pragma GCC unroll 8
    for (int i = 0; i < U256_LIMBS; i++) any |= a->limb[i];
    return any == 0;
}

static inline bool u256_equal(const u256 *a, const u256 *b) {
#if ZK_LIMB_BITS == 32
    /* Numbers that differ mostly do so in the lowest limb. */
    if (a->limb[0] != b->limb[0]) return false;
#endif
    limb_t any = 0;
#pragma GCC unroll 8
    for (int i = 0; i < U256_LIMBS; i++) any |= a->limb[i] ^ b->limb[i];
    return any == 0;
}

static inline bool u256_is_negative(const u256 *a) { return a->limb[U256_LIMBS - 1] >> (ZK_LIMB_BITS - 1) != 0; }

/* r <- a - b mod 2^256; true when a < b. */
static inline bool u256_sub_borrow(u256 *r, const u256 *a, const u256 *b) {
    limb_t borrow = 0;
#pragma GCC unroll 8
    for (int i = 0; i < U256_LIMBS; i++) {
        limb2_t difference = (limb2_t)a->limb[i] - b->limb[i] - borrow;
        r->limb[i] = (limb_t)difference;
        borrow = (limb_t)(difference >> ZK_LIMB_BITS) & 1;
    }
    return borrow != 0;
}

/* r <- a + b mod 2^256; true when the sum does not fit. */
static inline bool u256_add_carry(u256 *r, const u256 *a, const u256 *b) {
    limb_t carry = 0;
#pragma GCC unroll 8
    for (int i = 0; i < U256_LIMBS; i++) {
        limb2_t sum = (limb2_t)a->limb[i] + b->limb[i] + carry;
        r->limb[i] = (limb_t)sum;
        carry = (limb_t)(sum >> ZK_LIMB_BITS);
    }
    return carry != 0;
}

static inline bool u256_less(const u256 *a, const u256 *b) {
#if ZK_LIMB_BITS == 64
    u256 unused;
    return u256_sub_borrow(&unused, a, b);
#else
    /* Without a carry flag the first limbs that differ are found sooner. */
    int i = U256_LIMBS - 1;
    while (i > 0 && a->limb[i] == b->limb[i]) i--;
    return a->limb[i] < b->limb[i];
#endif
}

static inline bool u256_less_signed(const u256 *a, const u256 *b) {
    bool sign = u256_is_negative(a);
    return sign != u256_is_negative(b) ? sign : u256_less(a, b);
}

static inline void u256_negate(u256 *r, const u256 *a) {
    const u256 zero = {{0}};
    u256_sub_borrow(r, &zero, a);
}

/* r <- a * b mod 2^256 */
static inline void u256_mul(u256 *r, const u256 *a, const u256 *b) {
    u256 product = {{0}};
#pragma GCC unroll 8
    for (int i = 0; i < U256_LIMBS; i++) {
        limb_t carry = 0;
        /* Numbers are mostly short: narrow limbs are worth the question. */
        if (ZK_LIMB_BITS == 32 && a->limb[i] == 0) continue;
#pragma GCC unroll 8
        for (int j = 0; i + j < U256_LIMBS; j++) {
            limb2_t part = (limb2_t)a->limb[i] * b->limb[j] + product.limb[i + j] + carry;
            product.limb[i + j] = (limb_t)part;
            carry = (limb_t)(part >> ZK_LIMB_BITS);
        }
    }
    *r = product;
}

/* --- Bytes, the highest first --- */

static inline limb_t limb_swap(limb_t v) {
#if ZK_LIMB_BITS == 64
    return __builtin_bswap64(v);
#else
    return __builtin_bswap32(v);
#endif
}

/* A limb and its bytes. Where words at odd places are read byte by byte, there is nothing left to swap. */
static inline limb_t limb_load(const uint8_t *bytes) {
#if ZK_LIMB_BITS == 64
    limb_t limb;
    memcpy(&limb, bytes, sizeof limb);
    return limb_swap(limb);
#else
    return (limb_t)bytes[0] << 24 | (limb_t)bytes[1] << 16 | (limb_t)bytes[2] << 8 | bytes[3];
#endif
}

static inline void limb_store(uint8_t *bytes, limb_t limb) {
#if ZK_LIMB_BITS == 64
    limb = limb_swap(limb);
    memcpy(bytes, &limb, sizeof limb);
#else
    bytes[0] = (uint8_t)(limb >> 24);
    bytes[1] = (uint8_t)(limb >> 16);
    bytes[2] = (uint8_t)(limb >> 8);
    bytes[3] = (uint8_t)limb;
#endif
}

static inline void u256_from_bytes(u256 *r, const uint8_t bytes[32]) {
#pragma GCC unroll 8
    for (int i = 0; i < U256_LIMBS; i++) r->limb[i] = limb_load(bytes + 32 - (i + 1) * (int)sizeof(limb_t));
}

static inline void u256_to_bytes(uint8_t bytes[32], const u256 *a) {
    /* They may lie where the number does. */
    const u256 copy = *a;
#pragma GCC unroll 8
    for (int i = 0; i < U256_LIMBS; i++) limb_store(bytes + 32 - (i + 1) * (int)sizeof(limb_t), copy.limb[i]);
}

/* `size` bytes, at most 32. */
static inline void u256_from_some(u256 *r, const uint8_t *bytes, uint32_t size) {
    uint8_t padded[32] = {0};
    for (uint32_t i = 0; i < size; i++) padded[32 - size + i] = bytes[i];
    u256_from_bytes(r, padded);
}

static inline void u256_from_address(u256 *r, const address_t *address) {
    uint32_t words[5];
    memcpy(words, address, sizeof words);
    for (int i = 0; i < 5; i++) words[i] = __builtin_bswap32(words[i]);
#if ZK_LIMB_BITS == 64
    *r = (u256){{(limb_t)words[3] << 32 | words[4], (limb_t)words[1] << 32 | words[2], words[0]}};
#else
    *r = (u256){{words[4], words[3], words[2], words[1], words[0]}};
#endif
}

static inline void u256_to_address(address_t *address, const u256 *a) {
    uint32_t words[5];
    for (int i = 0; i < 5; i++)
        words[4 - i] = __builtin_bswap32((uint32_t)(a->limb[i * 32 / ZK_LIMB_BITS] >> (i * 32 % ZK_LIMB_BITS)));
    memcpy(address, words, sizeof words);
}

/* --- What takes longer; r may be an operand everywhere. Division by zero gives zero. --- */

void u256_divide(u256 *quotient, u256 *remainder, const u256 *a, const u256 *b);
void u256_remainder(u256 *r, const u256 *a, const u256 *b);
void u256_divide_signed(u256 *quotient, u256 *remainder, const u256 *a, const u256 *b);
void u256_addmod(u256 *r, const u256 *a, const u256 *b, const u256 *modulus);
void u256_mulmod(u256 *r, const u256 *a, const u256 *b, const u256 *modulus);
void u256_power(u256 *r, const u256 *base, const u256 *exponent);

/* Shifts by any number: 256 and more leave zeros, or copies of the sign. */
void u256_shift_left(u256 *r, const u256 *a, const u256 *by);
void u256_shift_right(u256 *r, const u256 *a, const u256 *by);
void u256_shift_right_signed(u256 *r, const u256 *a, const u256 *by);

/* Extends the sign of the lowest `byte` + 1 bytes. */
void u256_sign_extend(u256 *r, const u256 *byte, const u256 *a);

/* Byte `index` from the highest; 0 beyond the last. */
void u256_byte(u256 *r, const u256 *index, const u256 *a);

/* Bytes up to the highest that is not zero: 0 to 32. */
uint32_t u256_byte_length(const u256 *a);

#endif
