/* fp2 = fp[u] with u^2 = -1, over prime_field.h. */
#ifndef ZK_QUADRATIC_H
#define ZK_QUADRATIC_H

#include "crypto/prime_field.h"

typedef struct {
    fp c0, c1;
} fp2;

static inline bool fp2_is_zero(const fp2 *a) { return fp_is_zero(&a->c0) && fp_is_zero(&a->c1); }
static inline bool fp2_equal(const fp2 *a, const fp2 *b) { return fp_equal(&a->c0, &b->c0) && fp_equal(&a->c1, &b->c1); }

static inline fp2 fp2_one(void) {
    fp2 one = {fp_one(), {{0}}};
    return one;
}

#if FP_IS_PLAIN
#define FP2_SUM fp_add_by_call
#define FP2_DIFFERENCE fp_sub_by_call
#else
#define FP2_SUM fp_add
#define FP2_DIFFERENCE fp_sub
#endif

__attribute__((noinline, unused)) static void fp2_add(fp2 *r, const fp2 *a, const fp2 *b) {
    FP2_SUM(&r->c0, &a->c0, &b->c0);
    FP2_SUM(&r->c1, &a->c1, &b->c1);
}

__attribute__((noinline, unused)) static void fp2_sub(fp2 *r, const fp2 *a, const fp2 *b) {
    FP2_DIFFERENCE(&r->c0, &a->c0, &b->c0);
    FP2_DIFFERENCE(&r->c1, &a->c1, &b->c1);
}

static inline void fp2_negate(fp2 *r, const fp2 *a) {
    fp_negate(&r->c0, &a->c0);
    fp_negate(&r->c1, &a->c1);
}

/* r <- a^p */
static inline void fp2_conjugate(fp2 *r, const fp2 *a) {
    r->c0 = a->c0;
    fp_negate(&r->c1, &a->c1);
}

#if FP_IS_PLAIN

/* A sum costs as much as a product here, and nothing where it comes with one: so no formula saves products. */

/* r <- a * b + c, operand by operand: what stays where it is needed again is not copied. `first` has the products with
   b's imaginary part, fp_sum those with the real one, and what they are added to. c is NULL for 0, as in fp_product. */
static inline void fp2_run_product(fp2 *r, const fp2 *a, const fp2 *b, const fp2 *c, zkhub_modular *first) {
    fp real = a->c0;
    fp_put(first->b, &b->c1);
    fp_put(fp_sum.b, &b->c0);
    if (c) fp_put(first->c, &c->c0);
    fp_put(fp_sum.c, &a->c1);
    fp_call(fp_sum.c, &FP_NEGATION);
    fp_call(fp_sum.c, first);
    r->c0 = real;
    fp_call(r->c0.limb, &fp_sum);
    if (c) fp_put(first->c, &c->c1);
    fp_put(fp_sum.c, &real);
    fp_call(fp_sum.c, first);
    r->c1 = a->c1;
    fp_call(r->c1.limb, &fp_sum);
}

__attribute__((noinline, unused)) static void fp2_mul_add(fp2 *r, const fp2 *a, const fp2 *b, const fp2 *c) {
    fp2_run_product(r, a, b, c, &fp_first);
}

__attribute__((noinline, unused)) static void fp2_mul(fp2 *r, const fp2 *a, const fp2 *b) {
    fp2_run_product(r, a, b, NULL, &fp_product);
}

__attribute__((noinline, unused)) static void fp2_square(fp2 *r, const fp2 *a) { fp2_mul(r, a, a); }

#else

__attribute__((noinline, unused)) static void fp2_mul(fp2 *r, const fp2 *a, const fp2 *b) {
    fp p0, p1, left, right;
    fp_mul(&p0, &a->c0, &b->c0);
    fp_mul(&p1, &a->c1, &b->c1);
    fp_add(&left, &a->c0, &a->c1);
    fp_add(&right, &b->c0, &b->c1);
    fp_mul(&left, &left, &right);
    fp_sub(&left, &left, &p0);
    fp_sub(&r->c1, &left, &p1);
    fp_sub(&r->c0, &p0, &p1);
}

__attribute__((noinline, unused)) static void fp2_square(fp2 *r, const fp2 *a) {
    fp sum, difference, product;
    fp_add(&sum, &a->c0, &a->c1);
    fp_sub(&difference, &a->c0, &a->c1);
    fp_mul(&product, &a->c0, &a->c1);
    fp_mul(&r->c0, &sum, &difference);
    fp_add(&r->c1, &product, &product);
}

#endif

static inline void fp2_scale(fp2 *r, const fp2 *a, const fp *by) {
    fp_mul(&r->c0, &a->c0, by);
    fp_mul(&r->c1, &a->c1, by);
}

static inline void fp2_invert(fp2 *r, const fp2 *a) {
    fp norm, part;
    fp_square(&norm, &a->c0);
    fp_square(&part, &a->c1);
    fp_add(&norm, &norm, &part);
    fp_invert(&norm, &norm);
    fp_mul(&r->c0, &a->c0, &norm);
    fp_mul(&r->c1, &a->c1, &norm);
    fp_negate(&r->c1, &r->c1);
}

#endif
