/* Extensions of prime_field.h for pairings: fp2 = fp[u] with u^2 = -1, fp6 = fp2[v] with v^3 = xi, fp12 = fp6[w] with
   w^2 = v. A template: the including file has fp2_multiply_xi, made after fp2 of quadratic.h. */
#ifndef ZK_TOWER_H
#define ZK_TOWER_H

#include "crypto/quadratic.h"

typedef struct {
    fp2 c0, c1, c2;
} fp6;

typedef struct {
    fp6 c0, c1;
} fp12;

static inline void fp6_add(fp6 *r, const fp6 *a, const fp6 *b) {
    fp2_add(&r->c0, &a->c0, &b->c0);
    fp2_add(&r->c1, &a->c1, &b->c1);
    fp2_add(&r->c2, &a->c2, &b->c2);
}

static inline void fp6_sub(fp6 *r, const fp6 *a, const fp6 *b) {
    fp2_sub(&r->c0, &a->c0, &b->c0);
    fp2_sub(&r->c1, &a->c1, &b->c1);
    fp2_sub(&r->c2, &a->c2, &b->c2);
}

/* r <- a * v */
static inline void fp6_multiply_v(fp6 *r, const fp6 *a) {
    fp2 last;
    fp2_multiply_xi(&last, &a->c2);
    r->c2 = a->c1;
    r->c1 = a->c0;
    r->c0 = last;
}

#if FP_IS_PLAIN

static void fp6_mul(fp6 *r, const fp6 *a, const fp6 *b) {
    fp2 turned1, turned2;
    fp6 sum;
    fp2_multiply_xi(&turned1, &b->c1);
    fp2_multiply_xi(&turned2, &b->c2);
    fp2_mul(&sum.c0, &a->c0, &b->c0);
    fp2_mul_add(&sum.c0, &a->c1, &turned2, &sum.c0);
    fp2_mul_add(&sum.c0, &a->c2, &turned1, &sum.c0);
    fp2_mul(&sum.c1, &a->c0, &b->c1);
    fp2_mul_add(&sum.c1, &a->c1, &b->c0, &sum.c1);
    fp2_mul_add(&sum.c1, &a->c2, &turned2, &sum.c1);
    fp2_mul(&sum.c2, &a->c0, &b->c2);
    fp2_mul_add(&sum.c2, &a->c1, &b->c1, &sum.c2);
    fp2_mul_add(&sum.c2, &a->c2, &b->c0, &sum.c2);
    *r = sum;
}

/* r <- a (b0 + b1 v) */
static void fp6_mul_two(fp6 *r, const fp6 *a, const fp2 *b0, const fp2 *b1) {
    fp2 turned;
    fp6 sum;
    fp2_multiply_xi(&turned, b1);
    fp2_mul(&sum.c0, &a->c0, b0);
    fp2_mul_add(&sum.c0, &a->c2, &turned, &sum.c0);
    fp2_mul(&sum.c1, &a->c0, b1);
    fp2_mul_add(&sum.c1, &a->c1, b0, &sum.c1);
    fp2_mul(&sum.c2, &a->c1, b1);
    fp2_mul_add(&sum.c2, &a->c2, b0, &sum.c2);
    *r = sum;
}

#else

/* to <- (a + b)(c + d) - ac - bd, which is ad + bc. */
static inline void fp2_cross(fp2 *to, const fp2 *a, const fp2 *b, const fp2 *c, const fp2 *d, const fp2 *ac,
                             const fp2 *bd) {
    fp2 left, right;
    fp2_add(&left, a, b);
    fp2_add(&right, c, d);
    fp2_mul(to, &left, &right);
    fp2_sub(to, to, ac);
    fp2_sub(to, to, bd);
}

static void fp6_mul(fp6 *r, const fp6 *a, const fp6 *b) {
    fp2 p0, p1, p2, t;
    fp6 sum;
    fp2_mul(&p0, &a->c0, &b->c0);
    fp2_mul(&p1, &a->c1, &b->c1);
    fp2_mul(&p2, &a->c2, &b->c2);
    fp2_cross(&t, &a->c1, &a->c2, &b->c1, &b->c2, &p1, &p2);
    fp2_multiply_xi(&t, &t);
    fp2_add(&sum.c0, &t, &p0);
    fp2_cross(&sum.c1, &a->c0, &a->c1, &b->c0, &b->c1, &p0, &p1);
    fp2_multiply_xi(&t, &p2);
    fp2_add(&sum.c1, &sum.c1, &t);
    fp2_cross(&sum.c2, &a->c0, &a->c2, &b->c0, &b->c2, &p0, &p2);
    fp2_add(&sum.c2, &sum.c2, &p1);
    *r = sum;
}

/* r <- a (b0 + b1 v) */
static void fp6_mul_two(fp6 *r, const fp6 *a, const fp2 *b0, const fp2 *b1) {
    fp2 p0, p1, t;
    fp6 product;
    fp2_mul(&p0, &a->c0, b0);
    fp2_mul(&p1, &a->c1, b1);
    fp2_mul(&t, &a->c2, b1);
    fp2_multiply_xi(&t, &t);
    fp2_add(&product.c0, &p0, &t);
    fp2_cross(&product.c1, &a->c0, &a->c1, b0, b1, &p0, &p1);
    fp2_mul(&t, &a->c2, b0);
    fp2_add(&product.c2, &p1, &t);
    *r = product;
}

#endif

/* r <- a * by */
static void fp6_scale(fp6 *r, const fp6 *a, const fp2 *by) {
    fp2_mul(&r->c0, &a->c0, by);
    fp2_mul(&r->c1, &a->c1, by);
    fp2_mul(&r->c2, &a->c2, by);
}

static inline void fp6_invert(fp6 *r, const fp6 *a) {
    fp2 t0, t1, t2, norm, part;
    fp2_square(&t0, &a->c0);
    fp2_mul(&part, &a->c1, &a->c2);
    fp2_multiply_xi(&part, &part);
    fp2_sub(&t0, &t0, &part);
    fp2_square(&t1, &a->c2);
    fp2_multiply_xi(&t1, &t1);
    fp2_mul(&part, &a->c0, &a->c1);
    fp2_sub(&t1, &t1, &part);
    fp2_square(&t2, &a->c1);
    fp2_mul(&part, &a->c0, &a->c2);
    fp2_sub(&t2, &t2, &part);
    fp2_mul(&norm, &a->c1, &t2);
    fp2_mul(&part, &a->c2, &t1);
    fp2_add(&norm, &norm, &part);
    fp2_multiply_xi(&norm, &norm);
    fp2_mul(&part, &a->c0, &t0);
    fp2_add(&norm, &norm, &part);
    fp2_invert(&norm, &norm);
    fp2_mul(&r->c0, &t0, &norm);
    fp2_mul(&r->c1, &t1, &norm);
    fp2_mul(&r->c2, &t2, &norm);
}

static inline fp12 fp12_one(void) {
    fp12 one;
    memset(&one, 0, sizeof one);
    one.c0.c0 = fp2_one();
    return one;
}

static void fp12_mul(fp12 *r, const fp12 *a, const fp12 *b) {
    fp6 p0, p1, left, right;
    fp6_mul(&p0, &a->c0, &b->c0);
    fp6_mul(&p1, &a->c1, &b->c1);
    fp6_add(&left, &a->c0, &a->c1);
    fp6_add(&right, &b->c0, &b->c1);
    fp6_mul(&left, &left, &right);
    fp6_sub(&left, &left, &p0);
    fp6_sub(&r->c1, &left, &p1);
    fp6_multiply_v(&p1, &p1);
    fp6_add(&r->c0, &p0, &p1);
}

static void fp12_square(fp12 *r, const fp12 *a) {
    fp6 product, sum, other;
    fp6_mul(&product, &a->c0, &a->c1);
    fp6_add(&sum, &a->c0, &a->c1);
    fp6_multiply_v(&other, &a->c1);
    fp6_add(&other, &other, &a->c0);
    fp6_mul(&sum, &sum, &other);
    fp6_sub(&sum, &sum, &product);
    fp6_multiply_v(&other, &product);
    fp6_sub(&r->c0, &sum, &other);
    fp6_add(&r->c1, &product, &product);
}

/* r <- a^(p^6) */
static inline void fp12_conjugate(fp12 *r, const fp12 *a) {
    fp6 zero;
    memset(&zero, 0, sizeof zero);
    r->c0 = a->c0;
    fp6_sub(&r->c1, &zero, &a->c1);
}

static inline void fp12_invert(fp12 *r, const fp12 *a) {
    fp6 norm, part;
    fp12 conjugate;
    fp6_mul(&norm, &a->c0, &a->c0);
    fp6_mul(&part, &a->c1, &a->c1);
    fp6_multiply_v(&part, &part);
    fp6_sub(&norm, &norm, &part);
    fp6_invert(&norm, &norm);
    fp12_conjugate(&conjugate, a);
    fp6_mul(&r->c0, &conjugate.c0, &norm);
    fp6_mul(&r->c1, &conjugate.c1, &norm);
}

/* r <- a^p; gamma[k] = xi^(k (p - 1) / 6) */
static inline void fp12_frobenius(fp12 *r, const fp12 *a, const fp2 gamma[6]) {
    fp2_conjugate(&r->c0.c0, &a->c0.c0);
    const fp2 *from[5] = {&a->c1.c0, &a->c0.c1, &a->c1.c1, &a->c0.c2, &a->c1.c2};
    fp2 *to[5] = {&r->c1.c0, &r->c0.c1, &r->c1.c1, &r->c0.c2, &r->c1.c2};
    for (int k = 0; k < 5; k++) {
        fp2_conjugate(to[k], from[k]);
        fp2_mul(to[k], to[k], &gamma[k + 1]);
    }
}

/* The square of a + b s, where s^2 = xi: *even + *odd s. */
static inline void fp2_square_pair(fp2 *even, fp2 *odd, const fp2 *a, const fp2 *b) {
#if FP_IS_PLAIN
    fp2_multiply_xi(odd, b);
    fp2_square(even, a);
    fp2_mul_add(even, b, odd, even);
    fp2_mul(odd, a, b);
    fp2_add(odd, odd, odd);
#else
    fp2 product, sum, other;
    fp2_mul(&product, a, b);
    fp2_add(&sum, a, b);
    fp2_multiply_xi(&other, b);
    fp2_add(&other, &other, a);
    fp2_mul(even, &sum, &other);
    fp2_sub(even, even, &product);
    fp2_multiply_xi(&other, &product);
    fp2_sub(even, even, &other);
    fp2_add(odd, &product, &product);
#endif
}

/* to <- 3 square -+ 2 to */
static inline void fp2_settle_square(fp2 *to, const fp2 *square, bool plus) {
#if FP_IS_PLAIN
    const fp two = {{2}}, three = {{3}};
    if (!plus) fp2_negate(to, to);
    fp2_scale(to, to, &two);
    fp_mul_add(&to->c0, &square->c0, &three, &to->c0);
    fp_mul_add(&to->c1, &square->c1, &three, &to->c1);
#else
    fp2 part;
    if (plus) fp2_add(&part, square, to);
    else fp2_sub(&part, square, to);
    fp2_add(&part, &part, &part);
    fp2_add(to, &part, square);
#endif
}

/* a <- a^2 for a whose conjugate is its inverse, as after raise_easily. Granger, Scott, Faster squaring in the
   cyclotomic subgroup of sixth degree extensions (2010). */
static void fp12_square_unitary(fp12 *a) {
    fp2 even[3], odd[3];
    fp2_square_pair(&even[0], &odd[0], &a->c0.c0, &a->c1.c1);
    fp2_square_pair(&even[1], &odd[1], &a->c1.c0, &a->c0.c2);
    fp2_square_pair(&even[2], &odd[2], &a->c0.c1, &a->c1.c2);
    fp2_multiply_xi(&odd[2], &odd[2]);
    fp2_settle_square(&a->c0.c0, &even[0], false);
    fp2_settle_square(&a->c0.c1, &even[1], false);
    fp2_settle_square(&a->c0.c2, &even[2], false);
    fp2_settle_square(&a->c1.c0, &odd[2], true);
    fp2_settle_square(&a->c1.c1, &odd[0], true);
    fp2_settle_square(&a->c1.c2, &odd[1], true);
}

/* r <- a^exponent, exponent > 0, for such a */
static inline void fp12_power_unitary(fp12 *r, const fp12 *a, uint64_t exponent) {
    fp12 power = *a, base = *a;
    for (int bit = 62 - __builtin_clzll(exponent); bit >= 0; bit--) {
        fp12_square_unitary(&power);
        if (exponent >> bit & 1) fp12_mul(&power, &power, &base);
    }
    *r = power;
}

static inline bool fp12_is_one(const fp12 *a) {
    fp12 one = fp12_one();
    return memcmp(a, &one, sizeof one) == 0;
}

#endif
