/* What the pairings on curves of embedding degree 12 share: lines and the easy part of the last power. Line functions
   in homogeneous coordinates: Costello, Lange, Naehrig, Faster pairing computations on curves with high-degree twists
   (2010). A template: the including file has the tower, g1 and g2, GAMMA (xi^(k (p - 1) / 6)), HALF, TWIST_B, and says
   by TWIST_IS_DIVIDED whether the second group is on y^2 = x^3 + b / xi or on y^2 = x^3 + b xi. */
#ifndef ZK_PAIRING_H
#define ZK_PAIRING_H

/* A line through points of the twist, at a point (x, y) of the first group: y c0 + x c1 w + c2 w^3, or on a twist that
   is not divided c2 + x c1 w^2 + y c0 w^3. */
typedef struct {
    fp2 c0, c1, c2;
} line;

/* t <- 2t, and the tangent there; t is (x / z, y / z). */
static void double_step(g2 *t, line *tangent) {
    fp2 a, b, c, e, f, g, h;
    fp2_mul(&a, &t->x, &t->y);
    fp2_scale(&a, &a, &HALF);
    fp2_square(&b, &t->y);
    fp2_square(&c, &t->z);
    fp2_add(&e, &c, &c);
    fp2_add(&e, &e, &c);
    fp2_mul(&e, &e, &TWIST_B);
    fp2_add(&f, &e, &e);
    fp2_add(&f, &f, &e);
    fp2_add(&g, &b, &f);
    fp2_scale(&g, &g, &HALF);
    fp2_add(&h, &t->y, &t->z);
    fp2_square(&h, &h);
    fp2_sub(&h, &h, &b);
    fp2_sub(&h, &h, &c);
    fp2_negate(&tangent->c0, &h);
    fp2_square(&c, &t->x);
    fp2_add(&tangent->c1, &c, &c);
    fp2_add(&tangent->c1, &tangent->c1, &c);
    fp2_sub(&tangent->c2, &e, &b);
    fp2_sub(&f, &b, &f);
    fp2_mul(&t->x, &a, &f);
    fp2_square(&e, &e);
    fp2_add(&c, &e, &e);
    fp2_add(&c, &c, &e);
    fp2_square(&t->y, &g);
    fp2_sub(&t->y, &t->y, &c);
    fp2_mul(&t->z, &b, &h);
}

/* t <- t + (x, y), and the line through both. */
static void add_step(g2 *t, const fp2 *x, const fp2 *y, line *through) {
    fp2 rise, run, c, d, e, f, g, h;
    fp2_mul(&rise, y, &t->z);
    fp2_sub(&rise, &t->y, &rise);
    fp2_mul(&run, x, &t->z);
    fp2_sub(&run, &t->x, &run);
    fp2_square(&c, &rise);
    fp2_square(&d, &run);
    fp2_mul(&e, &run, &d);
    fp2_mul(&f, &t->z, &c);
    fp2_mul(&g, &t->x, &d);
    fp2_add(&h, &e, &f);
    fp2_sub(&h, &h, &g);
    fp2_sub(&h, &h, &g);
    fp2_mul(&t->x, &run, &h);
    fp2_sub(&g, &g, &h);
    fp2_mul(&g, &rise, &g);
    fp2_mul(&f, &e, &t->y);
    fp2_sub(&t->y, &g, &f);
    fp2_mul(&t->z, &t->z, &e);
    fp2_mul(&c, &rise, x);
    fp2_mul(&d, &run, y);
    through->c0 = run;
    fp2_negate(&through->c1, &rise);
    fp2_sub(&through->c2, &c, &d);
}

static void multiply_by_line(fp12 *f, const line *l, const g1 *p) {
    fp2 y, x, mixed;
    fp6 p0, p1, sum;
    fp2_scale(&y, &l->c0, &p->y);
    fp2_scale(&x, &l->c1, &p->x);
    fp6_add(&sum, &f->c0, &f->c1);
    if (TWIST_IS_DIVIDED) {
        fp6_scale(&p0, &f->c0, &y);
        fp6_mul_two(&p1, &f->c1, &x, &l->c2);
        fp2_add(&mixed, &y, &x);
        fp6_mul_two(&sum, &sum, &mixed, &l->c2);
    } else {
        fp6_mul_two(&p0, &f->c0, &l->c2, &x);
        fp6_scale(&p1, &f->c1, &y);
        fp6_multiply_v(&p1, &p1);
        fp2_add(&mixed, &x, &y);
        fp6_mul_two(&sum, &sum, &l->c2, &mixed);
    }
    fp6_sub(&sum, &sum, &p0);
    fp6_sub(&f->c1, &sum, &p1);
    fp6_multiply_v(&p1, &p1);
    fp6_add(&f->c0, &p0, &p1);
}

/* --- Miller's loop, over a few pairs at once: they share the squares --- */

/* Both finite with z = 1; t walks. */
typedef struct {
    g1 p;
    g2 q, t;
} pair_t;

static void multiply_by_tangents(fp12 *f, pair_t *pairs, int count) {
    line l;
    for (int i = 0; i < count; i++) {
        double_step(&pairs[i].t, &l);
        multiply_by_line(f, &l, &pairs[i].p);
    }
}

/* The lines through t and q, or -q. */
static void multiply_by_chords(fp12 *f, pair_t *pairs, int count, bool minus) {
    line l;
    for (int i = 0; i < count; i++) {
        fp2 y = pairs[i].q.y;
        if (minus) fp2_negate(&y, &y);
        add_step(&pairs[i].t, &pairs[i].q.x, &y, &l);
        multiply_by_line(f, &l, &pairs[i].p);
    }
}

static void begin_loop(fp12 *f, pair_t *pairs, int count) {
    *f = fp12_one();
    for (int i = 0; i < count; i++) pairs[i].t = pairs[i].q;
}

static void raise_frobenius(fp12 *r, const fp12 *a, int times) {
    fp12_frobenius(r, a, GAMMA);
    for (int i = 1; i < times; i++) fp12_frobenius(r, r, GAMMA);
}

/* r <- a^((p^6 - 1)(p^2 + 1)) */
static void raise_easily(fp12 *r, const fp12 *a) {
    fp12 inverse, power;
    fp12_invert(&inverse, a);
    fp12_conjugate(&power, a);
    fp12_mul(&power, &power, &inverse);
    raise_frobenius(&inverse, &power, 2);
    fp12_mul(r, &inverse, &power);
}

#endif
