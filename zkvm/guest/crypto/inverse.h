/* Inverses modulo an odd number, by division steps (Bernstein, Yang: "Fast constant-time gcd computation and modular
   inversion", 2019), 62 of them at a time on the lowest words. Takes longer for some numbers than for others: nothing
   here is secret. For the host only. */
#ifndef ZK_INVERSE_H
#define ZK_INVERSE_H

#include "base/u256.h"

enum { STEPS = 62, SLICES = 5 };

__extension__ typedef __int128 int128;

/* A number below 2^310 in size: the sum of slice[i] 2^(62 i). All but the last slice are in [0, 2^62). */
typedef struct {
    int64_t slice[SLICES];
} sliced;

static const uint64_t SLICE_MASK = ((uint64_t)1 << STEPS) - 1;

static inline void slice(sliced *to, const u256 *from) {
    uint64_t words[SLICES] = {0};
    memcpy(words, from, sizeof *from);
    to->slice[0] = (int64_t)(words[0] & SLICE_MASK);
    for (int i = 1; i < SLICES; i++)
        to->slice[i] = (int64_t)((words[i - 1] >> (64 - 2 * i) | words[i] << 2 * i) & SLICE_MASK);
}

static inline void unslice(u256 *to, const sliced *from) {
    uint64_t words[SLICES - 1];
    for (int i = 0; i < SLICES - 1; i++)
        words[i] = (uint64_t)from->slice[i] >> 2 * i | (uint64_t)from->slice[i + 1] << (STEPS - 2 * i);
    memcpy(to, words, sizeof *to);
}

/* 2^62 times what the steps do: f <- (u f + v g) / 2^62, g <- (q f + r g) / 2^62. */
typedef struct {
    int64_t u, v, q, r;
} steps;

/* The next 62 steps, from the lowest words of f, which is odd, and g. Returns minus the new delta. */
static inline int64_t divide(steps *t, int64_t eta, uint64_t f, uint64_t g) {
    uint64_t u = 1, v = 0, q = 0, r = 1;
    for (int left = STEPS;;) {
        int zeros = __builtin_ctzll(g | UINT64_MAX << left);
        g >>= zeros;
        u <<= zeros;
        v <<= zeros;
        eta -= zeros;
        left -= zeros;
        if (left == 0) break;
        if (eta < 0) {
            uint64_t old_f = f, old_u = u, old_v = v;
            eta = -eta;
            f = g, u = q, v = r;
            g = -old_f, q = -old_u, r = -old_v;
        }
        /* As many of g's lowest bits go at once as there are steps before the two may change places, at most 6: f f' is
           1 modulo 2^6 for f' = f (2 - f^2). */
        int bits = eta + 1 < left ? (int)eta + 1 : left;
        uint64_t mask = ((uint64_t)1 << (bits < 6 ? bits : 6)) - 1;
        uint64_t times = g * f * (f * f - 2) & mask;
        g += times * f;
        q += times * u;
        r += times * v;
    }
    *t = (steps){(int64_t)u, (int64_t)v, (int64_t)q, (int64_t)r};
    return eta;
}

static inline void step_both(sliced *f, sliced *g, const steps *t) {
    int128 of_f = 0, of_g = 0;
    for (int i = 0; i < SLICES; i++) {
        int64_t a = f->slice[i], b = g->slice[i];
        of_f += (int128)t->u * a + (int128)t->v * b;
        of_g += (int128)t->q * a + (int128)t->r * b;
        if (i) {
            f->slice[i - 1] = (int64_t)((uint64_t)of_f & SLICE_MASK);
            g->slice[i - 1] = (int64_t)((uint64_t)of_g & SLICE_MASK);
        }
        of_f >>= STEPS;
        of_g >>= STEPS;
    }
    f->slice[SLICES - 1] = (int64_t)of_f;
    g->slice[SLICES - 1] = (int64_t)of_g;
}

/* The same modulo m for d and e, in (-2m, m) before and after; `inverse` is that of m modulo 2^62. */
static inline void step_modulo(sliced *d, sliced *e, const steps *t, const sliced *m, uint64_t inverse) {
    int64_t d_sign = d->slice[SLICES - 1] >> 63, e_sign = e->slice[SLICES - 1] >> 63;
    /* m is added once for each of the two that is negative, and then as often as makes the lowest 62 bits zero. */
    int64_t more_d = (t->u & d_sign) + (t->v & e_sign), more_e = (t->q & d_sign) + (t->r & e_sign);
    int128 of_d = (int128)t->u * d->slice[0] + (int128)t->v * e->slice[0];
    int128 of_e = (int128)t->q * d->slice[0] + (int128)t->r * e->slice[0];
    more_d -= (int64_t)((inverse * (uint64_t)of_d + (uint64_t)more_d) & SLICE_MASK);
    more_e -= (int64_t)((inverse * (uint64_t)of_e + (uint64_t)more_e) & SLICE_MASK);
    of_d = (of_d + (int128)m->slice[0] * more_d) >> STEPS;
    of_e = (of_e + (int128)m->slice[0] * more_e) >> STEPS;
    for (int i = 1; i < SLICES; i++) {
        int64_t a = d->slice[i], b = e->slice[i];
        of_d += (int128)t->u * a + (int128)t->v * b + (int128)m->slice[i] * more_d;
        of_e += (int128)t->q * a + (int128)t->r * b + (int128)m->slice[i] * more_e;
        d->slice[i - 1] = (int64_t)((uint64_t)of_d & SLICE_MASK);
        e->slice[i - 1] = (int64_t)((uint64_t)of_e & SLICE_MASK);
        of_d >>= STEPS;
        of_e >>= STEPS;
    }
    d->slice[SLICES - 1] = (int64_t)of_d;
    e->slice[SLICES - 1] = (int64_t)of_e;
}

/* a <- sign * a, and m more if `add`, where sign is 1 or -1. */
static inline void turn(sliced *a, int64_t sign, const sliced *m, bool add) {
    int64_t carry = 0;
    for (int i = 0; i < SLICES; i++) {
        carry += sign * a->slice[i] + (add ? m->slice[i] : 0);
        a->slice[i] = i < SLICES - 1 ? (int64_t)((uint64_t)carry & SLICE_MASK) : carry;
        carry >>= STEPS;
    }
}

static inline bool is_zero(const sliced *a) {
    int64_t any = 0;
    for (int i = 0; i < SLICES; i++) any |= a->slice[i];
    return any == 0;
}

/* r <- a^-1 mod m for an odd m and 0 < a < m that have no common divisor. */
static inline void invert_modulo(u256 *r, const u256 *a, const u256 *modulus) {
    sliced f, g, m, d = {{0}}, e = {{1}};
    slice(&m, modulus);
    slice(&g, a);
    f = m;
    uint64_t low = (uint64_t)m.slice[0], inverse = low; /* right to 3 bits, then to twice as many each time */
    for (int i = 0; i < 5; i++) inverse *= 2 - low * inverse;
    for (int64_t eta = -1; !is_zero(&g);) {
        steps t;
        /* The lowest slice of a negative number is that of its two's complement. */
        eta = divide(&t, eta, (uint64_t)f.slice[0], (uint64_t)g.slice[0]);
        step_both(&f, &g, &t);
        step_modulo(&d, &e, &t, &m, inverse);
    }
    /* f is 1 or -1, and d = a^-1 f. */
    if (d.slice[SLICES - 1] < 0) turn(&d, 1, &m, true);
    turn(&d, f.slice[SLICES - 1] < 0 ? -1 : 1, &m, false);
    if (d.slice[SLICES - 1] < 0) turn(&d, 1, &m, true);
    unslice(r, &d);
}

#endif
