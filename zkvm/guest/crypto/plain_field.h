/* The part of prime_field.h for the zkVM, on numbers themselves: a product, with a sum where there is one to make, is
   one call of the MULMOD precompile, a <- a * b + c mod p. The including file has p and p - 1 as FP_MODULUS_LIMBS and
   FP_MINUS_ONE_LIMBS, too. */
#ifndef ZK_PLAIN_FIELD_H
#define ZK_PLAIN_FIELD_H

#include "zkhub_guest.h"

/* Operands b, c and m of a product, of one with a sum, of a difference and of a negation. They lie where they do so
   that what is always the same need not be written again and again: copies are what a call costs. */
static zkhub_modular fp_product = {.m = {FP_MODULUS_LIMBS}}, fp_sum = {.m = {FP_MODULUS_LIMBS}};
static zkhub_modular fp_first = {.m = {FP_MODULUS_LIMBS}};
static zkhub_modular fp_difference = {.b = {FP_MINUS_ONE_LIMBS}, .m = {FP_MODULUS_LIMBS}};
static const zkhub_modular FP_NEGATION = {.b = {FP_MINUS_ONE_LIMBS}, .m = {FP_MODULUS_LIMBS}};

/* a <- a * b + c */
static inline void fp_call(limb_t a[FP_LIMBS], const zkhub_modular *operands) {
    fp unused;
    zkhub_mulmod(a, operands);
    /* The proof shows only that it is right mod p; the precompile gives the number below. */
    if (ZK_UNLIKELY(a[FP_LIMBS - 1] >= FP_MODULUS[FP_LIMBS - 1]))
        zkhub_require(fp_subtract_limbs(&unused, a, FP_MODULUS));
}

static inline void fp_put(limb_t to[FP_LIMBS], const fp *from) { memcpy(to, from, sizeof *from); }

/* r <- a * b + c */
__attribute__((noinline, unused)) static void fp_mul_add(fp *r, const fp *a, const fp *b, const fp *c) {
    fp_put(fp_sum.b, b);
    fp_put(fp_sum.c, c);
    *r = *a;
    fp_call(r->limb, &fp_sum);
}

__attribute__((noinline, unused)) static void fp_mul(fp *r, const fp *a, const fp *b) {
    fp_put(fp_product.b, b);
    *r = *a;
    fp_call(r->limb, &fp_product);
}

/* Sums and differences in as few instructions as there can be; those of prime_field.h commit fewer cells. */
static inline void fp_add_by_call(fp *r, const fp *a, const fp *b) {
    fp_put(fp_sum.b, b);
    fp_put(fp_sum.c, a);
    *r = (fp){{1}};
    fp_call(r->limb, &fp_sum);
}

static inline void fp_sub_by_call(fp *r, const fp *a, const fp *b) {
    fp_put(fp_difference.c, a);
    *r = *b;
    fp_call(r->limb, &fp_difference);
}

__attribute__((noinline, unused)) static void fp_negate(fp *r, const fp *a) {
    *r = *a;
    fp_call(r->limb, &FP_NEGATION);
}

static inline fp fp_one(void) { return (fp){{1}}; }

/* r <- 1 / a, and 0 of 0: a hint that is checked. */
static inline void fp_invert(fp *r, const fp *a) {
    uint32_t request[2 * FP_LIMBS];
    fp inverse, product, one = fp_one();
    if (fp_is_zero(a)) {
        *r = *a;
        return;
    }
    memcpy(request, a, sizeof *a);
    memcpy(request + FP_LIMBS, FP_MODULUS, sizeof *a);
    memcpy(inverse.limb, zkhub_hint(ZKHUB_HINT_INVERSE, request, 2 * FP_LIMBS, FP_LIMBS), sizeof inverse.limb);
    zkhub_require(fp_subtract_limbs(&product, inverse.limb, FP_MODULUS));
    fp_mul(&product, &inverse, a);
    zkhub_require(fp_equal(&product, &one));
    *r = inverse;
}

static inline void fp_enter(fp *r, const fp *number) { *r = *number; }
static inline void fp_leave(fp *number, const fp *a) { *number = *a; }

#endif
