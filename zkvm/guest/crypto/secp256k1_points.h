/* Points of secp256k1, y^2 = x^3 + 7, in Jacobian coordinates: (x / z^2, y / z^3), z = 0 at infinity. Formulas:
   hyperelliptic.org/EFD, short Weierstrass curves with a = 0; they hold on every curve y^2 = x^3 + b, and so for points
   all of whose z are understood to be a common factor larger. For the host only. */
#ifndef ZK_SECP256K1_POINTS_H
#define ZK_SECP256K1_POINTS_H

#include "crypto/secp256k1_field.h"

/* Of size 1, both. */
typedef struct {
    fe x, y;
} affine;

/* x is at most of size 5, y of 3, z of 1. */
typedef struct {
    fe x, y, z;
    bool is_infinity;
} point;

static const fe FE_ONE = {{1}};

/* With z = y z instead of 2 y z: x and y are a quarter and an eighth of the textbook's, and fewer sums are to be made. */
static inline void point_double(point *r, const point *p) {
    fe l, s, t, sum;
    fe_square(&s, &p->y);
    fe_square(&l, &p->x);
    fe_add(&sum, &l, &l);
    fe_add(&l, &l, &sum);
    fe_half(&l, &l);
    fe_mul(&t, &p->x, &s);
    fe_mul(&r->z, &p->y, &p->z);
    fe_square(&r->x, &l);
    fe_add(&sum, &t, &t);
    fe_sub(&r->x, &r->x, &sum, 2);
    fe_square(&s, &s);
    fe_sub(&t, &t, &r->x, 4);
    fe_mul(&r->y, &l, &t);
    fe_sub(&r->y, &r->y, &s, 1);
    r->is_infinity = p->is_infinity;
}

static inline void scale(affine *r, const fe *x, const fe *y, const fe *by) {
    fe square;
    fe_square(&square, by);
    fe_mul(&r->x, x, &square);
    fe_mul(&square, &square, by);
    fe_mul(&r->y, y, &square);
}

/* r <- p + q, where z is p's z over q's denominator. The sum's z is p's times `*ratio`, unless p = q or -q. */
static inline void point_add(point *r, const point *p, const affine *q, const fe *z, fe *ratio) {
    fe zz, h, rise, hhh, v, sum;
    fe_square(&zz, z);
    fe_mul(&h, &q->x, &zz);
    fe_sub(&h, &h, &p->x, 5);
    fe_mul(&rise, &q->y, &zz);
    fe_mul(&rise, &rise, z);
    fe_sub(&rise, &rise, &p->y, 3);
    if (ZK_UNLIKELY(fe_is_zero(&h))) {
        if (fe_is_zero(&rise)) point_double(r, p);
        else r->is_infinity = true;
        return;
    }
    fe_square(&zz, &h);
    fe_mul(&hhh, &zz, &h);
    fe_mul(&v, &p->x, &zz);
    fe_mul(&zz, &p->y, &hhh);
    fe_mul(&r->z, &p->z, &h);
    fe_add(&sum, &v, &v);
    fe_add(&sum, &sum, &hhh);
    fe_square(&r->x, &rise);
    fe_sub(&r->x, &r->x, &sum, 3);
    fe_sub(&v, &v, &r->x, 5);
    fe_mul(&r->y, &rise, &v);
    fe_sub(&r->y, &r->y, &zz, 1);
    *ratio = h;
}

/* The odd multiples of `of`, all over one denominator, which is not zero. */
static inline void odd_multiples(affine *table, fe *denominator, const affine *of, int count) {
    enum { MOST = 1 << 8 };
    point one = {of->x, of->y, FE_ONE, false}, twice;
    affine step;
    fe ratio[MOST], factor = FE_ONE;
    point_double(&twice, &one);
    fe_carry(&step.x, &twice.x);
    fe_carry(&step.y, &twice.y);
    scale(&table[0], &of->x, &of->y, &twice.z);
    one.x = table[0].x, one.y = table[0].y;
    for (int i = 1; i < count; i++) {
        point_add(&one, &one, &step, &one.z, &ratio[i]);
        table[i] = (affine){one.x, one.y};
    }
    for (int i = count - 1; i >= 0; i--) {
        scale(&table[i], &table[i].x, &table[i].y, &factor);
        if (i) fe_mul(&factor, &factor, &ratio[i]);
    }
    fe_mul(denominator, &one.z, &twice.z);
}

static inline void fe_invert(fe *r, const fe *a) {
    u256 number;
    fe_to_u256(&number, a);
    invert_modulo(&number, &number, &P);
    fe_from_u256(r, &number);
}

/* --- Scalars in signed windows --- */

enum { DIGITS = 130 };

typedef struct {
    int16_t digit[DIGITS];
} digits;

/* k = sum of digit[i] 2^i, each odd or 0 and below 2^(window - 1) in size; k is a two's complement below 2^128. */
static inline void recode(digits *to, const u256 *k, int window) {
    bool negative = u256_is_negative(k);
    uint32_t words[8], carry = 0;
    u256 size = *k;
    if (negative) u256_negate(&size, &size);
    memcpy(words, &size, sizeof words);
    memset(to, 0, sizeof *to);
    for (int i = 0; i < DIGITS;) {
        uint64_t two = (uint64_t)words[i / 32 + 1] << 32 | words[i / 32];
        uint32_t bits = (uint32_t)(two >> (i % 32)) & ((1u << window) - 1);
        if ((bits & 1) == carry) {
            i++;
            continue;
        }
        bits += carry;
        carry = bits >> (window - 1);
        int digit = (int)bits - (int)(carry << window);
        to->digit[i] = (int16_t)(negative ? -digit : digit);
        i += window;
    }
}

/* sum += digit * the point whose odd multiples the table has, over this denominator; 1 where there is none. */
static inline void add_multiple(point *sum, const affine *table, int digit, const fe *denominator) {
    if (digit == 0) return;
    affine one = table[(digit < 0 ? -digit : digit) / 2];
    fe z = sum->z, ratio;
    if (digit < 0) fe_negate(&one.y, &one.y, 1);
    if (denominator) fe_mul(&z, &z, denominator);
    if (!sum->is_infinity) {
        point_add(sum, sum, &one, &z, &ratio);
        return;
    }
    if (denominator) scale(&one, &one.x, &one.y, denominator);
    *sum = (point){one.x, one.y, FE_ONE, false};
}

#endif
