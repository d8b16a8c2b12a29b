/* Points of a curve y^2 = x^3 + b over the field of prime_field.h in Jacobian coordinates: (x / z^2, y / z^3), z = 0 at
   infinity. Formulas: hyperelliptic.org/EFD, short Weierstrass curves with a = 0. */
#ifndef ZK_G1_H
#define ZK_G1_H

#include "crypto/prime_field.h"

typedef struct {
    fp x, y, z;
} g1;

static inline bool g1_is_infinity(const g1 *p) { return fp_is_zero(&p->z); }

static inline g1 g1_infinity(void) {
    g1 r = {fp_one(), fp_one(), {{0}}};
    return r;
}

/* x and y of a finite point are on the curve. */
static inline bool g1_is_on_curve(const fp *x, const fp *y, const fp *b) {
    fp left, right;
    fp_square(&left, y);
    fp_square(&right, x);
    fp_mul(&right, &right, x);
    fp_add(&right, &right, b);
    return fp_equal(&left, &right);
}

static inline void g1_double(g1 *r, const g1 *p) {
    fp yy, s, m, t;
    fp_square(&yy, &p->y);
    fp_mul(&s, &p->x, &yy);
    fp_add(&s, &s, &s);
    fp_add(&s, &s, &s);
    fp_square(&t, &p->x);
    fp_add(&m, &t, &t);
    fp_add(&m, &m, &t);
    fp_mul(&r->z, &p->y, &p->z);
    fp_add(&r->z, &r->z, &r->z);
    fp_square(&r->x, &m);
    fp_sub(&r->x, &r->x, &s);
    fp_sub(&r->x, &r->x, &s);
    fp_square(&yy, &yy);
    fp_add(&yy, &yy, &yy);
    fp_add(&yy, &yy, &yy);
    fp_add(&yy, &yy, &yy);
    fp_sub(&s, &s, &r->x);
    fp_mul(&r->y, &m, &s);
    fp_sub(&r->y, &r->y, &yy);
}

/* r <- p + q, whichever they are. */
static inline void g1_add(g1 *r, const g1 *p, const g1 *q) {
    fp zp, zq, u1, u2, s1, s2, h, rise, hh, hhh;
    if (g1_is_infinity(p) || g1_is_infinity(q)) {
        *r = g1_is_infinity(p) ? *q : *p;
        return;
    }
    fp_square(&zp, &p->z);
    fp_square(&zq, &q->z);
    fp_mul(&u1, &p->x, &zq);
    fp_mul(&u2, &q->x, &zp);
    fp_mul(&zp, &zp, &p->z);
    fp_mul(&zq, &zq, &q->z);
    fp_mul(&s1, &p->y, &zq);
    fp_mul(&s2, &q->y, &zp);
    fp_sub(&h, &u2, &u1);
    fp_sub(&rise, &s2, &s1);
    if (fp_is_zero(&h)) {
        if (fp_is_zero(&rise)) g1_double(r, p);
        else *r = g1_infinity();
        return;
    }
    fp_square(&hh, &h);
    fp_mul(&hhh, &hh, &h);
    fp_mul(&u1, &u1, &hh);
    fp_mul(&s1, &s1, &hhh);
    fp_mul(&r->z, &p->z, &q->z);
    fp_mul(&r->z, &r->z, &h);
    fp_square(&r->x, &rise);
    fp_sub(&r->x, &r->x, &hhh);
    fp_sub(&r->x, &r->x, &u1);
    fp_sub(&r->x, &r->x, &u1);
    fp_sub(&u1, &u1, &r->x);
    fp_mul(&r->y, &rise, &u1);
    fp_sub(&r->y, &r->y, &s1);
}

/* r <- scalar * p for any 32 bytes, the highest first; windows of 4 bits. */
static inline void g1_multiply(g1 *r, const g1 *p, const uint8_t scalar[32]) {
    g1 multiples[16], sum = g1_infinity();
    multiples[0] = sum;
    for (int i = 1; i < 16; i++) g1_add(&multiples[i], &multiples[i - 1], p);
    for (int half = 0; half < 64; half++) {
        unsigned digit = half % 2 ? scalar[half / 2] & 15u : scalar[half / 2] >> 4;
        for (int i = 0; i < 4; i++) g1_double(&sum, &sum);
        if (digit) g1_add(&sum, &sum, &multiples[digit]);
    }
    *r = sum;
}

/* False at infinity. */
static inline bool g1_to_affine(fp *x, fp *y, const g1 *p) {
    fp inverse, square;
    if (g1_is_infinity(p)) return false;
    fp_invert(&inverse, &p->z);
    fp_square(&square, &inverse);
    fp_mul(x, &p->x, &square);
    fp_mul(&square, &square, &inverse);
    fp_mul(y, &p->y, &square);
    return true;
}

#endif
