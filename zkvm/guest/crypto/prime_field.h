/* A prime field in Montgomery's form: fp holds a * R mod p, R the power of two behind its last limb. A template: the
   file that includes it says which field by FP_LIMBS, FP_MODULUS, FP_ONE (R mod p), FP_R_SQUARED (R^2 mod p), each of
   FP_LIMBS limbs, and FP_NEGATED_INVERSE (-1 / p mod 2^64). 4 p < R. Where FP_IS_PLAIN, fp holds the number itself, of
   256 bits, and everything is done by plain_field.h. */
#ifndef ZK_PRIME_FIELD_H
#define ZK_PRIME_FIELD_H

#include "crypto/limbs.h"

typedef struct {
    limb_t limb[FP_LIMBS];
} fp;

enum { FP_BYTES = FP_LIMBS * ZK_LIMB_BITS / 8 };

static inline bool fp_is_zero(const fp *a) {
    limb_t any = 0;
    for (int i = 0; i < FP_LIMBS; i++) any |= a->limb[i];
    return any == 0;
}

static inline bool fp_equal(const fp *a, const fp *b) {
    limb_t any = 0;
    for (int i = 0; i < FP_LIMBS; i++) any |= a->limb[i] ^ b->limb[i];
    return any == 0;
}

/* r <- a - b; true when it went below zero. */
static inline bool fp_subtract_limbs(fp *r, const limb_t *a, const limb_t *b) {
    limb_t borrow = 0;
#pragma GCC unroll 12
    for (int i = 0; i < FP_LIMBS; i++) {
        limb2_t difference = (limb2_t)a[i] - b[i] - borrow;
        r->limb[i] = (limb_t)difference;
        borrow = (limb_t)(difference >> ZK_LIMB_BITS) & 1;
    }
    return borrow != 0;
}

static inline void fp_add_limbs(fp *r, const limb_t *a, const limb_t *b) {
    limb_t carry = 0;
#pragma GCC unroll 12
    for (int i = 0; i < FP_LIMBS; i++) {
        limb2_t sum = (limb2_t)a[i] + b[i] + carry;
        r->limb[i] = (limb_t)sum;
        carry = (limb_t)(sum >> ZK_LIMB_BITS);
    }
}

/* r <- sum, which is below 2p. */
static inline void fp_settle(fp *r, const fp *sum) {
    fp less;
#if ZK_LIMB_BITS == 32
    if (sum->limb[FP_LIMBS - 1] < FP_MODULUS[FP_LIMBS - 1]) {
        *r = *sum;
        return;
    }
#endif
    bool below = fp_subtract_limbs(&less, sum->limb, FP_MODULUS);
    *r = below ? *sum : less;
}

static inline void fp_add(fp *r, const fp *a, const fp *b) {
    fp sum;
    fp_add_limbs(&sum, a->limb, b->limb);
    fp_settle(r, &sum);
}

static inline void fp_sub(fp *r, const fp *a, const fp *b) {
    if (fp_subtract_limbs(r, a->limb, b->limb)) fp_add_limbs(r, r->limb, FP_MODULUS);
}

#if FP_IS_PLAIN

#include "crypto/plain_field.h"

#else

static inline void fp_negate(fp *r, const fp *a) {
    if (fp_is_zero(a)) *r = *a;
    else fp_subtract_limbs(r, FP_MODULUS, a->limb);
}

/* r <- a * b / R. Montgomery's product, reduced limb by limb; the sum stays below 2p < R.
   Not inlined: formulas of a dozen products would grow past the instruction cache. */
__attribute__((noinline, unused)) static void fp_mul(fp *r, const fp *a, const fp *b) {
    fp sum = {{0}};
#pragma GCC unroll 6
    for (int i = 0; i < FP_LIMBS; i++) {
        limb2_t part = (limb2_t)a->limb[0] * b->limb[i] + sum.limb[0];
        limb_t carry = (limb_t)(part >> ZK_LIMB_BITS), factor = (limb_t)part * (limb_t)FP_NEGATED_INVERSE;
        limb2_t reduced = (limb2_t)factor * FP_MODULUS[0] + (limb_t)part;
        limb_t reduced_carry = (limb_t)(reduced >> ZK_LIMB_BITS);
#pragma GCC unroll 12
        for (int j = 1; j < FP_LIMBS; j++) {
            part = (limb2_t)a->limb[j] * b->limb[i] + sum.limb[j] + carry;
            carry = (limb_t)(part >> ZK_LIMB_BITS);
            reduced = (limb2_t)factor * FP_MODULUS[j] + (limb_t)part + reduced_carry;
            reduced_carry = (limb_t)(reduced >> ZK_LIMB_BITS);
            sum.limb[j - 1] = (limb_t)reduced;
        }
        sum.limb[FP_LIMBS - 1] = carry + reduced_carry;
    }
    fp_settle(r, &sum);
}

static inline fp fp_one(void) {
    fp one;
    memcpy(one.limb, FP_ONE, sizeof one.limb);
    return one;
}

/* r <- a^exponent */
static inline void fp_power(fp *r, const fp *a, const limb_t exponent[FP_LIMBS]) {
    fp power = {{0}}, base = *a;
    memcpy(power.limb, FP_ONE, sizeof power.limb);
    for (int bit = FP_LIMBS * ZK_LIMB_BITS - 1; bit >= 0; bit--) {
        fp_mul(&power, &power, &power);
        if (exponent[bit / ZK_LIMB_BITS] >> (bit % ZK_LIMB_BITS) & 1) fp_mul(&power, &power, &base);
    }
    *r = power;
}

/* r <- 1 / a, and 0 of 0: a^(p - 2). */
static inline void fp_invert(fp *r, const fp *a) {
    fp exponent;
    const limb_t two[FP_LIMBS] = {2};
    fp_subtract_limbs(&exponent, FP_MODULUS, two);
    fp_power(r, a, exponent.limb);
}

/* Between a number below p and its Montgomery form. */
static inline void fp_enter(fp *r, const fp *number) {
    fp square;
    memcpy(square.limb, FP_R_SQUARED, sizeof square.limb);
    fp_mul(r, number, &square);
}

static inline void fp_leave(fp *number, const fp *a) {
    const fp unit = {{1}};
    fp_mul(number, a, &unit);
}

#endif

static inline void fp_square(fp *r, const fp *a) { fp_mul(r, a, a); }

/* From FP_BYTES bytes, the highest first; false when the number is not below p. */
static inline bool fp_from_bytes(fp *r, const uint8_t *bytes) {
    fp number, unused;
    for (int i = 0; i < FP_LIMBS; i++) {
        limb_t limb;
        memcpy(&limb, bytes + FP_BYTES - (i + 1) * (int)sizeof limb, sizeof limb);
        number.limb[i] = limb_swap(limb);
    }
    if (!fp_subtract_limbs(&unused, number.limb, FP_MODULUS)) return false;
    fp_enter(r, &number);
    return true;
}

static inline void fp_to_bytes(uint8_t *bytes, const fp *a) {
    fp number;
    fp_leave(&number, a);
    for (int i = 0; i < FP_LIMBS; i++) {
        limb_t limb = limb_swap(number.limb[i]);
        memcpy(bytes + FP_BYTES - (i + 1) * (int)sizeof limb, &limb, sizeof limb);
    }
}

#endif
