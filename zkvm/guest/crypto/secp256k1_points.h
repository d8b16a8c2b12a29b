/* Points of secp256k1, y^2 = x^3 + 7, in Jacobian coordinates: (x / z^2, y / z^3), z = 0 at infinity. Formulas:
   hyperelliptic.org/EFD, short Weierstrass curves with a = 0. For the host only. */
#ifndef ZK_SECP256K1_POINTS_H
#define ZK_SECP256K1_POINTS_H

#include "crypto/secp256k1_field.h"
#include "secp256k1_table.h"

typedef struct {
    u256 x, y;
} affine;

typedef struct {
    u256 x, y, z;
} point;

/* With z = y z instead of 2 y z: x and y are a quarter and an eighth of the textbook's, and fewer sums are to be made. */
static inline void point_double(point *r, const point *p) {
    u256 l, half, s, t, ss;
    fe_square(&s, &p->y);
    fe_square(&l, &p->x);
    fe_half(&half, &l);
    fe_add(&l, &l, &half);
    fe_mul(&t, &p->x, &s);
    fe_mul(&r->z, &p->y, &p->z);
    fe_square(&r->x, &l);
    fe_sub(&r->x, &r->x, &t);
    fe_sub(&r->x, &r->x, &t);
    fe_square(&ss, &s);
    fe_sub(&t, &t, &r->x);
    fe_mul(&r->y, &l, &t);
    fe_sub(&r->y, &r->y, &ss);
}

/* r <- p + q, where u1, s1 are p's coordinates and u2, s2 those of q over z, their common denominator; none of the
   two is infinity. */
static inline void point_finish(point *r, const u256 *u1, const u256 *s1, const u256 *u2, const u256 *s2,
                                const u256 *z) {
    u256 h, rise, hh, hhh, v;
    fe_sub(&h, u2, u1);
    fe_sub(&rise, s2, s1);
    if (ZK_UNLIKELY(u256_is_zero(&h))) {
        point same = {*u1, *s1, *z};
        if (u256_is_zero(&rise)) point_double(r, &same);
        else *r = (point){u256_of(0), u256_of(1), u256_of(0)};
        return;
    }
    fe_square(&hh, &h);
    fe_mul(&hhh, &hh, &h);
    fe_mul(&v, u1, &hh);
    fe_mul(&hh, s1, &hhh);
    fe_mul(&r->z, z, &h);
    fe_square(&r->x, &rise);
    fe_sub(&r->x, &r->x, &hhh);
    fe_sub(&r->x, &r->x, &v);
    fe_sub(&r->x, &r->x, &v);
    fe_sub(&v, &v, &r->x);
    fe_mul(&r->y, &rise, &v);
    fe_sub(&r->y, &r->y, &hh);
}

static inline void point_add_affine(point *r, const point *p, const affine *q) {
    u256 zz, u2, s2;
    if (u256_is_zero(&p->z)) {
        *r = (point){q->x, q->y, u256_of(1)};
        return;
    }
    fe_square(&zz, &p->z);
    fe_mul(&u2, &q->x, &zz);
    fe_mul(&s2, &q->y, &zz);
    fe_mul(&s2, &s2, &p->z);
    u256 x = p->x, y = p->y, z = p->z;
    point_finish(r, &x, &y, &u2, &s2, &z);
}

static inline void point_add(point *r, const point *p, const point *q) {
    u256 zp, zq, u1, u2, s1, s2, z;
    if (u256_is_zero(&p->z) || u256_is_zero(&q->z)) {
        *r = u256_is_zero(&p->z) ? *q : *p;
        return;
    }
    fe_square(&zp, &p->z);
    fe_square(&zq, &q->z);
    fe_mul(&u1, &p->x, &zq);
    fe_mul(&u2, &q->x, &zp);
    fe_mul(&zp, &zp, &p->z);
    fe_mul(&zq, &zq, &q->z);
    fe_mul(&s1, &p->y, &zq);
    fe_mul(&s2, &q->y, &zp);
    fe_mul(&z, &p->z, &q->z);
    point_finish(r, &u1, &s1, &u2, &s2, &z);
}

static inline void point_to_affine(affine *r, const point *p) {
    u256 inverse, square;
    invert_modulo(&inverse, &p->z, &P);
    fe_square(&square, &inverse);
    fe_mul(&r->x, &p->x, &square);
    fe_mul(&square, &square, &inverse);
    fe_mul(&r->y, &p->y, &square);
}

/* --- Scalars in signed windows --- */

enum { DIGITS = 130 };

typedef struct {
    int8_t digit[DIGITS];
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
        to->digit[i] = (int8_t)(negative ? -digit : digit);
        i += window;
    }
}

/* sum += digit * the point whose odd multiples the table has. */
static inline void add_multiple(point *sum, const point *table, int digit) {
    if (digit == 0) return;
    point one = table[(digit < 0 ? -digit : digit) / 2];
    if (digit < 0) fe_negate(&one.y, &one.y);
    point_add(sum, sum, &one);
}

static inline void add_fixed(point *sum, const zkhub_point *table, int digit) {
    affine one;
    if (digit == 0) return;
    memcpy(&one, &table[(digit < 0 ? -digit : digit) / 2], sizeof one);
    if (digit < 0) fe_negate(&one.y, &one.y);
    point_add_affine(sum, sum, &one);
}

#endif
