/* Arithmetic modulo the prime of secp256k1, p = 2^256 - c. Elements are canonical: below p. For the host only. */
#ifndef ZK_SECP256K1_FIELD_H
#define ZK_SECP256K1_FIELD_H

#include "crypto/inverse.h"
#include "crypto/limbs.h"

/* c = 2^32 + 977 */
#if ZK_LIMB_BITS == 64
enum { FOLD_LIMBS = 1 };
static const limb_t FOLD[FOLD_LIMBS] = {0x1000003D1};
#else
enum { FOLD_LIMBS = 2 };
static const limb_t FOLD[FOLD_LIMBS] = {977, 1};
#endif

static const u256 P = {{LIMBS(0xfffffffefffffc2f), LIMBS(0xffffffffffffffff), LIMBS(0xffffffffffffffff), LIMBS(0xffffffffffffffff)}};

/* sum <- sum + high * c; sum has `limbs` limbs and room for the result. */
static inline void fold_in(limb_t *sum, int limbs, const limb_t *high, int count) {
#pragma GCC unroll 2
    for (int j = 0; j < FOLD_LIMBS; j++) {
        limb_t carry = 0;
#pragma GCC unroll 8
        for (int i = 0; i < count; i++) {
            limb2_t part = (limb2_t)high[i] * FOLD[j] + sum[i + j] + carry;
            sum[i + j] = (limb_t)part;
            carry = (limb_t)(part >> ZK_LIMB_BITS);
        }
#pragma GCC unroll 8
        for (int i = count + j; i < limbs; i++) {
            limb2_t part = (limb2_t)sum[i] + carry;
            sum[i] = (limb_t)part;
            carry = (limb_t)(part >> ZK_LIMB_BITS);
        }
    }
}

/* r <- r + top * 2^256 mod p, for a sum below 2p. */
static inline void fe_settle(u256 *r, bool top) {
    u256 less;
    const limb_t one[U256_LIMBS] = {1};
    u256 fold = {{0}};
    fold_in(fold.limb, U256_LIMBS, one, 1);
    if (u256_add_carry(&less, r, &fold) || top) *r = less;
}

#if ZK_LIMB_BITS == 64

static inline void fe_reduce(u256 *r, const limb_t wide[2 * U256_LIMBS]) {
    limb2_t sum = 0;
#pragma GCC unroll 4
    for (int i = 0; i < U256_LIMBS; i++) {
        sum += (limb2_t)wide[U256_LIMBS + i] * FOLD[0] + wide[i];
        r->limb[i] = (limb_t)sum;
        sum >>= ZK_LIMB_BITS;
    }
    sum *= FOLD[0];
#pragma GCC unroll 4
    for (int i = 0; i < U256_LIMBS; i++) {
        sum += r->limb[i];
        r->limb[i] = (limb_t)sum;
        sum >>= ZK_LIMB_BITS;
    }
    fe_settle(r, sum != 0);
}

#else

static inline void fe_reduce(u256 *r, const limb_t wide[2 * U256_LIMBS]) {
    limb_t sum[U256_LIMBS + FOLD_LIMBS] = {0}, rest[U256_LIMBS + 1] = {0};
    memcpy(sum, wide, sizeof r->limb);
    fold_in(sum, U256_LIMBS + FOLD_LIMBS, wide + U256_LIMBS, U256_LIMBS);
    memcpy(rest, sum, sizeof r->limb);
    fold_in(rest, U256_LIMBS + 1, sum + U256_LIMBS, FOLD_LIMBS);
    memcpy(r->limb, rest, sizeof r->limb);
    fe_settle(r, rest[U256_LIMBS] != 0);
}

#endif

static inline void wide_product(limb_t wide[2 * U256_LIMBS], const u256 *a, const u256 *b) {
    limb_t carry = 0;
#pragma GCC unroll 8
    for (int j = 0; j < U256_LIMBS; j++) {
        limb2_t part = (limb2_t)a->limb[0] * b->limb[j] + carry;
        wide[j] = (limb_t)part;
        carry = (limb_t)(part >> ZK_LIMB_BITS);
    }
    wide[U256_LIMBS] = carry;
#pragma GCC unroll 8
    for (int i = 1; i < U256_LIMBS; i++) {
        carry = 0;
#pragma GCC unroll 8
        for (int j = 0; j < U256_LIMBS; j++) {
            limb2_t part = (limb2_t)a->limb[i] * b->limb[j] + wide[i + j] + carry;
            wide[i + j] = (limb_t)part;
            carry = (limb_t)(part >> ZK_LIMB_BITS);
        }
        wide[i + U256_LIMBS] = carry;
    }
}

__attribute__((noinline, unused)) static void fe_mul(u256 *r, const u256 *a, const u256 *b) {
    limb_t wide[2 * U256_LIMBS];
    wide_product(wide, a, b);
    fe_reduce(r, wide);
}

/* a * a: each product of two different limbs is made once and doubled. */
static inline void wide_square(limb_t wide[2 * U256_LIMBS], const u256 *a) {
    limb_t carry = 0, top = 0;
    wide[0] = 0;
#pragma GCC unroll 8
    for (int j = 1; j < U256_LIMBS; j++) {
        limb2_t part = (limb2_t)a->limb[0] * a->limb[j] + carry;
        wide[j] = (limb_t)part;
        carry = (limb_t)(part >> ZK_LIMB_BITS);
    }
    wide[U256_LIMBS] = carry;
#pragma GCC unroll 8
    for (int i = 1; i < U256_LIMBS; i++) {
        carry = 0;
#pragma GCC unroll 8
        for (int j = i + 1; j < U256_LIMBS; j++) {
            limb2_t part = (limb2_t)a->limb[i] * a->limb[j] + wide[i + j] + carry;
            wide[i + j] = (limb_t)part;
            carry = (limb_t)(part >> ZK_LIMB_BITS);
        }
        wide[i + U256_LIMBS] = carry;
    }
    carry = 0;
#pragma GCC unroll 8
    for (int i = 0; i < U256_LIMBS; i++) {
        limb2_t square = (limb2_t)a->limb[i] * a->limb[i];
        limb_t low = wide[2 * i], high = wide[2 * i + 1];
        limb2_t part = (limb2_t)(limb_t)(low << 1 | top) + (limb_t)square + carry;
        wide[2 * i] = (limb_t)part;
        part = (limb2_t)(limb_t)(high << 1 | low >> (ZK_LIMB_BITS - 1)) + (limb_t)(square >> ZK_LIMB_BITS) +
               (limb_t)(part >> ZK_LIMB_BITS);
        wide[2 * i + 1] = (limb_t)part;
        carry = (limb_t)(part >> ZK_LIMB_BITS);
        top = high >> (ZK_LIMB_BITS - 1);
    }
}

__attribute__((noinline, unused)) static void fe_square(u256 *r, const u256 *a) {
    limb_t wide[2 * U256_LIMBS];
    wide_square(wide, a);
    fe_reduce(r, wide);
}

static inline void fe_add(u256 *r, const u256 *a, const u256 *b) {
    bool top = u256_add_carry(r, a, b);
    fe_settle(r, top);
}

static inline void fe_sub(u256 *r, const u256 *a, const u256 *b) {
    if (u256_sub_borrow(r, a, b)) u256_add_carry(r, r, &P);
}

/* r <- a / 2 */
static inline void fe_half(u256 *r, const u256 *a) {
    u256 odd = P;
    for (int i = 0; i < U256_LIMBS; i++) odd.limb[i] &= (limb_t)0 - (a->limb[0] & 1);
    limb_t top = u256_add_carry(r, a, &odd);
    for (int i = 0; i < U256_LIMBS - 1; i++) r->limb[i] = r->limb[i] >> 1 | r->limb[i + 1] << (ZK_LIMB_BITS - 1);
    r->limb[U256_LIMBS - 1] = r->limb[U256_LIMBS - 1] >> 1 | top << (ZK_LIMB_BITS - 1);
}

static inline void fe_negate(u256 *r, const u256 *a) {
    if (u256_is_zero(a)) *r = *a;
    else u256_sub_borrow(r, &P, a);
}

/* r <- a^(2^times) * b */
static inline void fe_climb(u256 *r, const u256 *a, int times, const u256 *b) {
    u256 power = *a;
    for (int i = 0; i < times; i++) fe_square(&power, &power);
    fe_mul(r, &power, b);
}

/* Powers whose exponents are 2, 22 and 223 ones in binary: (p + 1) / 4 begins with 223. */
typedef struct {
    u256 ones2, ones22, ones223;
} fe_runs;

static inline void fe_make_runs(fe_runs *runs, const u256 *a) {
    u256 ones3, ones6, ones11, ones44, ones88, ones176;
    fe_climb(&runs->ones2, a, 1, a);
    fe_climb(&ones3, &runs->ones2, 1, a);
    fe_climb(&ones6, &ones3, 3, &ones3);
    fe_climb(&ones11, &ones6, 3, &ones3);
    fe_climb(&ones11, &ones11, 2, &runs->ones2);
    fe_climb(&runs->ones22, &ones11, 11, &ones11);
    fe_climb(&ones44, &runs->ones22, 22, &runs->ones22);
    fe_climb(&ones88, &ones44, 44, &ones44);
    fe_climb(&ones176, &ones88, 88, &ones88);
    fe_climb(&runs->ones223, &ones176, 44, &ones44);
    fe_climb(&runs->ones223, &runs->ones223, 3, &ones3);
}

/* r <- a root of a; false when it has none. */
static inline bool fe_root(u256 *r, const u256 *a) {
    fe_runs runs;
    u256 power, check;
    fe_make_runs(&runs, a);
    fe_climb(&power, &runs.ones223, 23, &runs.ones22);
    fe_climb(&power, &power, 6, &runs.ones2);
    fe_square(&power, &power);
    fe_square(r, &power);
    fe_square(&check, r);
    return u256_equal(&check, a);
}

#endif
